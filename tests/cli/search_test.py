#!/usr/bin/env python3
"""`search` in virtual time: limits that are known in closed form, plateaus, and everything that can go wrong."""

import json
import signal
import subprocess
import time
import unittest

from tool import SOURCE, TOOL, ToolTest

SERVICE_S = 0.01  # of an entry of one token, 24,576 bytes, on the device below
RATE = 24576 / SERVICE_S
USERS = """user_templates:
  chatbot: &one {context_range: [1, 1], generation_range: [1, 1], think_time_range: [1, 1]}
  coding: *one
  document: *one
"""
SAMPLE = SOURCE / "tests/data/mooncake_sample.jsonl"


def ways(rate: float) -> dict:
    return {"latency_ns": 0, "bytes_per_second": rate, "io_cost_ns": 0, "alone_bytes_per_second": 0, "spread": [1] * 11}


class SearchTest(ToolTest):
    """A device that serves one request after the other, each in the same time; every request writes one entry."""

    def setUp(self):
        super().setUp()
        device = {"queue_depth": 64, "granule_bytes": 4096, "contention": 1, "read": ways(RATE), "write": ways(RATE)}
        self.write("device.json", json.dumps({"kind": "kvmark calibration", "version": 1, "modelled": device}))
        self.write("users.yaml", USERS)
        self.setting = ["--clock", "virtual", "--model", "tiny-1b", "--config", "users.yaml", "--seed", "1"]
        self.setting += ["--calibration", "storage=device.json", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0"]
        self.setting += ["--prefill-only", "--disable-multi-turn", "--disable-prefix-caching", "--generation-mode", "none"]
        self.by_rate = [*self.setting, "--load", "rate", "--num-users", "500"]

    def search(self, *arguments: str) -> dict:
        return json.loads(self.succeeds("search", "--json", *arguments).stdout)

    def assertNear(self, found: float, expected: float, share: float):
        self.assertLess(abs(found / expected - 1), share, f"{found} for {expected}")


class KnownLimits(SearchTest):
    def test_a_device_of_even_arrivals_is_full_at_its_rate(self):
        """D/D/1: below 100 requests/s nobody waits, above it the queue grows without end."""
        self.succeeds("run", *self.by_rate[:-4], "--request-rate", "50", "--duration", "10", "--output", "r.json")
        storage = self.read_json("r.json")["kvmark"]["tiers"][-1]["write"]
        limit = RATE / (storage["bytes"] / storage["operations"])
        self.assertNear(limit, 1 / SERVICE_S, 1e-6)
        found = self.search(*self.by_rate, "--slo", "p95_end_to_end=100ms", "--precision", "1", "--arrivals", "fixed")
        answer = found["search"]
        self.assertEqual(answer["end"], "found")
        self.assertNear(answer["limit"], limit, 0.03)
        self.assertLessEqual(answer["fails"], 1.011 * answer["keeps"])
        self.assertIn("requests/s keep p95_end_to_end <= 100.0 ms", answer["answer"])

    def test_mean_wait_of_poisson_arrivals(self):
        """M/D/1: by Pollaczek and Khinchine the mean time is s (1 + u / (2 (1 - u))), so 20 ms at a load of 2/3."""
        for target_ms, expected in ((20, 2 / 3), (40, 6 / 7)):
            found = self.search(
                *self.by_rate, "--slo", f"mean_end_to_end={target_ms}ms", "--duration", "600", "--precision", "1"
            )["search"]
            with self.subTest(target=target_ms):
                self.assertEqual(found["end"], "found")
                self.assertNear(found["limit"], expected / SERVICE_S, 0.03)

    def test_users(self):
        found = self.search(*self.setting, "--slo", "p95_write=200ms", "--duration", "120")["search"]
        self.assertEqual(found["load"], "users")
        self.assertEqual(found["limit"], int(found["limit"]))
        self.assertNear(found["limit"], 100, 0.03)  # one request a second each

    def test_the_plateau_of_the_bandwidth(self):
        for words in (["--capacity"], ["--autoscaler-mode", "capacity"]):
            found = self.search(*self.by_rate, *words)["search"]
            self.assertEqual(found["mode"], "capacity")
            self.assertEqual(found["plateau_unit"], "bytes/s")
            self.assertNear(found["plateau"], RATE, 0.03)
            self.assertNear(found["knee"], 95, 0.06)
            self.assertLess(found["below_knee"], found["knee"])

    def test_the_reference_saturation_is_a_p95_of_reads(self):
        found = self.search(*self.by_rate, "--autoscaler-mode", "qos", "--target-saturation", "0.5", "--highest", "8")
        self.assertEqual(
            found["search"]["targets"], [{"metric": "p95_read", "limit": 50.0, "unit": "ms", "at_least": False}]
        )

    def test_a_served_trace(self):
        found = self.search(
            *["--trace", str(SAMPLE), "--clock", "virtual", "--capacity-blocks", "10,100", "--seed", "3"],
            *["--prefill-rate", "20000", "--replay-cycles", "20", "--slo", "p95_ttft=2s", "--duration", "120"],
        )
        answer = found["search"]
        self.assertEqual(answer["load"], "rate")
        self.assertEqual(answer["end"], "found")
        by_load = {p["load"]: p for p in found["path"]}
        self.assertLessEqual(by_load[answer["keeps"]]["figures"][0]["mean"], 2000)
        failing = by_load[answer["fails"]]
        self.assertTrue(failing["figures"][0]["mean"] > 2000 or any(t["overloaded"] for t in failing["trials"]))


class Path(SearchTest):
    def test_every_trial_is_in_the_path(self):
        asked = [*self.by_rate, "--slo", "mean_end_to_end=20ms,hit_rate>=0.001", "--output", "path.json"]
        run = self.succeeds("search", *asked)
        written = self.read_json("path.json")
        trials = sorted((t["number"], p["load"]) for p in written["path"] for t in p["trials"])
        self.assertEqual([number for number, _ in trials], list(range(written["search"]["trials"])))
        self.assertEqual([load for _, load in trials[:3]], [1, 2, 4])
        first = written["path"][0]
        self.assertEqual([f["metric"] for f in first["figures"]], ["mean_end_to_end", "hit_rate"])
        self.assertEqual(first["trials"][0]["seed"], 1)
        self.assertEqual(first["trials"][0]["warmup_s"], 6)  # a tenth of the window
        self.assertEqual(written["search"]["end"], "found")
        self.assertLess(len(json.dumps(written)), 100_000)
        self.assertRegex(run.stdout, r"keep mean_end_to_end <= 20.00 ms, hit_rate >= 0.001; .* do not")
        self.assertIn("trial 1: 1.000 requests/s: mean_end_to_end ", run.stderr)
        again = self.search(*asked)
        self.assertEqual([p["figures"] for p in again["path"]], [p["figures"] for p in written["path"]])

    def test_a_given_warm_up_is_where_it_starts(self):
        found = self.search(*self.by_rate, "--slo", "p95_write=1s", "--warmup", "20", "--highest", "2")
        self.assertEqual(found["search"]["end"], "all_keep")
        self.assertEqual(found["search"]["limit"], 2)
        self.assertIsNone(found["search"]["fails"])
        self.assertEqual(found["path"][0]["trials"][0]["warmup_s"], 20)

    def test_the_time_limit(self):
        found = self.search(*self.by_rate, "--slo", "p95_write=50ms", "--max-seconds", "0.0001")
        self.assertEqual(found["search"]["end"], "out_of_time")
        self.assertEqual(found["search"]["trials"], 1)
        self.assertEqual(found["search"]["limit"], 1)
        self.assertIn("no load failed so far", found["search"]["answer"])

    def test_an_interrupt_ends_it_at_once_with_the_path_so_far(self):
        arguments = ["search", "--json", *self.by_rate, "--slo", "p95_write=1000s", "--duration", "86400"]
        process = subprocess.Popen(
            [TOOL, *arguments, "--output", "path.json"],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not (line := process.stderr.readline()).startswith("kvmark: trial 3"):
            self.assertTrue(line, "it ended before the third trial")
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        stdout, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertLess(time.monotonic() - begun, 30)
        found = json.loads(stdout)
        self.assertEqual(found["search"]["end"], "interrupted")
        self.assertGreaterEqual(found["search"]["keeps"], 4)
        self.assertEqual(self.read_json("path.json"), found)


    def test_a_window_in_which_nothing_is_answered(self):
        run = self.run_tool("search", *self.by_rate, "--slo", "p95_write=1s", "--lowest", "0.01", "--duration", "5")
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("give a longer --duration", run.stderr)


class Refused(SearchTest):
    def test_targets(self):
        self.refused("search", saying=["--slo METRIC=LIMIT is needed", "--capacity"])
        self.refused("search", "--slo", "p95_ttft=5ms,p95_reed=1s,p95_read=5", saying=["--trace", "p95_reed", "us, ms or s", "3 faults"])
        self.refused("search", "--slo", "p95_read=5ms", "--capacity", saying=["give one of them"])
        self.refused("search", "--slo", "p95_read=5ms", "--autoscaler-mode", "qos", saying=["leave one out"])
        self.refused("search", "--autoscaler-mode", "predictve", saying=["--autoscaler-mode", "qos"])

    def test_loads(self):
        slo = ["--slo", "p95_read=5ms"]
        self.refused("search", *slo, "--lowest", "0", "--highest", "1e9", saying=["--lowest 0.0", "--highest 1000000000.0"])
        self.refused("search", *slo, "--lowest", "1.5", saying=["whole numbers of users"])
        self.refused("search", *slo, "--request-rate", "5", saying=["--request-rate"])  # what is looked for
        self.refused("search", *slo, "--trace", str(SAMPLE), "--load", "users", saying=["--load rate"])
        self.refused("search", *slo, "--trace", str(SAMPLE), "--trace-arrivals", "closed", saying=["--trace-arrivals"])
        self.refused("search", *slo, "--precision", "0", "--trials", "0", saying=["--precision", "--trials"])
        self.refused("search", *slo, "--warmup", "-1", "--max-seconds", "-1", saying=["--warmup", "--max-seconds"])


if __name__ == "__main__":
    unittest.main()

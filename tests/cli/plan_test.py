#!/usr/bin/env python3
"""`plan`: the curve is the golden LRU rows, a sample states its error, and a target has its cheapest stack."""

import bisect
import csv
import json
import unittest

from tool import SOURCE, ToolTest, shared

SAMPLE = SOURCE / "tests/data/mooncake_sample.jsonl"
SAMPLE_ROWS = SOURCE / "tests/data/block_hits_sample.csv"
PRICES = ["--price-gpu", "100", "--price-host", "5", "--price-storage", "0.1"]


def traces_and_rows():
    yield SAMPLE, SAMPLE_ROWS
    trace, rows = shared("traces/mooncake_conversation.jsonl"), shared("golden/block_hits_conversation.csv")
    if trace and rows:
        yield trace, rows


def lru_rows(path):
    """(capacity, hits of prefixes, hits of any block, references)"""
    with open(path) as file:
        return [
            tuple(int(r[k]) for k in ("capacity_blocks", "hits_prefix_contiguous", "hits_any_block", "total_block_refs"))
            for r in csv.DictReader(file)
            if r["policy"] == "LRU-fwd"
        ]


class PlanTest(ToolTest):
    def plan(self, trace, *arguments: str) -> dict:
        return json.loads(self.succeeds("plan", "--trace", str(trace), "--json", *arguments).stdout)


class Curve(PlanTest):
    def test_every_golden_lru_row(self):
        for trace, rows in traces_and_rows():
            rows = lru_rows(rows)
            asked = ",".join(str(row[0]) for row in rows)
            found = self.plan(trace, "--capacity-blocks", asked, "--csv", "curve.csv")
            points = {p["capacity_blocks"]: p for p in found["points"]}
            with open(self.folder / "curve.csv") as file:
                steps = list(csv.DictReader(file))
            capacities = [int(step["capacity_blocks"]) for step in steps]
            self.assertEqual(capacities, sorted(set(capacities)))
            self.assertGreaterEqual(len(rows), 6)
            for capacity, prefix, hits, references in rows:
                with self.subTest(trace=trace.name, capacity=capacity):
                    point = points[capacity]
                    self.assertEqual(point["hit_blocks_prefix"], prefix)
                    self.assertEqual(point["hit_blocks_any"], hits)
                    self.assertEqual(found["block_refs"], references)
                    step = steps[bisect.bisect(capacities, capacity) - 1]
                    self.assertEqual(int(step["hit_blocks_prefix"]), prefix)
                    self.assertEqual(int(step["hit_blocks_any"]), hits)
                    self.assertEqual(int(step["hit_tokens"]), point["hit_tokens"])

    def test_marks_and_ceiling(self):
        found = self.plan(SAMPLE, "--kv-bytes-per-token", "2048")
        ceiling = found["ceiling"]
        self.assertEqual(ceiling["hit_blocks_any"], found["block_refs"] - found["distinct_blocks"])
        self.assertEqual(ceiling["share_of_ceiling"], 1)
        self.assertEqual([m["share_of_ceiling"] for m in found["marks"]], [0.5, 0.8, 0.9, 0.95, 0.99])
        points = {p["capacity_blocks"]: p for p in found["points"]}
        with_less = self.plan(
            SAMPLE, "--capacity-blocks", ",".join(str(m["capacity_blocks"] - 1) for m in found["marks"])
        )
        less = {p["capacity_blocks"]: p for p in with_less["points"]}
        for mark in found["marks"]:
            blocks = mark["capacity_blocks"]
            self.assertGreaterEqual(points[blocks]["share_of_ceiling"], mark["share_of_ceiling"])
            self.assertLess(less[blocks - 1]["share_of_ceiling"], mark["share_of_ceiling"])
            self.assertAlmostEqual(mark["capacity_gib"], blocks * 512 * 2048 / 2**30)
        self.assertIsNone(found["plan"])
        self.assertIsNone(found["sample"])

    def test_text(self):
        text = self.succeeds("plan", "--trace", str(SAMPLE), "--model", "tiny-1b").stdout
        self.assertIn("a block is 12.0 MiB", text)
        for mark in (50, 80, 90, 95, 99):
            self.assertRegex(text, rf"<-.* {mark} %")
        self.assertIn("hit tokens over capacity", text)
        self.assertNotIn("Target", text)
        self.assertEqual(self.succeeds("plan", "--trace", str(SAMPLE), "--quiet").stdout, "")

    def test_a_trace_that_never_repeats(self):
        line = '{"timestamp": 0, "input_length": 600, "output_length": 1, "hash_ids": [1, 2]}\n'
        self.assertIn("nothing to hit", self.succeeds("plan", "--trace", self.write("once.jsonl", line)).stdout)

    def test_warm_up_is_not_counted(self):
        warm, references, hits, seen = 130, 0, 0, set()
        for number, line in enumerate(SAMPLE.read_text().splitlines()):
            for block in json.loads(line)["hash_ids"]:
                references += number >= warm
                hits += number >= warm and block in seen
                seen.add(block)
        for method in ([], ["--sample-rate", "1"]):
            found = self.plan(SAMPLE, "--warmup-requests", str(warm), *method)
            self.assertEqual(found["block_refs"], references)
            self.assertEqual(found["ceiling"]["hit_blocks_any"], hits)

    def test_a_sample_of_all_blocks_is_the_trace(self):
        exact, sampled = self.plan(SAMPLE), self.plan(SAMPLE, "--sample-rate", "1")
        self.assertEqual(sampled["sample"]["rate"], 1)
        self.assertEqual(sampled["sample"]["blocks"], exact["distinct_blocks"])
        self.assertEqual(sampled["ceiling"]["hit_blocks_any"], exact["ceiling"]["hit_blocks_any"])
        self.assertIsNone(sampled["ceiling"]["hit_blocks_prefix"])

    def test_a_sample_is_within_its_error(self):
        trace = shared("traces/mooncake_conversation.jsonl")
        if not trace:
            return
        for bound in (["--sample-rate", "0.1"], ["--sample-size", "5000"]):
            sampled = self.plan(trace, *bound)
            capacities = [str(p["capacity_blocks"]) for p in sampled["points"]]
            exact = self.plan(trace, "--capacity-blocks", ",".join(capacities))
            truth = {p["capacity_blocks"]: p["hit_ratio_blocks"] for p in exact["points"]}
            outside = [
                p for p in sampled["points"] if abs(p["hit_ratio_blocks"] - truth[p["capacity_blocks"]]) > p["error"]
            ]
            self.assertLessEqual(len(outside), len(sampled["points"]) / 10, outside)
            self.assertLess(max(p["error"] for p in sampled["points"]), 0.06)
            self.assertLessEqual(sampled["sample"]["blocks"], 20000)


class Target(PlanTest):
    def target(self, ms: str, *arguments: str) -> dict:
        words = ["--ttft-target-ms", ms, "--ttft-percentile", "50", "--prefill-rate", "10000", *PRICES]
        return self.plan(SAMPLE, *words, *arguments)["plan"]

    def test_a_tighter_target_costs_more(self):
        price = -1
        for ms in ("1000000", "600", "300", "200"):
            plan = self.target(ms)
            if not plan["meets_target"]:
                break
            self.assertLessEqual(plan["ttft_ms"], float(ms))
            self.assertGreaterEqual(plan["price"], price)
            self.assertAlmostEqual(plan["price"], sum(t["capacity_gib"] * t["price_per_gib"] for t in plan["tiers"]))
            price = plan["price"]
        self.assertGreater(price, 0)
        self.assertEqual(self.target("1000000")["price"], 0)

    def test_no_stack_meets_it(self):
        plan = self.target("0.001")
        self.assertFalse(plan["meets_target"])
        self.assertGreater(plan["ttft_ms"], 0.001)
        words = ["--ttft-target-ms", "0.001", "--prefill-rate", "10000", "--price-host", "5"]
        text = self.succeeds("plan", "--trace", str(SAMPLE), *words).stdout
        self.assertIn("NO STACK MEETS IT", text)

    def test_a_tier_without_a_price_is_left_out(self):
        words = ["--ttft-target-ms", "300", "--ttft-percentile", "50", "--prefill-rate", "10000", "--price-host", "5"]
        tiers = {t["tier"]: t for t in self.plan(SAMPLE, *words)["plan"]["tiers"]}
        self.assertEqual([t for t in tiers if tiers[t]["offered"]], ["host"])
        self.assertEqual(tiers["gpu"]["capacity_blocks"], 0)
        self.assertEqual(tiers["storage"]["capacity_blocks"], 0)


    def test_a_calibrated_tier_loads_as_it_was_measured(self):
        words = ["--ttft-target-ms", "1", "--ttft-percentile", "50", "--prefill-rate", "10000", "--price-storage", "1"]
        fast = self.plan(SAMPLE, *words)["plan"]
        way = {
            "latency_ns": 50_000_000,
            "bytes_per_second": 1e6,
            "io_cost_ns": 0,
            "alone_bytes_per_second": 0,
            "spread": [1] * 11,
        }
        modelled = {"queue_depth": 1, "granule_bytes": 4096, "contention": 1, "read": way, "write": way}
        device = {"kind": "kvmark calibration", "version": 1, "modelled": modelled}
        slow = self.plan(SAMPLE, *words, "--calibration", "storage=" + self.write("slow.json", json.dumps(device)))
        # Loads that take longer than their computation are of no use, whatever the size.
        self.assertGreater(fast["price"], 0)
        self.assertEqual(slow["plan"]["price"], 0)


class Refusals(ToolTest):
    def test_all_at_once(self):
        self.refused("plan", saying=["--trace FILE is needed"])
        words = ["plan", "--trace", str(SAMPLE)]
        self.refused(*words, "--sample-rate", "2", "--sample-size", "-1", saying=["--sample-rate", "--sample-size"])
        self.refused(*words, "--ttft-target-ms", "5", saying=["--price-gpu", "--prefill-rate"])
        self.refused(*words, "--price-host", "5", saying=["--ttft-target-ms"])
        self.refused(*words, "--model", "no-such", saying=["--model"])
        target = ["--ttft-target-ms", "5", "--prefill-rate", "1", "--price-host", "1"]
        self.refused(*words, *target, "--sample-rate", "0.1", saying=["leave out --sample-rate"])
        self.refused(*words, *target, "--ttft-percentile", "0", saying=["--ttft-percentile"])

    def test_files(self):
        self.refused("plan", "--trace", "nowhere.jsonl", saying=["nowhere.jsonl"])
        broken = self.write("broken.jsonl", '{"timestamp": 0, "input_length"')
        self.refused("plan", "--trace", broken, saying=["broken.jsonl:1:"])
        run = self.run_tool("plan", "--trace", str(SAMPLE), "--csv", "no/such/folder.csv")
        self.assertEqual(run.returncode, 1, run.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""`kvmark report`: a file says what its run printed, files of every kind are told apart, and --compare judges."""

import csv
import json
import unittest

from tool import SIMULATED, SOURCE, ToolTest

TRACE = str(SOURCE / "tests/data/mooncake_sample.jsonl")
LOAD = ["--clock", "virtual", "--num-users", "4", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0.1", "--generation-mode", "none"]


class ReportTest(ToolTest):
    def trial(self, name: str, *arguments: str, seed: int = 1) -> str:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        self.succeeds("run", *LOAD, "--model", "tiny-1b", "--duration", "30", "--seed", str(seed), "--quiet", *arguments,
                      "--output", name)
        return name

    def trials(self, folder: str, *arguments: str, seeds=(1, 2, 3)) -> str:
        for number, seed in enumerate(seeds, 1):
            self.trial(f"{folder}/{number}.json", *arguments, seed=seed)
        return folder

    def compare(self, a: str, b: str, *arguments: str) -> dict:
        run = self.succeeds("report", "--compare", a, b, "--json", *arguments)
        return json.loads(run.stdout)["comparison"]

    def metric(self, found: dict, name: str) -> dict:
        return next(m for m in found["metrics"] if m["name"] == name)


class Files(ReportTest):
    def test_one_run_says_what_it_printed(self):
        for command in (["run", *SIMULATED], ["run", "--clock", "virtual", "--trace", TRACE, "--capacity-blocks", "10,30"]):
            said = self.succeeds(*command, "--output", "one.json").stdout.split("Result ")[0]
            self.assertIn("Hit rate", said)
            shown = self.succeeds("report", "one.json").stdout
            self.assertEqual(shown[: len(said)], said)
            self.assertIn("Latency budget", shown[len(said) :])

    def test_runs_stand_side_by_side(self):
        self.trials("runs")
        lines = self.succeeds("report", "runs").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["1.json", "2.json", "3.json"])
        tokens = next(line for line in lines if line.startswith("tokens")).split()
        expected = self.read_json("runs/2.json")["summary"]["avg_throughput_tokens_per_sec"]
        self.assertAlmostEqual(float(tokens[3].replace(",", "")), expected, delta=0.001 * expected)
        many = self.succeeds("report", *["runs"] * 2).stdout.splitlines()
        self.assertEqual(len(many), 1 + 6)
        self.assertTrue(many[1].startswith("1.json"))

    def test_figures_as_csv_and_json(self):
        self.trial("one.json", "--csv", "run.csv")
        shown = self.succeeds("report", "one.json", "--csv", "report.csv", "--json")
        rows, expected = ([*csv.reader((self.folder / name).read_text().splitlines())] for name in ("report.csv", "run.csv"))
        self.assertEqual(rows[0], ["path", "scope", "metric", "unit", "value"])
        for row, printed in zip(rows[1:], expected[1:], strict=True):
            self.assertEqual(row[:4], ["one.json", *printed[:3]])
            self.assertAlmostEqual(float(row[4]), float(printed[3]), delta=1e-12 * abs(float(printed[3])))
        file = json.loads(shown.stdout)["files"][0]
        self.assertEqual((file["path"], file["kind"], len(file["figures"])), ("one.json", "run", len(rows) - 1))

    def test_every_kind_is_told_by_its_keys(self):
        simulate = ["simulate", "--trace", TRACE, "--json"]
        self.write("one.json", self.succeeds(*simulate, "--capacity-blocks", "20").stdout)
        self.write("sweep.json", self.succeeds(*simulate, "--sweep", "policy=lru:arc,capacity=5:20").stdout)
        self.write("curve.json", self.succeeds("plan", "--trace", TRACE, "--json").stdout)
        self.write("tiers.json", json.dumps({"kvmark_version": "0.1.0", "warnings": ["wide spread"], "results": [
            {"backend": "uring", "block_bytes": 4096, "depth": 4, "gib_per_s": {"median": 1.5, "min": 1, "max": 2}}]}))
        self.write("mlperf.json", json.dumps({"trials_per_option": 3, "total_ranks": 2, "options": {
            "1": {"aggregated_read_bandwidth_gbps": 2.5, "trial_count": 3, "rank_count": 2, "partial_failure": True}}}))
        self.write("search.json", json.dumps({"search": {"load": "users", "answer": "47 users keep it", "limit": 47}, "path": [
            {"load": 32, "verdict": "keeps", "trials": [{}, {}], "figures": [
                {"metric": "p95_ttft", "unit": "ms", "mean": 12.5, "low": 11, "high": 14}]}]}))
        self.succeeds("run", "--clock", "virtual", "--trace", TRACE, "--capacity-blocks", "10", "--output", "served.json")
        for name, kind, text in [("one", "simulation", "lru"), ("sweep", "sweep", "arc"), ("curve", "curve", "of the ceiling"),
                                 ("tiers", "tiers", "4.00 KiB"), ("mlperf", "mlperf", "PARTIAL"),
                                 ("search", "search", "12.50 (11.00..14.00)"), ("served", "serving", "time to first token")]:
            with self.subTest(kind):
                self.assertIn(text, self.succeeds("report", f"{name}.json").stdout)
                found = json.loads(self.succeeds("report", f"{name}.json", "--json").stdout)["files"][0]
                self.assertEqual(found["kind"], kind)
                self.assertGreater(len(found["figures"]), 2)
        every = self.succeeds("report", ".").stdout
        for text in ["arc", "of the ceiling", "4.00 KiB", "PARTIAL", "time to first token"]:
            self.assertIn(text, every)

    def test_a_result_of_the_reference(self):
        result = self.read_json(self.trial("ours.json"))
        del result["kvmark"]
        self.write("theirs.json", json.dumps(result))
        shown = self.succeeds("report", "theirs.json").stdout
        self.assertIn("kv-cache.py", shown)
        self.assertIn("storage read device P95", shown)
        del result["summary"]
        self.write("empty.json", json.dumps(result))
        self.assertIn("no summary", self.succeeds("report", "empty.json").stdout)
        found = self.compare("theirs.json", "ours.json")
        tokens = self.metric(found, "tokens")
        self.assertEqual((tokens["a"], tokens["verdict"], tokens["ratio"]), (tokens["b"], "not judged", None))
        self.assertIn("A has results of kv-cache.py alone", found["warnings"][0])

    def test_every_fault_of_the_files_is_named(self):
        whole = (self.folder / self.trial("whole.json")).read_text()
        self.write("half.json", whole[: len(whole) // 2])
        self.write("list.json", "[1, 2]")
        self.write("other.json", '{"benchmark_type": "kv_cache", "model": "x"}')
        self.write("text.json", "{\n  kvmark\n")
        (self.folder / "none").mkdir()
        run = self.run_tool("report", "whole.json", "half.json", "list.json", "other.json", "text.json", "none", "gone.json")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        for text in ["half.json:", "in the middle", 'list.json: no result of kvmark: it has neither "requests_completed"',
                     'but only "benchmark_type", "model"', "text.json:2:3: not JSON", "none: no result of kvmark in it",
                     "gone.json: cannot be read: No such file"]:
            self.assertIn(text, run.stderr)
        run = self.run_tool("report", ".")  # a damaged trial must not be lost without a word
        self.assertEqual(run.returncode, 2)
        self.assertIn("half.json:", run.stderr)

    def test_what_is_refused(self):
        self.refused("report", saying=["a result file, a directory of them, or --compare A B is needed"])
        self.refused("report", "--compare", "a", saying=["two sets of trials, A and B, not 1"])
        self.refused("report", "x.json", "--min-effect", "-1", "--fail-if-worse",
                     saying=["--min-effect -1.0: must be 0 to 100", "--fail-if-worse goes with --compare"])


class Compare(ReportTest):
    def test_the_same_again_and_something_slower(self):
        self.trials("other")
        self.trials("again", seeds=(4, 5, 6))
        found = self.compare("other", "again")
        self.assertEqual(found["verdict"], "no difference beyond noise")
        self.assertIn("other seeds", " ".join(found["warnings"]))
        self.assertEqual(found["a"]["files"], ["other/1.json", "other/2.json", "other/3.json"])

        # In virtual time one seed gives one result, so these trials differ in nothing but their seconds.
        self.trials("a", seeds=(1, 1, 1))
        self.trials("slow", "--model", "llama2-7b", seeds=(1, 1, 1))
        found = self.compare("a", "slow", "--csv", "slow.csv")
        self.assertEqual(found["verdict"], "worse")
        reads = self.metric(found, "storage read device P50")
        self.assertEqual((reads["better"], reads["verdict"]), ("lower", "worse"))
        self.assertGreater(reads["low"], 1.02)
        expected = self.read_json("slow/1.json")["summary"]["cache_stats"]["storage_read_device_p50_ms"]
        self.assertEqual((reads["b"]["trials"], reads["b"]["median"]), ([expected] * 3, expected))
        self.assertIn("not run with the same options: ", found["warnings"][0])
        self.assertIn('model.name "tiny-1b" -> "llama2-7b"', found["warnings"][0])
        rows = {row["metric"]: row for row in csv.DictReader((self.folder / "slow.csv").read_text().splitlines())}
        self.assertEqual(float(rows["storage read device P50"]["ratio"]), reads["ratio"])

        shown = self.succeeds("report", "--compare", "a", "slow").stdout
        self.assertRegex(shown, r"storage read device P50 .* worse\n")
        self.assertRegex(shown, r"B is worse in \d+, better in 0")
        self.assertEqual(self.run_tool("report", "--compare", "a", "slow", "--fail-if-worse").returncode, 3)
        self.succeeds("report", "--compare", "slow", "a", "--fail-if-worse")
        self.assertEqual(self.compare("a", "slow"), found)  # the same figures, the same verdicts

    def test_one_run_a_side(self):
        self.trial("a.json", "--duration", "180")
        self.trial("b.json", "--duration", "180", seed=2)
        found = self.compare("a.json", "b.json")
        tokens = self.metric(found, "tokens")
        self.assertTrue(tokens["one_trial"])
        self.assertIn(tokens["verdict"], ["more", "less", "no difference beyond noise"])
        self.succeeds("report", "--compare", "a.json", "b.json", "--fail-if-worse")
        hits = self.metric(found, "hit rate")
        self.assertEqual((hits["verdict"], hits["low"]), ("not judged", None))
        self.assertIn("repeat the runs", hits["reason"])
        self.assertIn("warning: one run a side", self.succeeds("report", "--compare", "a.json", "b.json").stdout)
        self.trial("brief.json")
        self.assertEqual(self.metric(self.compare("brief.json", "a.json"), "tokens")["verdict"], "not judged")

    def test_ranks_of_one_launch_are_one_trial(self):
        for side, factor in (("a", 1), ("b", 2)):
            for trial in range(3):
                for rank in range(2):
                    result = self.read_json(self.trial("rank.json", seed=10 * trial + rank + 1))
                    del result["kvmark"]
                    result["summary"]["avg_throughput_tokens_per_sec"] = factor * (100 + trial + 10 * rank)
                    folder = self.folder / f"{side}/option_1/trial_{trial}/rank_{rank}"
                    folder.mkdir(parents=True)
                    (folder / "kvcache_results_x.json").write_text(json.dumps(result))
            (self.folder / side / "metadata.json").write_text('{"benchmark_type": "kv_cache"}')
        found = self.compare("a", "b")
        self.assertEqual(found["a"]["trials"], 3)
        tokens = self.metric(found, "tokens")
        self.assertEqual(tokens["a"]["trials"], [210, 212, 214])
        self.assertEqual(tokens["verdict"], "better")
        lists = self.compare("a/option_1/trial_0,a/option_1/trial_1", "b/option_1/trial_2")
        self.assertEqual([lists[side]["trials"] for side in "ab"], [2, 1])

    def test_runs_that_did_not_measure_the_storage(self):
        self.trials("a")
        for seed in (1, 2, 3):
            result = self.read_json(f"a/{seed}.json")
            result["kvmark"]["host"]["hostname"] = "elsewhere"
            result["kvmark"].pop("storage", None)  # which would say it in its own words
            result["kvmark"]["device"] = {"page_cache_suspected": True}
            result["kvmark"]["process"] = {"cores_used": 1.95}
            result["kvmark"]["host"]["logical_cpus"] = 2
            (self.folder / "b").mkdir(exist_ok=True)
            self.write(f"b/{seed}.json", json.dumps(result))
        said = " ".join(self.compare("a", "b")["warnings"])
        for text in ["did not run on the same machine", '-> "elsewhere"', "served in part by the page cache",
                     "limited by the processor", "b/1.json and 2 more: each"]:
            self.assertIn(text, said)

    def test_sets_without_runs_are_refused(self):
        self.write("sweep.json", self.succeeds("simulate", "--trace", TRACE, "--json", "--capacity-blocks", "20").stdout)
        run = self.run_tool("report", "--compare", "sweep.json", "gone")
        self.assertEqual(run.returncode, 2)
        self.assertIn("sweep.json: no run in it to compare, but simulation", run.stderr)
        self.assertIn("gone: cannot be read", run.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The sequence of the MLPerf Storage rules on this machine: its tree, its check, its end and its resumption."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import mlperf  # noqa: E402
from tool import TOOL, ToolTest  # noqa: E402

# The keys that the reference's run summary has.
OPTION_KEYS = {"option", "aggregated_read_bandwidth_gbps", "aggregated_write_bandwidth_gbps",
               "aggregated_avg_throughput_tokens_per_sec", "aggregated_storage_throughput_tokens_per_sec",
               "aggregated_p95_latency_ms", "rank_count", "trial_count", "partial_failure", "missing_files",
               "cpu_tier_ranks"}


class MlperfTest(ToolTest):
    results = "results/open/local/results/sys1/kv_cache"

    def setUp(self):
        super().setUp()
        self.write("users.yaml", mlperf.CONFIG)

    def command(self, *more: str, trials: int = 2) -> list[str]:
        return ["mlperf", *mlperf.TINY, "--results-dir", "results", "--cache-dir", "cache", "--trials", str(trials), *more]

    def start(self, *more: str, trials: int = 2) -> subprocess.Popen:
        process = subprocess.Popen([TOOL, *self.command(*more, trials=trials)], cwd=self.folder,
                                   env=self.environment(**mlperf.SCALE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def directories(self) -> list[pathlib.Path]:
        return sorted((self.folder / self.results / "tiny-1b/run").glob("*"))

    def wait_for(self, pattern: str) -> pathlib.Path:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for directory in self.directories():
                for path in directory.glob(pattern):
                    return path
            time.sleep(0.01)
        raise AssertionError(f"{pattern} did not come")


class Finished(MlperfTest):
    """Of one sequence that is run once for all."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(dir="/var/tmp")
        cls.addClassCleanup(cls.made.cleanup)
        pathlib.Path(cls.made.name, "users.yaml").write_text(mlperf.CONFIG)
        words = ["mlperf", *mlperf.TINY, "--results-dir", "results", "--cache-dir", "cache", "--trials", "1"]
        cls.run_once = subprocess.run([TOOL, *words], cwd=cls.made.name, env={**os.environ, **mlperf.SCALE},
                                      capture_output=True, text=True, timeout=120)

    def setUp(self):
        super().setUp()
        self.assertEqual(self.run_once.returncode, 0, self.run_once.stderr)
        shutil.copytree(self.made.name, self.folder, dirs_exist_ok=True)
        [self.directory] = self.directories()

    def check(self) -> dict:
        run = self.run_tool("mlperf", "--check", str(self.folder / "results"), "--json", **mlperf.SCALE)
        verdict = json.loads(run.stdout)
        self.assertEqual(run.returncode, 0 if verdict["clean"] else 1)
        return verdict

    def findings(self) -> list[tuple[str, str]]:
        [sequence] = self.check()["sequences"]
        return [(found["path"], found["place"] or "") for found in sequence["findings"]]

    def test_tree_and_summary(self):
        self.assertEqual(mlperf.tree(self.directory), mlperf.expected_tree(trials=1, ranks=1))
        self.assertEqual(os.listdir(self.folder / "cache"), []) if (self.folder / "cache").exists() else None
        summary = mlperf.summary(self.directory)
        for key, value in {"schema_version": "1.0", "run_datetime": self.directory.name, "npernode": 1, "host_count": 1,
                           "total_ranks": 1, "trials_per_option": 1, "partial_failure": False}.items():
            self.assertEqual(summary[key], value, key)
        for number in ["1", "2", "3"]:
            option, own = summary["options"][number], mlperf.rank_file(self.directory, int(number), 0, 0)
            self.assertEqual(set(option), OPTION_KEYS)
            own = json.loads(own.read_text())
            self.assertEqual(own["seed"], 42)
            self.assertEqual(own["kvmark"]["options"]["duration"], 1)
            self.assertEqual([tier["name"] for tier in own["kvmark"]["tiers"]], ["host", "file"])
            stats = own["summary"]["cache_stats"]
            self.assertAlmostEqual(option["aggregated_write_bandwidth_gbps"], stats["tier_storage_write_bandwidth_gbps"])
            ours = summary["kvmark"]["options"][number]
            self.assertEqual(ours["status"], "ok")
            self.assertEqual(ours["parameters"]["max_concurrent_allocs"], 4 if number == "3" else 16)
            self.assertEqual(ours["trials"][0]["argv"][1], "run")
            self.assertEqual(ours["trials"][0]["ranks"][0]["cache_dir"], f"{self.made.name}/cache/rank_0")
            self.assertEqual(ours["trials"][0]["merged"]["requests_completed"], own["requests_completed"])
        [path] = self.directory.glob("*_metadata.json")
        metadata = json.loads(path.read_text())
        self.assertEqual(set(metadata["parameters"]), {"1", "2", "3"})
        self.assertEqual(metadata["override_parameters"]["num_users"], 2)
        self.assertEqual(metadata["override_parameters"]["model"], "tiny-1b")
        self.assertIn("3 Large Model", self.run_once.stdout)

    def test_check_is_clean_and_each_damage_is_found(self):
        self.assertEqual(self.findings(), [])
        path = mlperf.rank_file(self.directory, 2, 0, 0)
        name, whole = str(path.relative_to(self.directory)), path.read_text()
        for damage, (make, place) in mlperf.DAMAGES.items():
            with self.subTest(damage):
                make(path)
                self.assertIn((name, place), self.findings())
                path.write_text(whole)
        self.assertEqual(self.findings(), [])

    def test_check_finds_what_is_missing_too_much_or_not_the_sum(self):
        [summary] = self.directory.glob("kvcache_run_summary_*.json")
        mlperf.change(summary, "/options/1/aggregated_read_bandwidth_gbps", 1000)
        (self.directory / "option_1/trial_1.partial").mkdir()
        shutil.rmtree(self.directory / "option_2/trial_0/rank_0")
        (self.directory / "option_3/trial_0/rank_0/kvcache_results_19990101_000000.json").write_text("{}")
        found = self.findings()
        self.assertIn((summary.name, "/options/1/aggregated_read_bandwidth_gbps"), found)
        self.assertIn(("option_1/trial_1.partial", ""), found)
        self.assertIn(("option_2/trial_0/rank_0", ""), found)
        self.assertIn(("option_3/trial_0/rank_0", ""), found)

    def test_a_scaled_sequence_is_a_finding_where_the_scale_is_not_asked_for(self):
        run = self.run_tool("mlperf", "--check", "results")
        self.assertEqual(run.returncode, 1)
        self.assertIn("/kvmark/time_scale", run.stdout)

    def test_nothing_to_check(self):
        (self.folder / "empty").mkdir()
        self.assertEqual(self.run_tool("mlperf", "--check", "empty").returncode, 1)
        self.refused("mlperf", "--check", "nowhere", saying=["--check nowhere"])


class Refused(MlperfTest):
    def test_closed_names_every_override_at_once(self):
        self.refused("mlperf", "--mode", "closed", "--results-dir", "r", "--cache-dir", "c", "--num-users", "5", "--seed", "7",
                     "--trials", "1", "--storage-tier", "direct_file", "--layout", "slab", "--config", "x.yaml",
                     saying=["--num-users", "--seed", "--trials", "--storage-tier", "--layout", "--config", "--mode open"])
        self.succeeds("mlperf", "--mode", "closed", "--results-dir", "r", "--cache-dir", "c", "--seed", "42", "--trials", "3",
                      "--inter-option-delay", "90", "--dry-run")

    def test_ranks_names_and_places(self):
        places = ["--results-dir", "r", "--cache-dir", "c"]
        self.refused("mlperf", saying=["--results-dir", "--cache-dir"])
        self.refused("mlperf", *places, "--orgname", "a/b", "--systemname", "..", saying=["--orgname a/b", "--systemname .."])
        self.refused("mlperf", *places, "--hosts", "h1,h2", "--num-processes", "3", saying=["--num-processes 3", "2 hosts"])
        self.refused("mlperf", *places, "--hosts", "h1,h2", "--num-processes", "6", "--npernode", "2", saying=["4 ranks"])
        self.refused("mlperf", *places, "--npernode", "0", saying=["--npernode 0"])
        self.refused("mlperf", *places, "--npernode", "2", saying=["needs --hosts"])
        run = self.run_tool("mlperf", *places, "--dry-run", KVMARK_MLPERF_TIME_SCALE="2")
        self.assertEqual(run.returncode, 2)


class WhatIf(MlperfTest):
    def launches(self, *words: str) -> list[dict]:
        run = self.succeeds("mlperf", "--json", "--results-dir", "results", "--cache-dir", "/mnt/kv", *words)
        self.assertEqual(self.files(), ["users.yaml"])
        return json.loads(run.stdout)["launches"]

    def test_all_launches_and_nothing_else(self):
        launches = self.launches("--mode", "whatif", "--hosts", "h1,h2", "--npernode", "2")
        self.assertEqual([(launch["option"], launch["trial"]) for launch in launches],
                         [(option, trial) for option in [1, 2, 3] for trial in range(3)])
        words = " ".join(launches[-1]["argv"])
        for part in ["-n 4", "h1:2,h2:2", "--model llama3.1-70b-instruct --num-users 70 --duration 300 --gpu-mem-gb 0",
                     "--generation-mode none", "--cache-dir /mnt/kv", "--max-concurrent-allocs 4", "--seed 42",
                     "--storage-tier file"]:
            self.assertIn(part, words)

    def test_open_takes_what_was_given_alone(self):
        launches = self.launches("--mode", "open", "--dry-run", "--trials", "1", "--num-users", "7")
        self.assertEqual(len(launches), 3)
        for launch, (model, cpu) in zip(launches, [("llama3.1-8b", "0"), ("llama3.1-8b", "4"), ("llama3.1-70b-instruct", "0")]):
            self.assertIn(f"--model {model} --num-users 7 --duration 300 --gpu-mem-gb 0 --cpu-mem-gb {cpu}", launch["display"])

    def test_the_plan_for_people(self):
        run = self.succeeds("mlperf", "--mode", "closed", "--dry-run", "--results-dir", "results", "--cache-dir", "/mnt/kv")
        self.assertIn("about 75 min in all", run.stdout)
        self.assertIn("Nothing was started", run.stdout)
        self.assertEqual(self.files(), ["users.yaml"])


class Interrupted(MlperfTest):
    def test_a_killed_sequence_goes_on_where_it_was(self):
        process = self.start()
        partial = self.wait_for("option_2/trial_1.partial")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        directory = partial.parents[1]
        before = {path: path.stat().st_mtime_ns for path in directory.glob("option_*/trial_?/**/*.json")}
        self.assertEqual(len(before), 9)
        other = self.run_tool(*self.command("--num-users", "1", "--dry-run"), **mlperf.SCALE)
        self.assertEqual(other.returncode, 0, other.stderr)

        run = self.run_tool(*self.command(), **mlperf.SCALE)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("at option 2 of 3, trial 2 of 2", run.stderr)
        self.assertEqual(self.directories(), [directory])
        self.assertEqual({path: path.stat().st_mtime_ns for path in before}, before)
        self.assertEqual(mlperf.tree(directory), mlperf.expected_tree(trials=2, ranks=1))
        self.assertEqual(self.run_tool("mlperf", "--check", str(directory), **mlperf.SCALE).returncode, 0)
        self.assertEqual(mlperf.summary(directory)["kvmark"]["interruptions"], 1)
        # What was left of the killed trial went with the next one.
        self.assertEqual([path for path in (self.folder / "cache").rglob("*") if path.is_file()], [])

    def test_ctrl_c_keeps_what_was_measured_and_says_how_to_go_on(self):
        process = self.start()
        self.wait_for("option_1/trial_1.partial")
        second = self.run_tool(*self.command(), **mlperf.SCALE)
        self.assertEqual(second.returncode, 1)
        self.assertIn("run by another process", second.stderr)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("the same command takes the sequence up", err)
        [directory] = self.directories()
        summary = mlperf.summary(directory)
        self.assertEqual(summary["kvmark"]["state"], "interrupted")
        self.assertEqual(summary["options"]["1"]["trial_count"], 1)
        self.assertEqual(summary["kvmark"]["options"]["1"]["status"], "partial")
        self.assertEqual(self.run_tool("mlperf", "--check", "results", **mlperf.SCALE).returncode, 1)

        # Neither another command nor --fresh takes it up.
        for words in [self.command("--num-users", "1", trials=1), self.command("--fresh", trials=2)]:
            before = len(self.directories())
            other = subprocess.Popen([TOOL, *words], cwd=self.folder, env=self.environment(**mlperf.SCALE),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(other.kill)
            end = time.monotonic() + 30
            while len(self.directories()) == before and time.monotonic() < end:
                time.sleep(0.01)
            other.send_signal(signal.SIGKILL)
            other.wait()
            self.assertEqual(len(self.directories()), before + 1)


if __name__ == "__main__":
    unittest.main()

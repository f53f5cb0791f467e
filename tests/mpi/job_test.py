#!/usr/bin/env python3
"""Runs of several ranks on one host: launched, and by hand."""

import os
import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "cli")]

import job  # noqa: E402
from job_case import LAUNCH, JobTest  # noqa: E402
from tool import TOOL  # noqa: E402


class Launched(JobTest):
    def test_all_ranks_open_the_window_after_the_warm_up(self):
        run = self.launch(2, "--warmup", "1.5")
        self.assertEqual(run.returncode, 0, run.stderr)
        result, rows = self.job_rows()
        self.assertEqual(result["options"]["warmup"], 1.5)
        for row in rows:
            self.assertAlmostEqual(row["elapsed_s"], 2, delta=0.2)
            self.assertGreater(row["requests"], 0)

    def test_a_search_runs_its_trials_as_jobs(self):
        load = ["--clock", "virtual", "--model", "tiny-1b", "--seed", "5", "--generation-mode", "none", "--warmup", "60"]
        run = self.run_tool("search", *LAUNCH[1:], "--num-processes", "2", *load, "--slo", "p95_write=1s", "--lowest", "4", "--highest", "4", "--trials", "2",
                            "--json", "--output", "path.json")
        self.assertEqual(run.returncode, 0, run.stderr)
        found = self.read_json("path.json")
        self.assertEqual(found["search"]["trials"], 2)
        seeds = [t["seed"] for t in found["path"][0]["trials"]]
        self.assertEqual(seeds, [5, 7])  # each rank has one of its own

    def test_the_job_s_result_is_the_sum_of_its_ranks(self):
        for ranks in [1, 2, 3, 4]:
            with self.subTest(ranks=ranks):
                own = self.folder / f"own{ranks}"
                run = self.launch(ranks, "--rank-output", str(own))
                self.assertEqual(run.returncode, 0, run.stderr)
                merged, parts = self.read_json("job.json"), job.own_results(own)
                rows = merged["kvmark"]["job"]["ranks"]
                self.assertEqual([row["seed"] for row in rows], [42 + rank for rank in range(ranks)])
                self.assertEqual(len({row["cache_dir"] for row in rows}), ranks)
                self.assertTrue(all(row["complete"] for row in rows), rows)
                self.assertFalse(merged["kvmark"]["job"]["partial"])
                if ranks > 1:  # one rank writes no file beside the result
                    self.assertEqual(len(parts), ranks)
                    job.check_merged(self, merged, parts)
                self.assertEqual([str(path) for path in (self.folder / "cache").rglob("*")], [])

    def test_users_may_be_the_job_s(self):
        run = self.launch(2, "--users-per", "job", "--num-users", "5")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([row["users"] for row in self.job_rows()[1]], [3, 2])

    def test_the_output_of_ranks_is_marked_and_holds_no_frame(self):
        run = self.launch(2)
        self.assertNotIn("kvmark-frame", run.stdout + run.stderr)
        self.assertEqual(run.stdout.count("Requests "), 1)

    def test_more_processes_than_one_need_hosts(self):
        self.refused("run", "--exec-type", "mpi", "--num-processes", "2", saying=["needs --hosts"])

    def test_peers_need_two_ranks(self):
        self.refused("run", "--peer-mem-gb", "1", saying=["two ranks"])

    def test_the_memory_of_peers_is_a_tier(self):
        run = self.launch(2, "--peer-mem-gb", "0.25", "--cpu-mem-gb", "0", "--rank-output", str(self.folder / "own"))
        self.assertEqual(run.returncode, 0, run.stderr)
        peer = self.read_json("job.json")["kvmark"]["tiers"][1]
        self.assertEqual((peer["name"], peer["role"]), ("peer", "peer"))
        self.assertGreater(peer["write"]["bytes"], 0)
        self.assertGreater(peer["read"]["bytes"], 0)
        self.assertTrue(self.read_json("job.json")["kvmark"]["integrity"]["clean"])
        job.check_merged(self, self.read_json("job.json"), job.own_results(self.folder / "own"))

    def test_cluster(self):
        run = self.succeeds("cluster", "--hosts", "localhost", "--allow-run-as-root")
        self.assertIn("Cluster  1 host", run.stdout)
        self.assertIn(os.uname().release, run.stdout)


class ByHand(JobTest):
    def test_the_same_options_under_mpirun(self):
        for more in [[], LAUNCH[1:] + ["--num-processes", "2"]]:
            with self.subTest(more):
                run = subprocess.run(
                    ["mpirun", "--oversubscribe", "--allow-run-as-root", "-n", "2", TOOL, "run", *self.options(), *more],
                    cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=120)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(run.stdout.count("Requests "), 1)
                self.assertNotIn("kvmark-frame", run.stdout)
                self.assertNotIn("\x1b", run.stdout)
                self.assertEqual(len(self.job_rows()[1]), 2)


if __name__ == "__main__":
    job.run_tests()

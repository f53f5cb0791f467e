#!/usr/bin/env python3
"""Runs of several ranks on one host: launched, by hand, and with one of them failing."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "cli")]

import job  # noqa: E402
from tool import TOOL, ToolTest  # noqa: E402

LAUNCH = ["run", "--exec-type", "mpi", "--hosts", "localhost", "--oversubscribe", "--allow-run-as-root"]


class JobTest(ToolTest):
    def options(self, *more: str, duration: int = 2) -> list[str]:
        return [*job.LOAD, "--duration", str(duration), "--cache-dir", str(self.folder / "cache"), "--output", "job.json",
                *more]

    def launch(self, ranks: int, *more: str, duration: int = 2) -> subprocess.CompletedProcess:
        return self.run_tool(*LAUNCH, "--num-processes", str(ranks), *self.options(*more, duration=duration))

    def start(self, ranks: int, *more: str, duration: int) -> tuple[subprocess.Popen, dict[int, int]]:
        """A job whose ranks have begun to measure, and their pids."""
        before = set(job.all_pids())
        process = subprocess.Popen([TOOL, *LAUNCH, "--num-processes", str(ranks), *self.options(*more, duration=duration)],
                                   cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)

        def begun() -> dict[int, int] | None:
            found = job.ranks_of(TOOL, [pid for pid in job.all_pids() if pid not in before])
            written = list((self.folder / "cache").rglob("*.kv"))
            return found if len(found) == ranks and written else None

        ranks_found = job.wait_for(begun, 60, "the ranks to write to their caches")
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in ranks_found.values() if job.alive(pid)])
        return process, ranks_found

    def assert_nothing_left(self, ranks: dict[int, int]):
        job.wait_for(lambda: not any(job.alive(pid) for pid in ranks.values()), 20, "the ranks to end")
        self.assertEqual([str(path) for path in (self.folder / "cache").rglob("*.kv")], [])

    def job_rows(self) -> tuple[dict, list[dict]]:
        result = self.read_json("job.json")["kvmark"]
        return result, result["job"]["ranks"]


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


class Failing(JobTest):
    def test_a_killed_rank_is_named_and_the_others_are_kept(self):
        for victim in [1, 0]:
            with self.subTest(victim=victim):
                process, ranks = self.start(3, duration=6)
                os.kill(ranks[victim], signal.SIGKILL)
                code, out, err = job.end_of(process, 100)
                self.assertEqual(code, 1, err)
                result, rows = self.job_rows()
                self.assertTrue(result["job"]["partial"])
                self.assertEqual([row["complete"] for row in rows], [rank != victim for rank in range(3)])
                self.assertIn("did not answer", rows[victim]["failure"])
                self.assertIsNone(rows[victim]["requests"])
                self.assertIn(f"rank {victim} on {rows[victim]['host']} is not in the figures", out)
                self.assert_nothing_left(ranks)

    def test_a_signal_to_the_tool_ends_all_and_keeps_what_was_measured(self):
        for number, expected in [(signal.SIGTERM, 143), (signal.SIGINT, 130)]:
            with self.subTest(number.name):
                process, ranks = self.start(2, duration=60)
                process.send_signal(number)
                code, out, err = job.end_of(process, 40)
                self.assertEqual(code, expected, out + err)
                result, rows = self.job_rows()
                self.assertTrue(result["interrupted"])
                self.assertTrue(all(row["complete"] and row["interrupted"] for row in rows))
                self.assert_nothing_left(ranks)

    def test_a_killed_launcher_leaves_no_rank(self):
        process, ranks = self.start(2, duration=60)
        parent = int(pathlib.Path(f"/proc/{ranks[0]}/stat").read_text().rsplit(")", 1)[1].split()[1])
        os.kill(parent, signal.SIGKILL)
        code, _, err = job.end_of(process, 40)
        self.assertEqual(code, 1)
        self.assertIn("ended by signal 9", err)
        self.assert_nothing_left(ranks)

    def test_the_deadline_ends_a_job_with_its_result(self):
        run = self.launch(2, "--job-timeout", "6", duration=300)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("deadline of 6 s", run.stdout)
        self.assertTrue(self.job_rows()[0]["interrupted"])

    def test_a_rank_that_cannot_begin_leaves_the_others_running(self):
        (self.folder / "cache").mkdir()
        self.write("cache/rank_1", "in the way of its directory")
        run = self.launch(3)
        self.assertEqual(run.returncode, 1, run.stderr)
        rows = self.job_rows()[1]
        self.assertEqual([row["complete"] for row in rows], [True, False, True])
        self.assertIn("rank_1", rows[1]["failure"])
        self.assertGreater(rows[0]["requests"] + rows[2]["requests"], 0)

    def test_ranks_that_all_cannot_begin_say_why_and_write_no_result(self):
        self.write("cache", "in the way of all")
        run = self.launch(2)
        self.assertEqual(run.returncode, 1)
        self.assertIn("cache", run.stderr)
        self.assertFalse((self.folder / "job.json").exists())


if __name__ == "__main__":
    reason = job.launcher()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    unittest.main()

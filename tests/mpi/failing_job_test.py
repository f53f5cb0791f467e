#!/usr/bin/env python3
"""Runs of several ranks on one host, where a rank, the launcher or the tool comes to an end before its time."""

import os
import pathlib
import signal
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "cli")]

import job  # noqa: E402
from job_case import JobTest  # noqa: E402


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
    job.run_tests()

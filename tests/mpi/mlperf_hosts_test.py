#!/usr/bin/env python3
"""The sequence of the MLPerf Storage rules over two hosts, which are network namespaces with a disk each."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "cli")]

import job  # noqa: E402
import mlperf  # noqa: E402
from hosts import TestHosts  # noqa: E402
from tool import TOOL, ToolTest  # noqa: E402


class HostsMlperfTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.write("users.yaml", mlperf.CONFIG)
        self.tiny = [str(self.folder / word) if word == "users.yaml" else word for word in mlperf.TINY]

    def command(self, hosts: TestHosts, *more: str, scale: str = "0.01") -> list[str]:
        """On the head, where the results lie on a disk that no rank sees."""
        return ["env", f"KVMARK_MLPERF_TIME_SCALE={scale}", TOOL, "mlperf", *more, "--systemname", "sys1", "--results-dir",
                f"{hosts.disk}/results", "--cache-dir", f"{hosts.disk}/cache", "--hosts", "h1,h2", "--allow-run-as-root",
                "--mpi-params", *hosts.mpirun_words()]

    def check(self, hosts: TestHosts, scale: str = "0.01") -> dict:
        run = hosts.exec("h0", "env", f"KVMARK_MLPERF_TIME_SCALE={scale}", TOOL, "mlperf", "--json", "--check",
                         f"{hosts.disk}/results")
        return json.loads(run.stdout)["sequences"][0]

    def directory(self, hosts: TestHosts) -> pathlib.Path:
        [path] = hosts.directory("h0").glob("results/*/local/results/sys1/kv_cache/*/run/*")
        return path

    def check_sequence(self, hosts: TestHosts, trials: int, scale: str) -> pathlib.Path:
        """Its tree, that it is clean, and that damage of a file is found."""
        directory = self.directory(hosts)
        self.assertEqual(mlperf.tree(directory), mlperf.expected_tree(trials, ranks=2))
        verdict = self.check(hosts, scale)
        self.assertEqual(verdict["findings"], [])
        self.assertEqual(verdict["rank_files"], 6 * trials)
        for rank in [0, 1]:
            own = json.loads(mlperf.rank_file(directory, 3, trials - 1, rank).read_text())
            self.assertEqual(own["seed"], 42 + rank)
            self.assertEqual(own["kvmark"]["host"]["hostname"], f"h{rank + 1}")
            self.assertIsNone(own["kvmark"]["job"])
        for host in ["h1", "h2"]:
            self.assertEqual(list(hosts.directory(host).rglob("*")), [])
        cluster = json.loads((directory / "kv_cache_cluster_info.json").read_text())
        self.assertEqual([host["hostname"] for host in cluster["hosts"]], ["h1", "h2"])
        path = mlperf.rank_file(directory, 1, trials - 1, 1)
        whole = path.read_text()
        for damage, (make, place) in mlperf.DAMAGES.items():
            with self.subTest(damage):
                make(path)
                found = self.check(hosts, scale)["findings"]
                self.assertIn((str(path.relative_to(directory)), place), [(f["path"], f["place"] or "") for f in found])
                print(f"{damage}: " + "; ".join(f"{f['place'] or 'the file'} {f['finding']}" for f in found[:2]))
                path.write_text(whole)
        return directory

    def test_open_on_disks_of_their_own(self):
        with TestHosts(count=2) as hosts:
            run = hosts.exec("h0", *self.command(hosts, *self.tiny, "--trials", "1"), timeout=200)
            self.assertEqual(run.returncode, 0, run.stderr)
            directory = self.check_sequence(hosts, trials=1, scale="0.01")
            parts = [json.loads(mlperf.rank_file(directory, 1, 0, rank).read_text()) for rank in [0, 1]]
            job.check_merged(self, json.loads((directory / "option_1/trial_0/kvmark_merged.json").read_text()), parts)

    @unittest.skipUnless("KVMARK_TEST_CLOSED_SCALE" in os.environ, "takes minutes: the rules' entries are GiBs")
    def test_closed(self):
        # On disks of memory, so that entries get through within a window that is cut short.
        scale = os.environ["KVMARK_TEST_CLOSED_SCALE"]
        with TestHosts(count=2, tmpfs={"h1": "1g", "h2": "1g"}) as hosts:
            run = hosts.exec("h0", *self.command(hosts, "--mode", "closed", scale=scale), timeout=3600)
            print(run.stdout, run.stderr)
            self.assertEqual(run.returncode, 0, run.stderr)
            directory = self.check_sequence(hosts, trials=3, scale=scale)
            self.assertEqual(directory.parent.parent.name, "llama3.1-8b")

    def test_a_full_disk_fails_the_options(self):
        with TestHosts(count=2, tmpfs={"h2": "64m"}) as hosts:
            hosts.exec("h2", "sh", "-c", f"dd if=/dev/zero of={hosts.disk}/fill bs=1M count=64")
            run = hosts.exec("h0", *self.command(hosts, *self.tiny, "--trials", "1"), timeout=200)
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn("option 1 is failed", run.stderr)
            summary = mlperf.summary(self.directory(hosts))
            self.assertEqual(summary["options"]["1"]["missing_files"], ["option_1/trial_0/rank_1"])
            self.assertTrue(summary["partial_failure"])
            self.assertIsNone(summary["options"]["1"]["aggregated_read_bandwidth_gbps"])
            self.assertIn("no space left", summary["kvmark"]["options"]["1"]["trials"][0]["ranks"][1]["failure"])

    def test_a_trial_that_lost_a_rank_is_counted_and_in_no_mean(self):
        with TestHosts(count=2) as hosts:
            command = self.command(hosts, *self.tiny, "--trials", "2", "--duration", "300")
            process = hosts.popen("h0", *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            job.wait_for(lambda: list(hosts.directory("h2").rglob("*.kv")), 60, "rank 1 to write")
            [rank] = [p.pid for p in hosts.processes() if p.host == "h2" and p.command.startswith(f"{TOOL} run ")]
            os.kill(rank, signal.SIGKILL)
            code, _, err = job.end_of(process, 200)
            self.assertEqual(code, 1, err)
            self.assertIn("option 1 is partial: 1 of 2 trials are complete", err)
            directory = self.directory(hosts)
            option = mlperf.summary(directory)["options"]["1"]
            self.assertEqual((option["trial_count"], option["missing_files"]), (2, ["option_1/trial_0/rank_1"]))
            rates = [json.loads(mlperf.rank_file(directory, 1, 1, rank).read_text())["summary"]["cache_stats"]
                     ["tier_storage_read_bandwidth_gbps"] for rank in [0, 1]]
            self.assertAlmostEqual(option["aggregated_read_bandwidth_gbps"], sum(rates))

    def test_a_killed_sequence_goes_on(self):
        with TestHosts(count=2) as hosts:
            command = self.command(hosts, *self.tiny, "--trials", "2")
            process = hosts.popen("h0", *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(process.kill)
            job.wait_for(lambda: list(hosts.directory("h0").glob("results/*/*/*/*/*/*/*/*/option_2/trial_1.partial")), 120,
                         "trial 2 of option 2")
            time.sleep(0.5)
            process.send_signal(signal.SIGKILL)
            process.wait()
            run = hosts.exec("h0", *command, timeout=200)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stderr, re.compile("at option 2 of 3, trial 2 of 2"))
            self.assertEqual(self.check(hosts)["findings"], [])
            job.wait_for(lambda: not hosts.processes(), 60, "the ranks of the killed process to end")


if __name__ == "__main__":
    job.run_tests(on_hosts=True)

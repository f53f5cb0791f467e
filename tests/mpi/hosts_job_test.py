#!/usr/bin/env python3
"""Runs over several hosts, which are network namespaces: separate disks at one path, a host that is full, one that is
out of reach."""

import os
import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "cli")]

import job  # noqa: E402
from hosts import TestHosts  # noqa: E402
from tool import TOOL, ToolTest  # noqa: E402


class HostsJobTest(ToolTest):
    def command(self, hosts: TestHosts, names: str, ranks: int, *more: str, duration: int = 2) -> list[str]:
        return [TOOL, "run", "--exec-type", "mpi", "--hosts", names, "--num-processes", str(ranks), "--allow-run-as-root",
                "--oversubscribe", *job.LOAD, "--duration", str(duration), "--cache-dir", str(hosts.disk), "--output",
                str(self.folder / "job.json"), *more, "--mpi-params", *hosts.mpirun_words()]

    def start(self, hosts: TestHosts, names: str, ranks: int, duration: int) -> subprocess.Popen:
        """A job whose ranks have begun to measure."""
        process = hosts.popen("h0", *self.command(hosts, names, ranks, duration=duration), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        used = [pathlib.Path(hosts.directory(name)) for name in names.split(",")]
        job.wait_for(lambda: all(list(folder.rglob("*.kv")) for folder in used), 60, "every host to write to its cache")
        return process

    def rows(self) -> list[dict]:
        return self.read_json("job.json")["kvmark"]["job"]["ranks"]

    def test_ranks_on_hosts_with_disks_of_their_own(self):
        for count in [2, 4]:
            names = [f"h{number}" for number in range(1, count + 1)]
            with self.subTest(hosts=count), TestHosts(count=count) as hosts:
                run = hosts.exec("h0", *self.command(hosts, ",".join(names), 4, "--rank-output", f"{hosts.disk}/own"))
                self.assertEqual(run.returncode, 0, run.stderr)
                parts = [part for name in names for part in job.own_results(pathlib.Path(hosts.directory(name), "own"))]
                self.assertEqual(len(parts), 4)
                job.check_merged(self, self.read_json("job.json"), parts)
                self.assertEqual({row["host"] for row in self.rows()}, set(names))
                for name in names:
                    self.assertEqual(os.listdir(hosts.directory(name)), ["own"])
                self.assertEqual(hosts.processes(), [])

    def test_a_disk_that_is_full_is_its_ranks_failure_alone(self):
        with TestHosts(count=2, tmpfs={"h2": "64m"}) as hosts:
            hosts.exec("h2", "sh", "-c", f"dd if=/dev/zero of={hosts.disk}/fill bs=1M count=64")
            run = hosts.exec("h0", *self.command(hosts, "h1,h2", 4))
            self.assertEqual(run.returncode, 1, run.stderr)
            for row in self.rows():
                self.assertEqual(row["complete"], row["host"] == "h1")
                if not row["complete"]:
                    self.assertIn("no space left", row["failure"])
            self.assertEqual(os.listdir(hosts.directory("h2")), ["fill"])

    def test_a_host_out_of_reach_is_named_and_the_others_are_kept(self):
        with TestHosts(count=2) as hosts:
            process = self.start(hosts, "h1,h2", 4, duration=6)
            hosts.cut("h2")
            code, out, err = job.end_of(process, 100)
            self.assertEqual(code, 1, err)
            for row in self.rows():
                self.assertEqual(row["complete"], row["host"] == "h1", row)
                self.assertIn("did not answer" if row["host"] == "h2" else "", row["failure"] or "")
            self.assertIn("on h2", out)
            # What is left there notices within 20 s that it is alone.
            job.wait_for(lambda: not hosts.processes(), 90, "the processes of h2 to end")

    def test_cluster_lists_both(self):
        with TestHosts(count=2) as hosts:
            run = hosts.exec("h0", TOOL, "cluster", "--hosts", "h1,h2", "--allow-run-as-root", "--mpi-params",
                             *hosts.mpirun_words())
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("Cluster  2 hosts", run.stdout)
            for name in ["h1", "h2"]:
                self.assertIn(name, run.stdout)


if __name__ == "__main__":
    job.run_tests(on_hosts=True)

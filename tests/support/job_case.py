"""A test of jobs on this host: how they are launched, and that nothing is left of them."""

import os
import pathlib
import signal
import subprocess

import job
from tool import TOOL, ToolTest

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

#!/usr/bin/env python3
"""kvmark run --emit-fio: the job file says what the run measured, and fio runs it."""

import pathlib
import shutil
import subprocess
import unittest

from tool import SIMULATED, ToolTest

SHORT = ["--model", "tiny-1b", "--num-users", "4", "--duration", "2", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0",
         "--storage-capacity-gb", "0.25", "--generation-mode", "none", "--seed", "1", "--cache-dir", "kv", "--quiet",
         "--io-chunk", "262144", "--output", "out.json", "--emit-fio", "job.fio"]


class RunFio(ToolTest):
    def options(self) -> dict[str, str]:
        lines = (self.folder / "job.fio").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith(";"))

    def test_it_says_what_was_measured(self):
        self.succeeds("run", *SHORT, "--queue-depth", "3")
        job, tier = self.options(), self.read_json("out.json")["kvmark"]["tiers"][-1]
        ios = {way: tier[way]["io"]["count"] for way in ("read", "write")}
        self.assertAlmostEqual(int(job["rwmixread"]), 100 * ios["read"] / sum(ios.values()), delta=1)
        self.assertEqual((job["rw"], job["iodepth"], job["direct"], job["mem"]), ("randrw", "3", "1", "mmaphuge"))
        self.assertAlmostEqual(int(job["runtime"].removesuffix("ms")), 2000, delta=500)
        self.assertGreaterEqual(int(job["size"]), tier["used_bytes"])
        for way, split in zip(("read", "write"), job["bssplit"].split(",")):
            sizes = [tuple(map(int, part.split("/"))) for part in split.split(":")]
            self.assertEqual(sum(percent for _, percent in sizes), 100)
            mean = sum(size * percent for size, percent in sizes) / 100
            self.assertAlmostEqual(mean / (tier[way]["bytes"] / ios[way]), 1, delta=0.05)
        text = (self.folder / "job.fio").read_text()
        for word in ("order", "waits for", "think"):
            self.assertIn(word, text)

    def test_fio_takes_it(self):
        if shutil.which("fio") is None:
            self.skipTest("SKIPPED: there is no fio")
        for tier in ("direct_file", "file"):
            self.succeeds("run", *SHORT, "--storage-tier", tier)
            self.assertEqual(self.options()["direct"], "1" if tier == "direct_file" else "0")
            pathlib.Path(self.folder / "kv").mkdir(exist_ok=True)
            parsed = subprocess.run(["fio", "--parse-only", "job.fio"], cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(parsed.returncode, 0, parsed.stderr)
            # No huge pages are reserved here.
            text = (self.folder / "job.fio").read_text().replace("mmaphuge", "mmap")
            self.write("small.fio", "\n".join("runtime=1s" if line.startswith("runtime=") else line for line in text.splitlines()))
            run = subprocess.run(["fio", "small.fio"], cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stdout, r"READ: bw=\d")
            self.assertRegex(run.stdout, r"WRITE: bw=\d")

    def test_a_run_without_storage_has_no_job(self):
        self.refused("run", *SIMULATED, "--emit-fio", "job.fio", saying=["--emit-fio: is of what storage was asked for"])
        run = self.run_tool("run", *SHORT, "--cpu-mem-gb", "1", "--duration", "1")
        self.assertEqual(run.returncode, 1)
        self.assertIn("storage moved nothing", run.stderr)
        self.assertFalse((self.folder / "job.fio").exists())
        self.assertTrue((self.folder / "out.json").exists())


if __name__ == "__main__":
    unittest.main()

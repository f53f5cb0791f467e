#!/usr/bin/env python3
"""kvmark run with each I/O engine on each layout, and where io_uring is refused."""

import os
import subprocess
import unittest

from tool import TOOL, ToolTest

# It ends after three requests; some of these read.
SHORT = ["--model", "tiny-1b", "--num-users", "4", "--duration", "60", "--max-requests", "3", "--gpu-mem-gb", "0",
         "--cpu-mem-gb", "0", "--storage-capacity-gb", "1", "--generation-mode", "none", "--seed", "1",
         "--cache-dir", "cache", "--io-chunk", "131072", "--queue-depth", "16", "--output", "out.json"]
TIERS = {"uring": "uring_file", "asio": "asio_file", "pread": "direct_file", "mmap": "mapped_file"}
WITHOUT_IO_URING = os.environ.get("KVMARK_WITHOUT_IO_URING", "")


class Engines(ToolTest):
    def has(self, engine: str) -> bool:
        if "built without liburing" not in self.run_tool("run", "--dry-run", *SHORT, "--io-engine", engine).stderr:
            return True
        print(f"SKIPPED: {engine}: this kvmark was built without liburing")
        return False

    def test_each_engine_moves_every_byte_on_each_layout(self):
        for engine in filter(self.has, TIERS):
            for layout in ["file-per-entry", "file-per-block", "slab"]:
                with self.subTest(engine=engine, layout=layout):
                    self.succeeds("run", *SHORT, "--io-engine", engine, "--layout", layout, "--strict")
                    ours = self.read_json("out.json")["kvmark"]
                    storage = ours["tiers"][-1]
                    self.assertEqual((storage["name"], storage["note"]), (TIERS[engine], None))
                    self.assertTrue(ours["integrity"]["clean"])
                    self.assertGreater(storage["read"]["bytes"], 0)
                    self.assertGreater(storage["write"]["bytes"], 0)
                    self.assertEqual(self.files(), ["out.json"], "no file may stay in the cache directory")


class WithoutIoUring(ToolTest):
    def run_without(self, *arguments: str) -> subprocess.CompletedProcess:
        run = subprocess.run([WITHOUT_IO_URING, TOOL, "run", *SHORT, *arguments], cwd=self.folder,
                             env=self.environment(), capture_output=True, text=True, timeout=60)
        if run.returncode == 77:
            print("SKIPPED: the kernel takes no seccomp filter")
            self.skipTest("io_uring cannot be refused here")
        return run

    def setUp(self):
        super().setUp()
        if not WITHOUT_IO_URING:
            print("SKIPPED: there is no io_uring to refuse")
            self.skipTest("built without liburing")

    def test_the_default_goes_on_with_threads_and_says_so_once(self):
        run = self.run_without()
        self.assertEqual(run.returncode, 0, run.stderr)
        told = [line for line in run.stdout.splitlines() if "io_uring is refused" in line]
        self.assertEqual(len(told), 1, run.stdout)
        ours = self.read_json("out.json")["kvmark"]
        self.assertIn("io_uring is refused", ours["tiers"][-1]["note"])
        self.assertTrue(any("io_uring is refused" in warning for warning in ours["warnings"]))
        self.assertGreater(ours["tiers"][-1]["read"]["bytes"], 0)

    def test_strict_fails_and_leaves_nothing(self):
        run = self.run_without("--strict")
        self.assertEqual(run.returncode, 1)
        self.assertIn("--strict: io_uring is refused", run.stderr)
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()

"""kvmark tiers: the table, JSON and CSV agree with themselves; fio beside it; faults; an interruption."""

import csv
import shutil
import signal
import subprocess
import time
import unittest

from tool import TOOL, ToolTest

SHORT = ["--path", "disk", "--cases", "64K:2", "--size", "8M", "--rounds", "2", "--seconds", "0.1", "--io", "read,write,mix"]


class Tiers(ToolTest):
    def test_the_figures_hold_together(self):
        engines = "pread,mmap,file,host"
        run = self.succeeds("tiers", *SHORT, "--engines", engines, "--json", "out.json", "--csv", "out.csv")
        result = self.read_json("out.json")
        self.assertFalse(result["interrupted"])
        self.assertEqual(len(result["results"]), 12)
        for row in result["results"]:
            self.assertEqual((row["block_bytes"], row["depth"], row["errors"], row["corrupt_sectors"]), (65536, 2, 0, 0))
            rates = []
            for one in row["rounds"]:
                self.assertEqual(one["read_bytes"] + one["written_bytes"], one["operations"] * 65536)
                rates.append((one["read_bytes"] + one["written_bytes"]) / one["elapsed_s"] / 2**30)
                self.assertEqual(one["written_bytes"] == 0, row["read_percent"] == 100)
            self.assertAlmostEqual(row["gib_per_s"]["median"], sum(rates) / 2)
            self.assertAlmostEqual(row["iops"], row["gib_per_s"]["median"] * 2**30 / 65536, delta=1)
            self.assertEqual(sum(n for _, _, n in row["histogram_ns"]), sum(one["operations"] for one in row["rounds"]))
            self.assertIn(row["backend"], run.stdout)
        with (self.folder / "out.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([float(row["iops"]) for row in rows], [row["iops"] for row in result["results"]])
        self.assertEqual(self.files(), ["out.csv", "out.json"], "no file may stay on the path")

    def test_the_default_sizes_are_blocks_of_the_model(self):
        self.succeeds("tiers", "--path", "disk", "--model", "tiny-1b", "--block-tokens", "16,64", "--engines", "host",
                      "--size", "64M", "--rounds", "1", "--seconds", "0.05", "--io", "read", "--json", "out.json")
        sizes = [row["block_bytes"] for row in self.read_json("out.json")["results"]]
        self.assertEqual(sizes, [16 * 24576, 64 * 24576])

    def test_all_is_every_backend_of_this_build(self):
        self.succeeds("tiers", "--path", "disk", "--engines", "all", "--cases", "64K:2", "--size", "8M", "--rounds", "1",
                      "--seconds", "0.05", "--io", "read", "--json", "out.json")
        named = [row["backend"] for row in self.read_json("out.json")["results"]]
        self.assertEqual(named[-4:], ["pread", "mmap", "file", "host"])
        self.assertEqual(len(set(named)), len(named))

    def test_every_fault_is_named_and_nothing_is_created(self):
        self.refused("tiers", "--path", "disk", "--engines", "pread,urin", "--cases", "5000:1", "--size", "1M", "--io",
                     "raed", "--mix-read-percent", "0",
                     saying=["--engines urin", "--io raed", "5000 bytes: must be a multiple of 4096",
                             "--mix-read-percent", "kvmark tiers --help"])
        self.refused("tiers", "--cases", "1M:4", "--size", "2M", saying=["fewer blocks"])

    def test_beside_fio(self):
        if shutil.which("fio") is None:
            self.skipTest("SKIPPED: there is no fio")
        self.succeeds("tiers", "--path", "disk", "--cases", "64K:2", "--size", "8M", "--rounds", "1", "--seconds", "0.2",
                      "--engines", "pread", "--fio", "--json", "out.json")
        for row in self.read_json("out.json")["results"]:
            self.assertGreater(row["fio_gib_per_s"]["median"], 0)
            ratio = row["gib_per_s"]["median"] / row["fio_gib_per_s"]["median"]
            self.assertAlmostEqual(row["ratio"]["median"], ratio)
        self.assertEqual(self.files(), ["out.json"])

    def test_the_job_file_is_fio_s(self):
        self.succeeds("tiers", "--path", "disk", "--cases", "1M:4,4K:64", "--emit-fio", "job.fio")
        text = (self.folder / "job.fio").read_text()
        for word in ["bs=1048576", "iodepth=64", "ioengine=io_uring", "mem=mmaphuge", "direct=1", "rw=randwrite"]:
            self.assertIn(word, text)
        if shutil.which("fio") is not None:
            subprocess.run(["fio", "--parse-only", "job.fio"], cwd=self.folder, check=True, capture_output=True)

    def test_an_interruption_still_reports(self):
        run = subprocess.Popen([TOOL, "tiers", *SHORT, "--seconds", "600", "--engines", "pread", "--json", "out.json"],
                               cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(2)
        asked = time.monotonic()
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)
        self.assertLess(time.monotonic() - asked, 10)
        self.assertEqual(run.returncode, 130)
        result = self.read_json("out.json")
        self.assertTrue(result["interrupted"])
        self.assertGreater(result["results"][0]["rounds"][0]["operations"], 0)
        self.assertEqual(self.files(), ["out.json"])


if __name__ == "__main__":
    unittest.main()

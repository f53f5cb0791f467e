"""kvmark tiers --gpu on the stand-in for the CUDA driver: table, JSON and CSV; several GPUs; faults; an interruption."""

import csv
import os
import signal
import subprocess
import time
import unittest

from tool import TOOL, ToolTest

STAND_IN = os.environ.get("KVMARK_STAND_IN_CUDA", "")
SHORT = ["tiers", "--gpu", "--cases", "64K:2", "--size", "4M", "--rounds", "2", "--seconds", "0.1"]


class GpuTiers(ToolTest):
    def setUp(self):
        super().setUp()
        self.assertTrue(STAND_IN, "KVMARK_STAND_IN_CUDA must name the stand-in")

    def environment(self, **changes: str) -> dict[str, str]:
        return super().environment(**{"KVMARK_CUDA_DRIVER": STAND_IN, "KVMARK_STAND_IN": "latency_us=50", **changes})

    def rows(self, **wanted) -> list[dict]:
        all_rows = self.read_json("out.json")["gpu"]["results"]
        return [row for row in all_rows if all(row[key] == value for key, value in wanted.items())]

    def test_the_figures_hold_together(self):
        run = self.succeeds(*SHORT, "--json", "out.json", "--csv", "out.csv")
        document = self.read_json("out.json")
        self.assertFalse(document["interrupted"])
        self.assertEqual(document["results"], [], "without --path nothing but GPUs is measured")
        self.assertEqual([device["index"] for device in document["gpu"]["devices"]], [0])
        self.assertEqual(document["gpu"]["devices"][0]["memory_bytes"], 256 * 2**20)
        self.assertIn("GPU 0: " + document["gpu"]["devices"][0]["name"], run.stdout)
        ways = [(row["way"], row["by"], row["memory"], row["checked"]) for row in document["gpu"]["results"]]
        self.assertEqual(ways, [
            ("host_to_device", "copies", "pinned", False), ("host_to_device", "cuda", "pinned", False),
            ("host_to_device", "cuda", "pinned", True), ("host_to_device", "copies", "pageable", False),
            ("device_to_host", "copies", "pinned", False), ("device_to_host", "cuda", "pinned", False),
            ("device_to_host", "cuda", "pinned", True), ("device_to_host", "copies", "pageable", False),
            ("device_to_device", "copies", None, False)])
        plain = {}
        for row in document["gpu"]["results"]:
            self.assertEqual((row["block_bytes"], row["depth"], row["errors"], row["corrupt_sectors"]), (65536, 2, 0, 0))
            rates = [one["copied_bytes"] / one["elapsed_s"] for one in row["rounds"]]
            self.assertEqual(len(rates), 2)
            self.assertAlmostEqual(row["gib_per_s"]["median"], sum(rates) / 2 / 2**30)
            self.assertEqual(sum(n for _, _, n in row["histogram_ns"]), sum(one["operations"] for one in row["rounds"]))
            for one in row["rounds"]:
                self.assertEqual(one["copied_bytes"], one["operations"] * 65536)
            if row["by"] == "copies":
                self.assertIsNone(row["ratio"])
                self.assertIn(row["streams"], (1, 2))
                plain[row["way"], row["memory"]] = rates
                continue
            beside = plain[row["way"], "pinned"]
            self.assertEqual([one["plain_bytes_per_s"] for one in row["rounds"]], beside)
            ratios = [rate / peer for rate, peer in zip(rates, beside) if peer > 0]
            self.assertAlmostEqual(row["ratio"]["median"], sum(ratios) / max(len(ratios), 1))
        for text in ["host to device", "pageable", "cuda write, checked", "device to device"]:
            self.assertIn(text, run.stdout)
        with (self.folder / "out.csv").open() as file:
            table = list(csv.DictReader(file))
        self.assertEqual([float(row["iops"]) for row in table], [row["iops"] for row in document["gpu"]["results"]])
        self.assertEqual(table[1]["backend"], "gpu0 cuda")
        self.assertEqual(float(table[1]["ratio"]), document["gpu"]["results"][1]["ratio"]["median"])
        self.assertEqual(self.files(), ["out.csv", "out.json"])

    def test_the_report_shows_them(self):
        self.succeeds(*SHORT, "--json", "out.json")
        shown = self.succeeds("report", "out.json").stdout
        self.assertIn("host_to_device", shown)
        self.assertIn("pageable", shown)

    def test_one_direction_without_checks(self):
        self.succeeds(*SHORT, "--io", "read", "--verify", "none", "--json", "out.json")
        ways = [(row["way"], row["by"], row["memory"]) for row in self.rows()]
        self.assertEqual(ways, [("device_to_host", "copies", "pinned"), ("device_to_host", "cuda", "pinned"),
                                ("device_to_host", "copies", "pageable"), ("device_to_device", "copies", None)])

    def test_two_gpus_copy_to_each_other(self):
        run = self.run_tool(*SHORT, "--io", "read", "--json", "out.json", KVMARK_STAND_IN="devices=2 latency_us=50")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([(row["gpu"], row["to_gpu"]) for row in self.rows(way="peer")], [(0, 1), (1, 0)])
        self.assertTrue(all(row["direct"] and row["corrupt_sectors"] == 0 for row in self.rows(way="peer")))
        for text in ["GPU 0: ", "GPU 1: ", "to GPU 1", "to GPU 0"]:
            self.assertIn(text, run.stdout)

    def test_gpus_are_chosen_by_number(self):
        words = ["tiers", "--gpu=1", *SHORT[2:], "--io", "read", "--json", "out.json"]
        run = self.run_tool(*words, KVMARK_STAND_IN="devices=2")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual({row["gpu"] for row in self.rows()}, {1})
        self.assertEqual(self.rows(way="peer"), [])
        run = self.run_tool(*words)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("GPU 1: this process sees 1, numbered from 0", run.stderr)

    def test_beside_a_path(self):
        run = self.succeeds(*SHORT, "--path", "disk", "--engines", "pread", "--json", "out.json")
        self.assertEqual({row["backend"] for row in self.read_json("out.json")["results"]}, {"pread"})
        self.assertTrue(self.rows(by="cuda"))
        self.assertIn("pread", run.stdout)
        self.assertIn("cuda read", run.stdout)

    def test_what_cannot_be_is_named(self):
        self.refused("tiers", "--gpu=0,x", saying=["--gpu"])
        self.refused("tiers", "--gpu=0,0", saying=["--gpu", "twice"])
        self.refused("tiers", "--gpu", "--io", "mix", saying=["--io mix"])

    def test_no_driver_is_one_line(self):
        run = self.run_tool(*SHORT, "--json", "out.json", KVMARK_CUDA_DRIVER="/nonexistent/libcuda.so.1")
        self.assertEqual((run.returncode, run.stdout, self.files()), (1, "", []))
        self.assertIn("no usable GPU", run.stderr)
        self.assertIn("/nonexistent/libcuda.so.1", run.stderr)

    def test_too_little_memory_is_said(self):
        run = self.run_tool(*SHORT, KVMARK_STAND_IN="memory=6M")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("GPU 0: 4 x --size 4.00 MiB are measured with, and 6.00 MiB are free", run.stderr)

    def test_a_gpu_lost_in_the_middle_leaves_what_was_measured(self):
        # Filling and the first row take at most 330 copies; the rounds do not end before the GPU does.
        run = self.run_tool(*SHORT, "--rounds", "1000", "--json", "out.json", KVMARK_STAND_IN="latency_us=5000 lost=0@400")
        self.assertEqual(run.returncode, 1)
        self.assertIn("GPU 0", run.stderr)
        self.assertIn("719", run.stderr)
        self.assertIn("host to device", run.stdout)
        self.assertEqual(self.rows()[0]["errors"], 0)
        self.assertGreater(sum(one["copied_bytes"] for row in self.rows() for one in row["rounds"]), 0)

    def test_memory_that_runs_out_in_the_middle(self):
        fault = "latency_us=1000 fail=cuMemHostRegister_v2:2@12"
        run = self.run_tool(*SHORT, "--json", "out.json", KVMARK_STAND_IN=fault)
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot pin", run.stderr)
        self.assertIn("OUT_OF_MEMORY", run.stderr)
        self.assertGreater(len(self.rows()), 0)

    def test_an_interruption_still_reports(self):
        run = subprocess.Popen([TOOL, *SHORT, "--rounds", "1000", "--json", "out.json"], cwd=self.folder,
                               env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in run.stderr:  # of progress
            if "round 2 of" in line:
                break
        asked = time.monotonic()
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(timeout=30)
        self.assertLess(time.monotonic() - asked, 10)
        self.assertEqual(run.returncode, 130)
        self.assertIn("host to device", output)
        self.assertTrue(self.read_json("out.json")["interrupted"])
        self.assertEqual(len(self.rows()), 9)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""`kvmark run` with GPU memory as the first tier, on the stand-in for the CUDA driver: what it reports, and what it does
when memory is short and when a GPU is lost."""

import json
import os
import unittest

from tool import SOURCE, ToolTest

STAND_IN = os.environ.get("KVMARK_STAND_IN_CUDA", "")
CUFILE = os.environ.get("KVMARK_STAND_IN_CUFILE", "")
NVML = os.environ.get("KVMARK_STAND_IN_NVML", "")
SAMPLE = str(SOURCE / "tests/data/mooncake_sample.jsonl")
LOAD = ["--model", "tiny-1b", "--num-users", "4", "--duration", "3", "--generation-mode", "none", "--seed", "1",
        "--gpu-mem-gb", "0.2", "--cpu-mem-gb", "0.2", "--storage-capacity-gb", "0.5", "--cache-dir", "cache",
        "--output", "out.json"]


@unittest.skipUnless(STAND_IN, "KVMARK_STAND_IN_CUDA must name the stand-in for the CUDA driver")
class GpuRun(ToolTest):
    def on_gpus(self, *arguments: str, machine: str = ""):
        return self.run_tool("run", *arguments, KVMARK_CUDA_DRIVER=STAND_IN, KVMARK_CUFILE=CUFILE, KVMARK_NVML=NVML,
                             KVMARK_STAND_IN=machine)

    def tiers(self) -> dict[str, dict]:
        return {tier["name"]: tier for tier in self.read_json("out.json")["kvmark"]["tiers"]}

    def test_three_tiers_each_with_its_bytes_verified(self):
        for engine, storage in [("uring", "uring_file"), ("pread", "direct_file")]:
            with self.subTest(engine=engine):
                run = self.on_gpus(*LOAD, "--io-engine", engine, "--io-chunk", "262144")
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn("cuda 205 MiB, then host 205 MiB, then " + storage, run.stdout)
                tiers = self.tiers()
                self.assertEqual(list(tiers), ["cuda", "host", storage])
                self.assertEqual(tiers["cuda"]["role"], "gpu")
                for name in tiers:
                    self.assertGreater(tiers[name]["write"]["bytes"], 0, name)
                    if name != "cuda":
                        self.assertGreater(tiers[name]["demotions_in"], 0, name)
                integrity = self.read_json("out.json")["kvmark"]["integrity"]
                self.assertEqual((integrity["verify"], integrity["clean"]), ("full", True))

    def test_gpudirect_storage_says_which_way_the_data_go(self):
        for machine, saying in [("nvfs=0", "compatibility mode, through host memory: nvidia-fs is not loaded"),
                                ("allow_compat=0", "direct (nvidia-fs 2.19 for NVMe); what cannot be fails")]:
            with self.subTest(machine=machine):
                run = self.on_gpus(*LOAD, "--io-engine", "gds", "--io-chunk", "262144", "--layout", "slab", machine=machine)
                self.assertEqual(run.returncode, 0, run.stderr)
                tier = self.tiers()["gds_file"]
                self.assertIn(saying, tier["note"])
                self.assertGreater(tier["demotions_in"], 0)
                self.assertTrue(self.read_json("out.json")["kvmark"]["integrity"]["clean"])

    def test_the_tier_is_as_large_as_all_its_gpus(self):
        run = self.on_gpus(*LOAD, "--num-gpus", "2", machine="devices=2")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.tiers()["cuda"]["limit_bytes"], int(0.4 * 2**30))
        gpus = self.read_json("out.json")["kvmark"]["gpus"]
        self.assertEqual([g["name"] for g in gpus], ["Stand-in GPU 0", "Stand-in GPU 1"])
        for i in (0, 1):
            self.assertRegex(run.stdout, rf"GPU {i}: Stand-in GPU {i}, 0\.2 GiB, PCIe \d\.0 x\d+.*, driver [0-9.]+, CUDA")

    def test_hits_equal_the_simulation_s(self):
        common = ["--trace", SAMPLE, "--max-requests", "0", "--capacity-blocks", "4,10,30"]
        run = self.on_gpus(*common, "--trace-speedup", "0", "--gpu-tier", "cuda", "--layout", "slab", "--io-chunk", "65536",
                           "--kv-bytes-per-token", "64", "--cache-dir", "cache", "--output", "out.json", "--quiet")
        self.assertEqual(run.returncode, 0, run.stderr)
        real = self.read_json("out.json")["kvmark"]
        simulated = json.loads(self.succeeds("simulate", *common, "--json").stdout)
        for key in ["requests", "block_refs", "hit_blocks_prefix", "hit_tokens"]:
            self.assertEqual(real["serving"][key], simulated[key], key)
        for a, b in zip(real["serving"]["tiers"], simulated["tiers"], strict=True):
            for key in ["hit_blocks", "written_blocks", "demoted_blocks", "dropped_blocks"]:
                self.assertEqual(a[key], b[key], f"{key} of {a['name']}")
        self.assertGreater(real["serving"]["tiers"][0]["hit_blocks"], 0)
        self.assertTrue(real["integrity"]["clean"])

    def test_without_a_driver_one_line_says_why_and_the_run_goes_on(self):
        run = self.run_tool("run", *LOAD, KVMARK_CUDA_DRIVER="/nowhere/libcuda.so.1")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr.count("--gpu-mem-gb gives no GPU tier: no usable GPU: /nowhere/libcuda.so.1: cannot open"),
                         1, run.stderr)
        self.assertNotIn("cuda", self.tiers())

    def test_a_gpu_that_was_asked_for_and_is_not_there_is_an_error_before_anything_begins(self):
        run = self.run_tool("run", *LOAD, "--gpu-tier", "cuda", KVMARK_CUDA_DRIVER="/nowhere/libcuda.so.1")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("cuda tier: no usable GPU: /nowhere/libcuda.so.1: cannot open", run.stderr)
        run = self.on_gpus(*LOAD, "--gpu-tier", "cuda", "--num-gpus", "2")
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("--num-gpus 2: this process sees 1", run.stderr)
        self.assertFalse((self.folder / "out.json").exists())

    def test_more_than_the_gpu_has_is_lowered_and_said(self):
        run = self.on_gpus(*LOAD, machine="memory=128M")
        self.assertEqual(run.returncode, 0, run.stderr)
        tier = self.tiers()["cuda"]
        self.assertLess(tier["limit_bytes"], 128 << 20)
        self.assertIn("limit lowered from 0.200000 to", tier["note"])

    def test_no_memory_when_the_tier_is_opened_is_an_error_that_says_what_is_free(self):
        run = self.on_gpus(*LOAD, machine="fail=cuMemAlloc_v2:2@1")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stderr, r"cuda tier: GPU 0: no memory for 0\.199\d* GiB \(0\.25\d* of 0\.25\d* GiB are free\): "
                                     r"CUDA_ERROR_OUT_OF_MEMORY \(2\).*give a smaller --gpu-mem-gb")
        self.assertFalse((self.folder / "out.json").exists())

    def test_no_memory_in_the_middle_costs_one_operation(self):
        run = self.on_gpus(*LOAD, machine="fail=cuMemcpyHtoDAsync_v2:2@20+1")
        self.assertEqual(run.returncode, 1, run.stderr)
        result = self.read_json("out.json")["kvmark"]
        self.assertEqual(result["integrity"]["failed_operations"], 1)
        self.assertEqual(result["integrity"]["failures"][0]["tier"], "cuda")
        self.assertGreater(self.tiers()["cuda"]["entries"], 0)

    def test_a_lost_gpu_leaves_the_run_to_the_rest_of_the_stack(self):
        run = self.on_gpus(*LOAD, machine="lost=0@60")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("GPU 0: lost during the run: CUDA_ERROR_LAUNCH_FAILED (719)", run.stdout + run.stderr)
        tiers = self.tiers()
        self.assertEqual(tiers["cuda"]["entries"], 0)
        self.assertGreater(tiers["host"]["write"]["operations"], 0)
        result = self.read_json("out.json")["kvmark"]
        self.assertEqual(result["integrity"]["corrupt_sectors"], 0)
        self.assertGreater(result["integrity"]["failed_operations"], 0)

    def test_what_does_not_go_with_device_memory_is_refused(self):
        for words, saying in [(["--io-engine", "mmap"], "goes with --io-engine auto, uring, pread or gds"),
                              (["--clock", "virtual"], "is real memory"),
                              (["--storage-tier", "file"], "goes with --io-engine auto")]:
            with self.subTest(words=words):
                self.refused("run", *LOAD, "--gpu-tier", "cuda", *words, saying=["--gpu-tier cuda: " + saying])


if __name__ == "__main__":
    unittest.main()

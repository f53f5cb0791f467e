#!/usr/bin/env python3
"""`kvmark run --trace`: real tiers hit what the simulation hits, by tier and to the block, and every byte is checked."""

import json
import unittest

from tool import SOURCE, ToolTest, shared

SAMPLE = str(SOURCE / "tests/data/mooncake_sample.jsonl")
COUNTS = ["requests", "block_refs", "hit_blocks_prefix", "hit_blocks_any", "hit_tokens", "measured_tokens"]
PER_TIER = ["hit_blocks", "written_blocks", "demoted_blocks", "dropped_blocks"]


class Serving(ToolTest):
    def compare(self, trace: str, *cache: str, engine: str = "auto", requests: str = "0") -> dict:
        """The result of a real run, after its counts were found equal to those of the simulation."""
        common = ["--trace", trace, "--max-requests", requests, *cache]
        self.succeeds("run", *common, "--trace-speedup", "0", "--gpu-mem-gb", "0", "--io-engine", engine, "--layout", "slab",
                      "--kv-bytes-per-token", "64", "--cache-dir", "cache", "--output", "run.json", "--quiet")
        real = self.read_json("run.json")["kvmark"]
        simulated = json.loads(self.succeeds("simulate", *common, "--json").stdout)
        for key in COUNTS:
            self.assertEqual(real["serving"][key], simulated[key], key)
        for a, b in zip(real["serving"]["tiers"], simulated["tiers"], strict=True):
            for key in PER_TIER:
                self.assertEqual(a[key], b[key], f"{key} of {a['name']}")
        self.assertTrue(real["integrity"]["clean"])
        self.assertEqual(real["integrity"]["verify"], "full")
        block = real["serving"]["block_bytes"]
        for tier, counts in zip(real["tiers"][0:2], real["serving"]["tiers"], strict=True):
            below = real["serving"]["tiers"][1]["demoted_blocks"] if counts is real["serving"]["tiers"][0] else 0
            self.assertEqual(tier["read"]["bytes"], block * (counts["hit_blocks"] + below))
            self.assertEqual(tier["write"]["bytes"], block * (counts["written_blocks"] + counts["demoted_blocks"]))
        return real

    def test_hits_equal_the_simulation_s(self):
        for modes in [[], ["--write-mode", "back", "--promotion", "nth"], ["--write-mode", "through"], ["--policy", "arc,s3fifo"],
                      ["--policy", "lru-leaf"], ["--promotion", "never", "--pin-blocks", "2"]]:
            with self.subTest(modes=modes):
                real = self.compare(SAMPLE, "--capacity-blocks", "10,30", *modes)
                self.assertGreater(real["serving"]["tiers"][1]["hit_blocks"], 0)

    def test_a_block_behind_two_prefixes_is_two_for_a_policy_of_prefixes(self):
        lines = []
        for i in range(60):
            chain = [i % 3, 3 + i % 5, 8 + i % 4, 12 + i % 2]
            lines.append(json.dumps({"timestamp": i, "input_length": 2048, "output_length": 1, "hash_ids": chain}))
        trace = self.write("trace.jsonl", "\n".join(lines) + "\n")
        real = self.compare(trace, "--capacity-blocks", "8,16", "--policy", "lru-leaf")
        self.assertGreater(real["serving"]["hit_blocks_prefix"], 0)

    def test_with_every_engine(self):
        for engine in ["uring", "pread"]:
            with self.subTest(engine=engine):
                self.compare(SAMPLE, "--capacity-blocks", "5,40", engine=engine)

    def test_a_real_trace(self):
        trace = shared("traces/mooncake_conversation.jsonl")
        if not trace:
            self.skipTest("no trace")
        real = self.compare(str(trace), "--capacity-blocks", "1000,5000", requests="2000")
        self.assertGreater(real["serving"]["tiers"][1]["hit_blocks"], 1000)

    def test_the_summary_says_hits_and_latencies(self):
        run = self.succeeds("run", "--trace", SAMPLE, "--capacity-blocks", "10,30", "--kv-bytes-per-token", "64",
                            "--trace-speedup", "0", "--prefill-rate", "1000000", "--cache-dir", "cache")
        for text in ["prompt tokens", "time to first token", "loading cached blocks", "blocks of 512 tokens"]:
            self.assertIn(text, run.stdout)

    def test_virtual_time_says_the_same_twice(self):
        arguments = ["run", "--trace", SAMPLE, "--clock", "virtual", "--capacity-blocks", "10,30", "--kv-bytes-per-token", "64",
                     "--prefill-rate", "5000", "--decode-rate", "100", "--seed", "3", "--quiet"]
        self.succeeds(*arguments, "--output", "a.json")
        self.succeeds(*arguments, "--output", "b.json")
        a, b = self.read_json("a.json"), self.read_json("b.json")
        self.assertEqual(a["kvmark"]["serving"], b["kvmark"]["serving"])
        self.assertGreater(a["kvmark"]["serving"]["ttft"]["latency_ms"]["p50"], 0)

    def test_what_is_refused(self):
        self.refused("run", "--trace", SAMPLE, "--use-burst-trace", "--burst-trace-path", SAMPLE, saying=["--trace excludes"])
        self.refused("run", "--trace", SAMPLE, "--policy", "lruu", saying=["lruu", "lru"])
        self.refused("run", "--trace", SAMPLE, "--trace-arrivals", "poisson", saying=["rate"])


if __name__ == "__main__":
    unittest.main()

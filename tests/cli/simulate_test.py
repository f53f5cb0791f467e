#!/usr/bin/env python3
"""`kvmark simulate`: golden hit counts from the command line, sweeps, virtual time, and what is refused."""

import csv
import json
import unittest

from tool import SOURCE, ToolTest, shared

SAMPLE = str(SOURCE / "tests/data/mooncake_sample.jsonl")

# The golden files' names of the policies, and the tool's.
BLOCK_POLICIES = {"LRU-fwd": "lru", "FIFO": "fifo", "CLOCK": "clock", "LFU": "lfu", "SLRU80": "slru", "S3-FIFO": "s3fifo",
                  "ARC": "arc", "Belady-MIN": "belady"}
PREFIX_POLICIES = {"fifo": "fifo", "lru": "lru-leaf", "optimal": "belady-leaf"}


class Simulate(ToolTest):
    def simulate(self, *arguments: str) -> dict:
        return json.loads(self.succeeds("simulate", *arguments, "--json").stdout)

    def test_golden_rows_of_blocks(self):
        trace, golden = shared("traces/mooncake_conversation.jsonl"), shared("golden/block_hits_conversation.csv")
        if not trace or not golden:
            self.skipTest("no golden data")
        rows = list(csv.DictReader(golden.open()))
        capacities = sorted({row["capacity_blocks"] for row in rows}, key=int)
        sweep = f"policy={':'.join(BLOCK_POLICIES.values())},capacity={':'.join(capacities)}"
        points = self.simulate("--trace", str(trace), "--sweep", sweep)["points"]
        found = {(p["policy"], str(p["capacity_blocks"])): p for p in points}
        for row in rows:
            point = found[BLOCK_POLICIES[row["policy"]], row["capacity_blocks"]]
            with self.subTest(row=row):
                self.assertEqual(point["hit_blocks_prefix"], int(row["hits_prefix_contiguous"]))
                self.assertEqual(point["hit_blocks_any"], int(row["hits_any_block"]))
                self.assertEqual(point["block_refs"], int(row["total_block_refs"]))

    def test_golden_rows_of_prefixes(self):
        trace, golden = shared("traces/mooncake_conversation.jsonl"), shared("golden/prefix_hits_conversation.json")
        if not trace or not golden:
            self.skipTest("no golden data")
        expected = json.loads(golden.read_text())
        for point in expected["points"]:
            for name, policy in PREFIX_POLICIES.items():
                with self.subTest(policy=policy, capacity=point["capacity_blocks"]):
                    found = self.simulate("--trace", str(trace), "--policy", policy, "--capacity-blocks",
                                          str(point["capacity_blocks"]), "--warmup-requests",
                                          str(expected["warmup_requests"]))
                    self.assertEqual(found["hit_tokens"], point[name])
                    self.assertEqual(found["measured_tokens"], expected["measured_tokens"])

    def test_two_tiers_of_lru_hit_what_one_of_their_size_hits(self):
        one = self.simulate("--trace", SAMPLE, "--capacity-blocks", "40")
        two = self.simulate("--trace", SAMPLE, "--capacity-blocks", "30,10")
        self.assertGreater(one["hit_tokens"], 0)
        self.assertEqual(two["hit_tokens"], one["hit_tokens"])
        self.assertEqual([t["name"] for t in two["tiers"]], ["host", "storage"])
        self.assertEqual(sum(t["hit_blocks"] for t in two["tiers"]), two["hit_blocks_prefix"])

    def test_virtual_time_decides_the_same_and_adds_latencies(self):
        capacities = ["--trace", SAMPLE, "--capacity-blocks", "10,30", "--policy", "lru,s3fifo"]
        alone = self.simulate(*capacities)
        timed = self.simulate(*capacities, "--ttft", "--prefill-rate", "10000", "--decode-rate", "50",
                              "--kv-bytes-per-token", "1024")
        for key in ["hit_tokens", "measured_tokens", "hit_blocks_prefix", "hit_blocks_any", "block_refs"]:
            self.assertEqual(timed[key], alone[key], key)
        for before, after in zip(alone["tiers"], timed["tiers"], strict=True):
            self.assertEqual({**before, "name": ""}, {**after, "name": ""})
        self.assertGreater(timed["ttft"]["latency_ms"]["p50"], 0)
        self.assertEqual(timed["completed"], timed["requests"])

    def test_a_sweep_is_one_page(self):
        run = self.succeeds("simulate", "--trace", SAMPLE, "--ttft", "--prefill-rate", "20000", "--sweep",
                            "policy=lru:arc:s3fifo,capacity=5:20:80", "--csv", "sweep.csv")
        lines = run.stdout.strip().splitlines()
        self.assertEqual(len(lines), 2 + 1 + 9)
        self.assertIn("TTFT P50 ms", run.stdout)
        rows = list(csv.DictReader((self.folder / "sweep.csv").open()))
        self.assertEqual([(r["policy"], r["capacity"]) for r in rows[:3]], [("lru", "5"), ("lru", "20"), ("lru", "80")])
        self.assertEqual(len(rows), 9)

    def test_a_looped_trace_hits_from_the_second_time_on(self):
        once = self.simulate("--trace", SAMPLE, "--capacity-blocks", "100000")
        twice = self.simulate("--trace", SAMPLE, "--capacity-blocks", "100000", "--replay-cycles", "2")
        self.assertEqual(twice["block_refs"], 2 * once["block_refs"])
        self.assertEqual(twice["hit_blocks_prefix"], once["hit_blocks_prefix"] + once["block_refs"])

    def test_what_is_refused(self):
        self.refused("simulate", "--capacity-blocks", "3", saying=["--trace FILE is needed"])
        self.refused("simulate", "--trace", SAMPLE, saying=["--capacity-blocks"])
        self.refused("simulate", "--trace", "no.jsonl", "--capacity-blocks", "3", saying=["no.jsonl", "No such file"])
        self.refused("simulate", "--trace", SAMPLE, "--capacity-blocks", "3", "--policy", "s3fifoo",
                     saying=["s3fifoo", "s3fifo"])
        self.refused("simulate", "--trace", SAMPLE, "--capacity-blocks", "3,4", "--policy", "belady", saying=["single tier"])
        self.refused("simulate", "--trace", SAMPLE, "--capacity-blocks", "3", "--policy", "belady", "--ttft",
                     saying=["--ttft"])
        self.refused("simulate", "--trace", SAMPLE, "--sweep", "colour=red", saying=["colour"])


if __name__ == "__main__":
    unittest.main()

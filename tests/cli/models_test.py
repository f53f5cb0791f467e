#!/usr/bin/env python3
"""`models` and `datasize` give the true sizes."""

import json
import unittest

from tool import ToolTest

# Source: the reference engine's own geometry (layers x kv heads x head dim x 2 x 2 bytes; MLA without the first 2).
BYTES_PER_TOKEN = {
    "tiny-1b": 24576,
    "mistral-7b": 131072,
    "llama2-7b": 524288,
    "llama3.1-8b": 131072,
    "llama3.1-70b-instruct": 327680,
    "deepseek-v3": 70272,
    "qwen3-32b": 262144,
    "gpt-oss-120b": 73728,
    "gpt-oss-20b": 49152,
}


class Sizes(ToolTest):
    def test_models(self):
        models = json.loads(self.succeeds("models", "--json").stdout)
        self.assertEqual({m["name"]: m["bytes_per_token"] for m in models}, BYTES_PER_TOKEN)
        table = self.succeeds("models").stdout
        for name, size in BYTES_PER_TOKEN.items():
            self.assertRegex(table, rf"{name} .*{size:,}")

    def test_datasize(self):
        words = ["datasize", "--json", "-m", "llama3.1-8b", "-nu", "10", "-np", "4", "--hosts", "h1"]
        size = json.loads(self.succeeds(*words).stdout)["sizes"][0]
        self.assertEqual(size["per_user_bytes"], 131072 * 8192)
        self.assertEqual(size["total_bytes"], 131072 * 8192 * 10 * 4)
        # 40 GiB of data: 20 % and 50 % of it, or the 16 and 32 GiB of the defaults; twice it on storage.
        self.assertEqual(size["recommended_gib"], {"gpu": 16.0, "cpu": 32.0, "storage": 80.0})

    def test_datasize_with_tensor_parallelism_and_a_length(self):
        words = ["datasize", "--json", "-m", "tiny-1b", "--tensor-parallel", "2", "--sequence-length", "1000",
                 "--gpu-mem-gb", "0", "--cpu-mem-gb", "0", "-nu", "1"]
        size = json.loads(self.succeeds(*words).stdout)["sizes"][0]
        self.assertEqual(size["per_user_bytes"], 24576 * 1000 // 2)
        self.assertAlmostEqual(size["recommended_gib"]["storage"], 2 * size["total_bytes"] / 2**30)

    def test_datasize_lists_every_model_without_one(self):
        sizes = json.loads(self.succeeds("datasize", "--json").stdout)["sizes"]
        self.assertEqual({s["model"]["name"] for s in sizes}, set(BYTES_PER_TOKEN))

    def test_datasize_against_the_free_space(self):
        text = self.succeeds("datasize", "-m", "llama2-7b", "-nu", "100000", "--cache-dir", ".").stdout
        self.assertIn("too little for the total", text)


if __name__ == "__main__":
    unittest.main()

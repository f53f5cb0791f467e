#!/usr/bin/env python3
"""`kvmark trace`: facts of real and made traces, conversions, and what is said of damaged files."""

import json
import os
import signal
import subprocess
import time
import unittest

from tool import SOURCE, TOOL, ToolTest, shared

DATA = SOURCE / "tests/data"
# Of each format: a whole file, a text in it to be damaged, and what it becomes.
TEXT_FORMATS = {
    "mooncake": ("mooncake_small.jsonl", '"input_length": 2100', '"input_length": 21x0'),
    "bailian": ("bailian_sample.jsonl", '"timestamp": 62.25', '"timestamp": [62.25]'),
    "weka": ("weka_sample/trace_0001.json", '"in": 330', '"in": -330'),
    "burstgpt": ("burst_gpt_sample.csv", ",310,", ",31O,"),
    "azure": ("azure_sample.csv", "18:17:04.0319600,512", "18:77:04.0319600,512"),
    "sharegpt": ("sharegpt_sample.json", '"conversations": [', '"conversations": 7, ['),
}


class Trace(ToolTest):
    def info(self, *words: str) -> dict:
        return json.loads(self.succeeds("trace", "info", *words, "--json").stdout)

    def test_the_mooncake_conversation(self):
        path = shared("traces/mooncake_conversation.jsonl")
        if path is None:
            return
        found = self.info(str(path))
        expected = {"format": "mooncake", "requests": 12031, "references": 288500, "distinct_blocks": 182790}
        self.assertEqual({key: found[key] for key in expected}, expected)
        self.assertEqual(found["reused_references"], 288500 - 182790)
        self.assertEqual(found["ceiling_hit_tokens"], 54098411)
        self.assertTrue(found["prefix_unique"])
        self.assertRegex(self.succeeds("trace", "info", str(path)).stdout, r"requests +12,031\n")

    def test_the_other_real_traces(self):
        for name, requests in [("weka_agentic", 201), ("AzureLLMInferenceTrace_code.csv", 8819)]:
            if path := shared(f"traces/{name}"):
                self.assertEqual(self.info(str(path))["requests"], requests)

    def test_a_conversion_has_the_facts_of_its_source(self):
        samples = [DATA / file for file, _, _ in TEXT_FORMATS.values()] + [DATA / "weka_sample"]
        for sample in samples:
            with self.subTest(sample=sample.name):
                before = self.info(str(sample))
                said = self.succeeds("trace", "convert", str(sample), "out.kvt").stdout
                self.assertIn(f"out.kvt: {before['requests']} requests", said)
                after = self.info("out.kvt")
                self.assertEqual({**before, "file": ""}, {**after, "file": ""})
                self.assertEqual((self.folder / "out.kvt").stat().st_size, after["compact_bytes"])
        self.succeeds("trace", "convert", "out.kvt", "again.kvt", "--quiet")
        self.assertEqual((self.folder / "out.kvt").read_bytes(), (self.folder / "again.kvt").read_bytes())

    def test_several_files_and_the_length_of_a_block(self):
        sample = str(DATA / "azure_sample.csv")
        first, second = self.info(sample, sample, "--block-tokens", "16")
        self.assertEqual(first["references"], 4808 // 16 + 1 + 32 + 33)
        self.assertEqual(first, second)

    def test_a_truncated_file_of_each_format_is_located(self):
        for name, (file, inside, _) in TEXT_FORMATS.items():
            with self.subTest(format=name):
                text = (DATA / file).read_text()
                cut = self.write("cut", text[: text.index(inside) + len(inside) // 2])
                for words in (["info", cut], ["convert", cut, "out.kvt"]):
                    said = self.refused("trace", *words, saying=["kvmark: error: cut:"])
                    self.assertRegex(said, r"cut:\d+:\d+: ")

    def test_a_corrupted_file_of_each_format_is_located(self):
        for name, (file, good, bad) in TEXT_FORMATS.items():
            with self.subTest(format=name):
                text = (DATA / file).read_text()
                self.assertIn(good, text)
                damaged = self.write("damaged", text.replace(good, bad, 1))
                line = text[: text.index(good)].count("\n") + 1
                for words in (["info", damaged], ["convert", damaged, "out.kvt"]):
                    said = self.refused("trace", *words, saying=[])
                    self.assertRegex(said, rf"damaged:{line}:\d+: ")

    def test_a_truncated_or_corrupted_compact_file_is_located(self):
        self.succeeds("trace", "convert", str(DATA / "mooncake_small.jsonl"), "whole.kvt")
        whole = (self.folder / "whole.kvt").read_bytes()
        for size in (9, 112, 200, len(whole) - 1):
            (self.folder / "cut.kvt").write_bytes(whole[:size])
            self.assertRegex(self.refused("trace", "info", "cut.kvt", saying=[]), r"cut\.kvt:byte \d+: ")
        for at in (12, 100, 112 + 44, len(whole) - 10):
            damaged = bytearray(whole)
            damaged[at] ^= 0x40
            (self.folder / "cut.kvt").write_bytes(damaged)
            self.assertRegex(self.refused("trace", "info", "cut.kvt", saying=[]), r"cut\.kvt:byte \d+: ")

    def test_malformed_lines_are_counted_when_asked(self):
        text = (DATA / "mooncake_small.jsonl").read_text()
        self.write("mixed", text + "{\n" + text + '{"timestamp": 9000}\n')
        found = self.run_tool("trace", "info", "mixed", "--skip-bad", "--json")
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertEqual((json.loads(found.stdout)["requests"], json.loads(found.stdout)["skipped_rows"]), (8, 2))
        self.assertIn("mixed: 2 malformed rows were left out", found.stderr)
        self.assertIn("mixed:5:2: not valid JSON", found.stderr)

    def test_made_traces_are_the_same_for_a_seed(self):
        for name in ["a", "b"]:
            self.succeeds("trace", "generate", "agents", name, "--requests", "500", "--seed", "7")
        self.succeeds("trace", "generate", "agents", "c", "--requests", "500", "--seed", "8")
        texts = [(self.folder / name).read_bytes() for name in "abc"]
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])
        info = json.loads(self.succeeds("trace", "info", "a", "--json").stdout)
        self.assertEqual(info["requests"], 500)
        self.assertGreater(info["reused_share"], 0.5)
        self.refused("trace", "generate", "agentz", "d", saying=["agentz", "agents"])

    def test_exit_codes(self):
        self.refused("trace", saying=["what to do is missing: info, convert or generate"])
        self.refused("trace", "inform", "x", saying=["inform", "did you mean info?"])
        self.refused("trace", "info", saying=["give one FILE or more"])
        self.refused("trace", "convert", "x", saying=["give FILE and OUT"])
        self.refused("trace", "info", "x", "--trace-format", "moncake", saying=["did you mean mooncake?"])
        self.refused("trace", "info", str(SOURCE / "README.md"), saying=["README.md:1:1: the content is that of no known"])
        missing = self.run_tool("trace", "info", "nowhere.kvt")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("nowhere.kvt: cannot be opened: No such file", missing.stderr)
        unwritable = self.run_tool("trace", "convert", str(DATA / "azure_sample.csv"), "no/where.kvt")
        self.assertEqual(unwritable.returncode, 1)

    def make_large(self, megabytes: int) -> str:
        """A Mooncake trace whose blocks repeat, so that its numbering stays small."""
        line = '{"timestamp": %d, "input_length": 51200, "output_length": 7, "hash_ids": [%s]}\n'
        lines = [", ".join(str(1000 * k + i) for i in range(100)) for k in range(64)]
        size = 0
        with open(self.folder / "large.jsonl", "w") as file:
            at = 0
            while size < megabytes * 1_000_000:
                size += file.write("".join(line % (at + k, ids) for k, ids in enumerate(lines)))
                at += len(lines)
        return "large.jsonl"

    def test_a_large_trace_is_converted_in_bounded_memory(self):
        large = self.make_large(300)
        tool = subprocess.Popen([TOOL, "trace", "convert", large, "out.kvt", "--quiet"], cwd=self.folder)
        _, status, usage = os.wait4(tool.pid, 0)
        tool.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(tool.returncode, 0)
        (self.folder / large).unlink()
        self.assertGreater((self.folder / "out.kvt").stat().st_size, 100_000_000)
        self.assertLess(usage.ru_maxrss, 64 * 1024, "KiB at the peak")

    def test_an_interrupted_conversion_leaves_nothing(self):
        large = self.make_large(200)
        tool = subprocess.Popen([TOOL, "trace", "convert", large, "out.kvt"], cwd=self.folder, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 30
        while not list(self.folder.glob("out.kvt.tmp.*")) and time.monotonic() < deadline:
            time.sleep(0.001)
        tool.send_signal(signal.SIGINT)
        _, said = tool.communicate(timeout=60)
        self.assertEqual(tool.returncode, 130, said)
        self.assertIn(b"out.kvt was not written", said)
        self.assertEqual(self.files(), [large])


if __name__ == "__main__":
    unittest.main()

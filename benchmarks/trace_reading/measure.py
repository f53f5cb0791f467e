#!/usr/bin/env python3
"""How fast traces are read: a Mooncake jsonl against Python's json and plain reading, and the compact form.

Hypothesis: the jsonl of a trace is read at 100 MB/s or more, several times as fast as by Python's json, whose parser is
in C but makes an object of each number; the compact form of the same trace is mapped, checked and counted at 500 MB/s
or more. What was seen stands in docs/traces.md.

Each round runs all of them once, in an order that changes; the file is in the page cache. `kvmark trace info` reads
and then counts; `convert` writes and flushes too. The tool is $KVMARK_TOOL or build/kvmark.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON_PEER = """
import json, sys
blocks = set()
for line in open(sys.argv[1]):
    blocks.update(json.loads(line)["hash_ids"])
"""


def make_trace(path: pathlib.Path, megabytes: int) -> None:
    """Requests as in Mooncake's conversations: 24 blocks on average, the first third those of an earlier request."""
    draw = random.Random(1)
    chains = [[]]
    new = size = at = 0
    with open(path, "w") as file:
        while size < megabytes * 1_000_000:
            length = draw.randint(1, 47)
            ids = draw.choice(chains)[: length // 3]
            ids = [*ids, *range(new, new + length - len(ids))]
            new = max(new, ids[-1] + 1)
            chains = [*chains[-1000:], ids]
            row = {"timestamp": at, "input_length": length * 512, "output_length": 300, "hash_ids": ids}
            size += file.write(json.dumps(row) + "\n")
            at += draw.randint(0, 500)


def plain_read(path: pathlib.Path) -> None:
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(1 << 16)
        while file.readinto(buffer):
            pass


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=100)
    options.add_argument("--rounds", type=int, default=7)
    chosen = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build/kvmark"))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        text, compact, out = folder / "trace.jsonl", folder / "trace.kvt", folder / "out.kvt"
        make_trace(text, chosen.megabytes)
        run = lambda *words: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)  # noqa: E731
        run(tool, "trace", "convert", str(text), str(compact))
        ways = {
            "kvmark trace info, jsonl": lambda: run(tool, "trace", "info", str(text)),
            "kvmark trace convert, jsonl": lambda: run(tool, "trace", "convert", str(text), str(out)),
            "kvmark trace info, compact": lambda: run(tool, "trace", "info", str(compact)),
            "python json": lambda: run(sys.executable, "-c", PYTHON_PEER, str(text)),
            "plain reading": lambda: plain_read(text),
        }
        seconds = {way: [] for way in ways}
        for round_number in range(chosen.rounds):
            order = list(ways)
            random.Random(round_number).shuffle(order)
            for way in order:
                begun = time.perf_counter()
                ways[way]()
                seconds[way].append(time.perf_counter() - begun)
        sizes = {way: (compact if "compact" in way else text).stat().st_size for way in ways}
        peer = statistics.median(seconds["python json"])
        print(f"{chosen.rounds} rounds, {text.stat().st_size / 1e6:.0f} MB of jsonl, {compact.stat().st_size / 1e6:.0f} MB compact")
        print(f"{'':<30}{'median s':>9}{'least':>8}{'most':>8}{'MB/s':>9}{'times as fast as python json':>31}")
        for way, times in seconds.items():
            median = statistics.median(times)
            rate = sizes[way] / median / 1e6
            print(f"{way:<30}{median:>9.3f}{min(times):>8.3f}{max(times):>8.3f}{rate:>9.0f}{peer / median:>31.1f}")
        rates = {way: sizes[way] / statistics.median(times) / 1e6 for way, times in seconds.items()}
        text_rate, compact_rate = rates["kvmark trace info, jsonl"], rates["kvmark trace info, compact"]
        expected = text_rate >= 100 and text_rate >= 3 * rates["python json"] and compact_rate >= 500
        print("as expected" if expected else "NOT as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())

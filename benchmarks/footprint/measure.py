#!/usr/bin/env python3
"""What a run costs besides its I/O: system calls for a block, and memory for a user.

Hypothesis: in steady state a block costs its share of one io_uring_enter, shared with the others of its batch, and no
futex: operations are handed over without a lock, and a worker sleeps only when there is nothing to do. A user costs a
few hundred bytes, since entries move through a fixed pool of buffers, however many they are and however large; in the
figure are also the requests in service, up to 500, and those that wait. What was seen stands in docs/measuring.md.

The calls are the difference between a long run and a short one, so that start and end do not count. The tool is
$KVMARK_TOOL or build/kvmark; needs strace.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ["KVMARK_HISTORY"] = "off"  # rounds of a benchmark are no history of its user's
ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYOUTS = ["file-per-entry", "slab"]


def run(tool: str, folder: pathlib.Path, seconds: int, users: int, more: list[str], before: list[str]) -> dict:
    result = folder / "kvmark.json"
    subprocess.run(
        [*before, tool, "run", "--model", "tiny-1b", "--num-users", str(users), "--duration", str(seconds)]
        + ["--gpu-mem-gb", "0", "--cpu-mem-gb", "0", "--storage-capacity-gb", "8", "--generation-mode", "none"]
        + ["--seed", "42", "--cache-dir", str(folder / "cache"), "--output", str(result), "--quiet", *more],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return json.loads(result.read_text())["kvmark"]


def calls_and_blocks(tool: str, folder: pathlib.Path, seconds: int, more: list[str]) -> tuple[collections.Counter, int]:
    table = folder / "strace"
    found = run(tool, folder, seconds, 10, more, ["strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", str(table)])
    calls = collections.Counter()
    for line in table.read_text().splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and words[1] != "total":
            calls[words[1]] += int(words[0])
    return calls, sum(tier[way]["io"]["count"] for tier in found["tiers"] for way in ("read", "write"))


def show_calls(tool: str, folder: pathlib.Path, layout: str, chunk: int) -> None:
    more = ["--layout", layout, "--io-chunk", str(chunk), "--queue-depth", "32"]
    short_calls, short_blocks = calls_and_blocks(tool, folder, 4, more)
    calls, blocks = calls_and_blocks(tool, folder, 14, more)
    blocks -= short_blocks
    calls.subtract(short_calls)
    print(f"{layout}, blocks of {chunk} bytes: {blocks} blocks in 10 s under strace")
    for name in ["futex"] + [name for name, n in calls.most_common() if n >= blocks / 1000 and name != "futex"]:
        print(f"    {name:<20}{calls[name]:>10}  {calls[name] / blocks:>9.6f} for a block")


def show_memory(tool: str, folder: pathlib.Path, seconds: int) -> None:
    first = None
    for users in (10, 100, 10_000):
        peak = run(tool, folder, seconds, users, [], [])["process"]["peak_resident_bytes"]
        first = first or (users, peak)
        extra = "" if users == first[0] else f", {(peak - first[1]) / (users - first[0]):.0f} bytes for each user more"
        print(f"{users:>6} users, {seconds} s: {peak / 2**20:.1f} MiB resident at most{extra}", flush=True)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--directory", default="/var/tmp", help="on the file system to measure")
    options.add_argument("--seconds", type=int, default=60, help="of each run whose memory is measured")
    asked = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))
    with tempfile.TemporaryDirectory(dir=asked.directory, prefix="kvmark-bench-") as name:
        folder = pathlib.Path(name)
        if shutil.which("strace"):
            for layout in LAYOUTS:
                show_calls(tool, folder, layout, 131_072)
        else:
            print("SKIPPED: system calls: there is no strace")
        show_memory(tool, folder, asked.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())

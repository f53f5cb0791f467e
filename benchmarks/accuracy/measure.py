#!/usr/bin/env python3
"""Is the reported figure the true one? kvmark tiers on a device of known rate: a loop device under a blkio throttle.

Hypothesis: the bandwidth reported is the limit within 3 %, for each backend, size and direction, and the mean latency
is what Little's law makes of it: depth x block / rate. The kernel enforces the limit in slices of 100 ms, so a window of
a few seconds is off by up to that. What was seen stands in docs/measuring.md.

Needs root, a blkio cgroup (version 1) at /sys/fs/cgroup/blkio, losetup and mkfs.ext4. The device lies in memory, in
/dev/shm, so nothing but the throttle holds it back. The tool is $KVMARK_TOOL or build/kvmark.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from throttled_device import MIB, enter, missing, mounted_device, throttled_group  # noqa: E402


def measure(tool: str, folder: pathlib.Path, group: pathlib.Path, asked: argparse.Namespace) -> dict:
    result = folder.parent / "accuracy.json"
    subprocess.run(
        [tool, "tiers", "--path", str(folder), "--engines", asked.engines, "--cases", "1M:4,128K:32,4K:64"]
        + ["--io", "read,write", "--size", "200M", "--rounds", str(asked.rounds), "--seconds", str(asked.seconds)]
        + ["--json", str(result), "--quiet"],
        check=True,
        preexec_fn=lambda: enter(group),
    )
    return json.loads(result.read_text())


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mib-per-second", type=int, default=200)
    options.add_argument("--engines", default="uring,pread")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=3)
    asked = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))
    limit = asked.mib_per_second * MIB
    if lacks := missing():
        print(f"SKIPPED: {lacks}")
        return 0
    with tempfile.TemporaryDirectory(prefix="kvmark-accuracy-") as name:
        folder = pathlib.Path(name) / "mounted"
        folder.mkdir()
        with mounted_device(folder) as device, throttled_group(device, limit) as group:
            found = measure(tool, folder, group, asked)
    worst = 0.0
    for row in found["results"]:
        ratio = [row["gib_per_s"][of] * 1024 / asked.mib_per_second for of in ("median", "min", "max")]
        expected_us = row["depth"] * row["block_bytes"] / limit * 1e6
        worst = max(worst, abs(ratio[0] - 1))
        print(
            f"{row['backend']:<6} {row['block_bytes']:>8} x {row['depth']:<3}"
            f" {'read' if row['read_percent'] == 100 else 'write':<6} reported / limit {ratio[0]:.3f}"
            f" ({ratio[1]:.3f} to {ratio[2]:.3f}), mean latency / depth x block / rate"
            f" {row['latency_us']['mean'] / expected_us:.3f}"
        )
    print(f"largest deviation of a median {100 * worst:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())

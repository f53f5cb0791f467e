#!/usr/bin/env python3
"""Does `kvmark report --compare` claim what is there, and nothing else? Real runs, on a file system of its own.

Hypothesis: a set of trials against a second set of the same command is never called different; against trials whose device
is three times slower it always is. Each try makes its own runs: three sides, A, the same again, and throttled, one trial of each in
turn, in an order that rotates, so that a machine which changes its speed changes it for all of them. What was seen stands in
docs/report.md.

The device is a loop device in memory, so that its limit is what holds it back: 150 MiB/s, and throttled 50. Needs root, a blkio cgroup (version 1) at
/sys/fs/cgroup/blkio, losetup and mkfs.ext4. The tool is $KVMARK_TOOL or build/kvmark.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from throttled_device import MIB, enter, missing, mounted_device, throttled_group  # noqa: E402

SIDES = ("first", "again", "throttled")
# Requests of a few MiB, so that a few seconds hold many of them.
CONFIG = """\
user_templates:
  chatbot: {context_range: [64, 128], generation_range: [10, 20], think_time_range: [0.05, 0.1]}
  coding: {context_range: [128, 256], generation_range: [10, 20], think_time_range: [0.05, 0.1]}
  document: {context_range: [128, 256], generation_range: [10, 20], think_time_range: [0.05, 0.1]}
"""


def run(tool: str, folder: pathlib.Path, config: pathlib.Path, seconds: int, result: pathlib.Path, group: pathlib.Path):
    cache = folder / "cache"
    cache.mkdir()
    subprocess.run(
        [tool, "run", "--model", "tiny-1b", "--num-users", "8", "--duration", str(seconds), "--seed", "42"]
        + ["--gpu-mem-gb", "0", "--cpu-mem-gb", "0", "--storage-capacity-gb", "0.5", "--generation-mode", "none"]
        + ["--config", str(config), "--cache-dir", str(cache), "--output", str(result), "--quiet"],
        check=True,
        preexec_fn=lambda: enter(group),
    )
    shutil.rmtree(cache)


def compare(tool: str, a: pathlib.Path, b: pathlib.Path) -> dict:
    printed = subprocess.run([tool, "report", "--compare", str(a), str(b), "--json"], check=True, capture_output=True)
    return json.loads(printed.stdout)["comparison"]


def claims(found: dict) -> list[str]:
    return [f"{m['name']} {m['verdict']} x {m['ratio']:.3f}" for m in found["metrics"]
            if m["verdict"] not in ("no difference beyond noise", "not judged")]  # fmt: skip


def tokens_ratio(found: dict) -> str:
    m = next(m for m in found["metrics"] if m["name"] == "tokens")
    return f"{m['ratio']:.3f} ({m['low']:.3f}..{m['high']:.3f})"


def one_try(tool: str, number: int, asked: argparse.Namespace, mounted: pathlib.Path, groups: dict, keep: pathlib.Path):
    config = keep / "workload.yaml"
    config.write_text(CONFIG)
    sides = [keep / f"{number:02}_{side}" for side in SIDES]
    for side in sides:
        side.mkdir()
    for trial in range(asked.trials):
        for turn in range(len(SIDES)):
            which = (turn + trial + number) % len(SIDES)
            group = groups[SIDES[which] == "throttled"]
            run(tool, mounted, config, asked.seconds, sides[which] / f"trial_{trial}.json", group)
    return compare(tool, sides[0], sides[1]), compare(tool, sides[0], sides[2])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tries", type=int, default=20)
    options.add_argument("--trials", type=int, default=5, help="runs of a side in a try")
    options.add_argument("--seconds", type=int, default=3, help="of a run")
    options.add_argument("--mib-per-second", type=int, default=150, help="of the device")
    options.add_argument("--throttled", type=int, default=50, help="MiB/s of the throttled device")
    options.add_argument("--keep", type=pathlib.Path, help="a folder for the results of all runs")
    asked = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))
    if lacks := missing():
        print(f"SKIPPED: {lacks}")
        return 0
    quiet = found = 0
    with tempfile.TemporaryDirectory(prefix="kvmark-comparison-") as name:
        mounted = pathlib.Path(name) / "mounted"
        mounted.mkdir()
        keep = asked.keep or pathlib.Path(name)
        keep.mkdir(exist_ok=True)
        with (
            mounted_device(mounted) as device,
            throttled_group(device, asked.mib_per_second * MIB, "device") as usual,
            throttled_group(device, asked.throttled * MIB, "throttled") as slow,
        ):
            for number in range(asked.tries):
                same, throttled = one_try(tool, number, asked, mounted, {False: usual, True: slow}, keep)
                quiet += not claims(same)
                found += any(" worse " in c for c in claims(throttled))
                print(
                    f"try {number + 1:>2}: the same again: tokens x {tokens_ratio(same)},"
                    f" claims {', '.join(claims(same)) or 'none'}; throttled: tokens x {tokens_ratio(throttled)},"
                    f" {throttled['verdict']} in {len(claims(throttled))} of {len(throttled['metrics'])} metrics",
                    flush=True,
                )
    print(f"the same again: no difference claimed in {quiet} tries of {asked.tries}")
    print(f"throttled from {asked.mib_per_second} to {asked.throttled} MiB/s: called worse in {found} tries of {asked.tries}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Does `kvmark search` find limits that are known beforehand?

Hypotheses: on a modelled tier the limit is the one of the closed form within 3 %, D/D/1 (even arrivals, one rate) and
M/D/1 (Pollaczek and Khinchine's mean); on a directory whose device is held to a rate by a blkio throttle it is that rate
over the bytes of a request, as the trials have measured them, within 10 %. There the arrivals are even and the median is
asked for: the limit meant is that of the bandwidth, and a stall of a shared machine should not count as one.

The second needs root, a blkio cgroup (version 1), losetup and mkfs.ext4. The tool is $KVMARK_TOOL or build/kvmark.
What was seen stands in docs/search.md.
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

TOOL = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))
SERVICE_S = 0.01
ENTRY = 24_576  # bytes of a token of tiny-1b
WRITES = ["--model", "tiny-1b", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0", "--prefill-only", "--disable-multi-turn"]
WRITES += ["--disable-prefix-caching", "--generation-mode", "none", "--load", "rate", "--num-users", "500", "--seed", "1"]


def users(tokens: int) -> str:
    one = f"{{context_range: [{tokens}, {tokens}], generation_range: [1, 1], think_time_range: [1, 1]}}"
    return "user_templates:\n" + "".join(f"  {name}: {one}\n" for name in ("chatbot", "coding", "document"))


def search(folder: pathlib.Path, *arguments: str, **how) -> dict:
    command = [TOOL, "search", *WRITES, *arguments, "--config", "users.yaml", "--output", "path.json"]
    subprocess.run(command, cwd=folder, check=True, **how)
    return json.loads((folder / "path.json").read_text())


def judge(name: str, found: dict, expected: float, allowed: float) -> float:
    answer = found["search"]
    limit = answer["limit"] or 0.0
    off = limit / expected - 1
    print(
        f"== {name}: found {limit:.2f} requests/s ({answer['fails']:.2f} fail), expected {expected:.2f}:"
        f" {100 * off:+.2f} % (allowed {100 * allowed:.0f} %), {answer['trials']} trials in {answer['seconds']:.1f} s",
        flush=True,
    )
    return abs(off) / allowed


def closed_forms(folder: pathlib.Path) -> list[float]:
    way = {"latency_ns": 0, "bytes_per_second": ENTRY / SERVICE_S, "io_cost_ns": 0, "alone_bytes_per_second": 0}
    way["spread"] = [1] * 11
    device = {"queue_depth": 64, "granule_bytes": 4096, "contention": 1, "read": way, "write": way}
    (folder / "device.json").write_text(json.dumps({"kind": "kvmark calibration", "version": 1, "modelled": device}))
    (folder / "users.yaml").write_text(users(1))
    simulated = ["--clock", "virtual", "--calibration", "storage=device.json", "--precision", "1"]
    even = search(folder, *simulated, "--arrivals", "fixed", "--slo", "p95_end_to_end=100ms")
    worst = [judge("D/D/1, p95 within 100 ms", even, 1 / SERVICE_S, 0.03)]
    for times in (2, 4, 8):  # mean time over the service time
        load = 2 * (times - 1) / (1 + 2 * (times - 1))
        target = f"mean_end_to_end={times * SERVICE_S * 1000:g}ms"
        found = search(folder, *simulated, "--slo", target, "--duration", "600")
        worst.append(judge(f"M/D/1, mean within {times} x service", found, load / SERVICE_S, 0.03))
    return worst


def throttled_directory(folder: pathlib.Path, asked: argparse.Namespace) -> list[float]:
    rate = asked.mib_per_second * MIB
    (folder / "users.yaml").write_text(users(asked.tokens))
    mounted = folder / "mounted"
    mounted.mkdir()
    with mounted_device(mounted) as device, throttled_group(device, rate) as group:
        found = search(
            folder,
            *["--cache-dir", str(mounted), "--storage-capacity-gb", "0.5", "--slo", "p50_end_to_end=500ms"],
            *["--arrivals", "fixed", "--duration", str(asked.seconds), "--precision", "3", "--lowest", "16", "--trials", "3"],
            preexec_fn=lambda: enter(group),
        )
    trials = [t for p in found["path"] for t in p["trials"] if t["counts"]]
    moved = sum(t["storage_bytes_per_s"] * t["window_s"] for t in trials)
    request = moved / sum(t["completed"] for t in trials)
    print(f"   {rate / MIB:g} MiB/s, {request / MIB:.3f} MiB for a request")
    return [judge(f"a directory of {rate / MIB:g} MiB/s", found, rate / request, 0.10)]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mib-per-second", type=int, default=40)
    options.add_argument("--tokens", type=int, default=43, help="of the largest entry, 24,576 bytes each")
    options.add_argument("--seconds", type=int, default=20, help="of a trial on the directory")
    options.add_argument("--only", choices=["closed", "directory"])
    asked = options.parse_args()
    worst = []
    with tempfile.TemporaryDirectory(prefix="kvmark-search-") as name:
        if asked.only != "directory":
            worst += closed_forms(pathlib.Path(name))
        if asked.only == "closed":
            pass
        elif lacks := missing():
            print(f"SKIPPED the directory: {lacks}")
        else:
            worst += throttled_directory(pathlib.Path(name), asked)
    print("every limit was found" if max(worst) <= 1 else "A LIMIT WAS MISSED")
    return 0 if max(worst) <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""kvmark on storage alone, beside fio with the same I/O size, depth and share of reads, in the same rounds.

Hypothesis: a worker thread for each I/O in flight reaches at least 0.85 of what fio's asynchronous engine gives, with
verification on, since at 1 MiB an I/O costs the device far longer than the thread. What was seen stands in
docs/measuring.md.

Prints per round and as medians: GiB/s of both, their ratio, the device's own read counter over the bytes kvmark
reports, and kvmark's processor time. The tool is $KVMARK_TOOL or build/kvmark; needs fio, and root for the huge pages
that fio's --mem=mmaphuge takes.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HUGE_PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
GIB = 2**30


def run_kvmark(tool: str, folder: pathlib.Path, seconds: int, depth: int, chunk: int) -> dict:
    result = folder / "kvmark.json"
    subprocess.run(
        [tool, "run", "--model", "tiny-1b", "--num-users", "10", "--duration", str(seconds), "--gpu-mem-gb", "0"]
        + ["--cpu-mem-gb", "0", "--generation-mode", "none", "--seed", "42", "--queue-depth", str(depth)]
        + ["--io-chunk", str(chunk), "--cache-dir", str(folder / "cache"), "--output", str(result), "--quiet"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return json.loads(result.read_text())


def run_fio(folder: pathlib.Path, seconds: int, depth: int, chunk: int, read_percent: int, engine: str) -> float:
    """GiB/s, both directions."""
    run = subprocess.run(
        ["fio", "--name=peer", f"--directory={folder}", "--filename=peer", "--size=900m", "--rw=randrw", "--direct=1"]
        + [f"--rwmixread={read_percent}", f"--bs={chunk}", f"--iodepth={depth}", f"--ioengine={engine}"]
        + ["--mem=mmaphuge", "--time_based", f"--runtime={seconds}", "--output-format=json"],
        check=True,
        capture_output=True,
        text=True,
    )
    job = json.loads(run.stdout)["jobs"][0]
    return (job["read"]["bw_bytes"] + job["write"]["bw_bytes"]) / GIB


def show(name: str, figures: list[float]) -> None:
    print(f"{name:<28} median {statistics.median(figures):6.3f}, spread {min(figures):6.3f} to {max(figures):6.3f}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--directory", default="/var/tmp", help="on the file system to measure")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--depth", type=int, default=8)
    options.add_argument("--chunk", type=int, default=1 << 20, help="bytes of one I/O")
    options.add_argument("--engine", default="io_uring", help="fio's: io_uring or libaio")
    asked = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))
    if not (shutil.which("fio") and os.access(tool, os.X_OK) and os.access(HUGE_PAGES, os.W_OK)):
        print(f"SKIPPED: needs fio, {tool}, and root for {HUGE_PAGES}")
        return 0

    ratios, device_shares, cores_per_gib = [], [], []
    pages_before = HUGE_PAGES.read_text()
    HUGE_PAGES.write_text(str(asked.depth * asked.chunk // (2 << 20) + 16))
    try:
        with tempfile.TemporaryDirectory(dir=asked.directory, prefix="kvmark-bench-") as name:
            folder = pathlib.Path(name)
            for number in range(1, asked.rounds + 1):
                found = run_kvmark(tool, folder, asked.seconds, asked.depth, asked.chunk)
                ours, elapsed = found["kvmark"], found["summary"]["elapsed_time"]
                moved = [sum(tier[way]["bytes"] for tier in ours["tiers"]) for way in ("read", "write")]
                rate = sum(moved) / GIB / elapsed
                percent = round(100 * moved[0] / sum(moved))
                peer = run_fio(folder, asked.seconds, asked.depth, asked.chunk, percent, asked.engine)
                cores = ours["process"]["cores_used"]
                ratios.append(rate / peer)
                device_shares.append(ours["device"]["read_bytes"] / moved[0])
                cores_per_gib.append(cores / rate)
                print(
                    f"round {number}: kvmark {rate:.2f} GiB/s ({percent} % reads, {cores:.2f} cores), "
                    f"fio {asked.engine} {peer:.2f} GiB/s, ratio {ratios[-1]:.3f}, "
                    f"device read / reported {device_shares[-1]:.4f}",
                    flush=True,
                )
    finally:
        HUGE_PAGES.write_text(pages_before)
    show("kvmark / fio", ratios)
    show("device read / reported read", device_shares)
    show("cores per GiB/s", cores_per_gib)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""kvmark on storage alone, beside fio with the same I/O size, depth, share of reads and amount of data, round by round.

Hypothesis: one thread with a queue reaches at least 0.95 of fio's rate with every byte verified, since it verifies
while the next I/Os are under way. With a file for each entry kvmark also creates and allocates them, so that its writes
go to extents never written, which a file system has to mark; fio's file is there. A slab that was written before the
window is the like of that file. What was seen stands in docs/measuring.md.

Prints per round and as medians: GiB/s of all, the ratios to fio, the device's own read counter over the bytes kvmark
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

os.environ["KVMARK_HISTORY"] = "off"  # rounds of a benchmark are no history of its user's
ROOT = pathlib.Path(__file__).resolve().parents[2]
HUGE_PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
GIB = 2**30

FILES, FILE_MIB = 6, 900  # fio's; kvmark's slab holds as much, so that both reach over as much of the device
WAYS = {
    "a file per entry": [],
    "a written slab": ["--layout", "slab", "--storage-capacity-gb", "6", "--precondition", "--precondition-size-gb", "6"],
}


def run_kvmark(tool: str, folder: pathlib.Path, asked: argparse.Namespace, way: list[str]) -> dict:
    result = folder / "kvmark.json"
    subprocess.run(
        [tool, "run", "--model", "tiny-1b", "--num-users", "10", "--duration", str(asked.seconds), "--gpu-mem-gb", "0"]
        + ["--cpu-mem-gb", "0", "--generation-mode", "none", "--seed", "42", "--queue-depth", str(asked.depth)]
        + ["--io-chunk", str(asked.chunk), "--cache-dir", str(folder / "cache"), "--output", str(result), "--quiet"]
        + way,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return json.loads(result.read_text())


def run_fio(folder: pathlib.Path, asked: argparse.Namespace, read_percent: int) -> float:
    """GiB/s, both directions. The first call lays out the files."""
    run = subprocess.run(
        ["fio", "--name=peer", f"--directory={folder}", "--filename_format=peer.$filenum", f"--nrfiles={FILES}"]
        + [f"--size={FILES * FILE_MIB}m", "--rw=randrw", "--direct=1", f"--rwmixread={read_percent}"]
        + [f"--bs={asked.chunk}", f"--iodepth={asked.depth}", f"--ioengine={asked.engine}", "--mem=mmaphuge"]
        + ["--time_based", f"--runtime={asked.seconds}", "--output-format=json"],
        check=True,
        capture_output=True,
        text=True,
    )
    job = json.loads(run.stdout)["jobs"][0]
    return (job["read"]["bw_bytes"] + job["write"]["bw_bytes"]) / GIB


def show(name: str, figures: list[float]) -> None:
    print(f"{name:<34} median {statistics.median(figures):6.3f}, spread {min(figures):6.3f} to {max(figures):6.3f}")


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

    ratios = {way: [] for way in WAYS}
    cores_per_gib = {way: [] for way in WAYS}
    device_shares = []
    pages_before = HUGE_PAGES.read_text()
    HUGE_PAGES.write_text(str(asked.depth * asked.chunk // (2 << 20) + 16))
    try:
        with tempfile.TemporaryDirectory(dir=asked.directory, prefix="kvmark-bench-") as name:
            folder = pathlib.Path(name)
            for number in range(1, asked.rounds + 1):
                rates = {}
                for way, options_of_it in WAYS.items():
                    found = run_kvmark(tool, folder, asked, options_of_it)
                    ours, elapsed = found["kvmark"], found["summary"]["elapsed_time"]
                    moved = [sum(tier[of]["bytes"] for tier in ours["tiers"]) for of in ("read", "write")]
                    percent = round(100 * moved[0] / sum(moved))
                    rates[way] = sum(moved) / GIB / elapsed
                    cores_per_gib[way].append(ours["process"]["cores_used"] / rates[way])
                    device_shares.append(ours["device"]["read_bytes"] / moved[0])
                peer = run_fio(folder, asked, percent)
                for way, rate in rates.items():
                    ratios[way].append(rate / peer)
                print(
                    f"round {number}: fio {asked.engine} {peer:.2f} GiB/s, {percent} % reads; kvmark "
                    + ", ".join(f"on {way} {rate:.2f} GiB/s, ratio {rate / peer:.3f}" for way, rate in rates.items()),
                    flush=True,
                )
    finally:
        HUGE_PAGES.write_text(pages_before)
    for way in WAYS:
        show(f"kvmark on {way} / fio", ratios[way])
        show("  cores per GiB/s", cores_per_gib[way])
    show("device read / reported read", device_shares)
    return 0


if __name__ == "__main__":
    sys.exit(main())

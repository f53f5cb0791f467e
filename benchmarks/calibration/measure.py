#!/usr/bin/env python3
"""Does a simulation with calibrated tiers say what the real run will give?

Each round calibrates the storage under --directory (or host memory, --memory), then plays every load twice: for real,
and in virtual time on what was just calibrated. Hypothesis: the bandwidth predicted is within 10 % of the one measured.
What was seen, P50 and P99 too, stands in docs/calibrate.md.

Loads are closed loops that saturate storage, of mostly reads, mostly writes and in between, and one of arrivals at a
rate, which does not. All on a slab with host memory left out, so that each byte is storage's. A size of I/O is
calibrated by itself. Figures are predicted over measured, medians over the rounds with their spread; latencies are of
whole entries. The tool is $KVMARK_TOOL or build/kvmark. No file is larger than 900 MiB.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GIB = 2**30

LOADS = {
    "read-heavy": ["--num-users", "8"],
    "mixed": ["--num-users", "8", "--disable-multi-turn", "--disable-prefix-caching", "--config", "two_reads.yaml"],
    "write-heavy": ["--num-users", "8", "--prefill-only"],
    "one at a time": ["--num-users", "1"],
    "half loaded": ["--num-users", "8", "--request-rate", "RATE", "--disable-multi-turn"],
}
COMMON = ["--model", "tiny-1b", "--gpu-mem-gb", "0", "--generation-mode", "none"]
FIGURES = ["GiB/s", "read P50", "read P99", "write P50", "write P99"]


def run(tool: str, folder: pathlib.Path, *words: str) -> dict:
    result = folder / "result.json"
    subprocess.run([tool, *words, "--output", str(result), "--quiet"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return json.loads(result.read_text())


def figures(found: dict, role: str) -> dict[str, float]:
    tier = next(tier for tier in found["kvmark"]["tiers"] if tier["role"] == role)
    moved = tier["read"]["bytes"] + tier["write"]["bytes"]
    of = {"GiB/s": moved / GIB / found["summary"]["elapsed_time"], "share of reads": tier["read"]["bytes"] / moved}
    for way in ("read", "write"):
        for name in ("P50", "P99"):
            of[f"{way} {name}"] = tier[way]["total"]["latency_ms"][name.lower()]
    return of


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--directory", default="/var/tmp", help="on the storage to calibrate")
    options.add_argument("--memory", action="store_true", help="calibrate host memory in its place")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=6, help="of one run")
    options.add_argument("--chunks", default="1048576,262144", help="bytes of an I/O, separated by commas")
    options.add_argument("--rate", default="2.5", help="requests per second of the half loaded run")
    options.add_argument("--layout", default="slab")
    options.add_argument("--verify", default="full")
    options.add_argument("--loads", default=",".join(LOADS))
    asked = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))
    role, name = ("cpu", "host") if asked.memory else ("storage", "storage")

    ratios: dict[tuple[str, str], dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(dir=asked.directory, prefix="kvmark-bench-") as made:
        folder = pathlib.Path(made)
        (folder / "two_reads.yaml").write_text("decode:\n  batch_size: 100000\n")
        tiers = ["--cpu-mem-gb", "0.9" if asked.memory else "0", "--storage-capacity-gb", "0.85"]
        for number in range(1, asked.rounds + 1):
            for chunk in asked.chunks.split(","):
                where = ["--memory"] if asked.memory else ["--path", str(folder / "cache")]
                subprocess.run(
                    [tool, "calibrate", *where, "--io-chunk", chunk, "--verify", asked.verify, "--quiet"]
                    + ["--output", f"calibration-{chunk}.json"],
                    check=True,
                    cwd=folder,
                )
                for load in asked.loads.split(","):
                    words = [asked.rate if word == "RATE" else word for word in LOADS[load]]
                    words = ["run", *COMMON, *tiers, *words, "--io-chunk", chunk, "--seed", str(number)]
                    words += ["--duration", str(asked.seconds)]
                    real = run(tool, folder, *words, "--verify", asked.verify, "--layout", asked.layout,
                               "--cache-dir", str(folder / "cache"))
                    model = run(tool, folder, *words, "--clock", "virtual", "--calibration",
                                f"{name}=calibration-{chunk}.json")
                    measured, predicted = figures(real, role), figures(model, role)
                    line = f"round {number} {chunk:>8} {load:<14} {100 * measured['share of reads']:3.0f} % reads"
                    for figure in FIGURES:
                        if not measured[figure] or not predicted[figure]:
                            continue
                        ratio = predicted[figure] / measured[figure]
                        ratios.setdefault((chunk, load), {}).setdefault(figure, []).append(ratio)
                        line += f"; {figure} {measured[figure]:.2f}, {ratio:.2f}"
                    print(line, flush=True)

    print("\npredicted over measured: median (spread)")
    for (chunk, load), found in ratios.items():
        cells = [f"{figure} {statistics.median(of):.3f} ({min(of):.2f}-{max(of):.2f})" for figure, of in found.items()]
        print(f"{chunk:>8} {load:<14} " + ", ".join(cells))
    of_bandwidth = {f"{chunk} {load}": statistics.median(found["GiB/s"]) for (chunk, load), found in ratios.items()}
    worst = max(of_bandwidth, key=lambda case: abs(of_bandwidth[case] - 1))
    print(f"furthest bandwidth: {100 * (of_bandwidth[worst] - 1):+.1f} %, {worst}")
    return 0 if abs(of_bandwidth[worst] - 1) <= 0.10 else 1


if __name__ == "__main__":
    sys.exit(main())

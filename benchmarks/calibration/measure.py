#!/usr/bin/env python3
"""Does a simulation with calibrated tiers say what the real run will give?

In each round, before each load, the storage under --directory and host memory are calibrated; then the load is played
twice: for real, and in virtual time on what was just calibrated. So both saw about the same neighbours. Hypothesis: the
bandwidth predicted is within 10 % of the one measured. What was seen, P50 and P99 too, stands in docs/calibrate.md.

Loads are closed loops that saturate storage, of mostly reads, mostly writes and in between, with enough users for
that, since near the edge a percent of bandwidth decides how long the queue is; one user alone; arrivals at a rate that
storage keeps up with; and one with a host tier, from which entries fall. The others leave host memory out, so that each
byte is storage's. A size of I/O is calibrated by itself. Figures are predicted over measured: of bandwidth the median
over the rounds with its spread, of latencies, which are of whole entries, the percentiles of all rounds together. The
tool is $KVMARK_TOOL or build/kvmark. No file is larger than 900 MiB.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

os.environ["KVMARK_HISTORY"] = "off"  # rounds of a benchmark are no history of its user's
ROOT = pathlib.Path(__file__).resolve().parents[2]
GIB = 2**30

LOADS = {
    "read-heavy": ["--num-users", "8"],
    "mixed": ["--num-users", "32", "--disable-multi-turn", "--disable-prefix-caching", "--config", "two_reads.yaml"],
    "write-heavy": ["--num-users", "48", "--prefill-only"],
    "one at a time": ["--num-users", "1"],
    "half loaded": ["--num-users", "8", "--request-rate", "RATE", "--disable-multi-turn"],
    "with memory": ["--num-users", "8", "--cpu-mem-gb", "0.5"],
}
COMMON = ["--model", "tiny-1b", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0", "--generation-mode", "none"]
# A written slab: the first write to an extent takes twice as long, and calibrate measures a written file.
COMMON += ["--storage-capacity-gb", "0.85", "--precondition", "--precondition-size-gb", "0.85"]


def run(tool: str, folder: pathlib.Path, *words: str) -> dict:
    result = folder / "result.json"
    command = [tool, *words, "--output", str(result), "--quiet"]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return json.loads(result.read_text())


def gib_per_s(found: dict) -> float:
    moved = sum(tier["read"]["bytes"] + tier["write"]["bytes"] for tier in found["kvmark"]["tiers"])
    return moved / GIB / found["summary"]["elapsed_time"]


class Latencies:
    """Of the entries of all rounds together: one run has too few of them for a P99."""

    def __init__(self):
        self.buckets: dict[tuple[int, int], int] = {}

    def add(self, histogram: list[list[int]]) -> None:
        for low, high, count in histogram:
            self.buckets[low, high] = self.buckets.get((low, high), 0) + count

    def count(self) -> int:
        return sum(self.buckets.values())

    def quantile_ms(self, q: float) -> float:
        rank, before = int(q * (self.count() - 1)), 0
        for (low, high), count in sorted(self.buckets.items()):
            before += count
            if rank < before:
                return (low + high) / 2e6
        raise ValueError("no latencies")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--directory", default="/var/tmp", help="on the storage to calibrate")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=6, help="of one run")
    options.add_argument("--calibrate-seconds", default="0.2", help="of one case of a calibration")
    options.add_argument("--chunks", default="1048576,262144", help="bytes of an I/O, separated by commas")
    options.add_argument("--rate", default="2.5", help="requests per second of the half loaded run")
    options.add_argument("--layout", default="slab")
    options.add_argument("--verify", default="full")
    options.add_argument("--loads", default=",".join(LOADS))
    asked = options.parse_args()
    tool = os.environ.get("KVMARK_TOOL", str(ROOT / "build" / "kvmark"))

    bandwidths: dict[tuple[str, str], list[float]] = {}
    latencies: dict[tuple[str, str, str, str], Latencies] = {}
    with tempfile.TemporaryDirectory(dir=asked.directory, prefix="kvmark-bench-") as made:
        folder = pathlib.Path(made)
        (folder / "two_reads.yaml").write_text("decode:\n  batch_size: 100000\n")
        for number in range(1, asked.rounds + 1):
            for chunk in asked.chunks.split(","):
                for load in asked.loads.split(","):
                    for name, where in (("storage", ["--path", str(folder / "cache")]), ("host", ["--memory"])):
                        if name == "host" and "--cpu-mem-gb" not in LOADS[load]:
                            continue
                        subprocess.run(
                            [tool, "calibrate", *where, "--io-chunk", chunk, "--verify", asked.verify, "--quiet"]
                            + ["--seconds", asked.calibrate_seconds, "--output", f"{name}.json"],
                            check=True,
                            cwd=folder,
                        )
                    words = [asked.rate if word == "RATE" else word for word in LOADS[load]]
                    words = ["run", *COMMON, *words, "--io-chunk", chunk, "--seed", str(number)]
                    words += ["--duration", str(asked.seconds)]
                    real = run(tool, folder, *words, "--verify", asked.verify, "--layout", asked.layout,
                               "--cache-dir", str(folder / "cache"))
                    words += ["--clock", "virtual", "--calibration", "storage=storage.json"]
                    if "--cpu-mem-gb" in LOADS[load]:
                        words += ["--calibration", "host=host.json"]
                    model = run(tool, folder, *words)
                    measured, predicted = gib_per_s(real), gib_per_s(model)
                    bandwidths.setdefault((chunk, load), []).append(predicted / measured)
                    ratio = f"{measured:.2f} GiB/s, {predicted / measured:.3f}"
                    print(f"round {number} {chunk:>8} {load:<14} {ratio}", flush=True)
                    for way in ("read", "write"):
                        for kind, found in (("measured", real), ("predicted", model)):
                            of = latencies.setdefault((chunk, load, way, kind), Latencies())
                            for tier in found["kvmark"]["tiers"]:
                                of.add(tier[way]["total"]["histogram_ns"])

    print("\npredicted over measured: bandwidth's median (spread over the rounds); latencies of all rounds (ms)")
    for (chunk, load), ratios in bandwidths.items():
        line = f"{chunk:>8} {load:<14} GiB/s {statistics.median(ratios):.3f} ({min(ratios):.2f} to {max(ratios):.2f})"
        for way in ("read", "write"):
            real, model = (latencies[chunk, load, way, kind] for kind in ("measured", "predicted"))
            if not real.count() or not model.count():
                continue
            for name, q in (("P50", 0.5), ("P99", 0.99)):
                ms = real.quantile_ms(q)
                line += f", {way} {name} {model.quantile_ms(q) / ms:.2f} ({ms:.1f})"
            line += f" of {real.count()}"
        print(line)
    medians = {case: statistics.median(ratios) for case, ratios in bandwidths.items()}
    worst = max(medians, key=lambda case: abs(medians[case] - 1))
    print(f"furthest bandwidth: {100 * (medians[worst] - 1):+.1f} %, {worst[1]} at {worst[0]}")
    return 0 if abs(medians[worst] - 1) <= 0.10 else 1


if __name__ == "__main__":
    sys.exit(main())

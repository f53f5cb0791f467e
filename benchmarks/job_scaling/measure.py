#!/usr/bin/env python3
"""What a job of 1, 2 and 4 ranks on this machine delivers together, beside one process without MPI.

Hypothesis: a rank costs nothing that a process does not, so one rank under MPI is as fast as one without it; more ranks
add bandwidth until the cores or the device are used up, and then share it.

Every round runs all cases in turn. `host`: a load that stays in memory, so ranks share the cores and the memory bus.
`directory`: no memory tier, O_DIRECT on one disk. Efficiency is the bandwidth of a rank against that of one rank alone.
Result on 2 cores and one disk: docs/measuring.md, "Several ranks".
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

os.environ["KVMARK_HISTORY"] = "off"  # rounds of a benchmark are no history of its user's
ROUNDS = 3
LOAD = ["-m", "tiny-1b", "--num-users", "4", "--duration", "4", "--gpu-mem-gb", "0", "--generation-mode", "none",
        "--verify", "stamps", "--storage-capacity-gb", "1.5"]
TIERS = {"host": ["--cpu-mem-gb", "1.5"], "directory": ["--cpu-mem-gb", "0"]}


def run(tool: str, folder: pathlib.Path, tier: str, ranks: int, seed: int) -> dict:
    """The result of one run; 0 ranks: one process without MPI."""
    output = folder / "result.json"
    command = [tool, "run", *LOAD, *TIERS[tier], "--seed", str(seed), "--cache-dir", str(folder / "cache"), "--output",
               str(output), "--quiet"]
    if ranks:
        command += ["--exec-type", "mpi", "--hosts", "localhost", "--num-processes", str(ranks), "--oversubscribe",
                    "--allow-run-as-root"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    return json.loads(output.read_text())["kvmark"]


def bandwidth(result: dict, tier: str) -> float:
    role = "cpu" if tier == "host" else "storage"
    return sum(t[way]["gib_per_s"] for t in result["tiers"] if t["role"] == role for way in ["read", "write"])


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):7.2f} ({min(values):.2f}..{max(values):.2f})"


def main() -> int:
    if not shutil.which("mpirun"):
        print("SKIPPED: there is no mpirun")
        return 77
    tool = os.environ.get("KVMARK_TOOL", "kvmark")
    for tier in TIERS:
        found: dict[int, list[dict]] = {ranks: [] for ranks in [0, 1, 2, 4]}
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            for round_number in range(ROUNDS):
                for ranks in found:
                    found[ranks].append(run(tool, pathlib.Path(folder), tier, ranks, 42 + 10 * round_number))
        print(f"{tier:<11}{'GiB/s':>21}{'per rank':>10}{'cores used':>12}{'barrier skew us':>17}{'start skew us':>15}")
        alone = statistics.median(bandwidth(result, tier) for result in found[1])
        for ranks, results in found.items():
            speeds = [bandwidth(result, tier) for result in results]
            share = f"{statistics.median(speeds) / max(ranks, 1) / alone:.2f}"
            cores = statistics.median(result["process"]["cores_used"] for result in results)
            saturated = ranks and any(host["cores_saturated"] for r in results for host in r["job"]["hosts"])
            skews = [statistics.median(result["job"][key] for result in results) if ranks else float("nan")
                     for key in ["barrier_skew_us", "start_skew_us"]]
            name = f"{ranks} rank{'s' if ranks > 1 else ''}" if ranks else "no MPI"
            print(f"  {name:<9}{spread(speeds):>21}{share:>10}{cores:>12.2f}{skews[0]:>17.0f}{skews[1]:>15.0f}"
                  f"{'  cores saturated' if saturated else ''}")
        ratios = [bandwidth(a, tier) / bandwidth(b, tier) for a, b in zip(found[1], found[0])]
        print(f"  one rank / no MPI: {spread(ratios).strip()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs of several ranks: their load, their processes, and what the merged result must be."""

import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

import hosts

# Two users on small tiers: every rank has something to do on both within the window.
LOAD = ["-m", "tiny-1b", "--num-users", "2", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0.1", "--storage-capacity-gb", "0.3",
        "--generation-mode", "none", "--seed", "42"]


def launcher() -> str | None:
    """Why there can be no job here; None where there can."""
    if not shutil.which("mpirun"):
        return "there is no mpirun"
    help_text = subprocess.run([os.environ.get("KVMARK_TOOL", ""), "cluster"], capture_output=True, text=True)
    return None if "MPI library" in help_text.stdout or help_text.returncode == 0 else "the tool was built without MPI"


def run_tests(on_hosts: bool = False) -> None:
    """The tests of the script; where there can be no job, or no pretend hosts that they ask for, it says why."""
    try:
        if on_hosts:
            hosts.check_available()
        reason = launcher()
    except hosts.Unavailable as unavailable:
        reason = unavailable
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    unittest.main()


def ranks_of(tool: str, pids: list[int]) -> dict[int, int]:
    """Rank -> pid, of those of `pids` that are ranks of the tool."""
    found = {}
    for pid in pids:
        try:
            program = os.readlink(f"/proc/{pid}/exe")
            variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        for variable in variables:
            if program == os.path.realpath(tool) and variable.startswith("OMPI_COMM_WORLD_RANK="):
                found[int(variable.split("=")[1])] = pid
    return found


def all_pids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def alive(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds: float, what: str):
    """What condition() returns once it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.05)
    return value


def histograms(value, path: str = "") -> dict[str, collections.Counter]:
    """Every histogram of a result's `kvmark` member, by its path."""
    found = {}
    if isinstance(value, dict):
        if isinstance(value.get("histogram_ns"), list):
            found[path] = collections.Counter({(low, high): count for low, high, count in value["histogram_ns"]})
        for key, member in value.items():
            if key != "job":
                found.update(histograms(member, f"{path}/{key}"))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            found.update(histograms(member, f"{path}/{index}"))
    return found


PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p9999": 0.9999}


def percentile_ms(histogram: collections.Counter, q: float, largest_ns: float) -> float:
    """As docs/measuring.md has it: the sample of the whole rank, linear within its bucket."""
    rank, before = int(q * (sum(histogram.values()) - 1)), 0
    for (low, high), count in sorted(histogram.items()):
        if rank < before + count:
            return (low + (min(high, largest_ns) - low) * (rank - before + 0.5) / count) / 1e6
        before += count
    raise AssertionError("an empty histogram has no percentile")


def distributions(value, path: str = "") -> dict[str, dict]:
    """Every `latency_ms` that stands beside a histogram, by the path of both."""
    found = {}
    if isinstance(value, dict):
        if isinstance(value.get("histogram_ns"), list):
            found[path] = value["latency_ms"]
        for key, member in value.items():
            if key != "job":
                found.update(distributions(member, f"{path}/{key}"))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            found.update(distributions(member, f"{path}/{index}"))
    return found


def check_merged(test, merged: dict, parts: list[dict]):
    """The job's result against the ranks' own: bucket by bucket, and counter by counter."""
    sums = collections.defaultdict(collections.Counter)
    for part in parts:
        for path, histogram in histograms(part["kvmark"]).items():
            sums[path] += histogram
    found = histograms(merged["kvmark"])
    test.assertGreater(sum(found["/latency/storage_io"].values()), 0)
    test.assertEqual(set(found), set(sums))
    latencies = distributions(merged["kvmark"])
    for path, histogram in found.items():
        test.assertEqual(histogram, sums[path], path)
        if not histogram:
            continue
        largest = max(distributions(part["kvmark"])[path]["max"] or 0 for part in parts)
        test.assertAlmostEqual(latencies[path]["max"], largest, places=6, msg=path)
        for name, q in PERCENTILES.items():
            # A report counts whole nanoseconds.
            expected = percentile_ms(histogram, q, largest * 1e6)
            test.assertAlmostEqual(latencies[path][name], expected, delta=2e-6, msg=f"{path} {name}")
    for key in ["requests_completed", "total_tokens_generated"]:
        test.assertEqual(merged[key], sum(part[key] for part in parts), key)
    for key in ["hits", "misses"]:
        test.assertEqual(merged["kvmark"]["cache"][key], sum(part["kvmark"]["cache"][key] for part in parts), key)
    for index, tier in enumerate(merged["kvmark"]["tiers"]):
        for direction in ["read", "write"]:
            test.assertEqual(tier[direction]["bytes"],
                             sum(part["kvmark"]["tiers"][index][direction]["bytes"] for part in parts))


def own_results(folder: pathlib.Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("rank_*.json"))]


def end_of(process: subprocess.Popen, seconds: float) -> tuple[int, str, str]:
    """Its exit code and output, at latest after so long."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"it went on for more than {seconds} s: {out}\n{err}") from None
    return process.returncode, out, err

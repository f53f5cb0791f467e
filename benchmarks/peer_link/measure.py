#!/usr/bin/env python3
"""tier::peer between two hosts over TCP: the bandwidth that it reports against the rate of their link.

Hypothesis: where the link is the limit, reads from the memory of a peer come within 5 % of the rate set, which is what a
stream of plain TCP gets of it.

One rank reads blocks of 2 MiB from the other through the tier's queue (benchmarks/peer/get.cpp, with MPI written by hand
beside it). The hosts are network namespaces (tests/support/hosts.py); the rate is a token bucket on both ends, which
counts whole frames: TCP at its best brings 0.96 of it. Needs the benchmark built: build/release/benchmarks/bench-get, or
$KVMARK_BENCH_PEER. Result: docs/measuring.md, "Memory of peers".
"""

import os
import pathlib
import re
import subprocess
import sys

os.environ["KVMARK_HISTORY"] = "off"  # rounds of a benchmark are no history of its user's
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import hosts as test_hosts  # noqa: E402
from hosts import TestHosts, Unavailable  # noqa: E402

PROGRAM = os.environ.get("KVMARK_BENCH_PEER", str(ROOT / "build/release/benchmarks/bench-get"))

READS = "16"  # of 2 MiB in one measurement: a quarter of a second at 1 Gbit/s

SERVER = """
import socket, time
server = socket.create_server(("0.0.0.0", 5001))
print("ready", flush=True)
connection, _ = server.accept()
begun, received = time.monotonic(), 0
while part := connection.recv(1 << 20):
    received += len(part)
print(received / (time.monotonic() - begun))
"""
CLIENT = """
import socket, time
connection = socket.create_connection(("h1", 5001))
begun = time.monotonic()
while time.monotonic() - begun < 4:
    connection.sendall(bytes(1 << 20))
"""


def plain_tcp(hosts: TestHosts) -> float:
    """Byte/s of one stream from h2 to h1."""
    server = hosts.popen("h1", "python3", "-c", SERVER, stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    hosts.exec("h2", "python3", "-c", CLIENT)
    return float(server.communicate(timeout=30)[0])


def peer_reads(hosts: TestHosts) -> list[tuple[int, float]]:
    """(depth, byte/s) of the tier, medians."""
    run = hosts.exec("h0", "mpirun", "--allow-run-as-root", "-H", "h1:1,h2:1", "-n", "2", "--timeout", "250", "--mca",
                     "mpi_yield_when_idle", "1", "--mca", "osc", "^ucx", *hosts.mpirun_words(), PROGRAM, READS, timeout=260)
    if run.returncode != 0:
        raise SystemExit(run.stdout + run.stderr)
    print("\n".join(f"    {line}" for line in run.stdout.splitlines()))
    found = re.findall(r"depth (\d+),.*?tier::peer's queue\s+median\s+([\d.]+)", run.stdout, re.DOTALL)
    return [(int(depth), float(speed) * 2**30) for depth, speed in found]


def main() -> int:
    if not os.access(PROGRAM, os.X_OK):
        print(f"SKIPPED: needs {PROGRAM}")
        return 77
    try:
        test_hosts.check_available()
    except Unavailable as reason:
        print(f"SKIPPED: {reason}")
        return 77
    for rate in [None, 1.0]:
        with TestHosts(count=2) as hosts:
            if rate:
                for name in ["h1", "h2"]:
                    hosts.rate(name, f"{rate:.0f}gbit")
            print(f"rate set: {f'{rate} Gbit/s' if rate else 'none'}; plain TCP {8e-9 * plain_tcp(hosts):.3f} Gbit/s", flush=True)
            for depth, speed in peer_reads(hosts):
                share = f", {8e-9 * speed / rate:.3f} of the rate set" if rate else ""
                print(f"  tier::peer, depth {depth}: {8e-9 * speed:.3f} Gbit/s{share}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

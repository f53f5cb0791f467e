#!/usr/bin/env python3
"""tier::peer's reads beside MPI written by hand (get.cpp, which states the hypothesis), on two ranks of this host:
through memory, through memory without the kernel's copy between processes, and over TCP.

The program is $KVMARK_BENCH_PEER or build/release/benchmarks/bench-get; needs Open MPI's mpirun.
"""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

WAYS = {
    "shared memory": [],
    "shared memory without process_vm_readv": ["--mca", "osc", "^ucx", "--mca", "btl_vader_single_copy_mechanism", "none"],
    "TCP": ["--mca", "osc", "^ucx", "--mca", "btl", "self,tcp"],
}


def main() -> int:
    program = os.environ.get("KVMARK_BENCH_PEER", str(ROOT / "build/release/benchmarks/bench-get"))
    if not (shutil.which("mpirun") and os.access(program, os.X_OK)):
        print(f"SKIPPED: needs mpirun and {program}")
        return 0
    status = 0
    for name, options in WAYS.items():
        print(f"over {name}", flush=True)
        # Without yielding, a rank that waits keeps a processor from those that have work.
        command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", "--timeout", "300"]
        status |= subprocess.run(command + ["--mca", "mpi_yield_when_idle", "1", *options, program]).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""layout_kernels_ptx.hpp is what clang-14 makes of layout_kernels.cu; --fix writes it.

Without clang-14 only the hash of the source is compared, by which the header says what it was made of.
"""

import argparse
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

# PTX 7.0 is that of CUDA 11.0, so every driver that kvmark takes compiles it; for every GPU since 2017.
COMMAND = ["clang-14", "-x", "cuda", "--cuda-device-only", "--cuda-path=/nonexistent", "-nocudainc", "-nocudalib"]
COMMAND += ["--cuda-gpu-arch=sm_70", "-Xclang", "-target-feature", "-Xclang", "+ptx70", "-std=c++17", "-O3", "-S"]

HEADER = """\
// The code of layout_kernels.cu for a GPU, which its driver compiles when it is loaded. Written by
// tests/checks/device_code.py --fix: edit the source instead.
// sha256 of the source: {digest}
#pragma once

namespace kvmark::gpu {{

inline constexpr char layout_kernels_ptx[] = R"ptx({ptx})ptx";

}} // namespace kvmark::gpu
"""


def compile_ptx(source: pathlib.Path) -> str:
    run = subprocess.run([*COMMAND, "-o", "-", str(source)], capture_output=True, text=True)
    if run.returncode:
        raise ValueError(run.stderr)
    lines = [line for line in run.stdout.splitlines() if line.strip() and not re.match(r"\s*//", line)]
    return "".join(re.sub(r"\s*//.*", "", line).replace("\t", " ").rstrip() + "\n" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()

    source = arguments.root / "include/kvmark/gpu/layout_kernels.cu"
    header = source.with_name("layout_kernels_ptx.hpp")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    found = header.read_text() if header.exists() else ""
    stale = f"{header} is stale: run tests/checks/device_code.py --fix"
    if not shutil.which("clang-14"):
        made_of_it = digest in found
        print("SKIPPED: clang-14 is not installed; the hash of the source is right" if made_of_it else stale)
        return 77 if made_of_it else 1
    try:
        text = HEADER.format(digest=digest, ptx=compile_ptx(source))
    except ValueError as fault:
        print(fault)
        return 1
    if found == text:
        print(f"{header} is up to date")
    elif arguments.fix:
        header.write_text(text)
        print(f"wrote {header}")
    else:
        print(stale)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

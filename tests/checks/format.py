#!/usr/bin/env python3
"""All C++ is as clang-format 14 and .clang-format write it; --fix rewrites it."""

import argparse
import pathlib
import shutil
import subprocess
import sys

FOLDERS = ["include", "tests", "examples", "benchmarks"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()

    tool = shutil.which("clang-format-14")
    if not tool:
        print("SKIPPED: clang-format-14 is not installed; `./dev format` installs it")
        return 77
    sources = sorted(
        str(path)
        for folder in FOLDERS
        for path in (arguments.root / folder).rglob("*")
        if path.suffix in {".cpp", ".cu", ".hpp"}
    )
    if not sources:
        print(f"no sources below {arguments.root}")
        return 1
    mode = ["-i"] if arguments.fix else ["--dry-run", "-Werror"]
    return subprocess.run([tool, "--style=file", *mode, *sources]).returncode


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Every header compiles when it is the only one included, and when it is included twice."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

import rules

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def compile_alone(compiler: str, include: pathlib.Path, header: str) -> str | None:
    """The compiler's output where the header does not compile."""
    component = rules.component_of(header.removeprefix("kvmark/"))
    definitions = [f"-D{name}" for name in rules.DEFINITIONS.get(component, [])]
    if component == "mpi":
        definitions += rules.mpi_flags() or []
    run = subprocess.run(
        [compiler, *FLAGS, *definitions, "-I", str(include), "-x", "c++", "-"],
        input=f"#include <{header}>\n#include <{header}>\n",
        capture_output=True,
        text=True,
    )
    return None if run.returncode == 0 else f"{header} does not compile alone\n{run.stderr}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()

    include = arguments.root / "include"
    headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.hpp"))
    if rules.mpi_flags() is None:
        print("SKIPPED: the headers of kvmark::mpi: there is no mpicxx")
        headers = [name for name in headers if rules.component_of(name.removeprefix("kvmark/")) != "mpi"]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        found = list(pool.map(lambda header: compile_alone(arguments.compiler, include, header), headers))
    failures = [failure for failure in found if failure]
    print("\n".join(failures) or f"{len(headers)} headers compile alone")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

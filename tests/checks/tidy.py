#!/usr/bin/env python3
"""clang-tidy over all headers and programs; minutes long, so `./dev check` runs it and the tests do not."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import rules


FINDING = re.compile(r"^/.*: (?:error|warning): ", re.MULTILINE)


def findings(root: pathlib.Path, source: pathlib.Path, folder: str) -> list[str]:
    """What clang-tidy says of `source` and of the headers in `folder`."""
    command = ["clang-tidy-14", "--quiet", f"--config-file={root}/.clang-tidy"]
    command += [f"--header-filter=^{root}/{folder}/", str(source)]
    command += ["--", "-std=c++20", "-I", str(root / "include"), "-I", str(root / "examples/cli"), *(rules.mpi_flags() or [])]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    starts = [match.start() for match in FINDING.finditer(output)]
    blocks = [output[start:end] for start, end in zip(starts, [*starts[1:], len(output)])]
    # g++ says whether it compiles; clang 14 knows less of C++20 (P0634 typename, constexpr std::string).
    return [block for block in blocks if "[clang-diagnostic-" not in block]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    root = arguments.root.resolve()

    with tempfile.TemporaryDirectory() as folder:
        headers = pathlib.Path(folder, "all_headers.cpp")
        names = rules.library_headers(root)
        headers.write_text("".join(f"#include <kvmark/{name}>\n" for name in names))
        work = [(headers, "include"), *((path, "examples") for path in sorted((root / "examples").rglob("*.cpp")))]
        found = 0
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            for (source, _), blocks in zip(work, pool.map(lambda w: findings(root, *w), work)):
                print(f"{source.name}: {len(blocks)} findings", *blocks, sep="\n", flush=True)
                found += len(blocks)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

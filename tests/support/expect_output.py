#!/usr/bin/env python3
"""Runs a program and compares its output with a file: expect_output.py EXPECTED PROGRAM [ARGUMENT...]

A {{...}} in the file is a regular expression, for what differs between runs: `{{[0-9.]+}} GiB/s`. The program
runs in an empty directory of its own and must exit 0.
"""

import difflib
import pathlib
import re
import subprocess
import sys
import tempfile


def pattern_of(line: str) -> str:
    parts = re.split(r"\{\{(.*?)\}\}", line)
    return "".join(f"(?:{part})" if i % 2 else re.escape(part) for i, part in enumerate(parts))


def main() -> int:
    expected = pathlib.Path(sys.argv[1]).read_text().splitlines()
    with tempfile.TemporaryDirectory() as empty:
        run = subprocess.run(sys.argv[2:], cwd=empty, capture_output=True, text=True)
    output = run.stdout.splitlines()
    if run.returncode != 0:
        print(f"exit status {run.returncode}\n{run.stdout}{run.stderr}")
        return 1

    same = len(expected) == len(output)
    for number, (want, got) in enumerate(zip(expected, output)):
        if re.fullmatch(pattern_of(want), got):
            expected[number] = got  # equal lines fall out of the difference shown below
        else:
            same = False
    if not same:
        print("\n".join(difflib.unified_diff(expected, output, sys.argv[1], "output", lineterm="")))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

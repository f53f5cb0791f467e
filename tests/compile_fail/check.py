#!/usr/bin/env python3
"""Compiles a case: check.py COMPILER INCLUDE_DIR CASE.cpp

A case opens with one or more `// expect: <text>` lines: it must not compile, and each text must stand in an error
of the compiler. NAME_ok.cpp, the control, must compile. Exit status 0 when it went as the case says.
"""

import pathlib
import subprocess
import sys

# The quoted source lines would hold the sentence of every static_assert near by.
FLAGS = ["-std=c++20", "-fsyntax-only", "-fno-diagnostics-show-caret"]


def expectations(case: pathlib.Path) -> list[str]:
    found = []
    for line in case.read_text().splitlines():
        if not line.startswith("// expect: "):
            break
        found.append(line.removeprefix("// expect: ").strip())
    return found


def fault(compiler: str, include: str, case: pathlib.Path) -> str | None:
    run = subprocess.run([compiler, *FLAGS, "-I", include, str(case)], capture_output=True, text=True)
    if case.stem.endswith("_ok"):
        return None if run.returncode == 0 else f"{case} must compile\n{run.stderr}"
    expected = expectations(case)
    if not expected:
        return f"{case} does not open with `// expect: <text>`"
    if run.returncode == 0:
        return f"{case} must not compile"
    errors = [line for line in run.stderr.splitlines() if "error: " in line]
    missing = [text for text in expected if not any(text in error for error in errors)]
    if missing:
        return f"{case}: no error says: {'; '.join(missing)}\n{run.stderr}"
    return None


def main() -> int:
    compiler, include, case = sys.argv[1:]
    found = fault(compiler, include, pathlib.Path(case))
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

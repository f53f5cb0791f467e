#!/usr/bin/env python3
"""Compiles a case and checks its object code: check_case.py COMPILER INCLUDE_DIR CASE.cpp

A case opens with `// allow: FILE`, its allow-list beside it. A control goes on with `// expect: TEXT` lines: the
check must refuse it and say each text. Exit status 0 when it went as the case says, 77 without objdump.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-O2", "-DNDEBUG", "-fno-jump-tables"]


def main() -> int:
    compiler, include, case = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    if not (shutil.which("objdump") and shutil.which("nm")):
        print("SKIPPED: objdump and nm (binutils) are missing")
        return 77
    said: dict[str, list[str]] = {"allow": [], "expect": []}
    for line in case.read_text().splitlines():
        key, _, text = line.removeprefix("// ").partition(": ")
        if not line.startswith("// ") or key not in said:
            break
        said[key].append(text)
    if len(said["allow"]) != 1:
        print(f"{case} does not open with one `// allow: FILE`")
        return 1

    with tempfile.TemporaryDirectory() as folder:
        compiled = pathlib.Path(folder) / (case.stem + ".o")
        subprocess.run([compiler, *FLAGS, "-I", include, "-c", str(case), "-o", str(compiled)], check=True)
        check = [sys.executable, str(case.parent / "check_inlined.py"), str(compiled)]
        run = subprocess.run(check + ["--allow", str(case.parent / said["allow"][0])], capture_output=True, text=True)
    print(run.stdout + run.stderr, end="")
    if not said["expect"]:
        return run.returncode
    missing = [text for text in said["expect"] if text not in run.stdout]
    if run.returncode == 1 and not missing:
        print("refused, as a control must be")
        return 0
    print(f"a control that was not refused, or not for its reason: {'; '.join(missing)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

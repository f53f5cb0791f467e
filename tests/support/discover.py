#!/usr/bin/env python3
"""Writes a CTest file with one test per test case of a Catch2 program: discover.py PROGRAM LAYER LABEL,... OUTPUT

catch_discover_tests() of Catch2 2.13 cannot do it: a `;` or an unpaired bracket in a name breaks its lists, and it
takes no list of labels.
"""

import pathlib
import re
import subprocess
import sys


def main() -> int:
    program, layer, labels, output = sys.argv[1:]
    # The exit status is the number of test cases.
    listing = subprocess.run([program, "--list-test-names-only"], capture_output=True, text=True)
    names = [line for line in listing.stdout.splitlines() if line]
    if not names or listing.stderr:
        print(f"{program} lists no test cases\n{listing.stderr}")
        return 1

    labels = labels.replace(",", ";")
    script = ""
    for name in names:
        test = f"[==[{layer}: {name}]==]"
        # What Catch takes for the syntax of a pattern. With NoTests a name it cannot find again is no success.
        pattern = re.sub(r'([\\,\[\]"])', r"\\\1", name)
        script += f"add_test({test} [==[{program}]==] [==[{pattern}]==] --warn NoTests)\n"
        script += f'set_tests_properties({test} PROPERTIES LABELS "{labels}" TIMEOUT 300)\n'
    pathlib.Path(output).write_text(script)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""check_docs.py passes on a small correct tree and fails on one fault put into a page."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parent / "check_docs.py"

TREE = {
    "dev": "case $command in\nbuild)\n    build\n    ;;\ntest) [ --fast ] ;;\nhelp | -h | --help) usage ;;\nesac\n",
    "include/kvmark/kvmark.hpp": "#pragma once\n#include <kvmark/tier/null.hpp>\n",
    "include/kvmark/tier/null.hpp": "#pragma once\nstruct null {};\n",
    "include/kvmark/launch/dialect.hpp": '#pragma once\ninline const char* bind = "--bind-to";\n',
    "examples/01_hello.cpp": "int main() {\n    if (true) {\n        return 0;\n    }\n}\n",
    "examples/cli/option_table.cpp": '{"num-users", "-n", arity::one},\n{"quiet",\n "", arity::flag},\n',
    "docs/tiers.md": "# Tiers\n\n## What there is\n\nSee [the top](../CONTRIBUTING.md).\n",
    "CONTRIBUTING.md": "# To contribute\n",
}

GOOD = """\
# A page

Read [tiers](tiers.md#what-there-is), [this](#a-page) and [that](https://example.org/x.md). `kvmark/tier/null.hpp`,
`tier/null.hpp` and examples/01_hello.cpp exist; tests/<layer>/<name>_test.cpp stands for many. `--num-users 3`, `--bind-to
core`, `./dev test --fast`, `fio --mem=x`.

    fio --direct=1 --bs=1m
    kvmark run --num-users 3 --quiet

<!-- excerpt of examples/01_hello.cpp -->
```cpp
if (true) {
    return 0;
}
```

<!-- compiles -->
```cpp
#include <kvmark/kvmark.hpp>
null nothing;
```
"""

FAULTS = {
    "```cpp\nint a;\n```": "no `<!-- compiles -->`",
    "<!-- compiles -->\n\nNot beside it.\n\n```cpp\nint a;\n```": "no `<!-- compiles -->`",
    "<!-- compiles -->\n```cpp\nint a = b;\n```": "does not compile",
    "<!-- excerpt of examples/01_hello.cpp -->\n```cpp\nreturn 1;\n```": "not in examples/01_hello.cpp",
    "<!-- excerpt of examples/01_hello.cpp -->\n```cpp\nif (true) {\nreturn 0;\n```": "not in examples/01_hello.cpp",
    "<!-- excerpt of examples/01_hello.cpp -->\n```\nreturn 1;\n```": "not in examples/01_hello.cpp",
    "<!-- excerpt of examples/02_none.cpp -->\n```cpp\nint a;\n```": "does not exist",
    "[gone](gone.md)": "leads nowhere",
    "[gone](tiers.md#gone)": "no heading #gone",
    "It is in examples/09_gone.cpp.": "examples/09_gone.cpp does not exist",
    "    sh tests/gone.sh": "tests/gone.sh does not exist",
    "`kvmark/tier/gone.hpp`": "kvmark/tier/gone.hpp is not a header",
    "`tier/gone.hpp`": "kvmark/tier/gone.hpp is not a header",
    "`./dev destroy`": "dev has no such command",
    "`./dev test --slow`": "dev has no such option",
    "`--num-user 3`": "--num-user: kvmark has no such option",
    "`kvmark run\n--gone`": "--gone: kvmark has no such option",
    "    mpirun -n 2 --map kvmark run --gone": "--gone: kvmark has no such option",
    "```\nkvmark run --gone\n```": "--gone: kvmark has no such option",
}


class ThePagesAreChecked(unittest.TestCase):
    def run_on(self, page: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in TREE.items() | {"docs/page.md": page}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            command = [sys.executable, str(CHECK), "--root", folder, "--compiler", os.environ.get("CXX", "c++")]
            run = subprocess.run(command, capture_output=True, text=True)
            return run.returncode, run.stdout + run.stderr

    def test_a_correct_page_passes(self):
        status, output = self.run_on(GOOD)
        self.assertEqual(status, 0, output)

    def test_each_fault_is_found_and_it_alone(self):
        for fault, message in FAULTS.items():
            with self.subTest(fault=fault):
                status, output = self.run_on(f"{GOOD}\n{fault}\n")
                self.assertEqual(status, 1, output)
                self.assertIn(message, output)
                self.assertEqual(output.count("docs/page.md:"), 1, output)


if __name__ == "__main__":
    unittest.main()

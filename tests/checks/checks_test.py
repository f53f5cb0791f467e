#!/usr/bin/env python3
"""Each structural check passes on a small correct tree and fails on one fault put into it."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKS = ROOT / "tests/checks"
AMALGAMATE = ROOT / "single_include/amalgamate.py"

TREE = {
    "core/config.hpp": '// The version.\n#pragma once\n\n#define KVMARK_VERSION "0.1.0"\n',
    "core/units.hpp": "// Units.\n#pragma once\n\n#include <kvmark/core/config.hpp>\n\n#include <cstdint>\n",
    "tier/null.hpp": "// A tier.\n#pragma once\n\n#include <kvmark/core/units.hpp>\n\n#include <sys/mman.h>\n",
    "exec/local.hpp": "// Opt-in.\n#pragma once\n\n#include <kvmark/tier/null.hpp>\n\n#include <thread>\n",
}


class Tree:
    """A source tree in a temporary directory, with its umbrella and single header in place."""

    def __init__(self, folder: str):
        self.root = pathlib.Path(folder)
        self.headers = self.root / "include/kvmark"
        for name, text in TREE.items():
            self.write(name, text)
        shutil.copy(ROOT / ".clang-format", self.root)
        self.run(CHECKS / "umbrella.py", "--fix")
        self.run(AMALGAMATE)

    def write(self, name: str, text: str) -> None:
        path = self.headers / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def append(self, name: str, text: str) -> None:
        self.write(name, (self.headers / name).read_text() + text)

    def run(self, script: pathlib.Path, *arguments: str) -> tuple[int, str]:
        run = subprocess.run(
            [sys.executable, str(script), "--root", str(self.root), *arguments], capture_output=True, text=True
        )
        return run.returncode, run.stdout + run.stderr


@contextlib.contextmanager
def tree():
    with tempfile.TemporaryDirectory() as folder:
        yield Tree(folder)


class ChecksCanFail(unittest.TestCase):
    def fails(self, tree: Tree, script: pathlib.Path, *arguments: str, saying: str) -> None:
        status, output = tree.run(script, *arguments)
        self.assertEqual(status, 1, output)
        self.assertIn(saying, output)

    def test_the_correct_tree_passes_every_check(self):
        with tree() as good:
            for script in ["layers.py", "headers_alone.py", "umbrella.py"]:
                status, output = good.run(CHECKS / script)
                self.assertEqual(status, 0, output)
            status, output = good.run(AMALGAMATE, "--check")
            self.assertEqual(status, 0, output)

    def test_layers(self):
        faults = {
            ("core/units.hpp", "#include <kvmark/tier/null.hpp>"): "core/ may not include tier/",
            ("core/units.hpp", '#include "config.hpp"'): "as <kvmark/...>",
            ("tier/null.hpp", "#include <kvmark/misc/null.hpp>"): "not in a folder of a layer",
            ("core/units.hpp", "#include <boost/json.hpp>"): "third-party, and this header may use none",
            ("core/units.hpp", "#include <liburing.h>"): None,
            ("core/units.hpp", "#include <numa/numa.h>"): "third-party",
            ("exec/local.hpp", "#include <fmt/core.h>"): "may use boost/asio/",
            ("exec/local.hpp", "#include <boost/asio/post.hpp>"): None,
            ("exec/local.hpp", "#include <boost/asio.hpp>"): "include the parts that are used",
            ("tier/null.hpp", "#include <iostream>"): "too expensive",
            ("exec/local.hpp", "#include <iostream>"): None,
            ("exec/serial.hpp", "#include <kvmark/exec/local.hpp>"): "only headers of kvmark::local",
            ("misc/odd.hpp", ""): "misc is not the folder of a layer",
        }
        for (header, line), message in faults.items():
            with self.subTest(header=header, line=line), tree() as bad:
                bad.write(header, TREE.get(header, "#pragma once\n") + line + "\n")
                if message:
                    self.fails(bad, CHECKS / "layers.py", saying=message)
                else:
                    self.assertEqual(bad.run(CHECKS / "layers.py"), (0, "every include is allowed\n"))

    def test_headers_alone(self):
        faults = {
            "inline std::string name();\n": "error",
            "inline int twice = 1, twice_more = 2.5;\n": "error",
            "inline void f(int unused) {}\n": "unused",
        }
        for line, message in faults.items():
            with self.subTest(line=line), tree() as bad:
                bad.append("core/units.hpp", line)
                self.fails(bad, CHECKS / "headers_alone.py", saying=message)
        with self.subTest("no #pragma once"), tree() as bad:
            bad.write("core/units.hpp", "struct once {};\n")
            self.fails(bad, CHECKS / "headers_alone.py", saying="redefinition")

    def test_umbrella(self):
        with tree() as bad:
            bad.write("tier/host.hpp", "#pragma once\n")
            self.fails(bad, CHECKS / "umbrella.py", saying="missing: #include <kvmark/tier/host.hpp>")
        with tree() as bad:
            bad.append("kvmark.hpp", "#include <kvmark/exec/local.hpp>\n")
            self.fails(bad, CHECKS / "umbrella.py", saying="should not be there: #include <kvmark/exec/local.hpp>")

    @unittest.skipUnless(shutil.which("clang-format-14"), "clang-format-14 is not installed")
    def test_format(self):
        with tree() as bad:
            self.assertEqual(bad.run(CHECKS / "format.py")[0], 0)
            bad.append("core/units.hpp", "inline  int  spaced ;\n")
            self.fails(bad, CHECKS / "format.py", saying="clang-format")

    @unittest.skipUnless(shutil.which("clang-14"), "clang-14 is not installed")
    def test_device_code(self):
        kernel = 'extern "C" __attribute__((global)) void k(int* p) { *p = 1; }\n'
        with tree() as bad:
            bad.write("gpu/layout_kernels.cu", kernel)
            self.fails(bad, CHECKS / "device_code.py", saying="stale")
            self.assertEqual(bad.run(CHECKS / "device_code.py", "--fix")[0], 0)
            self.assertIn(".entry k(", (bad.headers / "gpu/layout_kernels_ptx.hpp").read_text())
            self.assertEqual(bad.run(CHECKS / "device_code.py")[0], 0)
            bad.write("gpu/layout_kernels.cu", kernel.replace("1", "2"))
            self.fails(bad, CHECKS / "device_code.py", saying="stale")
            bad.write("gpu/layout_kernels.cu", kernel.replace("*p", "*q"))
            self.fails(bad, CHECKS / "device_code.py", saying="undeclared identifier 'q'")

    def test_single_header(self):
        with tree() as bad:
            bad.append("core/units.hpp", "inline int added = 1;\n")
            self.fails(bad, AMALGAMATE, "--check", saying="stale")
        with tree() as bad:
            bad.append("core/units.hpp", "#ifdef A\n#include <kvmark/core/config.hpp>\n#endif\n")
            self.fails(bad, AMALGAMATE, saying="under a condition")

    def test_the_single_header_holds_every_header_once(self):
        with tree() as good:
            single = good.root / "single_include/kvmark/kvmark.hpp"
            text = single.read_text()
            for name in TREE:
                self.assertEqual(text.count(f"// kvmark/{name}\n"), 1)
            self.assertLess(text.index("core/units.hpp"), text.index("tier/null.hpp"))
            self.assertLess(text.index("#ifdef KVMARK_WITH_LOCAL"), text.index("#include <thread>"))
            self.assertNotIn("#include <kvmark/", text)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""check.py tells a case that holds from one that does not."""

import os
import pathlib
import tempfile
import unittest

import check

REFUSED = 'template <class T>\nvoid run() { static_assert(sizeof(T) == 0, "a sentence."); }\n'


class Check(unittest.TestCase):
    def fault(self, name: str, text: str) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            case = pathlib.Path(folder, name)
            case.write_text(text)
            return check.fault(os.environ.get("CXX", "g++"), folder, case)

    def test_holds(self):
        self.assertIsNone(self.fault("a.cpp", "// expect: a sentence.\n" + REFUSED + "void f() { run<int>(); }\n"))
        self.assertIsNone(self.fault("a_ok.cpp", REFUSED))

    def test_compiles_though_it_must_not(self):
        self.assertIn("must not compile", self.fault("a.cpp", "// expect: a sentence.\n" + REFUSED))

    def test_fails_for_another_reason(self):
        other = "// expect: a sentence.\n" + REFUSED + 'void f() { wrong(); } // static_assert: "a sentence."\n'
        self.assertIn("no error says: a sentence.", self.fault("a.cpp", other))

    def test_without_expectation(self):
        self.assertIn("does not open with", self.fault("a.cpp", "void f() { wrong(); }\n"))

    def test_control_does_not_compile(self):
        self.assertIn("must compile", self.fault("a_ok.cpp", REFUSED + "void f() { run<int>(); }\n"))


if __name__ == "__main__":
    unittest.main()

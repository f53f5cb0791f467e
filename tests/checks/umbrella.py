#!/usr/bin/env python3
"""kvmark.hpp includes every header that is not opt-in, in layer order; --fix writes it."""

import argparse
import itertools
import pathlib
import sys

import rules

OPENING = """\
// All of kvmark that needs the standard library alone. What needs Asio, fmt or JSON is a header of its own,
// included beside this one. Written by tests/checks/umbrella.py --fix.
#pragma once
"""


def umbrella(root: pathlib.Path) -> str:
    headers = [name for name in rules.library_headers(root) if rules.component_of(name) is None]
    text = OPENING
    for _, group in itertools.groupby(headers, rules.layer_of):
        text += "\n" + "".join(f"#include <kvmark/{name}>\n" for name in group)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()

    path = arguments.root / "include/kvmark/kvmark.hpp"
    expected = umbrella(arguments.root)
    found = path.read_text() if path.exists() else ""
    if found == expected:
        print(f"{path} is complete")
        return 0
    if arguments.fix:
        path.write_text(expected)
        print(f"wrote {path}")
        return 0
    wanted, present = ({line for line in text.splitlines() if line} for text in (expected, found))
    for line in sorted(wanted - present):
        print(f"{path}: missing: {line}")
    for line in sorted(present - wanted):
        print(f"{path}: should not be there: {line}")
    print(f"{path}: run tests/checks/umbrella.py --fix")
    return 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Writes single_include/kvmark/kvmark.hpp: every header once, in dependency order; --check only compares.

The opt-in headers come last, each component behind its macro, KVMARK_WITH_LOCAL for kvmark::local.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/checks"))
import rules  # noqa: E402

CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|endif)\b")
VERSION = re.compile(r'#define KVMARK_VERSION "(.*)"')


class Amalgamation:
    def __init__(self, root: pathlib.Path):
        self.include = root / "include"
        self.lines: list[str] = []
        self.expanded: set[str] = set()
        self.system_includes: set[str] = set()

    def expand(self, header: str, component: str | None = None) -> None:
        """Appends `header` after what it includes. Within a component only its own headers may be new."""
        if header in self.expanded:
            return
        name = header.removeprefix("kvmark/")
        if header != "kvmark/kvmark.hpp" and rules.component_of(name) != component:
            raise ValueError(f"{header} is reached from component {component} but is not part of it")
        self.expanded.add(header)

        path = self.include / header
        text = path.read_text().splitlines()
        includes = {number: included for number, _, included in rules.includes(path)}
        depth = 0
        body: list[str] = []
        for number, line in enumerate(text, 1):
            if condition := CONDITION.match(line):
                depth += -1 if condition[1] == "endif" else 1
            included = includes.get(number)
            if line.strip() == "#pragma once":
                continue
            if included is None:
                body.append(line)
            elif included.startswith("kvmark/"):
                if depth:
                    raise ValueError(f"{header}:{number}: <{included}> is included under a condition")
                self.expand(included, component)
            elif depth:
                body.append(line)
            elif included not in self.system_includes:
                self.system_includes.add(included)
                body.append(line)
        if header != "kvmark/kvmark.hpp":
            self.lines += ["", f"// {header}", *body]

    def text(self) -> str:
        self.expand("kvmark/kvmark.hpp")
        headers = [f"kvmark/{name}" for name in rules.library_headers(self.include.parent)]
        common = set(self.system_includes)
        for component in rules.OPT_IN:
            members = [h for h in headers if rules.component_of(h.removeprefix("kvmark/")) == component]
            if not members:
                continue
            # Another component's part may be compiled out, and its includes with it.
            self.system_includes = set(common)
            self.lines += ["", f"#ifdef KVMARK_WITH_{component.upper()}"]
            for header in members:
                self.expand(header, component)
            self.lines += ["", f"#endif // KVMARK_WITH_{component.upper()}"]

        version = VERSION.search((self.include / "kvmark/core/config.hpp").read_text())[1]
        macros = ", ".join(f"KVMARK_WITH_{component.upper()}" for component in rules.OPT_IN)
        opening = f"""\
// kvmark {version} in one header, Apache-2.0. Written by single_include/amalgamate.py: edit include/kvmark instead.
// Define before the first include what the program needs of: {macros}.
#pragma once
"""
        text = opening + "\n".join(self.lines) + "\n"
        return re.sub(r"\n{3,}", "\n\n", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--check", action="store_true", help="exit 1 where the file is stale")
    arguments = parser.parse_args()

    path = arguments.root / "single_include/kvmark/kvmark.hpp"
    try:
        text = Amalgamation(arguments.root).text()
    except ValueError as fault:
        print(fault)
        return 1
    if arguments.check:
        stale = not path.exists() or path.read_text() != text
        print(f"{path} is {'stale: run single_include/amalgamate.py' if stale else 'up to date'}")
        return 1 if stale else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"wrote {path}, {text.count(chr(10))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())

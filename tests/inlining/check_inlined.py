#!/usr/bin/env python3
"""Asserts from object code that probes are inlined whole: check_inlined.py OBJECT --allow FILE

A probe is a function whose name begins with `probe_`. It passes when the object has no indirect call or jump, and
every function out of line, whether defined here or undefined, is on the allow-list. The object must be compiled
with -fno-jump-tables, so that a switch is no indirect jump.

The allow-list: a demangled name (or a pattern of fnmatch) per line, # for comments. A line `cold NAME` allows a
function of kvmark that lies in the section of cold code; no other function of kvmark can be allowed.
"""

import argparse
import collections
import fnmatch
import pathlib
import re
import subprocess
import sys

SYMBOL = re.compile(r"^(?P<name>.+) (?P<kind>[A-Za-z?])(?: [0-9a-f]*)*\s*$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(?P<name>.+)>:$")
SECTION = re.compile(r"^Disassembly of section (?P<name>.+):$")
INDIRECT = re.compile(r"\b(call|jmp)q?\s+\*|\bblr\s|\bbr\s+x")  # x86-64, AArch64
CALL = re.compile(r"\b(?:call|jmp|bl|b)q?\s+[0-9a-f]+ <(?P<target>.+?)(?:\+0x[0-9a-f]+)?>$")
RELOCATION = re.compile(r"\bR_[A-Z0-9_]+\s+(?P<target>.+?)(?:[-+]0x[0-9a-f]+)?$")


def output_of(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def symbols(path: str, which: str) -> dict[str, str]:
    """Demangled name -> kind."""
    lines = output_of("nm", "-C", "--format=posix", which, path)
    return {match["name"]: match["kind"] for match in map(SYMBOL.match, lines) if match}


class Code:
    """What objdump says: instructions, calls and indirect transfers per function, and where functions lie."""

    def __init__(self, path: str):
        self.section: dict[str, str] = {}
        self.size: collections.Counter[str] = collections.Counter()
        self.calls: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        self.indirect: list[tuple[str, str]] = []
        section, function, target = "", "", None
        for line in output_of("objdump", "-drC", "--no-show-raw-insn", path) + ["\t"]:
            if match := SECTION.match(line):
                section = match["name"]
            elif match := FUNCTION.match(line):
                function = match["name"]
                self.section[function] = section
            elif match := RELOCATION.search(line):
                target = match["target"] if target else None  # it names the target that the instruction leaves open
            elif "\t" in line:
                # Else a jump within the function, or to its cold part.
                if target and target != function and not target.startswith((".", f"{function} [clone")):
                    self.calls[function][target] += 1
                self.size[function] += 1
                if INDIRECT.search(line):
                    self.indirect.append((function, line.split("\t")[-1].strip()))
                match = CALL.search(line)
                target = match["target"] if match else None


def is_probe(name: str) -> bool:
    return name.startswith("probe_")


def faults(path: str, allow_file: pathlib.Path) -> list[str]:
    lines = [line.split("#")[0].strip() for line in allow_file.read_text().splitlines()]
    cold = [line.removeprefix("cold ") for line in lines if line.startswith("cold ")]
    allowed = [line for line in lines if line and not line.startswith("cold ")]
    defined = symbols(path, "--defined-only")
    undefined = symbols(path, "--undefined-only")
    code = Code(path)

    def matches(name: str, patterns: list[str]) -> bool:
        return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    probes = sorted(name for name, kind in defined.items() if kind == "T" and is_probe(name))
    print(f"{path}: {len(probes)} probes")
    for probe in probes:
        calls = ", ".join(f"{target} x{count}" for target, count in sorted(code.calls[probe].items()))
        print(f"  {probe}: {code.size[probe]} instructions; calls {calls or 'nothing'}")
    print("undefined symbols:", ", ".join(sorted(undefined)) or "none")

    found = [] if probes else ["no probe: no function named probe_..."]
    found += [f"indirect call in {function}: {instruction}" for function, instruction in code.indirect]
    for name, kind in sorted(defined.items()):
        if kind not in "tTwW" or is_probe(name):  # probe.cold and other parts of a probe are the probe's own
            continue
        of_kvmark = "kvmark::" in name
        in_cold_section = ".text.unlikely" in code.section.get(name, "")
        if of_kvmark and not (in_cold_section and matches(name, cold)):
            found.append(f"a function of kvmark out of line: {name}")
        elif not of_kvmark and not matches(name, allowed):
            found.append(f"out of line and not allowed: {name}")
    found += [f"undefined and not allowed: {name}" for name in sorted(undefined) if not matches(name, allowed + cold)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("object")
    parser.add_argument("--allow", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    found = faults(arguments.object, arguments.allow)
    print("\n".join(found) or "inlined whole: no indirect call, no function out of line but those allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

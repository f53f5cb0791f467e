#!/usr/bin/env python3
"""Who includes what: layer order, the third-party allow-list, and no expensive header behind kvmark.hpp."""

import argparse
import pathlib
import sys

import rules


def is_third_party(name: str) -> bool:
    """Neither the C++ library (no dot) nor the C library and the kernel (no folder, or one of theirs)."""
    if name.endswith(".h"):
        return "/" in name and not name.startswith(rules.SYSTEM_FOLDERS)
    return "." in name or "/" in name


def faults_of_include(header: str, quote: str, name: str) -> str | None:
    if quote == '"':
        return f'"{name}": library headers include each other as <kvmark/...>'
    if name.startswith("kvmark/"):
        target = name.removeprefix("kvmark/")
        if rules.layer_of(target) < 0:
            return f"<{name}>: not in a folder of a layer"
        if rules.layer_of(target) > rules.layer_of(header):
            return f"<{name}>: {header.split('/')[0]}/ may not include {target.split('/')[0]}/, which is below it"
        component = rules.component_of(target)
        own = rules.component_of(header)
        if component and component not in (own, *rules.STANDS_ON.get(own, ())):
            return f"<{name}>: only headers of kvmark::{component} may include this opt-in header"
        return None
    if name in rules.FORBIDDEN:
        return f"<{name}>: include the parts that are used"
    if is_third_party(name):
        allowed = [
            prefix
            for pattern, prefixes in rules.THIRD_PARTY.items()
            if rules.covers(pattern, header)
            for prefix in prefixes
        ]
        if not name.startswith(tuple(allowed)):
            return f"<{name}>: third-party, and this header may use {', '.join(allowed) or 'none'}"
    if name in rules.EXPENSIVE and rules.component_of(header) is None:
        return f"<{name}>: too expensive for a header that kvmark.hpp includes"
    return None


def faults(root: pathlib.Path) -> list[str]:
    found = []
    for header in rules.library_headers(root):
        path = root / "include/kvmark" / header
        if rules.layer_of(header) < 0:
            found.append(f"{path}: {header.split('/')[0]} is not the folder of a layer")
            continue
        for line, quote, name in rules.includes(path):
            if fault := faults_of_include(header, quote, name):
                found.append(f"{path}:{line}: {fault}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    found = faults(parser.parse_args().root)
    print("\n".join(found) or "every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

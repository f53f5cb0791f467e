#!/usr/bin/env python3
"""What kvmark costs whoever includes it: compile time, compiler memory and preprocessed lines, against budget.json.

Hypothesis: kvmark.hpp costs little more than the standard headers that it uses, and under a second. Compiler memory
(the total of `g++ -ftime-report`) and lines repeat exactly on one compiler, so these two are held to the budget.
Time does not: it is shown beside that of a source file of <string>, <vector> and <atomic>, measured in turn.

--update writes the measured values as the new budget.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUDGET = pathlib.Path(__file__).with_name("budget.json")
FLAGS = ["-std=c++20", "-O2", "-I", str(ROOT / "include")]
BASELINE = "standard headers alone"
TOLERANCE = 1.05
UNITS = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}
TOTAL = re.compile(r"^ TOTAL\s*:\s*[\d.]+\s+[\d.]+\s+([\d.]+)\s+(\d+)([kMG]?)", re.MULTILINE)


@dataclasses.dataclass
class Cost:
    seconds: list[float] = dataclasses.field(default_factory=list)  # wall time of each compilation
    reported: float = 0  # the total of -ftime-report, whose own readings of the clock slow the compiler down
    memory: int = 0  # bytes that the compiler's garbage-collected heap handed out
    lines: int = 0

    def time(self) -> float:
        """The fastest run: what disturbs a compilation only ever slows it down."""
        return min(self.seconds)


def compile_once(compiler: str, source: pathlib.Path, *flags: str) -> tuple[float, str]:
    """Wall time in seconds, and what the compiler wrote."""
    start = time.perf_counter()
    run = subprocess.run(
        [compiler, *FLAGS, *flags, "-c", str(source), "-o", os.devnull],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    seconds = time.perf_counter() - start
    if run.returncode != 0:
        sys.exit(f"{source.read_text()}\ndoes not compile:\n{run.stderr}")
    return seconds, run.stderr


def preprocessed_lines(compiler: str, source: pathlib.Path) -> int:
    text = subprocess.run([compiler, *FLAGS, "-E", "-P", str(source)], check=True, capture_output=True).stdout
    return text.count(b"\n")


def measure(compiler: str, rounds: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        sources = {BASELINE: "#include <atomic>\n#include <string>\n#include <vector>\n"}
        sources["kvmark.hpp"] = "#include <kvmark/kvmark.hpp>\n"
        for example in sorted((ROOT / "examples").glob("01_hello.cpp")):
            sources[example.name] = example.read_text()

        paths = {}
        for number, (name, text) in enumerate(sources.items()):
            paths[name] = pathlib.Path(folder, f"{number}.cpp")
            paths[name].write_text(text)

        costs = {name: Cost() for name in sources}
        for _ in range(rounds):
            for name, path in paths.items():
                costs[name].seconds.append(compile_once(compiler, path)[0])
        for name, path in paths.items():
            seconds, memory, unit = TOTAL.search(compile_once(compiler, path, "-ftime-report")[1]).groups()
            costs[name].reported = float(seconds)
            costs[name].memory = int(memory) * UNITS[unit]
            costs[name].lines = preprocessed_lines(compiler, path)
        return costs


def print_table(costs: dict[str, Cost], budget: dict) -> None:
    baseline = costs[BASELINE].time()
    print(f"{'':24}{'seconds':>9}{'ratio':>8}{'-ftime-report':>15}{'MiB':>7}{'budget':>8}{'lines':>9}{'budget':>9}")
    for name, cost in costs.items():
        limit = budget.get(name, {})
        print(
            f"{name:24}{cost.time():9.2f}{cost.time() / baseline:8.2f}{cost.reported:15.2f}"
            f"{cost.memory >> 20:7}{limit.get('memory', 0) >> 20 or '-':>8}"
            f"{cost.lines:9}{limit.get('lines') or '-':>9}"
        )


def excesses(costs: dict[str, Cost], budget: dict) -> list[str]:
    found = [f"{name} has no budget: run with --update" for name in costs if name not in {BASELINE, *budget}]
    for name, limits in budget.items():
        for quantity, limit in limits.items():
            measured = getattr(costs[name], quantity) if name in costs else None
            if measured is None:
                found.append(f"{name} has a budget but was not measured")
                break
            if measured > limit * TOLERANCE:
                found.append(f"{name}: {quantity} {measured:,}, {measured / limit - 1:+.1%} over a budget of {limit:,}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=pathlib.Path, default=BUDGET)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()

    version = subprocess.run([arguments.compiler, "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    costs = measure(arguments.compiler, arguments.rounds)
    if arguments.update:
        entries = {n: {"memory": c.memory, "lines": c.lines} for n, c in costs.items() if n != BASELINE}
        arguments.budget.write_text(json.dumps({"compiler": version, "budget": entries}, indent=4) + "\n")
    recorded = json.loads(arguments.budget.read_text())
    print_table(costs, recorded["budget"])
    if recorded["compiler"] != version:
        print(f"SKIPPED: the budget is for compiler {recorded['compiler']}, this is {version}")
        return 77
    found = excesses(costs, recorded["budget"])
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

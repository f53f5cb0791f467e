#!/usr/bin/env python3
"""What README.md, CONTRIBUTING.md and docs/*.md say of the tree is true.

 - A ```cpp block follows `<!-- compiles -->`, and compiles alone, or `<!-- excerpt of PATH -->`, and stands in that
   file, whatever its indentation. Other blocks may be excerpts too.
 - A relative link leads to a file, and its #anchor to a heading.
 - A path below a folder of the tree exists; `kvmark/x.hpp` and `tier/x.hpp` are headers of the library. A path that
   holds < * or ... stands for many.
 - `./dev COMMAND --option`: the script knows both.
 - An option of kvmark is in examples/cli/option_table.cpp, or is one that a launcher's prefix holds. Options of other
   programs are those in a code span or an indented line that begins with the program.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "checks"))
import rules  # noqa: E402

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
FOLDERS = "benchmarks|docs|examples|include|single_include|tests"

EXCERPT = re.compile(r"<!-- excerpt of (\S+) -->")
FENCE = re.compile(r"^\s*```(\w*)\s*$")
HEADING = re.compile(r"^#+ (.*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
TREE_PATH = re.compile(rf"(?<![\w/.-])(?:{FOLDERS})/[\w./<>*-]*")
HEADER = re.compile(rf"(?<![\w/.-])(?:kvmark/)?((?:{'|'.join(rules.LAYERS)})/[\w/]+\.hpp|kvmark\.hpp)")
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
OPTION_ROW = re.compile(r'\{\s*"([a-z][\w-]*)",\s*"[^"]*",\s*arity::')
PREFIX_OPTION = re.compile(r'"(--[a-z][\w-]*)"')
DEV = re.compile(r"\./dev(?: +([a-z]\w*)((?: +--[a-z]+)*))?")
DEV_COMMAND = re.compile(r"^([a-z| -]+)\)", re.MULTILINE)


@dataclasses.dataclass
class Block:
    line: int
    language: str
    marker: str
    text: list[str]


@dataclasses.dataclass
class Page:
    path: pathlib.Path
    blocks: list[Block]
    prose: list[tuple[int, str]]  # (line number, text) of what is neither fenced nor indented
    code: list[tuple[int, str]]  # of code blocks that are not C++


def read_page(path: pathlib.Path) -> Page:
    page = Page(path, [], [], [])
    block, marker, after_blank = None, "", True
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if fence := FENCE.match(line):
            if block is None:
                block = Block(number, fence[1], marker, [])
            else:
                page.blocks.append(block)
                if block.language != "cpp":
                    page.code += enumerate(block.text, block.line + 1)
                block, marker = None, ""
        elif block is not None:
            block.text.append(line)
        elif line.startswith("    ") and after_blank:
            page.code.append((number, line))
            continue  # the next indented line belongs to it
        else:
            is_comment = line.startswith("<!--")
            if line.strip():
                marker = line.strip() if is_comment else ""
            if not is_comment:
                page.prose.append((number, line))
        after_blank = not line.strip()
    if block is not None:
        raise ValueError(f"{path}:{block.line}: this block has no end")
    return page


def dedented(lines: list[str]) -> list[str]:
    """Without the indentation of the first line, and trailing space."""
    first = lines[0] if lines else ""
    indent = first[: len(first) - len(first.lstrip())]
    return [line.removeprefix(indent).rstrip() for line in lines]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


class Tree:
    def __init__(self, root: pathlib.Path, compiler: str):
        self.root = root
        self.compiler = compiler
        self.faults: list[str] = []
        self.dev = (root / "dev").read_text()
        self.dev_commands = {word.strip() for row in DEV_COMMAND.findall(self.dev) for word in row.split("|")}
        self.options = {"--" + name for name in OPTION_ROW.findall((root / "examples/cli/option_table.cpp").read_text())}
        self.options |= set(PREFIX_OPTION.findall((root / "include/kvmark/launch/dialect.hpp").read_text()))
        self.options.add("--version")  # of the tool itself, ahead of its commands

    def fault(self, page: Page, line: int, message: str) -> None:
        self.faults.append(f"{page.path.relative_to(self.root)}:{line}: {message}")

    def check(self, page: Page) -> None:
        for block in page.blocks:
            self.check_block(page, block)
        for line, text in page.prose:
            self.check_links(page, line, text)
        for line, text in page.prose + page.code:
            self.check_paths(page, line, text)
            self.check_dev(page, line, text)
        self.check_options(page)

    def check_block(self, page: Page, block: Block) -> None:
        if excerpt := EXCERPT.fullmatch(block.marker):
            self.check_excerpt(page, block, excerpt[1])
        elif block.marker == "<!-- compiles -->":
            self.check_compiles(page, block)
        elif block.language == "cpp":
            self.fault(page, block.line, "no `<!-- compiles -->` or `<!-- excerpt of PATH -->` before this C++ block")

    def check_excerpt(self, page: Page, block: Block, path: str) -> None:
        file = self.root / path
        if not file.is_file():
            return self.fault(page, block.line, f"excerpt of {path}, which does not exist")
        wanted, lines = dedented(block.text), file.read_text().splitlines()
        starts = range(len(lines) - len(wanted) + 1)
        if not wanted or not any(dedented(lines[at : at + len(wanted)]) == wanted for at in starts):
            self.fault(page, block.line, f"these lines are not in {path}")

    def check_compiles(self, page: Page, block: Block) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
            source.write("\n".join(block.text) + "\n")
            source.flush()
            command = [self.compiler, *FLAGS, "-I", str(self.root / "include"), source.name]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode != 0:
                said = run.stderr.replace(source.name, "block")
                self.fault(page, block.line, f"this block does not compile:\n{said}")

    def check_links(self, page: Page, line: int, text: str) -> None:
        for target in LINK.findall(text):
            path, _, anchor = target.partition("#")
            if ":" in path:
                continue
            file = (page.path.parent / path).resolve() if path else page.path
            if not file.exists():
                self.fault(page, line, f"the link to {path} leads nowhere")
            elif anchor and anchor not in {slug(h[1]) for h in map(HEADING.match, file.read_text().splitlines()) if h}:
                self.fault(page, line, f"{path or page.path.name} has no heading #{anchor}")

    def check_paths(self, page: Page, line: int, text: str) -> None:
        for name in TREE_PATH.findall(LINK.sub("]", text)):
            name = name.rstrip(".")
            if not re.search(r"[<>*]|\.\.\.", name) and not (self.root / name).exists():
                self.fault(page, line, f"{name} does not exist")
        for name in HEADER.findall(text):
            if not (self.root / "include/kvmark" / name).is_file():
                self.fault(page, line, f"kvmark/{name} is not a header of the library")

    def check_dev(self, page: Page, line: int, text: str) -> None:
        for command, options in DEV.findall(text):
            if command and command not in self.dev_commands:
                self.fault(page, line, f"`./dev {command}`: dev has no such command")
            for option in options.split():
                if command != "run" and option not in self.dev:
                    self.fault(page, line, f"`./dev {command} {option}`: dev has no such option")

    def check_options(self, page: Page) -> None:
        # A code span may go over the end of a line, so the prose is searched as one text.
        prose = "\n".join(text for _, text in page.prose)
        numbers = [number for number, _ in page.prose]
        places = [(numbers[prose.count("\n", 0, span.start())], span[2]) for span in SPAN.finditer(prose)]
        for line, text in places + page.code:
            for option in self.options_in(" ".join(text.split())):
                if option not in self.options:
                    self.fault(page, line, f"{option}: kvmark has no such option")

    @staticmethod
    def options_in(text: str) -> list[str]:
        """The options of kvmark in a span or a line of code."""
        for call in ("kvmark run ", "kvmark datasize ", "kvmark models ", "./dev run "):
            if call in text:
                text = text.split(call, 1)[1]
                break
        else:
            if not text.startswith("--"):
                return []  # another program's, or prose
        try:
            words = shlex.split(text)
        except ValueError:
            words = text.split()
        return [match[0] for word in words if (match := OPTION.match(word))]


def pages_of(root: pathlib.Path) -> list[Page]:
    paths = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    return [read_page(path) for path in paths if path.exists()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "c++"))
    arguments = parser.parse_args()

    root = arguments.root.resolve()
    tree, pages = Tree(root, arguments.compiler), pages_of(root)
    if not pages or not tree.options or not tree.dev_commands:
        print(f"{root}: found no page, no option table or no commands of dev")
        return 1
    for page in pages:
        tree.check(page)
    print("\n".join(tree.faults) or f"{len(pages)} pages: every block, link, path, command and option is true")
    return 1 if tree.faults else 0


if __name__ == "__main__":
    sys.exit(main())

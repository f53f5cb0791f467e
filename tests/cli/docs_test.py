#!/usr/bin/env python3
"""docs/cli.md shows the tool's own help, and docs/json.md explains every key. `docs_test.py --fix` rewrites the former."""

import re
import subprocess
import sys
import unittest

from tool import SIMULATED, SOURCE, TOOL, ToolTest, expand

BLOCK = re.compile(r"(<!-- help: (\w+) -->\n```text\n)(.*?)(```\n<!-- end -->)", re.DOTALL)


def with_help(text: str) -> str:
    """The page with every block of help as the tool prints it now."""

    def block(match: re.Match) -> str:
        command = [TOOL, match[2], "--help"]
        return match[1] + subprocess.run(command, capture_output=True, text=True, check=True).stdout + match[4]

    return BLOCK.sub(block, text)


def keys_of(value, found: set[str], below: str = "") -> set[str]:
    """The names of all keys; those of `options` and of `host` follow their source."""
    if isinstance(value, list):
        for member in value:
            keys_of(member, found, below)
    elif isinstance(value, dict):
        for key, member in value.items():
            if below != "units":
                found.add(key)
            if key != "options":
                keys_of(member, found, key)
    return found


class Docs(ToolTest):
    def test_the_help_in_cli_md_is_the_tool_s(self):
        page = (SOURCE / "docs/cli.md").read_text()
        commands = {"run", "tiers", "simulate", "plan", "trace", "calibrate", "search", "mlperf", "report", "history",
                    "datasize", "models", "cluster"}
        self.assertEqual({match[2] for match in BLOCK.finditer(page)}, commands)
        self.assertEqual(with_help(page), page, "tests/cli/docs_test.py --fix rewrites the page")

    def test_json_md_explains_every_key(self):
        self.succeeds("run", *SIMULATED, "--gpu-tier", "modelled", "--enable-autoscaling", "--autoscaler-mode",
                      "capacity", "--storage-capacity-gb", "4", "--cpu-mem-gb", "0.2", "--output", "out.json")
        self.succeeds("run", "--clock", "virtual", "--trace", str(SOURCE / "tests/data/mooncake_sample.jsonl"),
                      "--capacity-blocks", "10,30", "--output", "served.json")
        page = (SOURCE / "docs/json.md").read_text()
        explained = {name for quoted in re.findall(r"`([^`\n]+)`", page) for name in expand(quoted)}
        missing = keys_of([self.read_json("out.json"), self.read_json("served.json")], set()) - explained
        self.assertEqual(missing, set())


if __name__ == "__main__":
    if sys.argv[1:] == ["--fix"]:
        page = SOURCE / "docs/cli.md"
        page.write_text(with_help(page.read_text()))
    else:
        unittest.main()

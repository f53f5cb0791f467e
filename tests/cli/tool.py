"""Runs the tool that KVMARK_TOOL names; shared by the tests of this folder."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TOOL = os.environ.get("KVMARK_TOOL", "")
SHARED = pathlib.Path(os.environ.get("KVMARK_SHARED_DIR", "/nonexistent"))
SOURCE = pathlib.Path(os.environ.get("KVMARK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))

# What a test runs is no history of its user's. history_test.py has a file of its own.
os.environ["KVMARK_HISTORY"] = "off"
# Nor does it depend on the GPUs of this machine. gpu_*_test.py have a stand-in.
os.environ["KVMARK_CUDA_DRIVER"] = "/no/driver/for/tests"

# A simulation of a few seconds takes milliseconds and touches no storage.
SIMULATED = ["--clock", "virtual", "--model", "tiny-1b", "--num-users", "20", "--duration", "20", "--seed", "1"]


def shared(name: str) -> pathlib.Path | None:
    """The file of the reference data, or None with a loud word about it."""
    path = SHARED / name
    if path.exists():
        return path
    print(f"SKIPPED: {path} is missing; only our own sample is checked")
    return None


def expand(text: str) -> list[str]:
    """a{b,c}d -> abd, acd; as often as there are braces."""
    match = re.search(r"\{([^{}]*)\}", text)
    if not match:
        return [text]
    before, after = text[: match.start()], text[match.end() :]
    return [path for choice in match[1].split(",") for path in expand(before + choice + after)]


class ToolTest(unittest.TestCase):
    """Each test works in an empty folder of its own."""

    def setUp(self):
        self.assertTrue(TOOL, "KVMARK_TOOL must name the tool")
        folder = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def environment(self, **changes: str) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.folder), **changes}

    def run_tool(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [TOOL, *arguments],
            cwd=self.folder,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def succeeds(self, *arguments: str) -> subprocess.CompletedProcess:
        run = self.run_tool(*arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def refused(self, *arguments: str, saying: list[str]) -> str:
        """Exit 2, every text said, and nothing left behind."""
        before = self.files()
        run = self.run_tool(*arguments)
        self.assertEqual(run.returncode, 2, run.stderr)
        for text in saying:
            self.assertIn(text, run.stderr)
        self.assertEqual(run.stdout, "")
        self.assertEqual(self.files(), before)
        return run.stderr

    def dry_run(self, *arguments: str) -> dict:
        before = self.files()
        run = self.succeeds("run", "--dry-run=json", *arguments)
        self.assertEqual(self.files(), before, "a dry run must touch nothing")
        return json.loads(run.stdout)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name

    def read_json(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

#!/usr/bin/env python3
"""The completion scripts are read by their shells and complete commands, options and choices."""

import shutil
import subprocess
import unittest

from tool import ToolTest


class Completion(ToolTest):
    def complete(self, *words: str) -> list[str]:
        script = self.write("completion.bash", self.succeeds("completion", "bash").stdout)
        quoted = " ".join(f"'{word}'" for word in ["kvmark", *words])
        code = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _kvmark; echo \"${{COMPREPLY[@]}}\""
        return subprocess.run(
            ["bash", "-c", code], cwd=self.folder, capture_output=True, text=True, check=True
        ).stdout.split()

    @unittest.skipUnless(shutil.which("bash"), "there is no bash")
    def test_bash(self):
        self.assertEqual(self.complete("mod"), ["models"])
        self.assertEqual(self.complete("run", "--storage-t"), ["--storage-tier"])
        self.assertEqual(self.complete("run", "--storage-tier", ""), ["direct_file", "file"])
        self.assertEqual(self.complete("--num-u"), ["--num-users"])
        self.assertEqual(self.complete("models", "--num-u"), [])
        self.assertIn("tiny-1b", self.complete("run", "--model", "ti"))
        self.write("trace.csv", "")
        self.assertEqual(self.complete("run", "--burst-trace-path", "tr"), ["trace.csv"])

    def test_other_shells_parse_theirs(self):
        for shell in ["zsh", "fish"]:
            script = self.write(f"completion.{shell}", self.succeeds("completion", shell).stdout)
            self.assertIn("storage-tier", (self.folder / script).read_text())
            if shutil.which(shell):
                subprocess.run([shell, "-n", script], cwd=self.folder, check=True)


if __name__ == "__main__":
    unittest.main()

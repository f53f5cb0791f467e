#!/usr/bin/env python3
"""Wrong arguments are all named at once, and right ones are taken in every spelling of the reference."""

import json
import os
import re
import unittest

from tool import ToolTest

# An acceptable value for the placeholder of each option in the help.
VALUES = {
    "DEVICE": "/dev/loop7",
    "N": "2",
    "NAME": "tiny-1b",
    "SECONDS": "5",
    "PER_SECOND": "2.5",
    "X": "0.5",
    "FILE": "name",
    "DIR": "directory",
    "GIB": "1.5",
    "T": "1",
    "BYTES": "8192",
    "TOKENS": "100",
    "LAUNCHER": "mpirun",
    "HOST[:SLOTS]...": "host1",
    "WORD...": "-x",
}


class Arguments(ToolTest):
    def test_every_fault_is_named_and_nothing_is_created(self):
        said = self.refused(
            "run", "--num-users", "0", "--duration", "-1", "--cache-dir", "/etc/x",
            saying=["--num-users 0", "--duration -1", "--cache-dir /etc/x", "3 faults"],
        )
        self.assertEqual(len(said.splitlines()), 4)
        self.assertFalse(os.path.exists("/etc/x"))

    def test_faults_of_spelling_and_of_value_come_together(self):
        self.refused(
            "run", "--num-userz", "3", "--modle", "x", "--verify", "ful", "--seed", "1x", "--model", "lama3.1-8b",
            "--hosts", "--quiet=yes", "stray", "--cpu-mem-gb", "-1",
            saying=[
                "unknown option --num-userz; did you mean --num-users?",
                "unknown option --modle; did you mean --model?",
                "--verify ful: must be none, stamps or full; did you mean full?",
                "--seed 1x: must be an integer",
                "did you mean llama3.1-8b?",
                "--hosts needs a value",
                "--quiet takes no value",
                "unexpected argument stray",
                "--cpu-mem-gb -1",
                "9 faults",
            ],
        )

    def test_a_missing_value_is_not_taken_from_the_next_option(self):
        self.refused("run", "--seed", "--num-users", "3", saying=["--seed needs a value", "1 fault,"])
        self.refused("run", "--output", saying=["--output needs a value"])

    def test_exclusive_options(self):
        self.refused("run", "--prefill-only", "--decode-only", saying=["exclude each other"])
        self.refused("run", "--use-burst-trace", saying=["needs --burst-trace-path"])

    def test_a_result_that_would_have_no_place_is_refused_before_the_run(self):
        self.refused("run", "--output", "no/such/folder/out.json", saying=["--output", "No such file or directory"])
        self.refused("run", "--csv", ".", saying=["--csv", "is a directory"])
        self.refused("run", "--io-trace-log", "/dev/null", saying=["--io-trace-log /dev/null", "regular file"])

    def test_unknown_commands(self):
        self.refused("datasise", saying=["unknown command datasise; did you mean datasize?"])
        self.refused("completion", "tcsh", saying=["bash, zsh or fish"])

    def test_models_and_datasize_know_their_own_options_only(self):
        self.refused("models", "--num-users", "3", saying=["unknown option --num-users"])
        self.refused("datasize", "--num-users", "0", "--model", "x", saying=["--num-users 0", "--model x"])

    def test_run_may_be_left_out(self):
        without = json.loads(self.succeeds("--dry-run=json", "--num-users", "7").stdout)
        self.assertEqual(without["argv"], self.dry_run("--num-users", "7")["argv"])

    def test_spellings(self):
        expected = ["--model", "tiny-1b", "--num-users", "7", "--duration", "9"]
        spellings = [
            expected,
            ["-m", "tiny-1b", "-nu", "7", "-d", "9"],
            ["--model=tiny-1b", "--num-users=7", "--duration=9"],
            ["-nu", "1", *expected],  # the last of a repeated option counts
        ]
        for words in spellings:
            self.assertEqual(self.dry_run(*words)["argv"][2:8], expected)

    def test_every_option_of_the_help_is_accepted(self):
        help_text = self.succeeds("run", "--help").stdout
        options = re.findall(r"^  (?:-\w+, )?--([a-z-]+)(?: (\S+))?", help_text, re.MULTILINE)
        self.assertGreater(len(options), 60)
        for name, value in options:
            if name in ("help", "dry-run", "config", "kvcache-bin-path"):
                continue
            words = [f"--{name}"]
            if value in VALUES:
                words.append(VALUES[value])
            elif value:
                words.append(re.search(rf"--{name} .*?\(([\w.-]+)\)", help_text, re.DOTALL)[1])  # its default
            with self.subTest(" ".join(words)):
                if name == "num-processes":
                    words += ["--hosts", "host1"]
                if name == "calibration":
                    words = ["--calibration", "storage=file.json", "--clock", "virtual"]
                if name == "raw-device":
                    words += ["--cache-dir", VALUES[value], "--layout", "slab"]
                self.dry_run(*words)

    def test_the_demonstration_is_a_set_of_defaults(self):
        argv = self.dry_run("--demo", "--num-users", "3")["argv"]
        self.assertEqual(argv[argv.index("--num-users") + 1], "3")
        self.assertEqual(argv[argv.index("--model") + 1], "tiny-1b")

    def test_predictive_is_refused_once_it_would_matter(self):
        self.dry_run("--autoscaler-mode", "predictive")
        self.refused("run", "--autoscaler-mode", "predictive", "--enable-autoscaling", saying=["qos or capacity"])

    def test_version_help_and_no_arguments(self):
        self.assertRegex(self.succeeds("--version").stdout, r"^kvmark \d+\.\d+\.\d+\n$")
        self.assertEqual(self.succeeds("--help").stdout, self.succeeds().stdout)
        for command in ["run", "datasize", "models"]:
            self.assertIn(f"Usage: kvmark {command}", self.succeeds(command, "--help").stdout)
        self.assertIn("Exit codes:", self.succeeds("run", "-h").stdout)


if __name__ == "__main__":
    unittest.main()

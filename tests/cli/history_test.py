#!/usr/bin/env python3
"""The history: a line for each command that measured something, the list, one in full, and the same once more."""

import json
import os
import pathlib
import subprocess
import unittest

from tool import SIMULATED, SOURCE, TOOL, ToolTest

TRACE = str(SOURCE / "tests/data/mooncake_sample.jsonl")


class History(ToolTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "state" / "history.jsonl"

    def environment(self, **changes: str) -> dict[str, str]:
        return super().environment(**{"KVMARK_HISTORY": str(self.file), **changes})

    def entries(self) -> list[dict]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def test_a_run_leaves_one_line(self):
        self.succeeds("run", *SIMULATED, "--output", "out.json", "--quiet")
        (entry,) = self.entries()
        self.assertEqual(entry["number"], 1)
        self.assertEqual(entry["argv"][0], str(pathlib.Path(TOOL).resolve()))
        self.assertEqual(entry["argv"][1:], ["run", *SIMULATED, "--output", "out.json", "--quiet"])
        self.assertEqual((entry["command"], entry["exit_code"], entry["cwd"]), ("run", 0, str(self.folder)))
        self.assertEqual(entry["result"], str(self.folder / "out.json"))
        self.assertLessEqual(entry["started"], entry["finished"])
        result = self.read_json("out.json")
        self.assertEqual(entry["version"], result["kvmark"]["version"])
        self.assertEqual(entry["figures"]["seed"], 1)
        self.assertEqual(entry["figures"]["read_gib_per_s"], result["kvmark"]["storage"]["read_gib_per_s"])
        self.assertEqual(entry["figures"]["limited_by"], result["kvmark"]["storage"]["limited_by"])
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_what_measures_nothing_leaves_none(self):
        self.succeeds("run", "--help")
        self.succeeds("run", "--dry-run")
        self.succeeds("models")
        self.succeeds("history")
        self.succeeds("tiers", "--path", "disk", "--cases", "4K:1", "--emit-fio", "job.fio")
        self.assertEqual(self.run_tool("run", "--num-users", "0").returncode, 2)
        self.assertFalse(self.file.exists())

    def test_other_commands_that_measure_have_their_line(self):
        self.succeeds("simulate", "--trace", TRACE, "--capacity-blocks", "10", "--quiet", "--csv", "a.csv")
        self.succeeds("plan", "--trace", TRACE, "--quiet")
        self.succeeds("tiers", "--path", "disk", "--engines", "host", "--cases", "64K:1", "--size", "1M", "--rounds", "1",
                      "--seconds", "0.02", "--io", "read", "--quiet", "--json", "out.json")
        self.assertEqual([(e["number"], e["command"], e["exit_code"]) for e in self.entries()],
                         [(1, "simulate", 0), (2, "plan", 0), (3, "tiers", 0)])
        self.assertEqual(self.entries()[0]["result"], str(self.folder / "a.csv"))
        self.assertIsNone(self.entries()[0]["figures"])

    def test_where_it_is(self):
        home = self.folder / "home"
        home.mkdir()
        simulate = [TOOL, "simulate", "--trace", TRACE, "--capacity-blocks", "10", "--quiet"]
        environment = {k: v for k, v in self.environment(HOME=str(home)).items() if k not in ("KVMARK_HISTORY", "XDG_STATE_HOME")}
        subprocess.run(simulate, env=environment, check=True, capture_output=True)
        self.assertTrue((home / ".local/state/kvmark/history.jsonl").exists())
        subprocess.run(simulate, env={**environment, "XDG_STATE_HOME": str(home / "s")}, check=True, capture_output=True)
        self.assertTrue((home / "s/kvmark/history.jsonl").exists())
        for off in ("", "off"):
            before = sorted(home.rglob("*"))
            subprocess.run(simulate, env={**environment, "KVMARK_HISTORY": off}, check=True, capture_output=True)
            self.assertEqual(sorted(home.rglob("*")), before)
            run = self.run_tool("history", KVMARK_HISTORY=off)
            self.assertEqual(run.returncode, 1)
            self.assertIn("no history is kept", run.stderr)

    def test_a_history_that_cannot_be_written_is_one_warning(self):
        (self.folder / "state").write_text("a file where the folder should be")
        run = self.succeeds("run", *SIMULATED)
        self.assertEqual(run.stderr.count("no history of this command"), 1, run.stderr)

    def test_many_at_once_have_a_number_each(self):
        command = [TOOL, "simulate", "--trace", TRACE, "--capacity-blocks", "10", "--quiet"]
        runs = [subprocess.Popen(command, cwd=self.folder, env=self.environment()) for _ in range(12)]
        self.assertEqual([run.wait() for run in runs], [0] * 12)
        self.assertEqual([e["number"] for e in self.entries()], list(range(1, 13)))

    def test_a_damaged_line_stops_nothing(self):
        self.succeeds("simulate", "--trace", TRACE, "--capacity-blocks", "10", "--quiet")
        whole = self.file.read_text()
        self.file.write_text("not JSON\n" + whole + whole[: len(whole) // 2])
        self.succeeds("simulate", "--trace", TRACE, "--capacity-blocks", "10", "--quiet")
        listed = self.succeeds("history", "--json")
        self.assertEqual([e["number"] for e in json.loads(listed.stdout)], [1, 2])
        self.assertEqual(listed.stderr.count("2 lines of"), 1, listed.stderr)

    def test_the_number_is_found_behind_long_damage(self):
        self.file.parent.mkdir()
        self.file.write_text('{"number": 41}\n' + "x" * 300_000 + "\n" + "y" * 100)
        self.succeeds("simulate", "--trace", TRACE, "--capacity-blocks", "10", "--quiet")
        self.assertEqual(json.loads(self.file.read_text().splitlines()[-1])["number"], 42)

    def test_the_list_and_one_in_full(self):
        for users in ("5", "6", "7"):
            self.succeeds("run", *SIMULATED, "--num-users", users, "--quiet")
        lines = self.succeeds("history").stdout.splitlines()
        self.assertEqual(len(lines), 5)
        self.assertRegex(lines[1], r"^ +1  20\d\d-.*  kvmark run --clock virtual .* --num-users 5 --quiet$")
        last = self.succeeds("history", "--last", "2").stdout.splitlines()
        self.assertEqual(last[1:3], lines[2:4])
        shown = self.succeeds("history", "show", "2").stdout
        self.assertIn("--num-users 6", shown)
        self.assertRegex(shown, r"(?m)^exit code +0$")
        self.assertRegex(shown, r"(?m)^limited_by +\[.simulated.")
        self.assertEqual(json.loads(self.succeeds("history", "show", "3", "--json").stdout), self.entries()[2])

    def test_rerun_repeats_the_command_where_it_was(self):
        elsewhere = self.folder / "else where"
        elsewhere.mkdir()
        subprocess.run([TOOL, "run", *SIMULATED, "--output", "it's.json"], cwd=elsewhere, env=self.environment(), check=True,
                       capture_output=True)
        (elsewhere / "it's.json").unlink()
        entry = self.entries()[0]
        self.file.write_text(json.dumps({**entry, "version": "0.0.1"}) + "\n")
        run = self.run_tool("history", "rerun", "1", KVMARK_HISTORY=os.path.relpath(self.file, self.folder))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("it ran with kvmark 0.0.1", run.stderr)
        self.assertIn(f"in '{elsewhere}': kvmark run", run.stderr)
        self.assertIn("--output 'it'\\''s.json'", run.stderr)
        self.assertTrue((elsewhere / "it's.json").exists())
        again = self.entries()[1]
        self.assertEqual((again["number"], again["argv"], again["cwd"]), (2, entry["argv"], entry["cwd"]))
        self.assertEqual(again["figures"], entry["figures"], "one seed, one simulation")

    def test_rerun_hands_on_the_exit_code_and_says_what_is_not_there(self):
        self.file.parent.mkdir()
        entry = {"number": 3, "cwd": str(self.folder), "argv": ["kvmark", "run", "--num-users", "0"], "version": "0.0.1"}
        self.file.write_text(json.dumps(entry) + "\n" + json.dumps({**entry, "number": 4, "cwd": "/not/there"}) + "\n")
        self.assertEqual(self.run_tool("history", "rerun", "3").returncode, 2)
        gone = self.run_tool("history", "rerun", "4")
        self.assertEqual(gone.returncode, 1)
        self.assertIn("cannot enter /not/there", gone.stderr)
        missing = self.run_tool("history", "show", "9")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("it has 3 to 4", missing.stderr)

    def test_every_fault_is_named(self):
        self.refused("history", "shwo", saying=["history shwo: must be show or rerun", "show"])
        self.refused("history", "rerun", "x", "1", "--json", "--last", "2",
                     saying=["needs one number", "history rerun x", "--json goes with", "--last goes with"])
        self.refused("history", "--last", "-1", saying=["--last -1"])


if __name__ == "__main__":
    unittest.main()

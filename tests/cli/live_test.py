#!/usr/bin/env python3
"""`--live`: the full screen in a terminal (tmux), the way back from it, and plain lines where there is no terminal."""

import json
import re
import shutil
import subprocess
import time
import unittest

from tool import SIMULATED, TOOL, ToolTest

LOAD = ["run", "--live", "--model", "tiny-1b", "--num-users", "4", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0.1",
        "--storage-capacity-gb", "1", "--generation-mode", "none", "--seed", "1", "--cache-dir", "cache", "--output",
        "out.json"]
SHOWS = ["tiny-1b", "4 users", " left", "hit rate", "requests/s", "queue", "host", "read", "write", "GiB/s", "P50 ms",
         "P95 ms", "P99 ms", "storage GiB/s", "q stop"]


class Terminal:
    """A shell in tmux, whose screen is text."""

    def __init__(self, test: ToolTest, width: int, height: int, **environment: str):
        self.socket = str(test.folder / "tmux")
        words = [f"{name}={value}" for name, value in environment.items()]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(test.folder),
                  "env", "TERM=screen", "PS1=$ ", f"TMPDIR={test.folder}", *words, "bash", "--norc", "--noprofile")
        test.addCleanup(self.tmux, "kill-server")

    def tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, timeout=20).stdout

    def type(self, text: str):
        self.tmux("send-keys", text, "Enter")

    def key(self, key: str):
        self.tmux("send-keys", key)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-J")

    def everything(self) -> str:
        return self.tmux("capture-pane", "-p", "-J", "-S", "-1000")

    def wait_for(self, test: ToolTest, *parts: str, seconds: float = 60, rows=None) -> str:
        """The screen once all the parts are on it."""
        end = time.monotonic() + seconds
        while True:
            screen = (rows or self.screen)()
            missing = [part for part in parts if not re.search(part, screen)]
            if not missing:
                return screen
            if time.monotonic() > end:
                test.fail(f"{missing} never came on the screen:\n{screen}")
            time.sleep(0.1)


def command(*more: str) -> str:
    return " ".join([TOOL, *LOAD, *more])


@unittest.skipUnless(shutil.which("tmux"), "SKIPPED: tmux is not installed; the live view is not tested on a terminal")
class OnATerminal(ToolTest):
    def run_to_the_end(self, width: int, height: int, **environment: str) -> str:
        terminal = Terminal(self, width, height, **environment)
        terminal.type("stty -g > before")
        terminal.type(f"{command('--duration', '3')}; echo code=$?; stty -g > after")
        shown = terminal.wait_for(self, *map(re.escape, SHOWS), r"\d:\d\d left", r"hit rate \d", r"\d+ %")
        self.assertRegex(shown.splitlines()[0], r"^kvmark  tiny-1b .* 0:0\d left$")
        self.assertRegex(shown, r"(direct|uring|mapped)_file")
        self.assertRegex(shown, r"(read|write) +\d+\.\d\d +\d[\d.]* +\d[\d.]* +\d[\d.]*", "P50, P95 and P99 of a tier")
        self.assertLessEqual(max(map(len, shown.splitlines())), width)
        # Afterwards the summary is there, the screen is not, and the terminal is as it was.
        after = terminal.wait_for(self, "code=0", rows=terminal.everything)
        self.assertIn("Hit rate", after)
        self.assertNotIn("q stop", after)
        terminal.type("echo usable > works")
        self.eventually(lambda: (self.folder / "works").exists())
        self.assertEqual((self.folder / "before").read_text(), (self.folder / "after").read_text())
        self.assertEqual(terminal.tmux("display-message", "-p", "#{alternate_on}").strip(), "0")
        result = self.read_json("out.json")
        self.assertFalse(result["kvmark"]["interrupted"])
        self.check_timeline(result["kvmark"])
        return shown

    def eventually(self, holds):
        end = time.monotonic() + 20
        while not holds() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertTrue(holds())

    def check_timeline(self, kvmark: dict):
        """Each row has the latency of its second."""
        rows = kvmark["timeline"]
        self.assertTrue(rows)
        storage = kvmark["tiers"][-1]
        for key, direction in [("storage_read_ms", "read"), ("storage_write_ms", "write")]:
            counted = [row[key] for row in rows if row[key] is not None]
            self.assertLessEqual(sum(c["count"] for c in counted), storage[direction]["operations"])
            for c in counted:
                self.assertTrue(0 < c["p50"] <= c["p95"] <= c["p99"], c)
        self.assertTrue(any(row["end_to_end_ms"] for row in rows))
        self.assertTrue(all(row["ttft_ms"] is None for row in rows))

    def test_a_terminal_of_100_by_30(self):
        shown = self.run_to_the_end(100, 30, LC_ALL="C.UTF-8")
        self.assertIn("used of limit", shown)
        self.assertIn("entries", shown)
        self.assertRegex(shown, "[█▏▎▍▌▋▊▉]")

    def test_a_small_terminal_without_unicode(self):
        shown = self.run_to_the_end(60, 15, LC_ALL="C", NO_COLOR="1")
        self.assertTrue(shown.isascii(), shown)

    def test_q_stops_and_the_result_is_written(self):
        terminal = Terminal(self, 80, 24)
        terminal.type(f"{command('--duration', '120')}; echo code=$?")
        terminal.wait_for(self, " left", "q stop")
        terminal.key("?")
        terminal.wait_for(self, "any key: back")
        terminal.key("x")
        terminal.key("p")
        terminal.wait_for(self, "FROZEN")
        begun = time.monotonic()
        terminal.key("q")
        terminal.wait_for(self, "code=130", seconds=30)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertTrue(self.read_json("out.json")["kvmark"]["interrupted"])

    def test_what_is_said_during_the_run_comes_after_it(self):
        # With an I/O trace the tool says at its end where it lies.
        terminal = Terminal(self, 100, 30)
        terminal.type(f"{command('--duration', '2', '--io-trace-log', 'ops.csv')}; echo code=$?")
        text = terminal.wait_for(self, "code=0", rows=terminal.everything)
        self.assertRegex(text, r"kvmark: I/O trace of [\d,]+ operations in ops.csv")

    @unittest.skipUnless(shutil.which("mpirun"), "SKIPPED: mpirun is not installed")
    def test_a_job_shows_its_hosts(self):
        terminal = Terminal(self, 100, 40)
        launch = ["--exec-type", "mpi", "--hosts", "localhost", "--num-processes", "2", "--oversubscribe",
                  "--allow-run-as-root"]
        terminal.type(f"{command('--duration', '4', *launch)}; echo code=$?")
        shown = terminal.wait_for(self, " left", r"host +ranks +storage|without MPI")
        if "without MPI" in shown:
            self.skipTest("SKIPPED: built without MPI")
        terminal.wait_for(self, r"(?m)^\S+ +2 +[\d.]+ [MG]iB +[\d.]+$")
        terminal.wait_for(self, "code=0", "2 ranks on 1 host", rows=terminal.everything)

    def test_a_signal_leaves_a_usable_terminal(self):
        terminal = Terminal(self, 80, 24)
        terminal.type(f"{command('--duration', '120')} & echo $! > pid; fg; echo code=$?")
        terminal.wait_for(self, " left", "q stop")
        subprocess.run(["kill", "-TERM", (self.folder / "pid").read_text().strip()], check=True)
        terminal.wait_for(self, "code=143")
        self.assertEqual(terminal.tmux("display-message", "-p", "#{alternate_on}").strip(), "0")

    def test_a_terminal_without_a_full_screen_has_lines(self):
        terminal = Terminal(self, 100, 30)
        terminal.type(f"TERM=dumb {command('--duration', '2')}; echo code=$?")
        text = terminal.wait_for(self, "code=0", rows=terminal.everything)
        self.assertIn("--live: a terminal of the kind dumb (TERM) has no full screen; lines of progress instead", text)

    def test_stdout_may_be_a_file(self):
        terminal = Terminal(self, 100, 30)
        terminal.type(f"{command('--duration', '2')} > summary < /dev/null; echo code=$?")
        terminal.wait_for(self, " left", "q stop")
        terminal.wait_for(self, "code=0")
        self.assertIn("Hit rate", (self.folder / "summary").read_text())


class ElsewhereThanOnATerminal(ToolTest):
    def test_files_have_the_lines_of_progress_and_no_control_characters(self):
        texts = []
        for live in [["--live"], []]:
            run = subprocess.run([TOOL, "run", *live, *LOAD[2:], "--duration", "2"], cwd=self.folder,
                                 env=self.environment(TERM="xterm-256color"), capture_output=True, timeout=120)
            self.assertEqual(run.returncode, 0, run.stderr)
            for written in (run.stdout, run.stderr):
                self.assertEqual([byte for byte in written if byte < 0x20 and byte not in b"\n\t" or byte == 0x7f], [])
            lines = run.stderr.decode()
            self.assertRegex(lines, r"(?m)^\d+ s left \| .* tokens/s \| hit \d+ % \| .* GiB/s \| 4 users, ")
            texts.append(re.sub(r"\d[\d.,]*", "N", lines))
        self.assertEqual(*texts)

    def test_quiet_says_nothing(self):
        run = self.succeeds("run", "--live", "--quiet", *SIMULATED)
        self.assertEqual((run.stdout, run.stderr), ("", ""))


if __name__ == "__main__":
    unittest.main()

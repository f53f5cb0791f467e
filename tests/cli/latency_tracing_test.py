#!/usr/bin/env python3
"""--enable-latency-tracing: what bpftrace says reaches the result; where it cannot, one line; no child stays."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tool import SIMULATED, TOOL, ToolTest

RUN = ["run", "--model", "tiny-1b", "--num-users", "4", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0", "--storage-capacity-gb", "0.25",
       "--generation-mode", "none", "--seed", "1", "--cache-dir", "kv", "--output", "out.json", "--enable-latency-tracing"]

# Prints as bpftrace does, three reads more each time, and leaves its number and its end where the test looks.
STAND_IN = f"""#!{sys.executable}
import json, os, signal, sys, time
def say(kind, data): print(json.dumps({{"type": kind, "data": data}}), flush=True)
def left(text): open("ended", "a").write(text)
open("pid", "w").write(str(os.getpid()))
open("words", "w").write("\\n".join(sys.argv[1:]))
def stop(number, frame):
    left(str(number))
    if not os.path.exists("stubborn"): sys.exit(0)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, lambda *_: (left("15"), os._exit(0)))
say("attached_probes", {{"probes": 4}})
n = 0
while True:
    n += 3
    say("printf", "%d\\n" % time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    say("hist", {{"@us": {{"R": [{{"min": 64, "max": 127, "count": n}}], "WS": [{{"min": 8, "max": 15, "count": 7}}]}}}})
    say("map", {{"@sizes": {{"R,65536": n, "WS,4096": 7}}}})
    time.sleep(0.1)
"""


class LatencyTracing(ToolTest):
    def setUp(self):
        super().setUp()
        if os.major(self.folder.stat().st_dev) == 0:
            self.skipTest("SKIPPED: there is no block device behind /var/tmp")

    def environment(self, **changes: str) -> dict[str, str]:
        return super().environment(**{"PATH": f"{self.folder}/bin:/usr/bin:/bin", **changes})

    def stand_in(self, text: str = STAND_IN):
        (self.folder / "bin").mkdir()
        program = self.folder / "bin" / "bpftrace"
        program.write_text(text)
        program.chmod(0o755)

    def child(self) -> int:
        return int((self.folder / "pid").read_text())

    def assert_gone(self, pid: int):
        for _ in range(100):
            try:
                state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except FileNotFoundError:
                return
            if state == "Z":
                return
            time.sleep(0.05)
        self.fail(f"bpftrace ({pid}) was left behind")

    def test_what_it_saw_is_in_the_result(self):
        self.stand_in()
        run = self.succeeds(*RUN, "--duration", "2", "--csv", "out.csv")
        seen = self.read_json("out.json")["kvmark"]["block_layer"]
        ((low, high, count),) = seen["read"]["latency_us"]
        self.assertEqual((low, high), (64, 127))
        self.assertEqual(seen["read"]["size_bytes"], [[65536, 65536, count]])
        self.assertEqual(seen["read"]["requests"], count)
        self.assertEqual(seen["write"]["requests"], 0, "what was there before the window is not of it")
        self.assertGreaterEqual(seen["begin_s"], 0)
        self.assertLessEqual(seen["end_s"], 2.1)
        self.assertGreater(seen["end_s"] - seen["begin_s"], 1)
        self.assertAlmostEqual(count, 30 * (seen["end_s"] - seen["begin_s"]), delta=25)
        self.assertIn(f"{seen['devices']}, seen by bpftrace", run.stdout)
        self.assertIn(f"block_layer.read,latency_to_127_us,count,{count}", (self.folder / "out.csv").read_text())
        self.assertIn("block_rq_complete", (self.folder / "words").read_text())
        self.assertEqual((self.folder / "ended").read_text(), str(int(signal.SIGINT)))
        self.assert_gone(self.child())

    def test_where_it_cannot_one_line_says_why_and_the_run_goes_on(self):
        def line_of(*options: str) -> str:
            run = self.succeeds(*RUN, "--duration", "1", *options)
            self.assertIsNone(self.read_json("out.json")["kvmark"]["block_layer"])
            lines = [line for line in run.stderr.splitlines() if "--enable-latency-tracing" in line]
            self.assertEqual(len(lines), 1, run.stderr)
            self.assertEqual(len([w for w in self.read_json("out.json")["kvmark"]["warnings"] if "latency-tracing" in w]), 1)
            return lines[0]

        (self.folder / "empty").mkdir()
        run = self.run_tool(*RUN, "--duration", "1", PATH=str(self.folder / "empty"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr.count("there is no bpftrace in PATH"), 1)
        self.stand_in("#!/bin/sh\necho 'ERROR: tracepoint not found: block:block_rq_issue' >&2\nexit 1\n")
        self.assertIn("bpftrace ended: ERROR: tracepoint not found", line_of())
        if os.major(os.stat("/run").st_dev) == 0 and os.access("/run", os.W_OK):
            with tempfile.TemporaryDirectory(dir="/run") as memory:
                self.assertIn(f"no block device behind {memory}", line_of("--cache-dir", memory))
        self.assertIn("time is virtual", line_of("--clock", "virtual"))

    def test_an_interrupted_run_and_a_killed_one_leave_no_child(self):
        self.stand_in()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            (self.folder / "pid").unlink(missing_ok=True)
            run = subprocess.Popen([TOOL, *RUN, "--duration", "60", "--quiet"], cwd=self.folder, env=self.environment())
            time.sleep(0.2)
            while not (self.folder / "pid").exists() or not (self.folder / "kv").exists():
                time.sleep(0.05)
                self.assertIsNone(run.poll())
            time.sleep(2.5)
            run.send_signal(number)
            self.assertEqual(run.wait(20), -number if number == signal.SIGKILL else 128 + number)
            self.assert_gone(self.child())
        self.assertGreater(self.read_json("out.json")["kvmark"]["block_layer"]["read"]["requests"], 0)

    def test_a_child_that_does_not_end_is_ended(self):
        self.stand_in()
        self.write("stubborn", "")
        self.succeeds(*RUN, "--duration", "1", "--quiet")
        self.assert_gone(self.child())


if __name__ == "__main__":
    unittest.main()

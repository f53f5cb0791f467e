"""kvmark calibrate: its file holds together, drives --clock virtual, and is whole or not there; faults located."""

import json
import signal
import subprocess
import time
import unittest

from tool import SIMULATED, TOOL, ToolTest

SHORT = ["--quick", "--seconds", "0.03", "--io-chunk", "262144", "--queue-depth", "2"]


class Calibrate(ToolTest):
    def test_the_file_holds_what_was_measured_and_what_was_fitted(self):
        run = self.succeeds("calibrate", "--path", "disk", *SHORT, "--output", "disk.json")
        found = self.read_json("disk.json")
        measured, modelled = found["measured"], found["modelled"]
        self.assertEqual((measured["io_chunk_bytes"], measured["verify"]), (262144, "full"))
        self.assertEqual(measured["path"], "disk")
        seen = {(c["block_bytes"], c["depth"], c["read_percent"]): c for c in measured["cases"]}
        expected = {(block, depth, way) for block in (262144, 65536) for depth in (1, 2) for way in (100, 0)}
        self.assertEqual(set(seen), expected | {(262144, 2, 50)})
        for case in seen.values():
            self.assertEqual(len(case["rounds_bytes_per_second"]), 2)
            self.assertAlmostEqual(case["bytes_per_second"], sum(case["rounds_bytes_per_second"]) / 2, delta=1)
        # The line through the two sizes, at depth 1, gives back the larger of them.
        for name, percent in (("read", 100), ("write", 0)):
            way, case = modelled[name], seen[(262144, 1, percent)]
            alone = way["latency_ns"] + 262144 / way["alone_bytes_per_second"] * 1e9
            self.assertAlmostEqual(alone, 262144 / case["bytes_per_second"] * 1e9, delta=alone / 1000)
            self.assertEqual(len(way["spread"]), len(modelled["spread_ranks"]))
            self.assertEqual(way["spread"], sorted(way["spread"]))
        for word in ("256 KiB x 2", "mixed", "fitted", "error", "contention"):
            self.assertIn(word, run.stdout)
        self.assertEqual(self.files(), ["disk.json"], "no file may stay on the path")

    def test_memory_and_json(self):
        run = self.succeeds("calibrate", "--memory", *SHORT, "--output", "host.json", "--json", "--verify", "stamps")
        found = self.read_json("host.json")
        self.assertEqual(json.loads(run.stdout), found)
        self.assertEqual((found["measured"]["path"], found["measured"]["engine"]), (None, "host"))
        self.assertEqual(found["modelled"]["granule_bytes"], 262144)

    def test_a_simulation_uses_it(self):
        self.succeeds("calibrate", "--path", "disk", *SHORT, "--output", "fast.json")
        slow = self.read_json("fast.json")
        slow["modelled"]["contention"] = 1
        for way in ("read", "write"):
            slow["modelled"][way].update(bytes_per_second=1e8, alone_bytes_per_second=1e8)
        self.write("slow.json", json.dumps(slow))

        def storage(*words: str) -> dict:
            self.succeeds("run", *SIMULATED, "--cpu-mem-gb", "0", "--generation-mode", "none", *words,
                          "--output", "out.json", "--quiet")
            return next(t for t in self.read_json("out.json")["kvmark"]["tiers"] if t["role"] == "storage")

        default, fast, again, slowed = (storage(), storage("--calibration", "storage=fast.json"),
                                        storage("--calibration=storage=fast.json"),
                                        storage("--calibration", "storage=slow.json"))
        self.assertEqual(fast, again)
        self.assertNotEqual(default["read"], fast["read"])
        moved = slowed["read"]["bytes"] + slowed["write"]["bytes"]
        self.assertAlmostEqual(moved / 20, 1e8, delta=1e7)  # entries under way at the end are not counted
        self.assertGreater(fast["read"]["bytes"] + fast["write"]["bytes"], moved)

    def test_wrong_files_are_located(self):
        self.succeeds("calibrate", "--memory", *SHORT, "--output", "good.json", "--quiet")
        text = (self.folder / "good.json").read_text()
        good = json.loads(text)

        def refused(name: str, content: str | None, *saying: str):
            if content is not None:
                self.write(name, content)
            self.refused("run", *SIMULATED, "--calibration", f"host={name}", saying=[name, *saying])

        refused("absent.json", None, "cannot be read", "No such file")
        refused("short.json", text[: len(text) // 2], f"short.json:{text[: len(text) // 2].count(chr(10)) + 1}:", "ends here")
        lines = text.splitlines()
        lines[4] = "    oops"
        refused("broken.json", "\n".join(lines), "broken.json:5:5: not JSON")
        refused("behind.json", text + "{}", "more text behind")
        refused("other.json", '{"kind": "a recipe"}', "not written by kvmark calibrate")
        del good["modelled"]["read"]["latency_ns"]
        refused("part.json", json.dumps(good), "modelled.read.latency_ns: must be a number")
        good = json.loads(text)
        good["modelled"]["write"]["bytes_per_second"] = 0
        refused("zero.json", json.dumps(good), "modelled.write.bytes_per_second: must be a number, 1")
        good = json.loads(text)
        good["modelled"]["read"]["spread"].pop()
        refused("spread.json", json.dumps(good), "modelled.read.spread: must be 11 numbers")
        good["version"] = 2
        refused("later.json", json.dumps(good), "version: must be")

    def test_faults_are_named_and_nothing_is_touched(self):
        self.refused("calibrate", "--memory", "--path", "disk", "--io-chunk", "5000", "--queue-depth", "0",
                     saying=["--memory and --path", "--output FILE is needed", "--io-chunk 5000", "--queue-depth 0",
                             "kvmark calibrate --help"])
        self.refused("calibrate", "--output", "no/such/folder.json", saying=["no/such/folder.json"])
        self.refused("calibrate", "--path", "/etc/kvmark", "--output", "x.json", saying=["--path /etc/kvmark"])
        self.refused("calibrate", "--output", "x.json", "--io-chunk", str(64 << 20), "--queue-depth", "64",
                     saying=["more than a third"])
        self.refused("run", "--calibration", "storage=x.json", saying=["add --clock virtual"])
        self.refused("run", *SIMULATED, "--calibration", "disk=x.json", saying=["must be gpu=FILE"])

    def test_an_interruption_writes_nothing(self):
        run = subprocess.Popen([TOOL, "calibrate", "--path", "disk", "--seconds", "600", "--output", "out.json"],
                               cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 130, said)
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()

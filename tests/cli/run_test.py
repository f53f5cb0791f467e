#!/usr/bin/env python3
"""Runs of the tool: result files, reproducibility, traces, run directories, signals, other programs."""

import csv
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time
import unittest

from tool import SIMULATED, SOURCE, TOOL, ToolTest, expand

# Real storage, small: seconds, not minutes.
REAL = ["--model", "tiny-1b", "--num-users", "4", "--duration", "2", "--gpu-mem-gb", "0", "--cpu-mem-gb", "0.25",
        "--storage-capacity-gb", "1", "--generation-mode", "none", "--seed", "1", "--cache-dir", "cache"]


def values_at(value, path: str) -> list:
    """The values at a dotted path of tests/data/reference_keys.txt."""
    if not path:
        return [value]
    if path.startswith("[]"):
        rest = path[2:].lstrip(".")
        return [found for member in value for found in values_at(member, rest)] if isinstance(value, list) else []
    key, rest = re.match(r"([^.\[]+)\.?(.*)", path, re.DOTALL).groups()
    return values_at(value[key], rest) if isinstance(value, dict) and key in value else []


def has_type(value, name: str) -> bool:
    types = {"integer": int, "number": (int, float), "text": str, "list": list, "object": dict, "bool": bool,
             "any": object}
    return isinstance(value, types[name]) and (name in ("bool", "any") or not isinstance(value, bool))


class Results(ToolTest):
    def test_the_result_has_the_reference_s_keys(self):
        self.succeeds("run", *SIMULATED, "--gpu-tier", "modelled", "--gpu-mem-gb", "0.2", "--cpu-mem-gb", "0.2",
                      "--storage-capacity-gb", "4", "--output", "out.json")
        result = self.read_json("out.json")
        self.assertGreater(result["requests_completed"], 0)
        for line in (SOURCE / "tests/data/reference_keys.txt").read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            pattern, kind, when = line.split()
            for path in expand(pattern):
                found = values_at(result, path)
                with self.subTest(path):
                    if when == "always" or "latency_ms" in path or "_ms" in path and "autoscaling" not in path:
                        self.assertTrue(found)
                    for value in found:
                        self.assertTrue(value is None and when == "null" or has_type(value, kind), value)

    def test_a_seed_in_virtual_time_gives_the_same_result_twice(self):
        results = []
        for folder, seed in [("a", "7"), ("b", "7"), ("c", "8")]:
            (self.folder / folder).mkdir()
            run = subprocess.run([TOOL, "run", *SIMULATED, "--seed", seed, "--output", "out.json", "--quiet"],
                                 cwd=self.folder / folder, env=self.environment(), check=False)
            self.assertEqual(run.returncode, 0)
            result = self.read_json(f"{folder}/out.json")
            for key in ["started", "finished", "argv"]:
                del result["kvmark"][key]
            del result["seed"], result["kvmark"]["options"]["seed"]
            results.append(result)
        self.assertEqual(results[0], results[1])
        self.assertNotEqual(results[0], results[2])

    def test_a_run_on_real_storage(self):
        run = self.succeeds("run", *REAL, "--output", "out.json", "--csv", "out.csv")
        result = self.read_json("out.json")
        self.assertGreater(result["requests_completed"], 0)
        self.assertTrue(result["kvmark"]["integrity"]["clean"])
        self.assertEqual([tier["name"] for tier in result["kvmark"]["tiers"]], ["host", "uring_file"])
        self.assertGreater(result["summary"]["cache_stats"]["tier_storage_kv_bytes_written_gb"], 0)
        self.assertIn("uring_file", run.stdout)
        self.assertIn("Result     out.json", run.stdout)
        self.assertEqual(self.files(), ["out.csv", "out.json"], "no cache file may stay")
        with (self.folder / "out.csv").open() as file:
            rows = {(row["scope"], row["metric"]): row["value"] for row in csv.DictReader(file)}
        self.assertEqual(int(rows["run", "requests_completed"]), result["requests_completed"])

    def test_the_buffered_tier(self):
        self.succeeds("run", *REAL, "--storage-tier", "file", "--output", "out.json")
        self.assertEqual(self.read_json("out.json")["kvmark"]["tiers"][-1]["name"], "file")

    def test_histograms_hold_every_sample(self):
        self.succeeds("run", *SIMULATED, "--output", "out.json", "--max-samples", "3")
        result = self.read_json("out.json")
        completed = result["requests_completed"]
        self.assertEqual(len(result["end_to_end_latencies"]), 3)
        self.assertEqual(result["kvmark"]["samples"], {"kept": 3, "completed": completed, "capped": True})
        histogram = result["kvmark"]["latency"]["end_to_end"]["histogram_ns"]
        self.assertEqual(sum(count for _, _, count in histogram), completed)

    def test_storage_without_a_bound_takes_what_the_others_give_up(self):
        self.succeeds("run", *SIMULATED, "--cpu-mem-gb", "0.2", "--output", "out.json")
        storage = self.read_json("out.json")["kvmark"]["tiers"][-1]
        self.assertIsNone(storage["limit_bytes"])
        self.assertGreater(storage["demotions_in"], 0)

    def test_a_warm_up_comes_before_the_window(self):
        self.succeeds("run", *SIMULATED, "--output", "whole.json")
        self.succeeds("run", *SIMULATED, "--duration", "8", "--output", "before.json")
        self.succeeds("run", *SIMULATED, "--warmup", "8", "--duration", "12", "--output", "after.json")
        whole, before, after = (self.read_json(f"{name}.json") for name in ("whole", "before", "after"))
        self.assertEqual(after["summary"]["elapsed_time"], 12)
        self.assertEqual(after["kvmark"]["options"]["warmup"], 8)
        self.assertEqual(after["kvmark"]["timeline"][0]["at_s"], 1)
        for key in ("requests_completed", "total_tokens_generated", "multi_turn_cache_hits"):
            self.assertEqual(before[key] + after[key], whole[key], key)
        self.assertIn("--warmup 8.0", " ".join(after["kvmark"]["argv"]))

    def test_a_run_says_whether_it_had_settled(self):
        self.succeeds("run", *SIMULATED, "--duration", "120", "--output", "long.json")
        settled = self.read_json("long.json")["kvmark"]["steady_state"]
        self.assertIsInstance(settled["steady"], bool)
        self.assertLessEqual(settled["cut_s"], 60)
        self.succeeds("run", *SIMULATED, "--duration", "5", "--output", "short.json")
        self.assertIsNone(self.read_json("short.json")["kvmark"]["steady_state"])

    def test_no_gpu_is_one_clear_line_and_no_tier(self):
        run = self.succeeds("run", *SIMULATED, "--gpu-mem-gb", "8", "--output", "out.json")
        self.assertEqual(run.stderr.count("gives no GPU tier: device memory has no virtual time"), 1)
        gpu = [tier for tier in self.read_json("out.json")["kvmark"]["tiers"] if tier["role"] == "gpu"]
        self.assertTrue(all(tier["limit_bytes"] == 0 for tier in gpu))
        self.assertNotIn("no GPU tier", self.succeeds("run", *SIMULATED, "--gpu-mem-gb", "0").stderr)

    def test_quiet_and_log_level(self):
        run = self.succeeds("run", *SIMULATED, "--quiet")
        self.assertEqual((run.stdout, run.stderr), ("", ""))
        run = self.succeeds("run", *SIMULATED, "--log-level", "ERROR")
        self.assertEqual(run.stderr, "")
        self.assertIn("Requests", run.stdout)

    def test_no_colour_without_a_terminal(self):
        run = self.succeeds("run", *SIMULATED)
        self.assertNotIn("\x1b", run.stdout + run.stderr)

    def test_an_output_that_is_no_file(self):
        run = self.succeeds("run", *SIMULATED, "--quiet", "--output", "/dev/stdout")
        self.assertEqual(json.loads(run.stdout)["seed"], 1)

    @unittest.skipIf("without libxlsxwriter" in subprocess.run(
        [TOOL, "run", "--xlsx-output", "x.xlsx", "--num-users", "0"], capture_output=True, text=True).stderr,
        "this tool cannot write spreadsheets")
    def test_spreadsheet(self):
        self.succeeds("run", *SIMULATED, "--xlsx-output", "out.xlsx")
        self.assertEqual((self.folder / "out.xlsx").read_bytes()[:2], b"PK")
        self.assertEqual(self.files(), ["out.xlsx"])


class Demonstration(ToolTest):
    def test_it_measures_says_where_the_result_is_and_cleans_up(self):
        run = self.succeeds("run", "--demo", "--duration", "2")
        self.assertIn("Result     ./kvmark_result.json", run.stdout)
        self.assertEqual(self.files(), ["kvmark_result.json"])
        self.assertGreater(self.read_json("kvmark_result.json")["requests_completed"], 0)


class Traces(ToolTest):
    HEADER = ["Timestamp", "Operation", "Object_Size_Bytes", "Tier", "Key", "Phase"]

    def check(self, text: str) -> None:
        rows = list(csv.reader(text.splitlines()))
        self.assertEqual(rows[0], self.HEADER)
        self.assertGreater(len(rows), 100)
        for row in rows[1:]:
            self.assertIn(row[1], ["Read", "Write"])
            self.assertIn(row[3], ["Tier-0", "Tier-1", "Tier-2"])
            self.assertIn(row[5], ["Prefill", "Decode", "Evict"])
            self.assertEqual(int(row[2]) % 4096, 0)
        self.assertEqual({row[5] for row in rows[1:]}, {"Prefill", "Decode", "Evict"})
        written = {row[4] for row in rows[1:] if row[1] == "Write"}
        self.assertTrue(all(row[4] in written for row in rows[1:] if row[1] == "Read"))

    def test_operations_are_written_and_repeat(self):
        words = ["run", *SIMULATED, "--cpu-mem-gb", "1", "--gpu-mem-gb", "1", "--storage-capacity-gb", "4"]
        self.succeeds(*words, "--io-trace-log", "one.csv")
        self.succeeds(*words, "--io-trace-log", "two.csv.zst")
        text = (self.folder / "one.csv").read_text()
        self.check(text)
        self.assertEqual(self.files(), ["one.csv", "two.csv.zst"])
        if shutil.which("zstd"):
            packed = subprocess.run(["zstd", "-dc", "two.csv.zst"], cwd=self.folder, capture_output=True, check=True)
            self.assertEqual(packed.stdout.decode().splitlines(), text.splitlines())

    def test_a_burst_trace_is_played(self):
        rows = "".join(f"{second},200,{50 + second},{250 + second}\n" for second in range(10))
        self.write("trace.csv", "Timestamp,Request tokens,Response tokens,Total tokens\n" + rows)
        self.succeeds("run", *SIMULATED, "--use-burst-trace", "--burst-trace-path", "trace.csv", "--replay-cycles", "1",
                      "--output", "out.json")
        self.assertEqual(self.read_json("out.json")["requests_completed"], 10)

    def test_conversations_are_played(self):
        turns = [{"from": "human", "value": "x" * 400}, {"from": "gpt", "value": "y" * 80}] * 3
        self.write("data.json", json.dumps([{"id": "a", "conversations": turns}]))
        self.succeeds("run", *SIMULATED, "--dataset-path", "data.json", "--output", "out.json")
        result = self.read_json("out.json")
        self.assertGreater(result["requests_completed"], 0)
        self.assertGreater(result["multi_turn_cache_hits"], 0)

    def test_a_trace_that_is_none(self):
        self.write("trace.csv", "a,b\n1,2\n")
        run = self.run_tool("run", *SIMULATED, "--use-burst-trace", "--burst-trace-path", "trace.csv")
        self.assertIn(run.returncode, [1, 2])
        self.assertIn("the header lacks the columns", run.stderr)


class RunDirectories(ToolTest):
    def test_its_files_and_their_content(self):
        self.succeeds("run", *SIMULATED, "--results-dir", "results")
        (directory,) = (self.folder / "results/kv_cache/run").iterdir()
        datetime = directory.name
        self.assertRegex(datetime, r"^\d{8}_\d{6}$")
        self.assertEqual(
            sorted(path.name for path in directory.iterdir()),
            sorted([f"kvcache_results_{datetime}.json", f"kv_cache_{datetime}_metadata.json",
                    f"kvcache_{datetime}.stdout.log", f"kvcache_{datetime}.stderr.log"]),
        )
        metadata = json.loads((directory / f"kv_cache_{datetime}_metadata.json").read_text())
        self.assertEqual(metadata["benchmark_type"], "kv_cache")
        self.assertEqual(metadata["run_datetime"], datetime)
        self.assertEqual(metadata["parameters"]["num_users"], 20)
        self.assertGreater(metadata["runtime"], 0)
        self.assertIn("Requests", (directory / f"kvcache_{datetime}.stdout.log").read_text())
        result = json.loads((directory / f"kvcache_results_{datetime}.json").read_text())
        self.assertEqual(metadata["kvcache_metrics"]["total_requests"], result["requests_completed"])

    def test_runs_at_the_same_moment_get_directories_of_their_own(self):
        runs = [subprocess.Popen([TOOL, "run", *SIMULATED, "--quiet", "--results-dir", "results"], cwd=self.folder,
                                 env=self.environment()) for _ in range(5)]
        self.assertEqual([run.wait(60) for run in runs], [0] * 5)
        directories = list((self.folder / "results/kv_cache/run").iterdir())
        self.assertEqual(len(directories), 5)
        for directory in directories:
            self.assertEqual(len(list(directory.glob("*_metadata.json"))), 1)

    def test_a_result_that_cannot_be_written_is_a_failed_run(self):
        run = self.run_tool("run", *SIMULATED, "--quiet", "--csv", "/dev/full")
        self.assertEqual(run.returncode, 1)
        self.assertIn("No space left on device", run.stderr)


class Interrupts(ToolTest):
    def interrupted(self, number: int) -> tuple[int, float]:
        with subprocess.Popen(
            [TOOL, "run", *REAL, "--duration", "60", "--output", "out.json"],
            cwd=self.folder, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as run:
            run.stderr.readline()  # the first line of progress: the window is open
            time.sleep(2)
            run.send_signal(number)
            sent = time.monotonic()
            run.wait(30)
            return run.returncode, time.monotonic() - sent

    def test_sigint_ends_within_a_second_with_a_marked_result(self):
        code, seconds = self.interrupted(signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertLess(seconds, 1)
        result = self.read_json("out.json")
        self.assertTrue(result["kvmark"]["interrupted"])
        self.assertLess(result["summary"]["elapsed_time"], 10)
        self.assertEqual(self.files(), ["out.json"], "no cache file may stay")

    def test_sigterm_ends_a_run_likewise(self):
        code, seconds = self.interrupted(signal.SIGTERM)
        self.assertEqual(code, 143)
        self.assertLess(seconds, 1)
        self.assertTrue(self.read_json("out.json")["kvmark"]["interrupted"])


class Corruption(ToolTest):
    def test_a_byte_that_changes_is_reported_with_its_place(self):
        run = subprocess.Popen(
            [TOOL, "run", *REAL, "--cpu-mem-gb", "0", "--storage-capacity-gb", "8"]  # so that no entry leaves
            + ["--duration", "6", "--output", "out.json", "--quiet"],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(3)
        flipped = 0
        for file in self.folder.glob("cache/*/*.kv"):
            with file.open("r+b") as content:
                content.seek(1_234_567)
                byte = content.read(1)
                if not byte:
                    continue
                content.seek(1_234_567)
                content.write(bytes([byte[0] ^ 1]))
                flipped += 1
        _, errors = run.communicate(timeout=30)
        self.assertGreater(flipped, 0)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(errors, r"did not read back as written.*entry \w+, offset 1232896: expected .*, found ")
        integrity = self.read_json("out.json")["kvmark"]["integrity"]
        self.assertFalse(integrity["clean"])
        self.assertEqual(integrity["corruptions"][0]["offset"], 1_234_567 // 4096 * 4096)


class OtherPrograms(ToolTest):
    def script(self) -> str:
        return self.write("fake.py", "import json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(7)\n")

    def test_a_script_runs_under_the_interpreter_with_the_reference_s_options(self):
        run = self.run_tool("run", "--kvcache-bin-path", self.script(), "--num-users", "3", "--cache-dir", "c",
                            "--queue-depth", "4")
        self.assertEqual(run.returncode, 7, "its exit code is ours")
        words = json.loads(run.stdout)
        self.assertEqual(words[:4], ["--model", "llama3.1-8b", "--num-users", "3"])
        self.assertNotIn("--queue-depth", words)

    def test_a_launcher_gets_the_whole_line(self):
        launcher = self.folder / "mpirun"
        launcher.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
        run = self.succeeds("run", "--exec-type", "mpi", "--hosts", "h1", "h2", "--mpi-bin", str(launcher),
                            "--mpi-params", "-x", "A=b c", "--kvcache-bin-path", self.script())
        words = run.stdout.splitlines()
        self.assertEqual(words[:4], ["-n", "2", "-host", "h1:1,h2:1"])
        self.assertIn("A=b c", words)

    def test_what_cannot_be_started(self):
        self.refused("run", "--kvcache-bin-path", "missing.py", saying=["missing.py: No such file"])
        run = self.run_tool("run", "--exec-type", "mpi", "--hosts", "h1", "--mpi-bin", "/no/such/mpirun")
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot start /no/such/mpirun", run.stderr)
        run = self.run_tool("run", "--kvcache-bin-path", self.script(), "--python", "/no/such/python")
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot start /no/such/python", run.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""A dry run prints the exact command and a plan, and touches nothing."""

import json
import re
import shlex
import unittest

from tool import TOOL, ToolTest, shared

# Of our own, for where the reference data is missing.
COMMAND_SAMPLE = {
    "name": "sample",
    "options": {"model": "tiny-1b", "num_users": 3, "exec_type": "mpi", "hosts": ["n1", "n2"], "seed": 0,
                "results_dir": "/r", "mpi_params": ["-x", "A=1"]},
    "context": {"python": "/py", "script": "/s.py", "run_datetime": "20250115_120000"},
    "argv": ["mpirun", "-n", "2", "-host", "n1:1,n2:1", "--bind-to", "none", "--map-by", "node", "-x", "A=1", "/py",
             "/s.py", "--model", "tiny-1b", "--num-users", "3", "--duration", "60", "--gpu-mem-gb", "16.0",
             "--cpu-mem-gb", "32.0", "--generation-mode", "realistic", "--performance-profile", "latency",
             "--cache-dir", "/r/kv_cache/run/20250115_120000/kvcache_data", "--output",
             "/r/kv_cache/run/20250115_120000/kvcache_results_20250115_120000.json", "--seed", "0"],
}
LAUNCH_SAMPLE = {
    "name": "sample", "launcher": "mpiexec", "hosts": ["n1"], "num_processes": 2, "oversubscribe": True,
    "allow_run_as_root": True, "mpi_params": ["--rank-by", "node"],
    "argv": ["mpiexec", "-n", "2", "-host", "n1:2", "--bind-to", "none", "--map-by", "socket", "--oversubscribe",
             "--allow-run-as-root", "--rank-by", "node"],
}


def cases(name: str, sample: dict) -> list[dict]:
    path = shared(f"vectors/{name}")
    return [sample, *(json.loads(path.read_text())["cases"] if path else [])]


def words_of(options: dict) -> list[str]:
    """The reference's options as a user of the tool writes them."""
    words = []
    for key, value in options.items():
        option = "--" + key.replace("_", "-")
        if value is None or value is False or key == "kvcache_bin_path":
            continue
        if value is True:
            words.append(option)
        elif isinstance(value, list):
            if key == "mpi_params":
                words += [f"{option}={element}" for element in value]
            elif value:
                words += [option, *value]
        else:
            words += [option, str(value)]
    return words


class DryRun(ToolTest):
    def test_the_reference_wrapper_s_commands(self):
        for case in cases("kv_cache_command.json", COMMAND_SAMPLE):
            with self.subTest(case["name"]):
                context = case["context"]
                printed = self.dry_run(
                    *words_of(case["options"]), "--kvcache-bin-path", context["script"], "--python", context["python"]
                )
                now = re.search(r"/kv_cache/run/(\d{8}_\d{6})", " ".join(printed["argv"]))
                text = json.dumps(printed["argv"]).replace(now[1] if now else "none", context["run_datetime"])
                self.assertEqual(json.loads(text), case["argv"])

    def test_the_launcher_s_prefix(self):
        for case in cases("mpi_launch.json", LAUNCH_SAMPLE):
            options = {key: case[key] for key in ["hosts", "num_processes", "oversubscribe", "allow_run_as_root",
                                                  "mpi_params"]}
            words = ["--exec-type", "mpi", "--mpi-bin", case["launcher"], *words_of(options)]
            with self.subTest(case["name"]):
                if "error" in case:
                    numbers = re.findall(r"\d+", case["error"])
                    self.refused("run", "--dry-run=json", *words, saying=numbers)
                    continue
                argv = self.dry_run(*words)["argv"]
                prefix = argv[: argv.index(TOOL)]
                self.assertEqual(argv[len(prefix) + 1], "run")
                # What an executed launch of kvmark's own ranks adds.
                for added in [["--timeout", prefix[prefix.index("--timeout") + 1]], ["--tag-output"],
                              ["-x", "KVMARK_LAUNCHED=1"]]:
                    at = prefix.index(added[0]) if len(added) == 1 else prefix.index(added[1]) - 1
                    self.assertEqual(prefix[at : at + len(added)], added)
                    del prefix[at : at + len(added)]
                self.assertEqual(prefix, case["argv"])

    def test_every_launcher_s_words(self):
        for launcher, first in [
            ("openmpi4", ["mpirun", "-n", "2", "-host", "n1:1,n2:1"]),
            ("openmpi5", ["mpirun", "-n", "2", "-host", "n1:1,n2:1"]),
            ("hydra", ["mpiexec.hydra", "-n", "2", "-hosts", "n1:1,n2:1"]),
            ("pals", ["mpiexec", "-n", "2", "--ppn", "1", "--hosts", "n1,n2"]),
            ("srun", ["srun", "--ntasks", "2", "--nodes", "2"]),
        ]:
            with self.subTest(launcher):
                argv = self.dry_run("--exec-type", "mpi", "--hosts", "n1", "n2", "--launcher", launcher)["argv"]
                self.assertEqual(argv[: len(first)], first)
                self.assertIn(TOOL, argv)

    def test_the_seed_of_the_project(self):
        argv = self.dry_run("--exec-type", "mpi", "--hosts", "host1,host2", "-np", "2", "-m", "llama3.1-8b", "-nu",
                            "100", "--mpi-bin", "/opt/x/mpirun")["argv"]
        self.assertEqual(argv[:9], ["/opt/x/mpirun", "-n", "2", "-host", "host1:1,host2:1", "--bind-to", "none",
                                    "--map-by", "node"])

    def test_the_display_form_splits_into_the_same_words(self):
        for odd in ["a b", "it's", "$HOME", "new\nline", 'say "no"', "*", ";rm", "a\\b"]:
            printed = self.dry_run("--cache-dir", f"/tmp/{odd}", "--exec-type", "mpi", "--hosts", "h1",
                                   f"--mpi-params={odd}", "--csv", odd)
            self.assertEqual(shlex.split(printed["display"]), printed["argv"])
            self.assertIn(odd, printed["argv"])

    def test_words_for_the_launcher_may_look_like_options(self):
        argv = self.dry_run("--exec-type", "mpi", "--hosts", "h1", "--mpi-params", "-x", "A=1", "--rank-by", "node",
                            "--num-users", "5", "--mpi-params=--oversubscribe")["argv"]
        at = argv.index(TOOL)
        self.assertEqual(argv[at - 5 : at], ["-x", "A=1", "--rank-by", "node", "--oversubscribe"])
        self.assertEqual(argv[argv.index("--num-users") + 1], "5")

    def test_no_prefix_for_a_local_run_or_without_hosts(self):
        for words in (["--hosts", "h1"], ["--exec-type", "mpi"], []):
            self.assertEqual(self.dry_run(*words)["argv"][:2], [TOOL, "run"])

    def test_the_command_repeats_the_tool_s_own_options(self):
        words = ["--storage-tier", "file", "--gpu-tier", "modelled", "--clock", "virtual", "--io-chunk", "65536",
                 "--csv", "a.csv", "--io-trace-log", "b.csv", "--queue-depth", "4", "--verify", "stamps"]
        argv = self.dry_run(*words)["argv"]
        for option, value in zip(words[::2], words[1::2]):
            self.assertEqual(argv[argv.index(option) + 1], value)
        again = self.dry_run(*argv[2:])["argv"]
        self.assertEqual(again, argv, "the command stands for itself")

    def test_the_plan_says_what_would_be_used(self):
        plan = self.dry_run("--model", "tiny-1b", "--num-users", "10", "--cpu-mem-gb", "2", "--storage-capacity-gb",
                            "4", "--cache-dir", "cache", "--disable-multi-turn")["plan"]
        self.assertEqual([(t["name"], t["limit_bytes"]) for t in plan["tiers"]],
                         [("host", 2 << 30), ("uring_file", 4 << 30)])
        # 0.625 of the mean of three personas: 2304, 14548 and 10240 tokens.
        self.assertAlmostEqual(plan["entry"]["mean_tokens"], 0.625 * (2304 + 14548 + 10240) / 3)
        self.assertEqual(plan["entry"]["largest_bytes"], 25000 * 24576)
        self.assertEqual(plan["per_user_bytes"], plan["entry"]["mean_bytes"])
        self.assertTrue(any("no usable GPU" in note for note in plan["notes"]))

    def test_the_text_form(self):
        text = self.succeeds("run", "--dry-run", "--model", "tiny-1b").stdout
        self.assertIn(TOOL + " run --model tiny-1b", text)
        self.assertIn("24,576 bytes per token", text)
        self.assertIn("Nothing was started and nothing was written.", text)
        self.assertEqual(self.files(), [])

    def test_hosts_that_take_no_part_are_named(self):
        plan = self.dry_run("--exec-type", "mpi", "--hosts", "h1", "h2", "h3", "-np", "2")["plan"]
        self.assertEqual(plan["hosts"], "h1:1,h2:1")
        self.assertTrue(any("h3" in note for note in plan["notes"]))


if __name__ == "__main__":
    unittest.main()

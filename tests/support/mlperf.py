"""Sequences of kvmark mlperf: short ones, the damage that --check must find, and what a tree must hold."""

import json
import pathlib
import re

# 100 s and 1 % of them: the shortest window there is.
SCALE = {"KVMARK_MLPERF_TIME_SCALE": "0.01"}
# Users with short contexts, so that a window of a second holds many requests on any machine.
CONFIG = """user_templates:
""" + "".join(f"""  {kind}:
    context_range: [64, 256]
    generation_range: [8, 16]
    think_time_range: [0.01, 0.02]
""" for kind in ["chatbot", "coding", "document"])
TINY = ["--mode", "open", "--model", "tiny-1b", "--num-users", "2", "--cpu-mem-gb", "0", "--storage-capacity-gb", "0.3",
        "--duration", "100", "--start-delay", "0", "--end-delay", "0", "--inter-option-delay", "0", "--systemname", "sys1",
        "--config", "users.yaml"]


def change(path: pathlib.Path, pointer: str, value) -> None:
    """Gives a member of a JSON file another value."""
    root = json.loads(path.read_text())
    *parents, name = pointer.strip("/").split("/")
    place = root
    for parent in parents:
        place = place[int(parent) if isinstance(place, list) else parent]
    place[name] = value
    path.write_text(json.dumps(root))


BANDWIDTH = "/summary/cache_stats/tier_storage_read_bandwidth_gbps"
# How a rank's file is damaged, and where the finding must be (the file itself: an empty place).
DAMAGES = {
    "another number of users": (lambda path: change(path, "/kvmark/options/num_users", 7), "/kvmark/options/num_users"),
    "another seed": (lambda path: change(path, "/seed", 1), "/seed"),
    "a negative figure": (lambda path: change(path, BANDWIDTH, -1), BANDWIDTH),
    "corrupt data": (lambda path: change(path, "/kvmark/integrity/corrupt_sectors", 1), "/kvmark/integrity/corrupt_sectors"),
    "cut short": (lambda path: path.write_text(path.read_text()[:1000]), ""),
}


def keys(value, path: str = "") -> set[str]:
    """The paths of all members; elements of a list are alike, and names of files are no keys."""
    if isinstance(value, dict):
        return {f"{path}/{key}" for key in value} | {k for key, v in value.items() for k in keys(v, f"{path}/{key}")}
    if isinstance(value, list):
        return {k for member in value for k in keys(member, path + "/*")}
    return set()


def tree(directory: pathlib.Path) -> list[str]:
    """All files below, with the datetimes in their names left out."""
    names = [str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()]
    return sorted(re.sub(r"\d{8}_\d{6}", "DT", name) for name in names)


def expected_tree(trials: int, ranks: int) -> list[str]:
    names = ["kv_cache_DT_metadata.json", "kv_cache_cluster_info.json", "kvcache_run_summary_DT.json",
             "kvmark_sequence.json", "kvmark_sequence.lock"]
    for option in [1, 2, 3]:
        for trial in range(trials):
            names += [f"kvcache_opt{option}_trial{trial}_DT.{stream}.log" for stream in ["stdout", "stderr"]]
            folder = f"option_{option}/trial_{trial}"
            names += [f"{folder}/kvmark_merged.json", f"{folder}/kvmark_trial.json"]
            names += [f"{folder}/rank_{rank}/kvcache_results_DT.json" for rank in range(ranks)]
    return sorted(names)


def rank_file(directory: pathlib.Path, option: int, trial: int, rank: int) -> pathlib.Path:
    [path] = (directory / f"option_{option}/trial_{trial}/rank_{rank}").glob("kvcache_results_*.json")
    return path


def summary(directory: pathlib.Path) -> dict:
    [path] = directory.glob("kvcache_run_summary_*.json")
    return json.loads(path.read_text())

"""What the structural checks hold the headers to. Paths are relative to include/kvmark."""

import pathlib
import re
import shutil
import subprocess

# A header includes its own folder and folders before it in this list, never after.
LAYERS = [
    "core",
    "gpu",
    "model",
    "workload",
    "tier",
    "cache",
    "measure",
    "engine",
    "launch",
    "exec",
    "benchmark",
    "report",
]

# Headers that kvmark.hpp leaves out, by the component that a user opts into: the CMake target kvmark::<component>,
# the macro KVMARK_WITH_<COMPONENT> of the single header. A name that ends in / stands for its whole folder.
OPT_IN = {
    "caching": [
        "cache/arc.hpp",
        "cache/belady.hpp",
        "cache/belady_leaf.hpp",
        "cache/clock.hpp",
        "cache/depth_buckets.hpp",
        "cache/entry_heap.hpp",
        "cache/frequency_sketch.hpp",
        "cache/leaf_first.hpp",
        "cache/length_aware.hpp",
        "cache/lfu.hpp",
        "cache/lru_leaf.hpp",
        "cache/miss_ratio_curve.hpp",
        "cache/next_use.hpp",
        "cache/policy_names.hpp",
        "cache/request_depths.hpp",
        "cache/s3fifo.hpp",
        "cache/selected_policy.hpp",
        "cache/shards.hpp",
        "cache/sieve.hpp",
        "cache/slru.hpp",
        "cache/stack_distance.hpp",
        "cache/stack_plan.hpp",
        "cache/tinylfu.hpp",
        "workload/synthetic_blocks.hpp",
        "workload/synthetic_config.hpp",
        "workload/synthetic_context.hpp",
        "workload/synthetic_sessions.hpp",
    ],
    "local": ["benchmark/block_benchmark.hpp", "exec/local.hpp"],
    "readers": ["workload/burst_gpt.hpp", "workload/reader/", "workload/sharegpt.hpp"],
    "report": ["benchmark/mlperf_rules.hpp", "report/"],
    "search": [
        "benchmark/limit_search.hpp",
        "benchmark/load_trials.hpp",
        "benchmark/plateau_search.hpp",
        "benchmark/slo.hpp",
        "measure/confidence.hpp",
    ],
    "checksummed": ["tier/checksummed.hpp"],
    "cuda": [
        "benchmark/copy_benchmark.hpp",
        "benchmark/copy_loop.hpp",
        "gpu/cufile.hpp",
        "gpu/cufile_mode.hpp",
        "gpu/cufile_status.hpp",
        "gpu/device.hpp",
        "gpu/driver.hpp",
        "gpu/errno_of.hpp",
        "gpu/layout_kernels.hpp",
        "gpu/layout_kernels_ptx.hpp",
        "gpu/management.hpp",
        "gpu/memory.hpp",
        "gpu/page_copies.hpp",
        "gpu/paged_cache.hpp",
        "gpu/peer_access.hpp",
        "gpu/pinned_set.hpp",
        "gpu/poll_pace.hpp",
        "gpu/read_gpu.hpp",
        "gpu/shared_library.hpp",
        "gpu/single_work.hpp",
        "gpu/stream.hpp",
        "gpu/upload.hpp",
        "tier/cuda.hpp",
        "tier/cuda_pool.hpp",
        "tier/device_resident.hpp",
        "tier/gds_file.hpp",
        "tier/gds_staging.hpp",
    ],
    "uring": ["tier/io_uring.hpp", "tier/uring_file.hpp"],
    "asio_file": ["tier/asio_file.hpp"],
    "job": [
        "measure/find_mount.hpp",
        "measure/job_report.hpp",
        "measure/members.hpp",
        "measure/merge.hpp",
        "measure/merge_series.hpp",
        "measure/packed.hpp",
        "measure/read_machine.hpp",
    ],
    "mpi": [
        "core/mpi.hpp",
        "exec/assemble.hpp",
        "exec/frames.hpp",
        "exec/job_environment.hpp",
        "exec/launch_job.hpp",
        "exec/mailbox.hpp",
        "exec/mpi.hpp",
        "exec/mpi_crew.hpp",
        "exec/job_patience.hpp",
        "exec/job_watcher.hpp",
        "exec/mpi_job.hpp",
        "exec/mpi_session.hpp",
        "exec/progress_text.hpp",
        "exec/rank_output.hpp",
        "exec/supervise.hpp",
        "tier/peer.hpp",
        "tier/peer_window.hpp",
    ],
}

# Components whose headers may include those of others.
STANDS_ON = {"asio_file": ["uring"], "mpi": ["job", "local"]}

# What a component defines for whoever links it (include/CMakeLists.txt).
DEFINITIONS = {"asio_file": ["BOOST_ASIO_HAS_IO_URING"]}

# The prefixes of third-party headers that a header may include, by header or folder; all others: none.
THIRD_PARTY = {
    "core/mpi.hpp": ["mpi.h"],
    "measure/confidence.hpp": ["boost/math/"],
    "exec/local.hpp": ["boost/asio/"],
    "exec/supervise.hpp": ["boost/asio/", "boost/optional.hpp", "boost/process/v2/", "boost/type_traits/"],
    "workload/reader/": ["boost/json"],
    "report/": ["boost/json", "fmt/"],
    "report/comparison.hpp": ["boost/math/"],
    "tier/asio_file.hpp": ["boost/asio/"],
    "tier/checksummed.hpp": ["xxhash.h"],
    "tier/io_uring.hpp": ["liburing.h"],
}

# Whole libraries where a part is meant, seconds of compile time each.
FORBIDDEN = {"boost/asio.hpp", "range/v3/all.hpp"}

# kvmark.hpp compiles in under a second because nothing in it includes these.
EXPENSIVE = {
    "algorithm",
    "chrono",
    "condition_variable",
    "filesystem",
    "fstream",
    "functional",
    "future",
    "iomanip",
    "iostream",
    "istream",
    "locale",
    "map",
    "memory_resource",
    "mutex",
    "ostream",
    "queue",
    "random",
    "ranges",
    "regex",
    "set",
    "sstream",
    "thread",
    "unordered_map",
    "unordered_set",
}

SYSTEM_FOLDERS = ("asm/", "linux/", "sys/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def mpi_flags() -> list[str] | None:
    """Where mpi.h lies, as compiler options; None where there is no MPI."""
    if not shutil.which("mpicxx"):
        return None
    shown = subprocess.run(["mpicxx", "--showme:incdirs"], capture_output=True, text=True)  # Open MPI's
    if shown.returncode == 0:
        return [f"-isystem{folder}" for folder in shown.stdout.split()]
    shown = subprocess.run(["mpicxx", "-show"], capture_output=True, text=True)  # MPICH's
    return [word.replace("-I", "-isystem", 1) for word in shown.stdout.split() if word.startswith("-I")]


def includes(header: pathlib.Path) -> list[tuple[int, str, str]]:
    """(line number, `<` or `"`, name) of every include."""
    found = []
    for number, line in enumerate(header.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            found.append((number, match[1], match[2]))
    return found


def covers(pattern: str, header: str) -> bool:
    return header.startswith(pattern) if pattern.endswith("/") else header == pattern


def component_of(header: str) -> str | None:
    """The component that `header` belongs to; None for what kvmark.hpp includes."""
    for component, patterns in OPT_IN.items():
        if any(covers(pattern, header) for pattern in patterns):
            return component
    return None


def layer_of(header: str) -> int:
    """The place of the header's folder in LAYERS; -1 for a folder that is not there."""
    folder = header.split("/")[0]
    return LAYERS.index(folder) if folder in LAYERS else -1


def library_headers(root: pathlib.Path) -> list[str]:
    """Every header below a layer folder, in layer order, then by name; kvmark.hpp itself is not among them."""
    base = root / "include/kvmark"
    names = [str(path.relative_to(base)) for path in base.rglob("*.hpp") if path != base / "kvmark.hpp"]
    return sorted(names, key=lambda name: (layer_of(name), name))

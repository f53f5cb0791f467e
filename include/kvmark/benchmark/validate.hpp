// Everything that is wrong with a set of options, at once.
#pragma once

#include <kvmark/benchmark/validate_workload.hpp>
#include <kvmark/launch/hosts.hpp>
#include <kvmark/launch/quote.hpp>

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

namespace kvmark {

namespace validation {

/// Directories where a benchmark's files have no business, as in the reference.
inline constexpr std::string_view forbidden_directories[]{"/etc",  "/bin", "/sbin", "/usr/bin", "/usr/sbin",
                                                          "/boot", "/sys", "/proc", "/dev",     "/root"};

/// An absolute path without `.`, `..` and doubled slashes, by its text alone.
[[nodiscard]] KVMARK_COLD std::string normalised(std::string_view absolute) {
    std::string path;
    while (!absolute.empty()) {
        const std::size_t slash = absolute.find('/');
        const std::string_view part = absolute.substr(0, slash);
        absolute.remove_prefix(slash == std::string_view::npos ? absolute.size() : slash + 1);
        if (part == "..")
            path.resize(path.empty() ? 0 : path.rfind('/'));
        else if (!part.empty() && part != ".")
            (path += '/') += part;
    }
    return path.empty() ? "/" : path;
}

/// `path` counted from the working directory.
[[nodiscard]] KVMARK_COLD std::string absolute(const std::string& path) {
    if (path.starts_with('/')) return path;
    char working_directory[PATH_MAX];
    return (::getcwd(working_directory, sizeof working_directory) ? working_directory : "") + ("/" + path);
}

/// The real path of the longest leading part of an absolute path that exists, symbolic links followed; then
/// the rest as it is written.
[[nodiscard]] KVMARK_COLD std::string resolved(const std::string& path) {
    char real[PATH_MAX];
    for (std::size_t end = path.size(); end > 0; end = path.rfind('/', end - 1))
        if (::realpath(path.substr(0, end).c_str(), real)) return normalised(real + path.substr(end));
    return normalised(path);
}

/// The forbidden directory that `path` is or lies in, compared by whole components; empty if there is none.
[[nodiscard]] KVMARK_COLD std::string_view forbidden_parent(const std::string& path) {
    for (const std::string_view directory : forbidden_directories)
        if (path == directory || path.starts_with(std::string(directory) + '/')) return directory;
    return {};
}

/// A raw device must be named twice, and a slab is all that can lie on it; the tier then looks at its
/// content.
KVMARK_COLD void check_raw_device(fault_list& faults, const options& o) {
    if (o.raw_device.empty()) return;
    if (o.raw_device != o.cache_dir)
        faults.add("--raw-device " + quote(o.raw_device) +
                   ": must name the same device as --cache-dir, which is to be overwritten");
    if (o.layout != tier::layout_kind::slab)
        faults.add("--raw-device " + quote(o.raw_device) + ": needs --layout slab");
}

KVMARK_COLD void check_cache_directory(fault_list& faults, const options& o) {
    if (!o.raw_device.empty()) return;
    const std::string& given = o.cache_dir.empty() ? o.run_directory : o.cache_dir;
    if (given.empty()) return;
    const std::string path = absolute(given);
    std::string_view directory = forbidden_parent(normalised(path));
    std::string real;
    if (directory.empty()) directory = forbidden_parent(real = resolved(path));
    if (directory.empty()) return;
    faults.add((o.cache_dir.empty() ? "run directory " : "--cache-dir ") + quote(given) +
               (real.empty() ? "" : " (which is " + quote(real) + ")") + ": must not be in " +
               std::string(directory) + ", a directory of the system");
}

KVMARK_COLD void check_model(fault_list& faults, const model::geometry& m) {
    const bool sized =
        m.is_mla() || (m.kv_heads > 0 && (m.head_dim > 0 || (m.heads > 0 && m.hidden >= m.heads)));
    if (m.name.empty() || m.layers == 0 || !sized)
        faults.add("--model " + quote(m.name) +
                   ": must have a name, at least one layer, and heads that make up a size per token");
}

} // namespace validation

/// Every fault of the options, empty when a run can start; each names the option, its value and what it may
/// be. Touches nothing; reads the file system to follow symbolic links in the cache directory.
/// Source of the bounds: reference kv-cache.py, and for io-chunk and queue-depth kvmark's own limits.
[[nodiscard]] KVMARK_COLD std::vector<error> validate(const options& o) {
    validation::fault_list faults;
    validation::check_model(faults, o.model);
    faults.integer("--num-users", o.num_users, 1, 100'000);
    faults.integer("--duration", o.duration, 1, 86'400);
    faults.real("--warmup", o.warmup, 86'400, "0..86400");
    faults.gib("--gpu-mem-gb", o.gpu_mem_gb.value);
    faults.gib("--cpu-mem-gb", o.cpu_mem_gb.value);
    faults.gib("--peer-mem-gb", o.peer_mem_gb.value);
    faults.integer("--num-gpus", o.num_gpus, 1, INT64_MAX);
    faults.integer("--tensor-parallel", o.tensor_parallel, 1, o.num_gpus < 1 ? INT64_MAX : o.num_gpus);
    faults.real("--target-saturation", o.target_saturation, 1, "0..1");
    faults.integer("--rag-num-docs", o.rag_num_docs, 0, 100'000);
    faults.integer("--max-concurrent-allocs", o.max_concurrent_allocs, 0, INT64_MAX);
    faults.real("--request-rate", o.request_rate, 1.7976931348623157e308, "0 or more, and finite");
    if (!(o.arrival_shape >= workload::min_arrival_shape && o.arrival_shape <= workload::max_arrival_shape))
        faults.add("--arrival-shape " + std::string(launch::real_text(o.arrival_shape)) +
                   ": must be 0.01..1000");
    faults.integer("--max-requests", o.max_requests, 0, INT64_MAX);
    faults.gib("--storage-capacity-gb", o.storage_capacity_gb);
    faults.gib("--precondition-size-gb", o.precondition_size_gb);
    faults.integer("--precondition-threads", o.precondition_threads, 0, INT64_MAX);
    if (o.prefill_only && o.decode_only)
        faults.add("--prefill-only and --decode-only exclude each other: give one of them");
    if (o.io_chunk < 4096 || o.io_chunk > 64 << 20 || o.io_chunk % 4096 != 0)
        faults.add("--io-chunk " + std::to_string(o.io_chunk) +
                   ": must be a multiple of 4096 bytes, 4096..67108864 (64 MiB)");
    faults.integer("--queue-depth", o.queue_depth, 1, 1024);
    faults.integer("--io-workers", o.io_workers, 0, 64);
    faults.integer("--max-samples", o.max_samples, 0, INT64_MAX);
    faults.integer("--job-timeout", o.job_timeout, 0, 31'536'000);
    faults.text("--cache-dir", o.cache_dir);
    faults.text("--output", o.output);
    faults.text("run directory", o.run_directory);
    faults.text("run datetime", o.run_datetime);
    faults.text("--mpi-bin", o.mpi_bin);
    faults.text("program", o.program.path);
    faults.text("interpreter", o.program.interpreter);
    for (const std::string& word : o.program.words) faults.text("program", word);
    for (const std::string& param : o.mpi_params) faults.text("--mpi-params", param);
    faults.text("--raw-device", o.raw_device);
    validation::check_cache_directory(faults, o);
    validation::check_raw_device(faults, o);
    validation::check_workload(faults, o.workload);

    std::vector<error> all = faults.take();
    for (error& fault : launch::launch_errors(o.hosts, o.num_processes)) all.push_back(std::move(fault));
    return all;
}

} // namespace kvmark

// What a run is asked to do. A member has the name of the option that sets it (docs/cli.md).
#pragma once

#include <kvmark/benchmark/serving_options.hpp>
#include <kvmark/model/presets.hpp>
#include <kvmark/tier/storage_tier.hpp>
#include <kvmark/workload/arrivals.hpp>
#include <kvmark/workload/parameters.hpp>

#include <optional>
#include <string>
#include <vector>

namespace kvmark {

enum class generation_mode : std::uint8_t { none, fast, realistic };
enum class performance_profile : std::uint8_t { latency, throughput };
enum class autoscaler_mode : std::uint8_t { qos, capacity };
using workload::arrival_process;
/// Whom num_users counts for in a run on several ranks.
enum class users_per_kind : std::uint8_t { rank, job };
enum class verify_mode : std::uint8_t { none, stamps, full };

/// A memory size in GiB that remembers whether it was written as an integer, since a command line prints 16.0
/// and 16 as they were given.
struct gib_number {
    double value = 0;
    bool integral = false;

    constexpr gib_number() = default;
    constexpr gib_number(double v) : value(v) {}
    constexpr gib_number(int v) : value(v), integral(true) {}
    friend constexpr bool operator==(gib_number, gib_number) = default;
};

/// The program that a launch starts on every rank: kvmark by default, or the reference's kv-cache.py under a
/// Python interpreter. run() starts the calling program again, with its own arguments, where no path is
/// given.
struct program_choice {
    std::string path{}; ///< empty: kvmark on a command line
    std::vector<std::string>
        words{};               ///< set: the whole command of a rank, in place of kvmark and its options
    std::string interpreter{}; ///< set: `interpreter path options...`, with the reference's options alone
};

struct options {
    // What nearly every program sets.
    model::geometry model = models::llama3_1_8b;
    std::int64_t num_users = 100; ///< 1..100,000
    std::vector<std::string>
        hosts{}; ///< `host` or `host:slots`; an element may hold several, split by , or space
    std::optional<std::int64_t> num_processes{}; ///< default: the number of hosts
    std::string cache_dir{};                     ///< empty: below the run directory, or a temporary directory

    // The rest of the reference's options, with its defaults.
    std::int64_t duration = 60;   ///< seconds, 1..86,400
    gib_number gpu_mem_gb = 16.0; ///< GiB per GPU
    std::int64_t num_gpus = 1;
    std::int64_t tensor_parallel = 1; ///< 1..num_gpus; a rank stores 1/T of each entry
    gib_number cpu_mem_gb = 32.0;     ///< GiB
    kvmark::generation_mode generation_mode = generation_mode::realistic;
    kvmark::performance_profile performance_profile = performance_profile::latency;
    bool disable_multi_turn = false;
    bool disable_prefix_caching = false;
    bool enable_rag = false;
    std::int64_t rag_num_docs = 10;
    bool enable_autoscaling = false;
    kvmark::autoscaler_mode autoscaler_mode = autoscaler_mode::qos;
    double target_saturation = 0.8; ///< 0..1
    std::string output{};           ///< result JSON; empty: below the run directory, or none
    std::optional<std::int64_t> seed{};
    std::int64_t max_concurrent_allocs = 0; ///< writers in flight; 0: no bound
    double request_rate = 0;                ///< requests/s as a true arrival rate; 0: by think times
    std::int64_t max_requests = 0;          ///< 0: no bound
    double storage_capacity_gb = 0;         ///< GiB; 0: 95 % of the free space
    bool precondition = false;
    double precondition_size_gb = 0; ///< GiB; 0: twice the storage capacity
    std::int64_t precondition_threads = 0;
    bool prefill_only = false;
    bool decode_only = false;

    // kvmark's own.
    double warmup = 0; ///< seconds under load before the measured window opens, 0..86,400
    arrival_process arrivals = arrival_process::poisson; ///< how request_rate spaces requests
    double arrival_shape = 1;                            ///< of gamma and weibull, 0.01..1000
    verify_mode verify = verify_mode::full;              ///< what a read checks
    std::int64_t io_chunk = 1 << 20;                     ///< bytes moved by one I/O; a multiple of 4096
    std::int64_t queue_depth = 8;                        ///< I/Os in flight on the storage tier, 1..1024
    std::int64_t io_workers =
        0;                      ///< threads that keep the I/Os of a queued tier in flight; 0: as many as suit
    gib_number peer_mem_gb = 0; ///< GiB that each rank lends to the others, and has in them
    tier::layout_kind layout = tier::layout_kind::file_per_entry;
    std::string raw_device{};           ///< the block device in cache_dir once more: a slab may overwrite it
    bool strict = false;                ///< what cannot be had as asked is an error, not a fallback
    std::int64_t max_samples = 100'000; ///< per-request rows kept for the JSON; histograms hold all of them
    workload::parameters workload{};
    serving_options serving{}; ///< for engine::prefix_blocks

    // The launch.
    users_per_kind users_per = users_per_kind::rank;
    std::int64_t job_timeout =
        0; ///< seconds for a job of ranks, start to end; 0: by the duration, see job_deadline()
    std::string mpi_bin{}; ///< path of the launcher; empty: its name, found through PATH
    bool oversubscribe = false;
    bool allow_run_as_root = false;
    std::vector<std::string> mpi_params{}; ///< one argument of the launcher each
    program_choice program{};
    std::string run_directory{}; ///< `<results>/kv_cache/run/<datetime>`; empty: no run directory
    std::string run_datetime{};  ///< `YYYYMMDD_HHMMSS`
};

} // namespace kvmark

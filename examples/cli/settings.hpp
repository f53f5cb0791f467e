// All that the command line and the configuration decide: the library's options, and what is the tool's
// alone.
#pragma once

#include "serving_settings.hpp"
#include "study_settings.hpp"

#include <kvmark/benchmark/options.hpp>
#include <kvmark/launch/dialect.hpp>
#include <kvmark/launch/hosts.hpp>
#include <kvmark/tier/modelled.hpp>

#include <deque>

namespace kvmark::cli {

enum class executor_kind : std::uint8_t { automatic, local, mpi };
enum class storage_tier_kind : std::uint8_t { direct_file, file };
enum class io_engine_kind : std::uint8_t { automatic, uring, asio, pread, mmap, gds };
enum class gpu_tier_kind : std::uint8_t { automatic, none, cuda, modelled };
enum class clock_kind : std::uint8_t { steady, virtual_time };
enum class dry_run_form : std::uint8_t { off, text, json };
enum class log_level : std::uint8_t { debug, info, warning, error, critical };

inline constexpr std::array<std::string_view, 3> executor_names{"auto", "local", "mpi"};
/// The first: as the launcher's own --version tells. Then dialects::all.
inline constexpr std::array launcher_names = [] {
    std::array<std::string_view, 1 + std::size(launch::dialects::all)> names{"auto"};
    for (std::size_t i = 1; i < names.size(); ++i) names[i] = launch::dialects::all[i - 1]->name;
    return names;
}();
inline constexpr std::array<std::string_view, 2> storage_tier_names{"direct_file", "file"};
inline constexpr std::array<std::string_view, 6> io_engine_names{"auto",  "uring", "asio",
                                                                 "pread", "mmap",  "gds"};
inline constexpr std::array<std::string_view, 4> gpu_tier_names{"auto", "none", "cuda", "modelled"};
inline constexpr std::array<std::string_view, 2> clock_names{"steady", "virtual"};
inline constexpr std::array<std::string_view, 5> log_level_names{"DEBUG", "INFO", "WARNING", "ERROR",
                                                                 "CRITICAL"};

/// Upper bounds that a site can tighten in its configuration (`validation_limits`).
struct site_limits {
    std::int64_t max_users = 100'000;
    std::int64_t max_duration_seconds = 86'400;
    double max_gpu_memory_gb = 8'589'934'592.0; ///< 2^33 GiB, the library's own bound
    double max_cpu_memory_gb = 8'589'934'592.0;
};

/// What `kvmark tiers` measures. A list that is empty was not given.
struct tiers_request {
    std::string path;
    std::vector<std::string> engines;
    std::vector<bytes> block_sizes;
    std::vector<std::uint32_t> depths;
    std::vector<std::pair<bytes, std::uint32_t>> cases; ///< block and depth
    std::vector<int> read_percents;                     ///< 100: reads, 0: writes, else the mix
    std::vector<std::uint32_t> block_tokens;
    std::int64_t mix_read_percent = 89; ///< what the workload of `kvmark run` moves on storage alone
    std::int64_t rounds = 0;            ///< 0: 3, and 5 beside fio
    double seconds = 0;                 ///< of one case in one round; 0: 1, and 2 beside fio
    bytes size{1000 * mib_bytes};       ///< of the file
    verify_mode verify = verify_mode::stamps;
    tier::layout_kind layout = tier::layout_kind::slab;
    bool fio = false;
    bool gpu = false;
    std::vector<std::uint32_t> gpus; ///< empty: all that the driver shows
    std::string emit_fio;
    std::string json_file; ///< `-`: stdout
};

struct settings {
    tiers_request tiers;
    serving_request serving;
    report_request report;
    mlperf_request mlperf;
    search_request search;
    history_request history;
    /// What --calibration says of a modelled tier, by tier::tier_role. After resolve_calibrations().
    std::array<std::optional<tier::modelled_config>, 4> calibrated;
    kvmark::options options;
    std::string model_name = "llama3.1-8b";
    std::string autoscaler_mode_text = "qos";

    storage_tier_kind storage_tier = storage_tier_kind::direct_file;
    io_engine_kind io_engine = io_engine_kind::automatic;
    gpu_tier_kind gpu_tier = gpu_tier_kind::automatic;
    gpu_tier_kind gpu = gpu_tier_kind::none; ///< what gpu_tier comes to here (resolve_gpu_tier)
    clock_kind clock = clock_kind::steady;

    // Where requests come from, if not from simulated users.
    bool use_burst_trace = false;
    std::string burst_trace_path;
    std::string dataset_path;
    std::int64_t max_conversations = 500; ///< read from the data set
    double trace_speedup = 1.0;
    std::int64_t replay_cycles = 0;
    std::string validation_trace;

    // Results.
    std::string results_dir;
    std::string csv;
    std::string xlsx;
    std::string io_trace_log;
    std::string emit_fio; ///< a job file of fio that asks the storage for the same

    // The launch.
    executor_kind executor = executor_kind::automatic; ///< resolve() makes it one of the others
    bool is_rank = false;                              ///< a launcher started this process
    std::size_t launcher = 0;                          ///< index of launcher_names
    const launch::dialect* words = nullptr; ///< how it is spoken to; null until it is asked (ask_launcher)
    std::string rank_output;                ///< directory for each rank's own result
    bool own_reports = false;               ///< launched ranks send theirs home by message too
    std::string kvcache_bin_path;
    std::string python = "python3";

    // How the tool behaves.
    std::string config;
    dry_run_form dry_run = dry_run_form::off;
    log_level level = log_level::info;
    bool demo = false;
    bool quiet = false;
    bool live = false; ///< the full screen, on a terminal
    bool no_color = false;
    bool help = false;
    bool enable_latency_tracing = false;

    std::vector<std::string> arguments;  ///< that are no options, where a command takes them
    std::vector<std::string_view> given; ///< names of the options on the command line, in their order

    // Other commands.
    bool json = false;
    std::int64_t sequence_length = 0; ///< tokens; 0: the typical one of the model

    site_limits limits;
    std::vector<model::geometry> configured_models;
    std::deque<std::string> model_names; ///< what the names of configured_models point into
    std::vector<std::string> notes;      ///< one line each, said before a run

    /// Whether the command line had that option, named without its dashes.
    [[nodiscard]] bool was_given(std::string_view option) const {
        for (const std::string_view name : given)
            if (name == option) return true;
        return false;
    }
    [[nodiscard]] bool runs_kvmark() const { return kvcache_bin_path.empty(); }
    /// Whether a launcher is to be started, which starts the program on the hosts. After resolve_launch().
    [[nodiscard]] bool launches() const {
        return executor == executor_kind::mpi && !is_rank &&
               launch::host_plan(options.hosts, options.num_processes).used() > 0;
    }

    /// A configured model, else a preset, else null.
    [[nodiscard]] const model::geometry* find_model(std::string_view name) const {
        for (const model::geometry& m : configured_models)
            if (m.name == name) return &m;
        return models::find(name);
    }
    [[nodiscard]] std::vector<std::string_view> all_model_names() const {
        std::vector<std::string_view> names;
        for (const model::geometry& m : configured_models) names.push_back(m.name);
        for (const model::geometry& m : models::all) names.push_back(m.name);
        return names;
    }
};

} // namespace kvmark::cli

// The KV cache benchmark of the MLPerf Storage rules as data: three options, the sequence they make, and what
// a submission may choose.
#pragma once

#include <kvmark/benchmark/options.hpp>

#include <span>

namespace kvmark::mlperf {

/// The two divisions of the rules.
enum class division : std::uint8_t { closed, open };

/// What one option mandates (rule 6.3.1.1).
struct option_rules {
    std::int64_t number; ///< from 1
    std::string_view title;
    model::geometry model;
    std::int64_t num_users; ///< of every rank (6.3.3.2)
    std::int64_t duration;  ///< seconds
    gib_number gpu_mem_gb;
    gib_number cpu_mem_gb;
    std::int64_t max_concurrent_allocs;
    kvmark::generation_mode generation_mode;
};

inline constexpr std::array<option_rules, 3> option_table{{
    {1, "Max Storage Stress", models::llama3_1_8b, 200, 300, 0, 0, 16, generation_mode::none},
    {2, "Storage Throughput", models::llama3_1_8b, 100, 300, 0, 4, 16, generation_mode::none},
    {3, "Large Model", models::llama3_1_70b_instruct, 70, 300, 0, 0, 4, generation_mode::none},
}};

/// How the options follow each other (6.3.2.1). Older texts of the rules have 20 s between options; the
/// newest, from which this is, has 90 s. All delays are seconds.
struct sequence_rules {
    std::int64_t seed = 42; ///< of rank 0; rank r has seed + r
    std::int64_t trials = 3;
    std::int64_t inter_option_delay = 90; ///< between two options, not behind the last
    std::int64_t start_delay = 90;        ///< before the launch of each trial
    std::int64_t end_delay = 90;          ///< behind its end
};
inline constexpr sequence_rules sequence{};

/// An object is a file, a write ends in fsync, a read first drops the cached pages (6.4.2): the tier
/// tier::file and this layout.
inline constexpr std::string_view storage_tier = "file";
inline constexpr tier::layout_kind storage_layout = tier::layout_kind::file_per_entry;

/// The options of the command line that a CLOSED submission may choose (6.6.1).
inline constexpr std::array<std::string_view, 7> closed_may_vary{
    "systemname", "cache-dir", "results-dir", "hosts", "npernode", "num-processes", "mpi-params"};

/// A parameter that an option mandates, under the name of the option that sets it.
struct parameter {
    std::string_view name;
    void (*mandate)(options&, const option_rules&);
};

/// In the order in which the reference writes them.
inline constexpr parameter parameters[]{
    {"model", [](options& o, const option_rules& r) { o.model = r.model; }},
    {"num-users", [](options& o, const option_rules& r) { o.num_users = r.num_users; }},
    {"duration", [](options& o, const option_rules& r) { o.duration = r.duration; }},
    {"gpu-mem-gb", [](options& o, const option_rules& r) { o.gpu_mem_gb = r.gpu_mem_gb; }},
    {"cpu-mem-gb", [](options& o, const option_rules& r) { o.cpu_mem_gb = r.cpu_mem_gb; }},
    {"max-concurrent-allocs",
     [](options& o, const option_rules& r) { o.max_concurrent_allocs = r.max_concurrent_allocs; }},
    {"generation-mode", [](options& o, const option_rules& r) { o.generation_mode = r.generation_mode; }},
    {"layout", [](options& o, const option_rules&) { o.layout = storage_layout; }},
    {"seed", [](options& o, const option_rules&) { o.seed = sequence.seed; }},
};

/// What an option runs. `user` holds what the user asked for, and `given` the names of the options that were
/// really given: a default is nobody's wish. OPEN takes what was given and mandates the rest; CLOSED takes
/// where to run and how to launch it, and nothing else.
[[nodiscard]] KVMARK_COLD options effective_options(const option_rules& rules, division d,
                                                    const options& user,
                                                    std::span<const std::string_view> given) {
    options o = user;
    if (d == division::closed) {
        o = {};
        o.hosts = user.hosts;
        o.num_processes = user.num_processes;
        o.cache_dir = user.cache_dir;
        o.mpi_params = user.mpi_params;
        o.mpi_bin = user.mpi_bin;
        o.oversubscribe = user.oversubscribe;
        o.allow_run_as_root = user.allow_run_as_root;
        o.job_timeout = user.job_timeout;
        o.program = user.program;
    }
    for (const parameter& p : parameters) {
        bool wished = false;
        for (const std::string_view name : given) wished = wished || name == p.name;
        if (d == division::closed || !wished) p.mandate(o, rules);
    }
    return o;
}

/// How many ranks run, and where.
struct rank_layout {
    std::int64_t hosts = 1;
    std::int64_t npernode = 1;
    std::int64_t ranks = 1; ///< hosts x npernode
};

/// Rule 6.3.3.1: `--num-processes` must be a multiple of the hosts, and agree with `--npernode` where that is
/// more than 1. `hosts` counts distinct ones, at least 1. Errors: invalid_argument, with the remedy.
[[nodiscard]] KVMARK_COLD result<rank_layout>
lay_out(std::int64_t hosts, std::optional<std::int64_t> num_processes, std::optional<std::int64_t> npernode) {
    constexpr std::int64_t most = 1'000'000;
    const auto fault = [](std::string text) { return error{error_kind::invalid_argument, std::move(text)}; };
    const std::string on_hosts = std::to_string(hosts) + (hosts == 1 ? " host" : " hosts");
    if (num_processes && (*num_processes < 1 || *num_processes > most))
        return fault("--num-processes " + std::to_string(*num_processes) + ": must be positive, 1.." +
                     std::to_string(most));
    if (npernode && (*npernode < 1 || *npernode > most / hosts))
        return fault("--npernode " + std::to_string(*npernode) + ": must be positive, 1.." +
                     std::to_string(most / hosts) + " on " + on_hosts);
    const std::int64_t each = npernode.value_or(1);
    if (!num_processes) return rank_layout{hosts, each, hosts * each};
    const std::string count = std::to_string(*num_processes);
    if (each != 1 && *num_processes != each * hosts)
        return fault("--num-processes " + count + " and --npernode " + std::to_string(each) +
                     ": inconsistent for " + on_hosts + ", which make " + std::to_string(each * hosts) +
                     " ranks; give one of the two");
    if (*num_processes % hosts != 0)
        return fault("--num-processes " + count + ": must divide evenly over " + on_hosts +
                     "; change it or the list of --hosts");
    return rank_layout{hosts, *num_processes / hosts, *num_processes};
}

} // namespace kvmark::mlperf

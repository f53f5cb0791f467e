// The metadata file of a run directory, under the names of the MLPerf Storage wrapper.
#pragma once

#include <kvmark/report/cluster.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/tier_totals.hpp>

namespace kvmark::report {

/// What the wrapper's metadata says beyond the options.
struct run_record {
    std::string exec_type = "local"; ///< local or mpi
    std::int64_t num_processes = 1;  ///< in effect
    std::string result_dir;
    std::vector<std::string> argv; ///< that was executed
    std::string display;           ///< the same, quoted for a shell
    std::string stdout_log;
    std::string stderr_log;
    double runtime_s = 0; ///< wall clock, preparation included
};

/// `report` may be null: the run did not come to a result, and `kvcache_metrics` is missing, as with the
/// wrapper. `parameters` holds what ran, which the wrapper's own files leave out.
[[nodiscard]] inline json::object metadata_json(const options& o, const run_record& run,
                                                const measure::run_report* report) {
    const json::object parameters = options_json(o);
    json::object m{{"benchmark_type", "kv_cache"},
                   {"model", o.model.name},
                   {"command", "run"},
                   {"run_datetime", o.run_datetime},
                   {"num_processes", run.num_processes},
                   {"accelerator", nullptr},
                   {"result_dir", run.result_dir},
                   {"parameters", parameters},
                   {"override_parameters", json::object{}},
                   {"system_info", report && report->job ? json::value(cluster_json(report->job->hosts))
                                                         : json::value(nullptr)},
                   {"runtime", run.runtime_s},
                   {"verification", nullptr},
                   {"executed_command", run.display}};
    json::array outputs;
    outputs.push_back({{"command", run.display}, {"stdout", run.stdout_log}, {"stderr", run.stderr_log}});
    m["command_output_files"] = std::move(outputs);
    m["args"] = parameters;
    m["kvcache_model"] = o.model.name;
    for (const char* key : {"num_users", "duration", "gpu_mem_gb", "cpu_mem_gb", "cache_dir",
                            "generation_mode", "performance_profile"})
        m[key] = parameters.at(key);
    m["exec_type"] = run.exec_type;
    if (!o.hosts.empty()) m["hosts"] = json::value_from(o.hosts);
    if (report != nullptr) {
        const double elapsed = to_seconds(report->elapsed);
        const measure::tier_stats storage = role_totals(*report, measure::tier_role::storage);
        m["kvcache_metrics"] = {
            {"total_requests", report->requests_completed},
            {"requests_per_second", ratio(static_cast<double>(report->requests_completed), elapsed)},
            {"avg_throughput_tokens_per_sec",
             ratio(static_cast<double>(report->tokens_generated.count), elapsed)},
            {"cache_hit_rate", hit_rate(report->cache.hits, report->cache.misses)},
            {"tier_storage_read_bandwidth_gbps", gib_per_second(storage.read.moved, report->elapsed)},
            {"tier_storage_write_bandwidth_gbps", gib_per_second(storage.write.moved, report->elapsed)},
            {"interrupted", report->interrupted},
            {"clean", report->clean()}};
    }
    m["kvmark"] = {{"version", KVMARK_VERSION}, {"argv", json::value_from(run.argv)}};
    return m;
}

} // namespace kvmark::report

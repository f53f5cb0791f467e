// The summary is made of the files alone, so that whoever has them can make it again (mlperf_check.cpp does).
#include "mlperf_summary.hpp"

#include "file_hash.hpp"

#include <kvmark/report/cluster.hpp>
#include <kvmark/report/context.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/metadata.hpp>

#include <boost/json/value_from.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using report::detail::number_or_null;

std::string in_trial(std::int64_t option, std::int64_t trial) {
    return mlperf_paths::trial_name(option, trial) + "/";
}

/// A member, or null.
json::value copy_of(const json::value& root, std::string_view pointer) {
    const json::value* v = report::value_at(root, pointer);
    return v != nullptr ? *v : json::value(nullptr);
}

/// The percentiles of all ranks together, from their merged histograms.
json::value merged_percentiles(const json::value& merged) {
    json::object o{{"requests_completed", copy_of(merged, "/requests_completed")},
                   {"end_to_end_latency_ms", copy_of(merged, "/summary/end_to_end_latency_ms")},
                   {"storage_io_latency_ms", copy_of(merged, "/summary/storage_io_latency_ms")}};
    const json::value* tiers = report::value_at(merged, "/kvmark/tiers");
    if (tiers != nullptr && tiers->is_array())
        for (const json::value& tier : tiers->get_array()) {
            if (copy_of(tier, "/role") != "storage") continue;
            for (const std::string direction : {"read", "write"})
                for (const std::string part : {"total", "device"})
                    o["storage_" + direction + "_" + part + "_latency_ms"] =
                        copy_of(tier, "/" + direction + "/" + part + "/latency_ms");
        }
    return o;
}

json::object trial_json(const mlperf_paths& paths, std::int64_t option, std::int64_t trial) {
    const std::string folder = paths.trial(option, trial);
    const auto record = read_json_file(folder + "/" + trial_record_name);
    const json::value none;
    const json::value& r = record ? *record : none;
    const auto merged = read_json_file(folder + "/" + merged_name);
    return {{"trial", trial},
            {"status", copy_of(r, "/status")},
            {"failure", copy_of(r, "/failure")},
            {"started", copy_of(r, "/started")},
            {"finished", copy_of(r, "/finished")},
            {"argv", copy_of(r, "/argv")},
            {"ranks", copy_of(r, "/ranks")},
            {"merged", merged ? merged_percentiles(*merged) : json::value(nullptr)}};
}

json::object option_json(const mlperf_option& option, const report::option_figures& f, json::array trials,
                         std::int64_t planned) {
    return {{"option", option.rules.number},
            {"title", option.rules.title},
            {"status", report::option_status_names[static_cast<std::size_t>(f.status)]},
            {"reason", report::text_or_null(f.reason)},
            {"planned_trials", planned},
            {"complete_trials", f.sums.complete_trials},
            {"read_gib_per_s", number_or_null(f.sums.read_gib_per_s)},
            {"write_gib_per_s", number_or_null(f.sums.write_gib_per_s)},
            {"storage_tokens_per_s", number_or_null(f.sums.storage_tokens_per_s)},
            {"max_of_rank_p95_read_device_ms", number_or_null(f.read_p95_ms)},
            {"max_of_rank_p95_write_device_ms", number_or_null(f.write_p95_ms)},
            {"storage_tier", storage_tier_names[static_cast<std::size_t>(option.run.storage_tier)]},
            {"parameters", report::options_json(option.run.options)},
            {"trials", std::move(trials)}};
}

json::array hashes_of(const mlperf_paths& paths) {
    json::array all;
    for (const std::string& name : hashed_files(paths.directory)) {
        std::error_code ignored;
        all.push_back({{"path", name},
                       {"bytes", fs::file_size(paths.in(name), ignored)},
                       {file_hash_name, report::text_or_null(file_hash(paths.in(name)))}});
    }
    return all;
}

json::object sequence_json(const mlperf_plan& plan) {
    return {{"seed", plan.sequence.seed},
            {"trials", plan.sequence.trials},
            {"inter_option_delay_s", plan.sequence.inter_option_delay},
            {"start_delay_s", plan.sequence.start_delay},
            {"end_delay_s", plan.sequence.end_delay}};
}

bool is_result_file(const std::string& name) {
    return name.starts_with("kvcache_results_") && name.ends_with(".json");
}

} // namespace

std::vector<std::string> rank_files(const std::string& directory, std::int64_t option, std::int64_t trial,
                                    std::int64_t rank) {
    const std::string folder = in_trial(option, trial) + "rank_" + std::to_string(rank);
    std::vector<std::string> names;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory + "/" + folder, failure))
        if (const std::string name = entry.path().filename().string(); is_result_file(name))
            names.push_back(folder + "/" + name);
    std::sort(names.begin(), names.end());
    return names;
}

report::trial_figures read_trial(const std::string& directory, std::int64_t option, std::int64_t trial,
                                 std::int64_t ranks) {
    report::trial_figures all;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
        const std::vector<std::string> names = rank_files(directory, option, trial, rank);
        const auto file = names.empty() ? result<json::value>(json::value())
                                        : read_json_file(directory + "/" + names.back());
        all.push_back(
            report::read_rank_figures(file ? *file : json::value(), static_cast<std::uint32_t>(rank)));
        if (names.empty()) all.back().problem = "there is no result file";
    }
    return all;
}

std::vector<std::string> hashed_files(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::recursive_directory_iterator at(directory, failure), end; at != end; at.increment(failure)) {
        const std::string name = at->path().lexically_relative(directory).string();
        if (!at->is_regular_file(failure)) continue;
        const bool of_trial = name.starts_with("option_") && name.find(".partial/") == std::string::npos;
        if (of_trial || name.ends_with("_metadata.json") || name == "kv_cache_cluster_info.json")
            names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

mlperf_outcome summarize_sequence(const mlperf_plan& plan, const held_sequence& held) {
    mlperf_outcome outcome;
    const mlperf_paths& paths = held.paths();
    const json::object& record = held.record();
    json::object options, ours, failures;
    bool any_partial = false;
    for (const mlperf_option& option : plan.options) {
        const std::int64_t number = option.rules.number;
        std::vector<report::trial_figures> figures;
        json::array trials, failed;
        for (std::int64_t trial = 0; trial < plan.sequence.trials; ++trial) {
            if (!fs::is_directory(paths.trial(number, trial))) break;
            figures.push_back(read_trial(paths.directory, number, trial, plan.layout.ranks));
            trials.push_back(trial_json(paths, number, trial));
            const json::value& status = trials.back().at("status");
            if (status != "complete")
                failed.push_back({{"trial", trial},
                                  {"status", status},
                                  {"failure", trials.back().at("failure")},
                                  {"stderr_log", paths.log(number, trial, "stderr")}});
        }
        report::option_figures f = report::figures_of_option(
            figures, static_cast<std::size_t>(plan.sequence.trials), plan.is_closed());
        const std::string key = std::to_string(number);
        options[key] = report::option_summary_json(number, f.sums);
        ours[key] = option_json(option, f, std::move(trials), plan.sequence.trials);
        if (!failed.empty()) failures[key] = std::move(failed);
        any_partial |= f.sums.partial_failure();
        outcome.options.push_back(std::move(f));
    }
    outcome.summary = {{"schema_version", "1.0"},
                       {"run_datetime", paths.datetime},
                       {"npernode", plan.layout.npernode},
                       {"host_count", plan.layout.hosts},
                       {"total_ranks", plan.layout.ranks},
                       {"trials_per_option", plan.sequence.trials},
                       {"options", std::move(options)},
                       {"partial_failure", any_partial},
                       {"trial_failures", std::move(failures)},
                       {"kvmark",
                        {{"schema", 1},
                         {"version", KVMARK_VERSION},
                         {"mode", mlperf_mode_names[static_cast<std::size_t>(plan.mode)]},
                         {"state", record.at("state")},
                         {"orgname", plan.orgname},
                         {"systemname", plan.systemname},
                         {"started", record.at("started")},
                         {"finished", report::utc_now()},
                         {"runtime_s", record.at("runtime_s")},
                         {"interruptions", record.at("interruptions")},
                         {"time_scale", plan.scale},
                         {"sequence", sequence_json(plan)},
                         {"override_parameters", plan.overrides},
                         {"launcher_version", record.at("launcher_version")},
                         {"warnings", json::value_from(plan.warnings)},
                         {"notes", json::value_from(plan.notes)},
                         {"options", std::move(ours)},
                         {"files", hashes_of(paths)}}}};
    return outcome;
}

json::object mlperf_cluster_json(std::span<const measure::machine_facts> hosts, const std::string& method) {
    json::object o = report::cluster_json(hosts);
    o["collection_method"] = method;
    o["collection_timestamp"] = report::utc_now();
    return o;
}

json::object mlperf_metadata_json(const mlperf_plan& plan, const held_sequence& held,
                                  const json::value& cluster) {
    const mlperf_paths& paths = held.paths();
    const mlperf_option& last = plan.options.back();
    options o = plan.options.front().run.options;
    o.cache_dir = plan.cache_dir;
    o.run_datetime = paths.datetime;
    const report::run_record run{.exec_type = last.run.launches() ? "mpi" : "local",
                                 .num_processes = plan.layout.ranks,
                                 .result_dir = paths.directory,
                                 .argv = last.argv,
                                 .display = last.display,
                                 .stdout_log = {},
                                 .stderr_log = {},
                                 .runtime_s = held.record().at("runtime_s").to_number<double>()};
    json::object m = report::metadata_json(o, run, nullptr);
    json::object parameters;
    json::array outputs;
    for (const mlperf_option& option : plan.options) {
        const std::int64_t number = option.rules.number;
        parameters[std::to_string(number)] = report::options_json(option.run.options);
        for (std::int64_t trial = 0; trial < plan.sequence.trials; ++trial)
            if (fs::exists(paths.log(number, trial, "stdout")))
                outputs.push_back({{"command", option.display},
                                   {"stdout", paths.log(number, trial, "stdout")},
                                   {"stderr", paths.log(number, trial, "stderr")}});
    }
    m["parameters"] = std::move(parameters);
    m["override_parameters"] = plan.overrides;
    m["system_info"] = cluster;
    m["command_output_files"] = std::move(outputs);
    m["args"] = {{"argv", held.record().at("argv")}};
    return m;
}

std::string mlperf_outcome_text(const mlperf_plan& plan, const mlperf_outcome& outcome,
                                const report::palette& colors) {
    std::string out;
    const auto add = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    };
    const auto figure = [](const std::optional<double>& x, int digits) {
        return x ? fmt::format("{:.{}f}", *x, digits) : std::string("-");
    };
    add("{}\n",
        colors.bold(fmt::format("{:<24} {:>8} {:>9} {:>9} {:>12} {:>12} {:>11}  {}", "Option", "Trials",
                                "Read", "Write", "Read P95", "Write P95", "Tokens/s", "Status")));
    add("{:<24} {:>8} {:>9} {:>9} {:>12} {:>12} {:>11}\n", "", "", "GiB/s", "GiB/s", "device, ms",
        "device, ms", "of storage");
    for (std::size_t i = 0; i < outcome.options.size(); ++i) {
        const report::option_figures& f = outcome.options[i];
        const bool ran = f.sums.trial_count != 0;
        const std::string status(ran ? report::option_status_names[static_cast<std::size_t>(f.status)]
                                     : "not run");
        add("{:<24} {:>8} {:>9} {:>9} {:>12} {:>12} {:>11}  {}{}\n",
            fmt::format("{} {}", plan.options[i].rules.number, plan.options[i].rules.title),
            fmt::format("{}/{}", f.sums.complete_trials, plan.sequence.trials),
            figure(f.sums.read_gib_per_s, 3), figure(f.sums.write_gib_per_s, 3), figure(f.read_p95_ms, 1),
            figure(f.write_p95_ms, 1), figure(f.sums.storage_tokens_per_s, 1),
            f.status == report::option_status::ok        ? status
            : f.status == report::option_status::partial ? colors.yellow(status)
                                                         : colors.red(status),
            f.reason.empty() || !ran ? "" : ": " + f.reason);
    }
    add("  bandwidth and tokens: sum of {} ranks, mean of the complete trials; P95: the highest of any "
        "rank\n",
        plan.layout.ranks);
    return out;
}

} // namespace kvmark::cli

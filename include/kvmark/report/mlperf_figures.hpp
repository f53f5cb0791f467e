// From the result files of the ranks to what the MLPerf Storage rules make of them.
#pragma once

#include <kvmark/report/json_job.hpp>
#include <kvmark/report/json_members.hpp>

#include <algorithm>
#include <cmath>

namespace kvmark::report {

/// What one rank's result file says of the figures that the rules use.
struct rank_figures_read {
    rank_row row;                         ///< `missing` where there is a problem
    std::optional<double> read_p95_ms{};  ///< of the device, in one operation (6.3.4.3)
    std::optional<double> write_p95_ms{}; ///< likewise
    std::string problem{};                ///< why it does not count; empty: it does
    std::string place{};                  ///< where in the file, as a JSON pointer
};

namespace detail {

/// A figure of the rules: where it stands in a rank's file, and whether each file must have it.
struct mlperf_figure {
    std::string_view pointer;
    std::optional<double> rank_row::*member = nullptr;
    std::optional<double> rank_figures_read::*latency = nullptr;
    bool required = true;
};

inline constexpr mlperf_figure mlperf_figures[]{
    {"/summary/cache_stats/tier_storage_read_bandwidth_gbps", &rank_row::read_gib_per_s},
    {"/summary/cache_stats/tier_storage_write_bandwidth_gbps", &rank_row::write_gib_per_s},
    {"/summary/avg_throughput_tokens_per_sec", &rank_row::tokens_per_s},
    {"/summary/storage_throughput_tokens_per_sec", &rank_row::storage_tokens_per_s},
    {"/summary/storage_io_latency_ms/p95", &rank_row::p95_ms},
    // Without an operation of the kind there is no key (docs/json.md).
    {"/summary/cache_stats/storage_read_device_p95_ms", nullptr, &rank_figures_read::read_p95_ms, false},
    {"/summary/cache_stats/storage_write_device_p95_ms", nullptr, &rank_figures_read::write_p95_ms, false},
};

} // namespace detail

/// The number there, if it is one.
[[nodiscard]] inline std::optional<double> number_at(const json::value& root, std::string_view pointer) {
    const json::value* v = value_at(root, pointer);
    return v != nullptr && v->is_number() ? std::optional(v->to_number<double>()) : std::nullopt;
}

/// Reads a rank's result file, kvmark's or the reference's. A rank counts when its whole window was clean, it
/// completed a request, and each of its figures is there, finite and not negative: the first thing that is
/// not so is the problem.
[[nodiscard]] inline rank_figures_read read_rank_figures(const json::value& file, std::uint32_t rank) {
    rank_figures_read f;
    f.row.rank = rank;
    const auto fault = [&](std::string text, std::string_view place) {
        if (!f.problem.empty()) return;
        f.problem = std::move(text);
        f.place = place;
        f.row.missing = true;
    };
    if (!file.is_object()) fault("it is no JSON object", "");
    if (number_at(file, "/requests_completed").value_or(0) <= 0)
        fault("no request was completed in the window", "/requests_completed");
    const auto is = [&](std::string_view pointer, bool answer) {
        const json::value* v = value_at(file, pointer);
        return v != nullptr && v->is_bool() && v->get_bool() == answer;
    };
    if (is("/kvmark/interrupted", true)) fault("its window was cut short", "/kvmark/interrupted");
    if (is("/kvmark/integrity/clean", false))
        fault("data came back wrong, or an operation failed", "/kvmark/integrity");
    if (const auto n = number_at(file, "/summary/cache_stats/storage_entries"); n && *n >= 0)
        f.row.storage_entries = static_cast<std::uint64_t>(*n);
    for (const detail::mlperf_figure& figure : detail::mlperf_figures) {
        const json::value* v = value_at(file, figure.pointer);
        if (v == nullptr && !figure.required) continue;
        const std::optional<double> x = number_at(file, figure.pointer);
        if (!x)
            fault(v == nullptr ? "it is not there" : "it is no number", figure.pointer);
        else if (!std::isfinite(*x))
            fault("it is not finite", figure.pointer);
        else if (*x < 0)
            fault("it is negative", figure.pointer);
        else if (figure.member != nullptr)
            f.row.*figure.member = x;
        else
            f.*figure.latency = x;
    }
    return f;
}

/// How an option of the sequence ended.
enum class option_status : std::uint8_t { ok, partial, failed };
inline constexpr std::array<std::string_view, 3> option_status_names{"ok", "partial", "failed"};

/// One trial: a row for every rank, in their order.
using trial_figures = std::vector<rank_figures_read>;

/// An option over its trials.
struct option_figures {
    aggregate sums;
    std::optional<double> read_p95_ms, write_p95_ms; ///< the highest of any rank in a complete trial
    option_status status = option_status::failed;
    std::string reason{}; ///< of a status other than ok
};

/// The rules' figures (6.3.4) of the trials that were run, of `trials_planned`. A trial with a rank that does
/// not count is in no figure. Without a complete trial the option failed; so it did in CLOSED where no rank
/// had anything in storage (6.3.4.4).
[[nodiscard]] inline option_figures figures_of_option(const std::vector<trial_figures>& trials,
                                                      std::size_t trials_planned, bool is_closed) {
    option_figures o;
    std::vector<std::vector<rank_row>> rows;
    bool any_in_storage = false;
    for (const trial_figures& trial : trials) {
        const bool complete =
            std::none_of(trial.begin(), trial.end(), [](const auto& f) { return f.row.missing; });
        rows.emplace_back();
        for (const rank_figures_read& f : trial) {
            rows.back().push_back(f.row);
            if (!complete) continue;
            any_in_storage |= f.row.storage_entries.value_or(1) != 0;
            if (f.read_p95_ms > o.read_p95_ms) o.read_p95_ms = f.read_p95_ms;
            if (f.write_p95_ms > o.write_p95_ms) o.write_p95_ms = f.write_p95_ms;
        }
    }
    o.sums = aggregate_trials(rows);
    const std::string complete = std::to_string(o.sums.complete_trials) + " of " +
                                 std::to_string(trials_planned) + " trials are complete";
    if (o.sums.complete_trials == 0) {
        o.reason = trials.empty() ? "no trial was run" : "no trial is complete";
    } else if (is_closed && !any_in_storage) {
        o.reason = "no rank had an entry in storage at the end of a trial (rule 6.3.4.4)";
    } else if (o.sums.complete_trials < trials_planned) {
        o.status = option_status::partial;
        o.reason = complete;
    } else {
        o.status = option_status::ok;
    }
    return o;
}

/// An option of `kvcache_run_summary_*.json`, under the reference's names. `missing_files` and
/// `cpu_tier_ranks` are folders of ranks below the run directory.
[[nodiscard]] inline json::object option_summary_json(std::int64_t option, const aggregate& a) {
    const json::object sums = aggregate_json(a);
    json::object o{{"option", option}};
    for (const char* key :
         {"aggregated_read_bandwidth_gbps", "aggregated_write_bandwidth_gbps",
          "aggregated_avg_throughput_tokens_per_sec", "aggregated_storage_throughput_tokens_per_sec",
          "aggregated_p95_latency_ms", "rank_count", "trial_count", "partial_failure"})
        o[key] = sums.at(key);
    const auto folders = [&](const std::vector<rank_in_trial>& ranks) {
        json::array all;
        for (const rank_in_trial& r : ranks)
            all.push_back(json::string("option_" + std::to_string(option) + "/trial_" +
                                       std::to_string(r.trial) + "/rank_" + std::to_string(r.rank)));
        return all;
    };
    o["missing_files"] = folders(a.missing);
    o["cpu_tier_ranks"] = folders(a.cpu_tier_ranks);
    return o;
}

} // namespace kvmark::report

// `kvmark.job` of the result file: the ranks of a run one by one, their hosts, and the reference's sums.
#pragma once

#include <kvmark/measure/faults.hpp>
#include <kvmark/report/aggregate.hpp>
#include <kvmark/report/cluster.hpp>
#include <kvmark/report/job_figures.hpp>
#include <kvmark/report/json_options.hpp>

namespace kvmark::report {

namespace detail {

template <class T>
[[nodiscard]] json::value number_or_null(const std::optional<T>& x) {
    return x ? json::value(*x) : json::value(nullptr);
}

[[nodiscard]] inline double microseconds(nanoseconds d) { return static_cast<double>(d.count) / 1e3; }

[[nodiscard]] inline json::array rank_tiers_json(const measure::run_report& r, const measure::rank_stats& s) {
    json::array all;
    for (std::size_t i = 0; i < s.tiers.size(); ++i) {
        const measure::rank_tier& t = s.tiers[i];
        const rates moved = rates_of(t, s.elapsed);
        all.push_back({{"name", i < r.tiers.size() ? json::value(tier_label(r, r.tiers[i])) : json::value()},
                       {"read_bytes", t.read.count},
                       {"write_bytes", t.written.count},
                       {"read_gib_per_s", moved.read},
                       {"write_gib_per_s", moved.write},
                       {"reads", t.reads},
                       {"writes", t.writes},
                       {"entries", t.entries}});
    }
    return all;
}

[[nodiscard]] inline json::object rank_json(const measure::run_report& r, const measure::rank_stats& s,
                                            const rank_figures& f) {
    json::object o{{"rank", s.rank},
                   {"host", r.job->host_name(s.host)},
                   {"complete", s.complete()},
                   {"failure", text_or_null(measure::missing_text(s))}};
    const auto add = [&](const char* key, json::value v) {
        o[key] = s.delivered ? std::move(v) : json::value(nullptr);
    };
    add("interrupted", s.interrupted);
    add("seed", s.seed);
    add("users", s.users);
    add("cache_dir", text_or_null(s.cache_dir));
    add("clock_offset_us", microseconds(s.clock_offset));
    add("clock_uncertainty_us", microseconds(s.clock_uncertainty));
    add("start_delay_us", microseconds(s.start_delay));
    add("elapsed_s", to_seconds(s.elapsed));
    add("requests", s.requests_completed);
    add("tokens", s.tokens_generated);
    add("tiers", rank_tiers_json(r, s));
    add("storage_io_p95_ms",
        s.requests_completed != 0 ? json::value(to_milliseconds(s.storage_io_p95)) : json::value(nullptr));
    add("corrupt_sectors", s.corrupt_sectors);
    add("failed_operations", s.failed_operations);
    add("cores_used", r.virtual_time ? json::value(nullptr) : json::value(f.cores_used));
    add("share_of_time", number_or_null(f.share_of_time));
    add("share_of_bandwidth", number_or_null(f.share_of_bandwidth));
    return o;
}

/// What the machine itself is, is under `cluster`.
[[nodiscard]] inline json::object job_host_json(const measure::run_report& r, std::size_t index,
                                                const host_figures& f) {
    json::array tiers;
    for (std::size_t i = 0; i < f.tiers.size() && f.complete != 0; ++i)
        tiers.push_back({{"name", tier_label(r, r.tiers[i])},
                         {"read_gib_per_s", f.tiers[i].read},
                         {"write_gib_per_s", f.tiers[i].write}});
    const bool counted = f.delivered != 0 && !r.virtual_time;
    const bool known = f.logical_cpus != 0;
    return {{"host", r.job->host_name(static_cast<std::uint32_t>(index))},
            {"ranks", json::value_from(f.ranks)},
            {"complete_ranks", f.complete},
            {"tiers", f.complete != 0 ? json::value(std::move(tiers)) : json::value(nullptr)},
            {"cores_used", counted ? json::value(f.cores_used) : json::value(nullptr)},
            {"logical_cpus", known ? json::value(f.logical_cpus) : json::value(nullptr)},
            {"cores_saturated", counted && known ? json::value(f.cores_saturated()) : json::value(nullptr)}};
}

[[nodiscard]] inline json::array ranks_in_trials_json(const std::vector<rank_in_trial>& ranks) {
    json::array all;
    for (const rank_in_trial& r : ranks) all.push_back({{"trial", r.trial}, {"rank", r.rank}});
    return all;
}

} // namespace detail

/// Under the reference's names. `*_gbps` are GiB/s.
[[nodiscard]] inline json::object aggregate_json(const aggregate& a) {
    using detail::number_or_null;
    return {{"aggregated_read_bandwidth_gbps", number_or_null(a.read_gib_per_s)},
            {"aggregated_write_bandwidth_gbps", number_or_null(a.write_gib_per_s)},
            {"aggregated_avg_throughput_tokens_per_sec", number_or_null(a.tokens_per_s)},
            {"aggregated_storage_throughput_tokens_per_sec", number_or_null(a.storage_tokens_per_s)},
            {"aggregated_p95_latency_ms", number_or_null(a.p95_ms)},
            {"rank_count", a.rank_count},
            {"trial_count", a.trial_count},
            {"complete_trials", a.complete_trials},
            {"partial_failure", a.partial_failure()},
            {"missing", detail::ranks_in_trials_json(a.missing)},
            {"cpu_tier_ranks", detail::ranks_in_trials_json(a.cpu_tier_ranks)}};
}

/// Null for a run on one process.
[[nodiscard]] inline json::value job_json(const measure::run_report& r) {
    if (!r.job) return nullptr;
    const measure::job_stats& job = *r.job;
    const job_figures f = figures_of_job(r);
    json::array ranks, hosts;
    for (std::size_t i = 0; i < job.ranks.size(); ++i)
        ranks.push_back(detail::rank_json(r, job.ranks[i], f.ranks[i]));
    for (std::size_t i = 0; i < job.hosts.size(); ++i)
        hosts.push_back(detail::job_host_json(r, i, f.hosts[i]));
    json::value slowest_rank, slowest_host;
    if (f.slowest_rank) {
        const measure::rank_stats& s = job.ranks[f.slowest_rank->index];
        slowest_rank = {{"rank", s.rank},
                        {"host", job.host_name(s.host)},
                        {"share_of_mean", f.slowest_rank->share_of_mean}};
    }
    if (f.slowest_host)
        slowest_host = {{"host", job.host_name(static_cast<std::uint32_t>(f.slowest_host->index))},
                        {"share_of_mean", f.slowest_host->share_of_mean}};
    const std::vector<rank_row> trial = rank_rows(r);
    return {{"partial", job.partial()},
            {"ranks", std::move(ranks)},
            {"hosts", std::move(hosts)},
            {"start_skew_us", detail::microseconds(job.start_skew)},
            {"barrier_skew_us", detail::microseconds(job.barrier_skew)},
            {"bandwidth_of", f.of_storage ? "storage" : "all"},
            {"slowest_rank", std::move(slowest_rank)},
            {"slowest_host", std::move(slowest_host)},
            {"aggregate", aggregate_json(aggregate_trials({&trial, 1}))},
            {"cluster", cluster_json(job.hosts)}};
}

} // namespace kvmark::report

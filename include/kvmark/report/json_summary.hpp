// `summary` of the result file.
#pragma once

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/report/json_cache_stats.hpp>

namespace kvmark::report {

/// {mean, p50, p95, p99, p999, p9999} in ms; each null where nothing was measured.
[[nodiscard]] inline json::object latency_json(const measure::histogram& h) {
    json::object o;
    o["mean"] = h.empty() ? json::value(nullptr) : json::value(h.mean() * 1e-6);
    for (const percentile& p : percentiles)
        o[p.name] = h.empty() ? json::value(nullptr) : json::value(to_milliseconds(h.quantile(p.rank)));
    return o;
}

/// The share of samples, 0..1, at or below `limit`; the bucket that holds the limit counts in proportion.
[[nodiscard]] inline double share_within(const measure::histogram& h, nanoseconds limit) {
    double within = 0;
    for (const auto& b : h.buckets()) {
        if (b.low > limit) break;
        const double width = static_cast<double>(b.high.count - b.low.count) + 1;
        const double part =
            b.high <= limit ? 1.0 : (static_cast<double>(limit.count - b.low.count) + 1) / width;
        within += part * static_cast<double>(b.count);
    }
    return ratio(within, static_cast<double>(h.count()));
}

[[nodiscard]] inline json::object qos_json(const measure::run_report& r, const workload::parameters& w) {
    json::object all;
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const measure::histogram& h = r.classes[i].latency;
        json::object& o = all[workload::service_class_names[i]].emplace_object();
        if (h.empty()) {
            o["no_data"] = true;
            continue;
        }
        const double target = w.targets[i].p95_ms, p95 = to_milliseconds(h.quantile(0.95));
        o["total_requests"] = h.count();
        o["latency_ms"] = {{"mean", h.mean() * 1e-6},
                           {"p50", to_milliseconds(h.quantile(0.50))},
                           {"p95", p95},
                           {"p99", to_milliseconds(h.quantile(0.99))},
                           {"max", to_milliseconds(h.max())}};
        o["sla"] = {{"target_p95_ms", target},
                    {"actual_p95_ms", p95},
                    {"compliance", share_within(h, from_seconds(target * 1e-3))},
                    {"met", p95 <= target}};
    }
    return all;
}

[[nodiscard]] inline json::object autoscale_event_json(const measure::autoscale_event& e, const options& o) {
    return {{"timestamp", to_seconds(e.at)},
            {"mode", name_of(o.autoscaler_mode)},
            {"action", e.action},
            {"users", e.users},
            {"saturation_level", e.saturation},
            {"read_latency_p95_ms", e.read_p95_ms},
            {"throughput_tokens_per_sec", e.tokens_per_second}};
}

/// The changes of load; samples that changed nothing are under `kvmark.autoscaling`.
[[nodiscard]] inline json::array autoscaling_stats_json(const measure::run_report& r, const options& o) {
    json::array changes;
    for (const measure::autoscale_event& e : r.autoscaling)
        if (e.action != "hold") changes.push_back(autoscale_event_json(e, o));
    return changes;
}

/// Null where autoscaling was off.
[[nodiscard]] inline json::value autoscaling_summary_json(const measure::run_report& r, const options& o) {
    if (!o.enable_autoscaling) return nullptr;
    double peak = 0;
    for (const measure::autoscale_event& e : r.autoscaling) peak = std::max(peak, e.tokens_per_second);
    json::object s{{"initial_users", o.num_users},
                   {"final_users", r.autoscaling.empty() ? static_cast<std::uint64_t>(o.num_users)
                                                         : r.autoscaling.back().users},
                   {"total_scale_events", autoscaling_stats_json(r, o).size()}};
    if (o.autoscaler_mode == autoscaler_mode::capacity) {
        s["peak_user_count"] = r.peak_users;
        s["peak_throughput_tokens_per_sec"] = peak;
    }
    return s;
}

[[nodiscard]] inline json::object summary_json(const measure::run_report& r, const options& o) {
    const double elapsed = to_seconds(r.elapsed), storage = to_seconds(r.storage_time);
    const auto produced = static_cast<double>(r.tokens_generated.count);
    return {{"total_requests", r.requests_completed},
            {"total_tokens", r.tokens_generated.count},
            {"elapsed_time", elapsed},
            {"avg_throughput_tokens_per_sec", ratio(produced, elapsed)},
            {"total_storage_io_time", storage},
            {"storage_throughput_tokens_per_sec", ratio(produced, storage)},
            {"requests_per_second", ratio(static_cast<double>(r.requests_completed), elapsed)},
            {"end_to_end_latency_ms", latency_json(r.end_to_end)},
            {"storage_io_latency_ms", latency_json(r.storage_io)},
            {"generation_latency_ms", latency_json(r.generation)},
            {"cache_stats", cache_stats_json(r, o.performance_profile)},
            {"qos_metrics", qos_json(r, o.workload)},
            {"prefix_cache_stats",
             {{"prefix_hits", r.cache.system_prompt_hits},
              {"prefix_misses", r.cache.system_prompt_misses},
              {"system_prompt_reuse", r.cache.system_prompt_hits},
              {"common_phrase_reuse", 0},
              {"bytes_saved", r.cache.system_prompt_bytes_saved.count}}},
            {"autoscaling_stats", autoscaling_stats_json(r, o)},
            {"autoscaling_summary", autoscaling_summary_json(r, o)},
            {"multi_turn_stats",
             {{"cache_hits", r.cache.turn_hits},
              {"cache_misses", r.cache.turn_misses},
              {"hit_rate", hit_rate(r.cache.turn_hits, r.cache.turn_misses)}}}};
}

} // namespace kvmark::report

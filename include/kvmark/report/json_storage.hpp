// The figures that rank storage, and what the block layer saw, as JSON.
#pragma once

#include <kvmark/report/json_summary.hpp>
#include <kvmark/report/storage_metrics.hpp>

namespace kvmark::report {

/// What docs/json.md documents under `kvmark.storage`.
[[nodiscard]] inline json::object storage_json(const measure::run_report& r) {
    const storage_metrics m = storage_metrics_of(r);
    json::array names, reasons;
    for (const storage_limit& l : m.limited_by) {
        names.emplace_back(l.name);
        reasons.emplace_back(l.reason);
    }
    return {
        {"read_gib_per_s", m.read_gib_per_s},
        {"write_gib_per_s", m.write_gib_per_s},
        {"cached_tokens_per_s", m.cached_tokens_per_s},
        {"mean_in_flight", m.in_flight},
        {"entry_device_latency_ms",
         {{"read", latency_json(m.read.device)}, {"write", latency_json(m.write.device)}}},
        {"io_device_latency_ms", {{"read", latency_json(m.read.io)}, {"write", latency_json(m.write.io)}}},
        {"ranks_storage", m.ranks_storage()},
        {"limited_by", std::move(names)},
        {"reasons", std::move(reasons)}};
}

namespace detail {

[[nodiscard]] inline json::array
block_request_buckets_json(const std::vector<measure::block_request_bucket>& buckets) {
    json::array all;
    for (const auto& b : buckets) all.push_back(json::array{b.low, b.high, b.count});
    return all;
}

[[nodiscard]] inline json::object block_requests_json(const measure::block_request_stats& s) {
    return {{"requests", s.count()},
            {"latency_us", block_request_buckets_json(s.latency_us)},
            {"size_bytes", block_request_buckets_json(s.size)}};
}

} // namespace detail

/// What docs/json.md documents under `kvmark.block_layer`; null where it was not traced.
[[nodiscard]] inline json::value block_layer_json(const measure::run_report& r) {
    if (!r.block_layer) return nullptr;
    const measure::block_layer_stats& b = *r.block_layer;
    return {{"devices", b.devices},
            {"begin_s", to_seconds(b.begin)},
            {"end_s", to_seconds(b.end)},
            {"read", detail::block_requests_json(b.read)},
            {"write", detail::block_requests_json(b.write)}};
}

} // namespace kvmark::report

// A histogram as JSON, whole.
#pragma once

#include <kvmark/report/json_summary.hpp>

namespace kvmark::report {

/// Every sample: [low_ns, high_ns, count] for each bucket that holds any.
[[nodiscard]] inline json::array histogram_json(const measure::histogram& h) {
    json::array all;
    for (const auto& b : h.buckets()) all.push_back(json::array{b.low.count, b.high.count, b.count});
    return all;
}

/// Percentiles and maximum in ms, null where nothing was measured, and the buckets.
[[nodiscard]] inline json::object distribution_json(const measure::histogram& h) {
    json::object o = latency_json(h);
    o["max"] = h.empty() ? json::value(nullptr) : json::value(to_milliseconds(h.max()));
    return {{"count", h.count()}, {"latency_ms", std::move(o)}, {"histogram_ns", histogram_json(h)}};
}

} // namespace kvmark::report

// What all rounds of one row of `kvmark tiers` come to.
#pragma once

#include <kvmark/benchmark/block_benchmark.hpp>
#include <kvmark/report/spread.hpp>

#include <boost/json/object.hpp>

namespace kvmark::cli {

/// Medians and spreads over rounds, percentiles over all of their I/Os.
struct tiers_totals {
    /// `peer`: bytes per second of what ran beside it in the same rounds; empty where nothing did.
    tiers_totals(bytes block, std::span<const block_result> rounds, std::span<const double> peer);

    report::median_and_spread gib_per_s, peer_gib_per_s, ratio, cpu_us_per_op, cpu_s_per_gib;
    double iops = 0;
    measure::histogram latency;
    std::uint64_t errors = 0, corrupt_sectors = 0;
    bytes device{}, moved{};

    /// The names and units of docs/tiers.md, from `gib_per_s` to `cpu_s_per_gib`.
    void add_to(boost::json::object&) const;
};

inline constexpr std::array<std::pair<const char*, double>, 5> tiers_percentiles{
    {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}}};

[[nodiscard]] boost::json::object spread_json(const report::median_and_spread&);
/// "(0.98-1.01)".
[[nodiscard]] std::string spread_text(const report::median_and_spread&);
/// Microseconds.
[[nodiscard]] std::string us_text(nanoseconds);

} // namespace kvmark::cli

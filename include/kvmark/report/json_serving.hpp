// Hits and token latencies of a run over prefix blocks, as JSON.
#pragma once

#include <kvmark/measure/run_report.hpp>
#include <kvmark/report/json_distribution.hpp>

namespace kvmark::report {

/// Sums over the measured requests; `tiers` has the name of each tier that is there, by its place.
[[nodiscard]] inline json::object hit_counts_json(const cache::replay_counts& c,
                                                  std::span<const std::string> tiers) {
    json::array by_tier;
    for (std::size_t t = 0; t < tiers.size(); ++t)
        if (!tiers[t].empty())
            by_tier.push_back({{"name", tiers[t]},
                               {"hit_blocks", c.tiers[t].read},
                               {"written_blocks", c.tiers[t].written},
                               {"demoted_blocks", c.tiers[t].demoted},
                               {"dropped_blocks", c.tiers[t].dropped}});
    return {
        {"requests", c.requests},
        {"block_refs", c.block_refs},
        {"hit_blocks_prefix", c.hit_blocks_prefix},
        {"hit_blocks_any", c.hit_blocks_any},
        {"recomputed_blocks", c.recomputed_blocks},
        {"measured_tokens", c.measured_tokens},
        {"hit_tokens", c.hit_tokens},
        {"hit_token_ratio", ratio(static_cast<double>(c.hit_tokens), static_cast<double>(c.measured_tokens))},
        {"tiers", std::move(by_tier)}};
}

/// The names of a run's tiers by their place; empty where a tier holds nothing.
[[nodiscard]] inline std::vector<std::string> present_tiers(const measure::run_report& r) {
    std::vector<std::string> names;
    for (const measure::tier_stats& t : r.tiers)
        names.push_back(t.limit.count == 0 ? std::string() : tier_label(r, t));
    return names;
}

/// Precondition: r.serving.
[[nodiscard]] inline json::object serving_json(const measure::run_report& r) {
    const measure::serving_stats& s = *r.serving;
    json::object all = hit_counts_json(s.counts, present_tiers(r));
    all["completed"] = s.completed;
    all["block_tokens"] = s.block_tokens.count;
    all["block_bytes"] = s.block.count;
    all["ttft"] = distribution_json(s.ttft);
    all["queue"] = distribution_json(s.queue);
    all["load"] = distribution_json(s.load);
    all["prefill"] = distribution_json(s.prefill);
    all["inter_token"] = distribution_json(s.inter_token);
    return all;
}

} // namespace kvmark::report

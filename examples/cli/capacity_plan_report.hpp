// What `kvmark plan` found, as text, JSON and CSV.
#pragma once

#include "settings.hpp"

#include <kvmark/cache/shards.hpp>
#include <kvmark/cache/stack_plan.hpp>

namespace kvmark::cli {

struct capacity_findings {
    workload::block_trace trace;
    bytes block{};              ///< size of one
    cache::trace_curves curves; ///< empty where they are sampled
    std::optional<cache::sampled_curves> sampled;
    std::uint64_t followed = 0;            ///< blocks in the sample at the end
    double seconds = 0;                    ///< that the curves took
    std::optional<cache::stack_plan> plan; ///< for gpu, host and storage

    /// What a server loads: the prefixes; of a sample, blocks wherever they are.
    [[nodiscard]] const cache::miss_ratio_curve& blocks() const {
        return sampled ? sampled->blocks : curves.prefix;
    }
    [[nodiscard]] const cache::miss_ratio_curve& any() const {
        return sampled ? sampled->blocks : curves.any;
    }
    [[nodiscard]] const cache::miss_ratio_curve& tokens() const {
        return sampled ? sampled->tokens : curves.tokens;
    }
};

inline constexpr std::array<std::string_view, 3> planned_tier_names{"gpu", "host", "storage"};
/// Shares of the ceiling that are marked, in percent.
inline constexpr std::array ceiling_marks{50, 80, 90, 95, 99};

/// `width`: columns of the terminal.
[[nodiscard]] std::string capacity_text(const settings& s, const capacity_findings& f, std::size_t width);
[[nodiscard]] std::string capacity_json(const settings& s, const capacity_findings& f);
/// Every step of the curves: between two of them nothing changes.
[[nodiscard]] std::string capacity_csv(const capacity_findings& f);

} // namespace kvmark::cli

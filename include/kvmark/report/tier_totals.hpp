// The tiers of a report seen as the reference sees them: one GPU, one CPU and one storage tier.
#pragma once

#include <kvmark/measure/add.hpp>

#include <string_view>

namespace kvmark::report {

inline constexpr std::array<std::string_view, 4> role_names{"gpu", "cpu", "storage", "peer"};

using measure::is_bounded;

[[nodiscard]] constexpr std::string_view role_name(measure::tier_role role) {
    return role_names[static_cast<std::size_t>(role)];
}

/// A tier's name, with its role in front where several tiers have that name: `storage-modelled`.
[[nodiscard]] inline std::string tier_label(const measure::run_report& r, const measure::tier_stats& tier) {
    std::size_t same = 0;
    for (const measure::tier_stats& t : r.tiers) same += t.name == tier.name ? 1 : 0;
    return same == 1 ? tier.name : std::string(role_name(tier.role)) + "-" + tier.name;
}

/// The tiers of one role added up; all zero where the stack has none.
[[nodiscard]] inline measure::tier_stats role_totals(const measure::run_report& r, measure::tier_role role) {
    measure::tier_stats sum;
    sum.name = role_name(role);
    sum.role = role;
    for (const measure::tier_stats& t : r.tiers) {
        if (t.role != role) continue;
        sum.limit = measure::add_limits(sum.limit, t.limit);
        sum.used += t.used;
        sum.entries += t.entries;
        sum.demotions_in += t.demotions_in;
        sum.evictions += t.evictions;
        add(sum.read, t.read);
        add(sum.write, t.write);
    }
    return sum;
}

/// One direction over all tiers, without histograms: those of unlike tiers do not mix.
struct moved_totals {
    std::uint64_t operations = 0;
    bytes moved{};
};

[[nodiscard]] inline moved_totals all_reads(const measure::run_report& r) {
    moved_totals sum;
    for (const measure::tier_stats& t : r.tiers)
        sum.operations += t.read.operations, sum.moved += t.read.moved;
    return sum;
}

[[nodiscard]] inline moved_totals all_writes(const measure::run_report& r) {
    moved_totals sum;
    for (const measure::tier_stats& t : r.tiers)
        sum.operations += t.write.operations, sum.moved += t.write.moved;
    return sum;
}

/// GiB/s over the measured window; 0 for a window of no length.
[[nodiscard]] inline double gib_per_second(bytes moved, nanoseconds elapsed) {
    return elapsed.count > 0 ? to_gib(moved) / to_seconds(elapsed) : 0.0;
}

/// a / b, 0 where b is 0.
[[nodiscard]] inline double ratio(double a, double b) { return b > 0 ? a / b : 0.0; }

[[nodiscard]] inline double hit_rate(std::uint64_t hits, std::uint64_t misses) {
    return ratio(static_cast<double>(hits), static_cast<double>(hits + misses));
}

} // namespace kvmark::report

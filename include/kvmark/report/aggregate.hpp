// The reference's figures over ranks and trials, under its rules: summed in a trial, mean over trials.
#pragma once

#include <kvmark/report/tier_totals.hpp>

#include <optional>
#include <span>

namespace kvmark::report {

/// What one rank measured in one trial; a figure that nothing stands behind is not there.
struct rank_row {
    std::uint32_t rank = 0;
    bool missing = false; ///< no complete result came from it
    std::optional<double> read_gib_per_s{}, write_gib_per_s{};
    std::optional<double> tokens_per_s{};         ///< over its window
    std::optional<double> storage_tokens_per_s{}; ///< over the storage time of its requests
    std::optional<double> p95_ms{};               ///< of the storage time of a request
    std::optional<std::uint64_t> storage_entries{};
};

struct rank_in_trial {
    std::uint32_t trial = 0;
    std::uint32_t rank = 0;

    friend bool operator==(const rank_in_trial&, const rank_in_trial&) = default;
};

struct aggregate {
    std::optional<double> read_gib_per_s, write_gib_per_s, tokens_per_s, storage_tokens_per_s;
    std::optional<double> p95_ms; ///< the highest of any rank in any complete trial
    std::uint32_t rank_count = 0;
    std::uint32_t trial_count = 0;
    std::uint32_t complete_trials = 0; ///< those without a missing rank, which alone are in the figures
    std::vector<rank_in_trial> missing;
    std::vector<rank_in_trial> cpu_tier_ranks; ///< that had no entry in storage at the end

    [[nodiscard]] bool partial_failure() const { return !missing.empty(); }
};

namespace detail {

using rank_figure = std::optional<double> rank_row::*;

/// The mean over trials without a missing rank of the sums over their ranks.
[[nodiscard]] inline std::optional<double> mean_of_sums(std::span<const std::vector<rank_row>> trials,
                                                        rank_figure figure) {
    double sums = 0;
    std::size_t count = 0;
    for (const std::vector<rank_row>& rows : trials) {
        double sum = 0;
        bool any = false, complete = true;
        for (const rank_row& row : rows) {
            complete &= !row.missing;
            any |= (row.*figure).has_value();
            sum += (row.*figure).value_or(0);
        }
        if (!any || !complete) continue;
        sums += sum;
        ++count;
    }
    return count == 0 ? std::nullopt : std::optional(sums / static_cast<double>(count));
}

} // namespace detail

/// framework.md 4.2, but for what the reference gets wrong: a trial with a missing rank is in the counts and
/// not in the figures, where the reference averages its smaller sum in; what is not known is not 0. Each
/// trial has a row for every rank.
[[nodiscard]] inline aggregate aggregate_trials(std::span<const std::vector<rank_row>> trials) {
    aggregate a;
    a.read_gib_per_s = detail::mean_of_sums(trials, &rank_row::read_gib_per_s);
    a.write_gib_per_s = detail::mean_of_sums(trials, &rank_row::write_gib_per_s);
    a.tokens_per_s = detail::mean_of_sums(trials, &rank_row::tokens_per_s);
    a.storage_tokens_per_s = detail::mean_of_sums(trials, &rank_row::storage_tokens_per_s);
    for (const std::vector<rank_row>& rows : trials) {
        const std::size_t missing_before = a.missing.size();
        a.rank_count = std::max(a.rank_count, static_cast<std::uint32_t>(rows.size()));
        for (const rank_row& row : rows) {
            if (row.missing) a.missing.push_back({a.trial_count, row.rank});
            if (!row.missing && row.storage_entries == 0)
                a.cpu_tier_ranks.push_back({a.trial_count, row.rank});
        }
        ++a.trial_count;
        if (a.missing.size() != missing_before) continue;
        ++a.complete_trials;
        for (const rank_row& row : rows)
            if (row.p95_ms && row.p95_ms > a.p95_ms) a.p95_ms = row.p95_ms;
    }
    return a;
}

/// The rows of a job, one trial.
[[nodiscard]] inline std::vector<rank_row> rank_rows(const measure::run_report& r) {
    std::vector<rank_row> rows;
    if (!r.job) return rows;
    for (const measure::rank_stats& s : r.job->ranks) {
        rank_row& row = rows.emplace_back();
        row.rank = s.rank;
        row.missing = !s.complete();
        if (row.missing) continue;
        bytes read{}, written{};
        std::uint64_t entries = 0;
        for (std::size_t i = 0; i < s.tiers.size() && i < r.tiers.size(); ++i) {
            if (r.tiers[i].role != measure::tier_role::storage) continue;
            read += s.tiers[i].read;
            written += s.tiers[i].written;
            entries += s.tiers[i].entries;
        }
        row.storage_entries = entries;
        const auto tokens = static_cast<double>(s.tokens_generated);
        if (s.elapsed.count > 0) {
            row.read_gib_per_s = gib_per_second(read, s.elapsed);
            row.write_gib_per_s = gib_per_second(written, s.elapsed);
            row.tokens_per_s = tokens / to_seconds(s.elapsed);
        }
        if (s.storage_time.count > 0) row.storage_tokens_per_s = tokens / to_seconds(s.storage_time);
        if (s.requests_completed > 0) row.p95_ms = to_milliseconds(s.storage_io_p95);
    }
    return rows;
}

} // namespace kvmark::report

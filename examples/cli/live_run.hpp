// What the full screen knows of a run: the last progress, rates, and the last minute of it.
#pragma once

#include <kvmark/measure/progress.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::cli {

/// One direction of one tier, of the time since the progress before.
struct live_direction {
    bytes moved{}; ///< in all
    double gib_per_s = 0;
    measure::recent_latency latency;
};

struct live_tier {
    std::string name;
    tier::tier_role role = tier::tier_role::storage;
    bytes used{}, limit{};
    std::uint64_t entries = 0;
    live_direction read, write;
};

struct live_host {
    std::string name;
    std::uint64_t ranks = 0;
    bytes moved{};
    double gib_per_s = 0;
};

/// Keeps no reference to what it is given.
struct live_run {
    static constexpr std::size_t history = 60; ///< samples, of a second each
    static constexpr std::size_t kept_lines = 100;

    explicit live_run(std::string about) : title(std::move(about)) {}

    void take(const measure::progress& p);
    /// A line that was said during the run, without its newline.
    void say(std::string_view line);

    /// Of the run or of its preparation; an estimate by its share where its length is unknown. Negative where
    /// there is none.
    [[nodiscard]] double seconds_left() const;
    [[nodiscard]] bool is_running() const { return stage == "running"; }

    std::string title, stage;
    nanoseconds elapsed{}, window{};
    double fraction = 0; ///< of the stage
    std::uint64_t users = 0, completed = 0, queued = 0, tokens = 0;
    double requests_per_s = 0, tokens_per_s = 0;
    double hit_rate = 0;
    measure::recent_latency end_to_end, ttft;
    std::vector<live_tier> tiers;
    std::vector<live_host> hosts;
    std::deque<double> bandwidth; ///< GiB/s of the storage tiers, both directions
    std::deque<double> read_p95;  ///< ms; of the slowest storage tier, 0 where nothing was read
    std::deque<std::string> lines;
};

} // namespace kvmark::cli

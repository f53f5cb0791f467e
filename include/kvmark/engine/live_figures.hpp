// The run as it goes: its time series, and what its observer is told.
#pragma once

#include <kvmark/engine/io_worker.hpp>
#include <kvmark/measure/progress.hpp>
#include <kvmark/measure/run_report.hpp>

namespace kvmark::engine {

/// Sampled about once a second, from the report and from the workers' counters, which are read as they run.
class live_figures {
public:
    explicit live_figures(nanoseconds window) { progress_.window = window; }

    /// While the cache is being prepared.
    const measure::progress& preparing(nanoseconds elapsed, double fraction) {
        progress_.stage = "preparing";
        progress_.elapsed = elapsed;
        progress_.fraction = fraction;
        return progress_;
    }

    /// While the load is played and nothing counts yet.
    const measure::progress& warming_up(nanoseconds elapsed, double fraction, std::uint64_t users,
                                        std::uint64_t queued) {
        preparing(elapsed, fraction);
        progress_.stage = "warming up";
        progress_.users = users;
        progress_.queued = queued;
        return progress_;
    }

    /// Adds a row to the report's timeline; `done` are the tokens of the requests completed since the last
    /// one.
    template <class Crew>
    const measure::progress& sample(measure::run_report& report, Crew& crew, nanoseconds elapsed, tokens done,
                                    std::uint64_t users, std::uint64_t queued) {
        const nanoseconds since = elapsed - previous_.at;
        measure::throughput_sample row{.at = elapsed, .users = users};
        row.tokens_per_second = since.count > 0 ? static_cast<double>(done.count) / to_seconds(since) : 0.0;
        progress_.tiers.clear();
        for (std::size_t t = 0; t < report.tiers.size(); ++t) {
            progress_.tiers.push_back(moved_so_far(report.tiers[t], t, crew));
            if (report.tiers[t].role != tier::tier_role::storage) continue;
            row.read += progress_.tiers.back().read;
            row.written += progress_.tiers.back().written;
        }
        report.timeline.push_back(row);
        report.timeline.back().read -= previous_.read;
        report.timeline.back().written -= previous_.written;
        previous_ = row;

        progress_.stage = "running";
        progress_.elapsed = elapsed;
        progress_.fraction = to_seconds(elapsed) / to_seconds(progress_.window);
        progress_.users = users;
        progress_.completed = report.requests_completed;
        progress_.queued = queued;
        progress_.tokens = report.tokens_generated.count;
        const std::uint64_t accesses = report.cache.hits + report.cache.misses;
        progress_.hit_rate =
            accesses ? static_cast<double>(report.cache.hits) / static_cast<double>(accesses) : 0.0;
        return progress_;
    }

private:
    template <class Crew>
    static measure::tier_progress moved_so_far(const measure::tier_stats& stats, std::size_t t, Crew& crew) {
        measure::tier_progress p{stats.name, stats.read.moved, stats.write.moved};
        crew.for_each_worker([&](io_worker& w) {
            p.read += bytes(w.counters(t).read_bytes.load(std::memory_order_relaxed));
            p.written += bytes(w.counters(t).written_bytes.load(std::memory_order_relaxed));
        });
        return p;
    }

    measure::progress progress_;
    measure::throughput_sample previous_; ///< its bytes are totals
};

} // namespace kvmark::engine

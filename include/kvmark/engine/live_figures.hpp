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
    template <class Crew>
    const measure::progress& preparing(const measure::run_report& report, Crew& crew, nanoseconds elapsed,
                                       double fraction) {
        look_at_tiers(report, crew);
        progress_.stage = "preparing";
        progress_.elapsed = elapsed;
        progress_.fraction = fraction;
        return progress_;
    }

    /// While the load is played and nothing counts yet.
    template <class Crew>
    const measure::progress& warming_up(const measure::run_report& report, Crew& crew, nanoseconds elapsed,
                                        double fraction, std::uint64_t users, std::uint64_t queued) {
        preparing(report, crew, elapsed, fraction);
        progress_.stage = "warming up";
        progress_.users = users;
        progress_.queued = queued;
        return progress_;
    }

    /// Adds a row to the report's timeline; `done` are the tokens of the requests completed since the last
    /// one. What the tiers hold is read from the report. `ttft` is that of a served run.
    template <class Crew>
    const measure::progress& sample(measure::run_report& report, Crew& crew, nanoseconds elapsed, tokens done,
                                    std::uint64_t users, std::uint64_t queued,
                                    const measure::histogram* ttft = nullptr) {
        const nanoseconds since = elapsed - previous_.at;
        measure::throughput_sample row{.at = elapsed, .users = users};
        row.tokens_per_second = since.count > 0 ? static_cast<double>(done.count) / to_seconds(since) : 0.0;
        look_at_tiers(report, crew);
        for (const measure::tier_progress& t : progress_.tiers) {
            if (t.role != tier::tier_role::storage) continue;
            row.read += t.read;
            row.written += t.written;
            measure::add(row.storage_read, t.read_latency);
            measure::add(row.storage_write, t.write_latency);
        }
        row.end_to_end = end_to_end_.take(report.end_to_end);
        if (ttft != nullptr) row.ttft = ttft_.take(*ttft);
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
        progress_.end_to_end = row.end_to_end;
        progress_.ttft = row.ttft;
        progress_.hit_rate =
            accesses ? static_cast<double>(report.cache.hits) / static_cast<double>(accesses) : 0.0;
        return progress_;
    }

private:
    struct tier_followers {
        measure::latency_follower read, write;
    };

    template <class Crew>
    void look_at_tiers(const measure::run_report& report, Crew& crew) {
        followers_.resize(report.tiers.size());
        progress_.tiers.clear();
        for (std::size_t t = 0; t < report.tiers.size(); ++t) {
            const measure::tier_stats& stats = report.tiers[t];
            measure::tier_progress& p = progress_.tiers.emplace_back();
            p.name = stats.name;
            p.read = stats.read.moved;
            p.written = stats.write.moved;
            crew.for_each_worker([&](io_worker& w) {
                p.read += bytes(w.counters(t).read_bytes.load(std::memory_order_relaxed));
                p.written += bytes(w.counters(t).written_bytes.load(std::memory_order_relaxed));
            });
            p.role = stats.role;
            p.used = stats.used;
            p.limit = stats.limit;
            p.entries = stats.entries;
            p.read_latency = followers_[t].read.take(stats.read.total);
            p.write_latency = followers_[t].write.take(stats.write.total);
        }
    }

    std::vector<tier_followers> followers_; ///< by tier
    measure::latency_follower end_to_end_, ttft_;
    measure::progress progress_;
    measure::throughput_sample previous_; ///< its bytes are totals
};

} // namespace kvmark::engine

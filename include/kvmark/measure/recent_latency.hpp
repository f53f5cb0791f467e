// Latency of the last moment: percentiles of what a growing histogram took in since it was last looked at.
#pragma once

#include <kvmark/measure/histogram.hpp>

namespace kvmark::measure {

/// Of what completed in one interval. The percentiles are 0 where nothing did.
struct recent_latency {
    std::uint64_t count = 0;
    nanoseconds p50{}, p95{}, p99{};
};

/// One figure of two sources in the same interval. Percentiles do not add up, so those of the sum are the
/// highest of either: no source was slower than they say.
inline void add(recent_latency& to, const recent_latency& r) {
    to.count += r.count;
    if (to.p50 < r.p50) to.p50 = r.p50;
    if (to.p95 < r.p95) to.p95 = r.p95;
    if (to.p99 < r.p99) to.p99 = r.p99;
}

/// Follows one histogram. Recording into it costs nothing more; a look costs microseconds.
class latency_follower {
public:
    /// Of what `h` took in since the call before, from the first call on everything. Give the same histogram
    /// each time. Percentiles are those of histogram::quantile().
    [[nodiscard]] KVMARK_COLD recent_latency take(const histogram& h) {
        recent_latency recent{.count = h.count() - seen_.count()};
        if (recent.count == 0) return recent;
        added_.clear();
        h.for_each_added(seen_, [this](const histogram::bucket& b) { added_.push_back(b); });
        recent.p50 = quantile(0.50, recent.count);
        recent.p95 = quantile(0.95, recent.count);
        recent.p99 = quantile(0.99, recent.count);
        seen_ = h;
        return recent;
    }

private:
    [[nodiscard]] nanoseconds quantile(double q, std::uint64_t count) const {
        const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count - 1));
        std::uint64_t before = 0;
        for (const histogram::bucket& b : added_) {
            if (rank < before + b.count) return b.at(static_cast<double>(rank - before));
            before += b.count;
        }
        return added_.back().high;
    }

    histogram seen_;
    std::vector<histogram::bucket> added_; ///< kept for its memory
};

} // namespace kvmark::measure

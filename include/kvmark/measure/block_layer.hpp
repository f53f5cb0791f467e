// What the kernel's block layer saw of a run, by its own tracepoints.
#pragma once

#include <kvmark/core/units.hpp>

#include <string>
#include <vector>

namespace kvmark::measure {

/// `count` values of low..high, both included.
struct block_request_bucket {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint64_t count = 0;

    friend bool operator==(const block_request_bucket&, const block_request_bucket&) = default;
};

/// Requests of one direction; the latency in buckets of powers of two. A request is what the driver is given:
/// the kernel splits and joins the I/Os of a program.
struct block_request_stats {
    std::vector<block_request_bucket> latency_us; ///< from the issue to the driver to the completion
    std::vector<block_request_bucket> size;       ///< bytes; each size has a bucket of its own

    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t n = 0;
        for (const block_request_bucket& b : latency_us) n += b.count;
        return n;
    }
};

/// Of the whole devices, whoever asked them.
struct block_layer_stats {
    std::string devices; ///< names, with commas between
    nanoseconds begin{}; ///< the requests counted were completed from here on, after the window opened
    nanoseconds end{};   ///< and until here
    block_request_stats read{};
    block_request_stats write{};
};

/// The upper end of the bucket in which the quantile lies, 0 without requests: the buckets say no more.
[[nodiscard]] constexpr std::uint64_t quantile_bound(const std::vector<block_request_bucket>& buckets,
                                                     double rank) {
    std::uint64_t all = 0, before = 0;
    for (const block_request_bucket& b : buckets) all += b.count;
    for (const block_request_bucket& b : buckets) {
        before += b.count;
        if (b.count != 0 && static_cast<double>(before) >= rank * static_cast<double>(all)) return b.high;
    }
    return 0;
}

} // namespace kvmark::measure

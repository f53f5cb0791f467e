// From what a device was measured to do to the numbers of a modelled tier, and back.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/measure/histogram.hpp>
#include <kvmark/tier/modelled.hpp>

#include <span>
#include <string>
#include <vector>

namespace kvmark {

/// What I/Os of one size did, `depth` of them always in flight.
struct measured_case {
    bytes block{};
    std::uint32_t depth = 1;
    int read_percent = 100;      ///< 100: reads, 0: writes, else both at random
    double bytes_per_second = 0; ///< of both directions together
    measure::histogram latency;  ///< of an I/O
};

/// The bandwidth of a depth that is this share of the best counts as saturated: closer than that, rounds of
/// one device differ.
inline constexpr double saturated_share = 0.95;

namespace detail {

/// One direction of a device, as its cases show it at two block sizes (or one).
class way_fit {
public:
    way_fit(std::span<const measured_case> cases, int read_percent, bytes large, bytes small)
        : cases_(cases), read_percent_(read_percent), large_(large), small_(small) {}

    /// False without an I/O alone at both sizes.
    [[nodiscard]] bool complete() const { return alone(large_) > 0 && alone(small_) > 0; }

    /// Nanoseconds of an I/O with nothing else in flight, which is Little's law at depth 1.
    [[nodiscard]] double alone(bytes block) const {
        for (const measured_case& c : cases_)
            if (is(c, block) && c.depth == 1) return time_of(c);
        return 0;
    }
    /// Nanoseconds from the end of one I/O to the end of the next in a deep queue: the mean of the depths
    /// that saturate the device, since the best of some noisy figures is too good.
    [[nodiscard]] double share(bytes block) const {
        const double enough = saturated_share * best(block);
        double sum = 0;
        int count = 0;
        for (const measured_case& c : cases_)
            if (is(c, block) && c.bytes_per_second >= enough) {
                sum += c.bytes_per_second;
                ++count;
            }
        return static_cast<double>(block.count) / (sum / count) * 1e9;
    }
    /// The least depth that saturates it, and no less than its shares need.
    [[nodiscard]] std::uint32_t depth() const {
        std::uint32_t needed = 1, seen = ~0u;
        for (const bytes block : {large_, small_}) {
            const double overlap = alone(block) / share(block);
            while (needed < overlap) ++needed;
        }
        for (const measured_case& c : cases_)
            if (is(c, large_) && c.bytes_per_second >= saturated_share * best(large_) && c.depth < seen)
                seen = c.depth;
        return seen > needed ? seen : needed;
    }

    /// fixed + size / rate through the times at both sizes; a negative part is 0, and the line then goes
    /// through the larger size.
    struct line {
        double fixed = 0, rate = 0; ///< nanoseconds, bytes per second
    };
    [[nodiscard]] line line_of(double at_large, double at_small) const {
        const auto l = static_cast<double>(large_.count), s = static_cast<double>(small_.count);
        double per_byte = l > s ? (at_large - at_small) / (l - s) : 0;
        if (per_byte <= 0 || at_large < l * per_byte) per_byte = at_large / l;
        return {at_large - l * per_byte, 1e9 / per_byte};
    }

    /// Of the larger size in the deepest queue, up to P99, and 1 on average. What stalls beyond that cost is
    /// in the bandwidth, and so in the time of every I/O: drawn too, it would be counted twice.
    [[nodiscard]] tier::modelled_spread spread() const {
        tier::modelled_spread s;
        const measured_case* deepest = nullptr;
        for (const measured_case& c : cases_)
            if (is(c, large_) && !c.latency.empty() && (!deepest || c.depth > deepest->depth)) deepest = &c;
        if (!deepest) return s;
        for (std::size_t i = 0; i < s.ratios.size(); ++i) {
            const double rank = s.ranks[i] < 0.99 ? s.ranks[i] : 0.99;
            s.ratios[i] = static_cast<double>(deepest->latency.quantile(rank).count);
        }
        const double mean = s.mean();
        for (double& r : s.ratios) r = mean > 0 ? r / mean : 1;
        return s;
    }

private:
    [[nodiscard]] bool is(const measured_case& c, bytes block) const {
        return c.block == block && c.read_percent == read_percent_ && c.bytes_per_second > 0;
    }
    [[nodiscard]] static double time_of(const measured_case& c) {
        return c.depth * static_cast<double>(c.block.count) / c.bytes_per_second * 1e9;
    }
    [[nodiscard]] double best(bytes block) const {
        double most = 0;
        for (const measured_case& c : cases_)
            if (is(c, block) && c.bytes_per_second > most) most = c.bytes_per_second;
        return most;
    }

    std::span<const measured_case> cases_;
    int read_percent_;
    bytes large_, small_;
};

/// How far reads and writes share the device, from mixed cases of the larger size: what a pair of one of each
/// takes beyond the longer of the two. 1 where nothing mixed was measured.
[[nodiscard]] KVMARK_COLD double contention_of(std::span<const measured_case> cases, bytes block, double read,
                                               double write) {
    double most = 0, reads = 0;
    for (const measured_case& c : cases) {
        if (c.block != block || c.read_percent <= 0 || c.read_percent >= 100 || c.bytes_per_second <= most)
            continue;
        most = c.bytes_per_second;
        reads = c.read_percent / 100.0;
    }
    if (most <= 0) return 1;
    const double took = static_cast<double>(block.count) / most * 1e9;
    const double a = reads * read, b = (1 - reads) * write;
    const double longer = a > b ? a : b, shorter = a > b ? b : a;
    const double contention = took <= a + b ? (took - longer) / shorter : (took - shorter) / longer;
    return contention > 0 ? contention : 0;
}

} // namespace detail

/// The device that does what was measured. Needs, of reads and of writes each, the largest block and the
/// smallest (one size alone will do) with one I/O in flight and with enough to saturate the device; and, for
/// how the two share it, a mix of them at the largest block, deep. Between the sizes times are linear; the
/// spread is that of the largest. Errors: invalid_argument, for a case that is missing.
[[nodiscard]] KVMARK_COLD result<tier::modelled_config> fit_modelled(std::span<const measured_case> cases,
                                                                     bytes granule = tier::sector_size) {
    bytes large{}, small{~std::uint64_t{0}};
    for (const measured_case& c : cases) {
        if (c.block > large) large = c.block;
        if (c.block < small) small = c.block;
    }
    const detail::way_fit reads(cases, 100, large, small), writes(cases, 0, large, small);
    for (const auto* way : {&reads, &writes})
        if (!way->complete())
            return error{error_kind::invalid_argument,
                         std::string("calibration: no ") + (way == &reads ? "reads" : "writes") +
                             " with one I/O in flight were measured at the largest or the smallest block"};

    const double read_share = reads.share(large), write_share = writes.share(large);
    const auto read = reads.line_of(read_share, reads.share(small));
    const auto write = writes.line_of(write_share, writes.share(small));
    const auto read_alone = reads.line_of(reads.alone(large), reads.alone(small));
    const auto write_alone = writes.line_of(writes.alone(large), writes.alone(small));
    const auto whole = [](double ns) { return nanoseconds(static_cast<std::int64_t>(ns + 0.5)); };
    return tier::modelled_config{.read_latency = whole(read_alone.fixed),
                                 .write_latency = whole(write_alone.fixed),
                                 .read_bytes_per_second = read.rate,
                                 .write_bytes_per_second = write.rate,
                                 .queue_depth =
                                     reads.depth() > writes.depth() ? reads.depth() : writes.depth(),
                                 .granule = granule,
                                 .read_io_cost = whole(read.fixed),
                                 .write_io_cost = whole(write.fixed),
                                 .read_alone_bytes_per_second = read_alone.rate,
                                 .write_alone_bytes_per_second = write_alone.rate,
                                 .contention = detail::contention_of(cases, large, read_share, write_share),
                                 .read_spread = reads.spread(),
                                 .write_spread = writes.spread()};
}

/// What a modelled device gives in a case: `operations` I/Os, each handed over as another ends. Bandwidth and
/// latencies come out as block_benchmark would measure them, in virtual time. Errors: those of open().
[[nodiscard]] KVMARK_COLD result<measured_case> predict(const tier::modelled_config& config, bytes block,
                                                        std::uint32_t depth, int read_percent,
                                                        std::uint64_t operations = 20'000) {
    tier::modelled<> device(config);
    if (auto opened = device.open({.io_chunk = block, .queue_depth = depth}); !opened) return opened.error();
    measured_case found{.block = block, .depth = depth, .read_percent = read_percent, .latency = {}};
    random_stream draw(1);
    std::vector<nanoseconds> ends(depth);
    nanoseconds now{}, begun{};
    // The first ones meet an idle device.
    const std::uint64_t warm_up = std::uint64_t{depth} * 4;
    for (std::uint64_t i = 0; i < warm_up + operations; ++i) {
        std::size_t first = 0;
        for (std::size_t slot = 1; slot < ends.size(); ++slot)
            if (ends[slot] < ends[first]) first = slot;
        now = ends[first];
        if (i == warm_up) begun = now;
        const bool reads = read_percent == 100 || static_cast<int>(draw.next() % 100) < read_percent;
        ends[first] = device.schedule(reads ? tier::direction::read : tier::direction::write, block, now);
        if (i >= warm_up) found.latency.record(ends[first] - now);
    }
    if (now > begun)
        found.bytes_per_second = static_cast<double>((block * operations).count) / to_seconds(now - begun);
    return found;
}

} // namespace kvmark

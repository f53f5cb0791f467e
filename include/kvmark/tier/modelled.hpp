// A tier made of numbers: what a device takes for an I/O alone, and for one of many. For virtual time, and
// for hardware not at hand.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <array>

namespace kvmark::tier {

/// How the time of an I/O varies: its quantiles over its mean, at the ranks of `ranks`, linear between them.
struct modelled_spread {
    static constexpr std::array<double, 11> ranks{0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1};
    std::array<double, ranks.size()> ratios{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}; ///< all 1: it never varies

    [[nodiscard]] constexpr bool varies() const {
        for (const double r : ratios)
            if (r != 1) return true;
        return false;
    }
    /// The ratio at rank u, 0..1.
    [[nodiscard]] constexpr double at(double u) const {
        std::size_t i = 1;
        while (i + 1 < ranks.size() && ranks[i] < u) ++i;
        return ratios[i - 1] + (ratios[i] - ratios[i - 1]) * (u - ranks[i - 1]) / (ranks[i] - ranks[i - 1]);
    }
    /// Of ratios drawn evenly over the ranks; 1 in a configuration that keeps to its bandwidth.
    [[nodiscard]] constexpr double mean() const {
        double sum = 0;
        for (std::size_t i = 1; i < ranks.size(); ++i)
            sum += (ratios[i] + ratios[i - 1]) / 2 * (ranks[i] - ranks[i - 1]);
        return sum;
    }
};

struct modelled_config {
    nanoseconds read_latency{80'000};
    nanoseconds write_latency{30'000};
    double read_bytes_per_second = 3.0e9;
    double write_bytes_per_second = 2.5e9;
    std::uint32_t queue_depth = 32; ///< I/Os the device serves at once
    bytes granule = sector_size;    ///< the unit in which it gives out room

    // What `kvmark calibrate` finds beyond these.
    nanoseconds read_io_cost{}; ///< of an I/O under load, whatever its size
    nanoseconds write_io_cost{};
    double read_alone_bytes_per_second = 0; ///< at which an I/O alone moves; 0: read_bytes_per_second
    double write_alone_bytes_per_second = 0;
    /// How much of the time of reads is lost to writes, and the other way round. 1: they take turns; 0: each
    /// has the device to itself; above 1: they disturb each other.
    double contention = 1;
    modelled_spread read_spread{};
    modelled_spread write_spread{};
};

/// One device in closed form. An operation moves in I/Os of io_chunk; of an I/O of n bytes
///     alone = latency + n / alone_bytes_per_second      what it takes when nothing else is under way,
///     share = max(io_cost + n / bytes_per_second, alone / depth)     what it takes off the device's time,
/// where depth is queue_depth, and in the storage role no more than the run's own. Operations are served in
/// order: one is done when the shares of all before it and its own have passed, and alone - share later. So a
/// loaded device delivers exactly n / share, and an idle one answers an I/O after `alone`. A spread stretches
/// or shortens the time from when the last I/O is handed to the device; it is drawn from a stream of its own,
/// the same in each run.
template <tier_role Role = tier_role::storage>
class modelled {
public:
    static constexpr std::string_view name = "modelled";
    static constexpr tier_role role = Role;
    using config = modelled_config;

    modelled() = default;
    explicit modelled(const config& c) : config_(c) {}

    result<void> open(const tier_setup& setup) {
        const config& c = config_;
        for (const double rate : {c.read_bytes_per_second, c.write_bytes_per_second})
            if (!(rate > 0) || c.queue_depth == 0)
                return error{error_kind::invalid_argument,
                             "modelled tier: bandwidths and queue depth must be above 0"};
        for (const double value :
             {c.read_alone_bytes_per_second, c.write_alone_bytes_per_second, c.contention,
              static_cast<double>(c.read_latency.count), static_cast<double>(c.write_latency.count),
              static_cast<double>(c.read_io_cost.count), static_cast<double>(c.write_io_cost.count)})
            if (!(value >= 0))
                return error{error_kind::invalid_argument,
                             "modelled tier: latencies, costs and contention must not be below 0"};
        const std::uint32_t run = Role == tier_role::storage ? setup.queue_depth : c.queue_depth;
        const std::uint32_t depth = c.queue_depth < run ? c.queue_depth : run;
        chunk_ = static_cast<double>(setup.io_chunk.count);
        ways_[0].fit(c.read_latency, c.read_io_cost, c.read_bytes_per_second, c.read_alone_bytes_per_second,
                     depth, c.read_spread);
        ways_[1].fit(c.write_latency, c.write_io_cost, c.write_bytes_per_second,
                     c.write_alone_bytes_per_second, depth, c.write_spread);
        handed_over_ = run > 0 ? run : 1;
        return {};
    }

    [[nodiscard]] bytes granule(const tier_setup&) const { return config_.granule; }

    /// Bytes per second that it gives under load; valid after open().
    [[nodiscard]] double saturated_rate(direction d) const { return chunk_ / way_of(d).share(chunk_) * 1e9; }

    [[nodiscard]] KVMARK_INLINE nanoseconds schedule(direction d, bytes size, nanoseconds now) {
        way& w = ways_[static_cast<std::size_t>(d)];
        way& other = ways_[1 - static_cast<std::size_t>(d)];
        const auto n = static_cast<double>(size.count);
        const auto asked = static_cast<double>(now.count);
        const auto whole = static_cast<double>(static_cast<std::uint64_t>(n / chunk_));
        const double rest = n - whole * chunk_;
        const bool idle = asked >= w.free_at;
        const double busy = whole * w.share(chunk_) + (rest > 0 ? w.share(rest) : 0);
        w.free_at = (asked > w.free_at ? asked : w.free_at) + busy;
        other.free_at = (asked > other.free_at ? asked : other.free_at) + busy * config_.contention;

        const double last = n < chunk_ ? n : chunk_;
        const double share = w.share(last), alone = w.alone(last);
        double end = w.free_at + (alone > share ? alone - share : 0);
        if (w.varies) {
            double inside = share * handed_over_;
            if (alone > inside) inside = alone;
            if (end - asked < inside) inside = end - asked;
            const double late = inside * (w.spread.at(draw_.uniform()) - 1);
            end += late;
            // Where the next I/O waits for an answer, not for the device, that begins later too; and one that
            // was alone was all that the device did. One of many is passed by the others.
            if (w.waits_for_answers(last))
                w.free_at += late / w.depth;
            else if (idle)
                w.free_at += late;
        }
        return nanoseconds(static_cast<std::int64_t>(end + 0.5));
    }

private:
    /// One direction; times in nanoseconds, whole ones would lose up to one for each operation.
    struct way {
        KVMARK_COLD void fit(nanoseconds of_alone, nanoseconds of_loaded, double loaded_rate,
                             double alone_rate, std::uint32_t in_flight, const modelled_spread& s) {
            latency = static_cast<double>(of_alone.count);
            cost = static_cast<double>(of_loaded.count);
            loaded_byte = 1e9 / loaded_rate;
            alone_byte = alone_rate > 0 ? 1e9 / alone_rate : loaded_byte;
            depth = in_flight > 0 ? in_flight : 1;
            spread = s;
            varies = s.varies();
        }
        [[nodiscard]] KVMARK_INLINE double alone(double n) const { return latency + n * alone_byte; }
        [[nodiscard]] KVMARK_INLINE double by_device(double n) const { return cost + n * loaded_byte; }
        [[nodiscard]] KVMARK_INLINE double by_depth(double n) const { return alone(n) / depth; }
        [[nodiscard]] KVMARK_INLINE bool waits_for_answers(double n) const {
            return by_depth(n) > by_device(n);
        }
        [[nodiscard]] KVMARK_INLINE double share(double n) const {
            return waits_for_answers(n) ? by_depth(n) : by_device(n);
        }

        double latency = 0, cost = 0, loaded_byte = 1, alone_byte = 1, depth = 1;
        modelled_spread spread{};
        bool varies = false;
        double free_at = 0;
    };
    [[nodiscard]] const way& way_of(direction d) const { return ways_[static_cast<std::size_t>(d)]; }

    config config_{};
    double chunk_ = static_cast<double>(sector_size.count);
    double handed_over_ = 1; ///< I/Os that the device has before it at most, served or not
    std::array<way, 2> ways_{};
    random_stream draw_{0x6d6f64656c6c6564}; ///< "modelled"
};

} // namespace kvmark::tier

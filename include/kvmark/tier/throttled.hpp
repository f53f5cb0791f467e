// A tier made slower: a bandwidth that is not exceeded, and a latency that no I/O stays below.
#pragma once

#include <kvmark/tier/decorated.hpp>

#include <atomic>

namespace kvmark::tier {

/// The speed of reads, or of writes.
struct throttle {
    double bytes_per_second = 0; ///< 0: no limit
    nanoseconds latency{};       ///< an I/O lasts at least as long
};

/// A tier of known speed. All its I/Os together keep to the rate, like those of one device: while a write
/// goes on, a read waits. Each takes the next piece of one schedule, which runs on whether its caller is late
/// or not, so the rate is exact in the long run: in any time t, at most rate x (t + burst) bytes move. Only
/// reads and writes are slowed down; create, commit and erase are those of T.
template <blocking_tier T>
class throttled : public decorated<T, "throttled"> {
public:
    struct config {
        throttle read{};
        throttle write{};
        config_of<T> inner{};
    };

    /// How far the schedule may fall behind the clock before what it offered is lost: a caller that is woken
    /// late makes up for it, one that pauses cannot save the pause up.
    static constexpr nanoseconds burst{5'000'000};
    /// Its time is that of a device, whatever is inside.
    static constexpr bool in_memory = false;

    throttled() : throttled(config{}) {}
    explicit throttled(const config& c) : throttled::decorated(c.inner), read_(c.read), write_(c.write) {}

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        for (const throttle& t : {read_, write_})
            if (!(t.bytes_per_second >= 0) || t.latency.count < 0)
                return error{error_kind::invalid_argument,
                             "throttled tier: a rate of " + std::to_string(t.bytes_per_second) +
                                 " bytes/s with a latency of " + std::to_string(t.latency.count) +
                                 " ns; both must be 0 or more"};
        return throttled::decorated::open(setup);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        const nanoseconds end = reserve(write_, from.size());
        const io_status status = this->inner().write(e, offset, from);
        wait_until(end);
        return status;
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        const nanoseconds end = reserve(read_, into.size());
        const io_status status = this->inner().read(e, offset, into);
        wait_until(end);
        return status;
    }

private:
    /// The instant before which an I/O of that size, asked for now, may not end.
    [[nodiscard]] KVMARK_INLINE nanoseconds reserve(const throttle& t, std::size_t size) {
        const nanoseconds now = clocks::monotonic_now();
        const nanoseconds earliest = now + t.latency;
        if (t.bytes_per_second == 0) return earliest;
        const nanoseconds takes(
            static_cast<std::int64_t>(__builtin_ceil(static_cast<double>(size) / t.bytes_per_second * 1e9)));
        nanoseconds free_at = free_at_.load(std::memory_order_relaxed);
        nanoseconds end;
        do end = (free_at > now - burst ? free_at : now - burst) + takes;
        while (!free_at_.compare_exchange_weak(free_at, end, std::memory_order_relaxed));
        return end > earliest ? end : earliest;
    }

    throttle read_;
    throttle write_;
    alignas(64) std::atomic<nanoseconds> free_at_{nanoseconds()}; ///< monotonic, the end of the schedule
};

} // namespace kvmark::tier

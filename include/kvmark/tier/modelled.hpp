// A tier made of three numbers: latency, bandwidth, queue depth. For virtual time, and for hardware not at
// hand.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

namespace kvmark::tier {

struct modelled_config {
    nanoseconds read_latency{80'000};
    nanoseconds write_latency{30'000};
    double read_bytes_per_second = 3.0e9;
    double write_bytes_per_second = 2.5e9;
    std::uint32_t queue_depth = 32; ///< I/Os the device serves at once
    bytes granule = sector_size;    ///< the unit in which it gives out room
};

/// One device behind one queue, in closed form. An operation of n bytes moves in I/Os of io_chunk; the device
/// gives min(bandwidth, queue_depth x io_chunk / (latency + io_chunk / bandwidth)) and serves operations in
/// order, so a loaded device delivers exactly that rate, and an idle one answers after latency + n / rate.
template <tier_role Role = tier_role::storage>
class modelled {
public:
    static constexpr std::string_view name = "modelled";
    static constexpr tier_role role = Role;
    using config = modelled_config;

    modelled() = default;
    explicit modelled(config c) : config_(c) {}

    result<void> open(const tier_setup& setup) {
        if (config_.read_bytes_per_second <= 0 || config_.write_bytes_per_second <= 0 ||
            config_.queue_depth == 0)
            return error{error_kind::invalid_argument,
                         "modelled tier: bandwidths and queue depth must be above 0"};
        read_rate_ = rate(config_.read_latency, config_.read_bytes_per_second, setup.io_chunk);
        write_rate_ = rate(config_.write_latency, config_.write_bytes_per_second, setup.io_chunk);
        return {};
    }

    [[nodiscard]] bytes granule(const tier_setup&) const { return config_.granule; }

    /// Bytes per second that it gives under load; valid after open().
    [[nodiscard]] double saturated_rate(direction d) const {
        return d == direction::read ? read_rate_ : write_rate_;
    }

    [[nodiscard]] KVMARK_INLINE nanoseconds schedule(direction d, bytes size, nanoseconds now) {
        const auto asked = static_cast<double>(now.count);
        const double start = asked > free_at_ ? asked : free_at_;
        free_at_ = start + static_cast<double>(size.count) / saturated_rate(d) * 1e9;
        return nanoseconds(static_cast<std::int64_t>(free_at_ + 0.5)) +
               (d == direction::read ? config_.read_latency : config_.write_latency);
    }

private:
    [[nodiscard]] double rate(nanoseconds latency, double bandwidth, bytes chunk) const {
        const auto n = static_cast<double>(chunk.count);
        const double by_depth = config_.queue_depth * n / (to_seconds(latency) + n / bandwidth);
        return by_depth < bandwidth ? by_depth : bandwidth;
    }

    config config_{};
    double read_rate_ = 0;
    double write_rate_ = 0;
    double free_at_ = 0; ///< in nanoseconds; whole ones would lose up to one for each operation
};

} // namespace kvmark::tier

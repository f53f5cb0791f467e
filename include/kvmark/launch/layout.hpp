// How many processes each host of a plan runs.
#pragma once

#include <kvmark/launch/hosts.hpp>

namespace kvmark::launch {

/// Slots may be more than there are processes. Processes are then dealt out one by one over the hosts, as
/// Open MPI's --map-by node does, and a host that is full is passed over. Precondition: the plan has no
/// fault.
class layout {
public:
    KVMARK_INLINE constexpr explicit layout(const host_plan& plan) {
        const auto dealt = [&](std::int64_t rounds) __attribute__((always_inline)) {
            std::int64_t sum = 0;
            for (const host_share& h : plan.hosts()) sum += h.slots < rounds ? h.slots : rounds;
            return sum;
        };
        std::int64_t above = plan.processes() + 1;
        while (above - rounds_ > 1) {
            const std::int64_t middle = rounds_ + (above - rounds_) / 2;
            (dealt(middle) <= plan.processes() ? rounds_ : above) = middle;
        }
        last_round_ = plan.processes() - dealt(rounds_);
        layout at = *this;
        for (const host_share& h : plan.hosts()) {
            const std::int64_t here = at.next(h);
            if (here > most_) most_ = here;
            nodes_ += here > 0;
        }
        even_ = most_ * nodes_ == plan.processes();
    }

    /// The processes of each host: to be called for all of plan.hosts() in their order.
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t next(const host_share& host) {
        if (host.slots <= rounds_) return host.slots;
        return rounds_ + (last_round_-- > 0);
    }

    /// The processes of the fullest host.
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t most() const { return most_; }
    /// How many hosts run at least one process.
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t nodes() const { return nodes_; }
    /// Whether all of them run the same number.
    [[nodiscard]] KVMARK_INLINE constexpr bool even() const { return even_; }

private:
    std::int64_t rounds_ = 0;     ///< rounds in which every host that is not full gets one
    std::int64_t last_round_ = 0; ///< how many get one more in the round behind them
    std::int64_t most_ = 0;
    std::int64_t nodes_ = 0;
    bool even_ = false;
};

} // namespace kvmark::launch

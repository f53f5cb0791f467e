// When requests arrive: a queue of users who think, or a process of a given rate.
#pragma once

#include <kvmark/core/min_heap.hpp>
#include <kvmark/workload/arrival_process.hpp>

#include <compare>

namespace kvmark::workload {

struct arrival {
    nanoseconds at{};
    std::uint32_t user = 0;
    /// By time, then by user: the order does not depend on how the queue came to be.
    friend constexpr auto operator<=>(const arrival&, const arrival&) = default;
};

/// The users' next arrivals, one for each, the earliest first. It allocates in reserve() alone.
class think_queue : public min_heap<arrival> {
public:
    /// Forgets the arrivals of users `first` and above.
    void drop_from(std::uint64_t first) {
        erase_if([first](const arrival& a) { return a.user >= first; });
    }
};

} // namespace kvmark::workload

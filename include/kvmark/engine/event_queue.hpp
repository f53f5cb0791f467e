// The future: events by time, and in the order of their making where times are equal.
#pragma once

#include <kvmark/core/min_heap.hpp>
#include <kvmark/core/units.hpp>

namespace kvmark::engine {

/// Equal times come out first in, first out, so a virtual-time run is the same run twice. Allocates only when
/// it holds more than ever before.
template <class Payload>
class event_queue {
public:
    void push(nanoseconds at, Payload payload) { heap_.push({at, order_++, payload}); }

    [[nodiscard]] bool empty() const { return heap_.empty(); }
    /// Precondition of both: not empty.
    [[nodiscard]] nanoseconds next_time() const { return heap_.top().at; }
    Payload pop() {
        const Payload payload = heap_.top().payload;
        heap_.pop();
        return payload;
    }
    void clear() { heap_.clear(); }

private:
    struct event {
        nanoseconds at;
        std::uint64_t order;
        Payload payload;

        [[nodiscard]] bool operator<(const event& e) const {
            return at != e.at ? at < e.at : order < e.order;
        }
    };

    min_heap<event> heap_;
    std::uint64_t order_ = 0;
};

} // namespace kvmark::engine

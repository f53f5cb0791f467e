// The future: events by time, and in the order of their making where times are equal.
#pragma once

#include <kvmark/core/units.hpp>

#include <vector>

namespace kvmark::engine {

/// A binary heap of (time, payload). Equal times come out first in, first out, so a virtual-time run is the
/// same run twice. Allocates only when it holds more than ever before.
template <class Payload>
class event_queue {
public:
    void push(nanoseconds at, Payload payload) {
        heap_.push_back({at, order_++, payload});
        std::size_t child = heap_.size() - 1;
        while (child > 0 && before(heap_[child], heap_[(child - 1) / 2])) {
            std::swap(heap_[child], heap_[(child - 1) / 2]);
            child = (child - 1) / 2;
        }
    }

    [[nodiscard]] bool empty() const { return heap_.empty(); }
    /// Precondition of both: not empty.
    [[nodiscard]] nanoseconds next_time() const { return heap_.front().at; }
    Payload pop() {
        const Payload payload = heap_.front().payload;
        heap_.front() = heap_.back();
        heap_.pop_back();
        for (std::size_t parent = 0;;) {
            std::size_t least = parent;
            for (std::size_t child = 2 * parent + 1; child <= 2 * parent + 2 && child < heap_.size(); ++child)
                if (before(heap_[child], heap_[least])) least = child;
            if (least == parent) return payload;
            std::swap(heap_[parent], heap_[least]);
            parent = least;
        }
    }
    void clear() { heap_.clear(); }

private:
    struct event {
        nanoseconds at;
        std::uint64_t order;
        Payload payload;
    };
    static bool before(const event& a, const event& b) {
        return a.at != b.at ? a.at < b.at : a.order < b.order;
    }

    std::vector<event> heap_;
    std::uint64_t order_ = 0;
};

} // namespace kvmark::engine

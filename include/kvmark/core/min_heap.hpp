// A binary min-heap in an array.
#pragma once

#include <cstddef>
#include <vector>

namespace kvmark {

/// The least element first. Where `T`'s order is total, what comes out does not depend on how the heap came
/// to be. Allocates only when it holds more than ever before, or more than was reserved.
template <class T>
class min_heap {
public:
    void reserve(std::size_t size) { heap_.reserve(size); }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }
    void clear() { heap_.clear(); }

    /// Precondition of the three: !empty().
    [[nodiscard]] const T& top() const { return heap_.front(); }
    void replace_top(T with) { sift_down(0, with); }
    void pop() {
        const T last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) sift_down(0, last);
    }

    void push(T t) {
        heap_.push_back(t);
        std::size_t hole = heap_.size() - 1;
        for (; hole > 0 && t < heap_[(hole - 1) / 2]; hole = (hole - 1) / 2)
            heap_[hole] = heap_[(hole - 1) / 2];
        heap_[hole] = t;
    }

    /// Takes out all that `is_gone(element)`.
    template <class Predicate>
    void erase_if(Predicate is_gone) {
        std::erase_if(heap_, is_gone);
        for (std::size_t node = heap_.size() / 2; node-- > 0;) sift_down(node, heap_[node]);
    }

private:
    void sift_down(std::size_t hole, T t) {
        const std::size_t size = heap_.size();
        for (std::size_t child; (child = 2 * hole + 1) < size; hole = child) {
            if (child + 1 < size && heap_[child + 1] < heap_[child]) ++child;
            if (!(heap_[child] < t)) break;
            heap_[hole] = heap_[child];
        }
        heap_[hole] = t;
    }

    std::vector<T> heap_;
};

} // namespace kvmark

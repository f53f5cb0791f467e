// When requests arrive: a queue of users who think, or a process of a given rate.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/core/units.hpp>

#include <cstddef>
#include <vector>

namespace kvmark::workload {

/// How a given rate spaces its arrivals: gaps drawn from an exponential distribution, or all equal.
enum class arrival_process : std::uint8_t { poisson, fixed };

struct arrival {
    nanoseconds at{};
    std::uint32_t user = 0;
    /// By time, then by user: the order does not depend on how the queue came to be.
    friend constexpr auto operator<=>(const arrival&, const arrival&) = default;
};

/// A binary min-heap of the users' next arrivals, one for each. It allocates in reserve() alone.
class think_queue {
public:
    void reserve(std::size_t users) { heap_.reserve(users); }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    /// The earliest arrival. Precondition of both: !empty().
    [[nodiscard]] const arrival& top() const { return heap_.front(); }
    void replace_top(arrival a) { sift_down(0, a); }

    void push(arrival a) {
        heap_.push_back(a);
        std::size_t hole = heap_.size() - 1;
        for (; hole > 0 && a < heap_[(hole - 1) / 2]; hole = (hole - 1) / 2)
            heap_[hole] = heap_[(hole - 1) / 2];
        heap_[hole] = a;
    }

    /// Forgets the arrivals of users `first` and above.
    void drop_from(std::uint64_t first) {
        std::erase_if(heap_, [first](const arrival& a) { return a.user >= first; });
        for (std::size_t node = heap_.size() / 2; node-- > 0;) sift_down(node, heap_[node]);
    }

private:
    void sift_down(std::size_t hole, arrival a) {
        const std::size_t size = heap_.size();
        for (std::size_t child; (child = 2 * hole + 1) < size; hole = child) {
            if (child + 1 < size && heap_[child + 1] < heap_[child]) ++child;
            if (!(heap_[child] < a)) break;
            heap_[hole] = heap_[child];
        }
        heap_[hole] = a;
    }

    std::vector<arrival> heap_;
};

/// Arrivals at a given rate, whatever becomes of the requests: an open loop. The first gap starts at time 0.
class rate_process {
public:
    /// `per_second` > 0.
    rate_process(std::uint64_t seed, arrival_process kind, double per_second)
        : draw_(seed, salt), kind_(kind), gap_ns_(1e9 / per_second) {}

    nanoseconds next() {
        // A fixed arrival is computed from its number, so that rounding to nanoseconds adds up to no drift.
        ++since_epoch_;
        last_ = kind_ == arrival_process::fixed
                    ? epoch_ + rounded(static_cast<double>(since_epoch_) * gap_ns_)
                    : last_ + rounded(draw_.exponential(gap_ns_));
        return last_;
    }

    /// Gaps of the new rate follow, the first one from `from`, which is not before the last arrival.
    void set_rate(double per_second, nanoseconds from) {
        gap_ns_ = 1e9 / per_second;
        epoch_ = last_ = from;
        since_epoch_ = 0;
    }

private:
    static constexpr std::uint64_t salt = 0x72617465; // "rate"
    static nanoseconds rounded(double ns) { return nanoseconds(__builtin_llrint(ns)); }

    random_stream draw_;
    arrival_process kind_;
    double gap_ns_;
    nanoseconds epoch_{};
    nanoseconds last_{};
    std::uint64_t since_epoch_ = 0;
};

} // namespace kvmark::workload

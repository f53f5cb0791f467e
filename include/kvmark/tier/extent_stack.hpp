// The free extents of one room: taken and given back by several threads at once, without a lock.
#pragma once

#include <kvmark/core/config.hpp>

#include <atomic>
#include <cstdint>
#include <vector>

namespace kvmark::tier {

/// Its top carries, above the extent's number, a count of changes, so that a top which went and came back
/// between two looks is not mistaken for one that stayed.
class extent_stack {
public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// Extents 0 to extents - 1, all free.
    KVMARK_COLD void open(std::uint32_t extents) {
        below_ = std::vector<std::atomic<std::uint32_t>>(extents);
        for (std::uint32_t i = 0; i < extents; ++i)
            below_[i].store(i + 1 < extents ? i + 1 : none, std::memory_order_relaxed);
        top_.store(extents == 0 ? none : 0, std::memory_order_release);
    }
    [[nodiscard]] std::size_t capacity() const { return below_.size(); }

    /// A free extent, or `none`.
    [[nodiscard]] std::uint32_t take() {
        std::uint64_t top = top_.load(std::memory_order_acquire);
        for (;;) {
            const auto extent = static_cast<std::uint32_t>(top);
            if (extent == none) return none;
            const std::uint64_t following = changed(top) | below_[extent].load(std::memory_order_relaxed);
            if (top_.compare_exchange_weak(top, following, std::memory_order_acq_rel,
                                           std::memory_order_acquire))
                return extent;
        }
    }
    void give_back(std::uint32_t extent) {
        std::uint64_t top = top_.load(std::memory_order_relaxed);
        do {
            below_[extent].store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
        } while (!top_.compare_exchange_weak(top, changed(top) | extent, std::memory_order_acq_rel));
    }

private:
    [[nodiscard]] static std::uint64_t changed(std::uint64_t top) { return ((top >> 32) + 1) << 32; }

    std::vector<std::atomic<std::uint32_t>> below_; ///< by extent: the one below it in the stack
    alignas(64) std::atomic<std::uint64_t> top_{none};
};

} // namespace kvmark::tier

// Room in units of one size: an entry is a list of extents, any of which serves any entry.
#pragma once

#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <vector>

namespace kvmark::tier {

/// Since all extents are alike, room is never lost to fragments: an entry fits as long as enough extents are
/// free. Entries come and go from several threads at once without a lock. A list keeps its memory for the
/// next entry of that number, so that creating entries allocates nothing either once a run is warm.
class extent_table {
public:
    KVMARK_COLD void open(std::uint32_t extents) {
        below_ = std::vector<std::atomic<std::uint32_t>>(extents);
        for (std::uint32_t i = 0; i < extents; ++i)
            below_[i].store(i + 1 < extents ? i + 1 : none, std::memory_order_relaxed);
        free_.store(extents == 0 ? none : 0, std::memory_order_release);
    }

    /// Gives the entry `count` extents. False, and nothing taken, when fewer are free.
    [[nodiscard]] KVMARK_COLD bool create(entry_id e, std::uint64_t count) {
        std::vector<std::uint32_t>& extents = lists_.ensure(e);
        if (count > below_.size()) return false;
        extents.reserve(count);
        while (extents.size() < count) {
            const std::uint32_t extent = take();
            if (extent == none) {
                erase(e);
                return false;
            }
            extents.push_back(extent);
        }
        return true;
    }

    /// Takes its extents back; nothing for an entry never created.
    KVMARK_COLD void erase(entry_id e) {
        std::vector<std::uint32_t>* extents = lists_.find(e);
        if (!extents) return;
        for (; !extents->empty(); extents->pop_back()) give_back(extents->back());
    }

    /// The number of the entry's extent `index`, counted from 0.
    [[nodiscard]] KVMARK_INLINE std::uint32_t at(entry_id e, std::uint64_t index) { return lists_[e][index]; }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    // The free extents are a stack. Its top carries, above the extent's number, a count of changes, so that a
    // top which went and came back between two looks is not mistaken for one that stayed.

    [[nodiscard]] std::uint32_t take() {
        std::uint64_t top = free_.load(std::memory_order_acquire);
        for (;;) {
            const auto extent = static_cast<std::uint32_t>(top);
            if (extent == none) return none;
            const std::uint64_t following = changed(top) | below_[extent].load(std::memory_order_relaxed);
            if (free_.compare_exchange_weak(top, following, std::memory_order_acq_rel,
                                            std::memory_order_acquire))
                return extent;
        }
    }
    void give_back(std::uint32_t extent) {
        std::uint64_t top = free_.load(std::memory_order_relaxed);
        do {
            below_[extent].store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
        } while (!free_.compare_exchange_weak(top, changed(top) | extent, std::memory_order_acq_rel));
    }
    [[nodiscard]] static std::uint64_t changed(std::uint64_t top) { return ((top >> 32) + 1) << 32; }

    std::vector<std::atomic<std::uint32_t>> below_; ///< by extent: the one below it in the stack
    alignas(64) std::atomic<std::uint64_t> free_{none};
    stable_table<std::vector<std::uint32_t>> lists_;
};

} // namespace kvmark::tier

// Room in units of one size: each entry is a chain of extents, any of which serves any entry.
#pragma once

#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <vector>

namespace kvmark::tier {

/// Since all extents are alike, room is never lost to fragments: an entry fits as long as enough extents are
/// free. Entries come and go from several threads at once without a lock; nothing is allocated after open()
/// but the pages of the table of entries.
class extent_table {
public:
    KVMARK_COLD void open(std::uint32_t extents) {
        next_ = std::vector<std::atomic<std::uint32_t>>(extents);
        for (std::uint32_t i = 0; i < extents; ++i)
            next_[i].store(i + 1 < extents ? i + 1 : none, std::memory_order_relaxed);
        free_.store(extents == 0 ? none : 0, std::memory_order_release);
    }

    /// Gives the entry `count` extents. False, and nothing taken, when fewer are free.
    [[nodiscard]] KVMARK_INLINE bool create(entry_id e, std::uint64_t count) {
        chain& c = chains_.ensure(e);
        std::uint32_t last = none;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint32_t extent = take();
            if (extent == none) {
                erase(e);
                return false;
            }
            next_[extent].store(none, std::memory_order_relaxed);
            (last == none ? c.first : next_[last]).store(extent, std::memory_order_relaxed);
            last = extent;
        }
        c.cursor.store(c.first.load(std::memory_order_relaxed), std::memory_order_relaxed);
        return true;
    }

    /// Takes its extents back; nothing for an entry never created.
    KVMARK_INLINE void erase(entry_id e) {
        chain* c = chains_.find(e);
        if (!c) return;
        std::uint32_t extent = c->first.exchange(none, std::memory_order_relaxed);
        while (extent != none) {
            const std::uint32_t following = next_[extent].load(std::memory_order_relaxed);
            give_back(extent);
            extent = following;
        }
    }

    /// The number of the entry's extent `index`, counted from 0.
    [[nodiscard]] KVMARK_INLINE std::uint32_t at(entry_id e, std::uint64_t index) {
        chain& c = chains_[e];
        const std::uint64_t hint = c.cursor.load(std::memory_order_relaxed);
        std::uint64_t reached = hint >> 32;
        auto extent = static_cast<std::uint32_t>(hint);
        if (reached > index) {
            reached = 0;
            extent = c.first.load(std::memory_order_relaxed);
        }
        for (; reached < index; ++reached) extent = after(extent);
        c.cursor.store(index << 32 | extent, std::memory_order_relaxed);
        return extent;
    }
    /// The extent that follows in the same entry.
    [[nodiscard]] KVMARK_INLINE std::uint32_t after(std::uint32_t extent) const {
        return next_[extent].load(std::memory_order_relaxed);
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// `cursor` is a hint, (index of an extent in the chain) << 32 | extent: I/Os come nearly in order, so
    /// the walk to the next one's extent is a few steps from the last one's.
    struct chain {
        std::atomic<std::uint32_t> first{none};
        std::atomic<std::uint64_t> cursor{0};
    };

    // The free extents are a stack. Its top carries, above the extent's number, a count of changes, so that a
    // top which went and came back between two looks is not mistaken for one that stayed.

    [[nodiscard]] KVMARK_INLINE std::uint32_t take() {
        std::uint64_t top = free_.load(std::memory_order_acquire);
        for (;;) {
            const auto extent = static_cast<std::uint32_t>(top);
            if (extent == none) return none;
            const std::uint64_t below = changed(top) | next_[extent].load(std::memory_order_relaxed);
            if (free_.compare_exchange_weak(top, below, std::memory_order_acq_rel, std::memory_order_acquire))
                return extent;
        }
    }
    KVMARK_INLINE void give_back(std::uint32_t extent) {
        std::uint64_t top = free_.load(std::memory_order_relaxed);
        do {
            next_[extent].store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
        } while (!free_.compare_exchange_weak(top, changed(top) | extent, std::memory_order_acq_rel));
    }
    [[nodiscard]] KVMARK_INLINE static std::uint64_t changed(std::uint64_t top) {
        return ((top >> 32) + 1) << 32;
    }

    std::vector<std::atomic<std::uint32_t>> next_; ///< by extent: the next of its chain, or of the free ones
    alignas(64) std::atomic<std::uint64_t> free_{none};
    stable_table<chain> chains_;
};

} // namespace kvmark::tier

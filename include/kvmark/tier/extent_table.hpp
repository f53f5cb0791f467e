// Room in units of one size: an entry is a list of extents, any of which serves any entry.
#pragma once

#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/extent_stack.hpp>
#include <kvmark/tier/storage_tier.hpp>

namespace kvmark::tier {

/// Since all extents are alike, room is never lost to fragments: an entry fits as long as enough extents are
/// free. Entries come and go from several threads at once without a lock. A list keeps its memory for the
/// next entry of that number, so that creating entries allocates nothing either once a run is warm.
class extent_table {
public:
    KVMARK_COLD void open(std::uint32_t extents) { free_.open(extents); }

    /// Gives the entry `count` extents. False, and nothing taken, when fewer are free.
    [[nodiscard]] KVMARK_COLD bool create(entry_id e, std::uint64_t count) {
        std::vector<std::uint32_t>& extents = lists_.ensure(e);
        if (count > free_.capacity()) return false;
        extents.reserve(count);
        while (extents.size() < count) {
            const std::uint32_t extent = free_.take();
            if (extent == extent_stack::none) {
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
        for (; !extents->empty(); extents->pop_back()) free_.give_back(extents->back());
    }

    /// The number of the entry's extent `index`, counted from 0.
    [[nodiscard]] KVMARK_INLINE std::uint32_t at(entry_id e, std::uint64_t index) { return lists_[e][index]; }

private:
    extent_stack free_;
    stable_table<std::vector<std::uint32_t>> lists_;
};

} // namespace kvmark::tier

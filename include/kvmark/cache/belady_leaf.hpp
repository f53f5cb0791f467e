// Belady's optimum over the leaves of the prefix trie, with bypass. Offline, the bound of prefix caches.
#pragma once

#include <kvmark/cache/entry_heap.hpp>
#include <kvmark/cache/leaf_first.hpp>

#include <string_view>

namespace kvmark::cache {

/// Ranks evictable blocks by the next request that uses them. 8 bytes for each number, 8 for each leaf.
class farthest_use {
public:
    void set_capacity(std::uint64_t capacity) { by_next_use_.reserve_entries(capacity); }
    void reserve(std::uint64_t numbers) {
        next_use_.resize(numbers);
        by_next_use_.reserve(numbers);
    }
    void note(const block_use& use) {
        make_slot(next_use_, use.block);
        next_use_[use.block] = use.next_use;
    }
    void forget(entry_id) {}
    void add(entry_id e) { by_next_use_.push(e, next_use_[e]); }
    void drop(entry_id e) { by_next_use_.erase(e); }
    [[nodiscard]] entry_id first() const { return by_next_use_.top(); }
    /// Precondition: first() is somebody.
    [[nodiscard]] std::uint32_t first_key() const { return by_next_use_.top_key(); }

private:
    std::vector<std::uint32_t> next_use_;
    entry_heap by_next_use_;
};

/// Evicts the leaf whose next request is farthest, of several the largest number; a newcomer that is used no
/// earlier is not inserted. It needs block_use::next_use from next_uses() by request. 16 bytes for each
/// number, 8 for each leaf; O(log n).
class belady_leaf : public leaf_first<farthest_use> {
public:
    static constexpr std::string_view name = "belady-leaf";

    [[nodiscard]] bool admits(const block_use& newcomer) const {
        return order_.first() != no_entry && order_.first_key() > newcomer.next_use;
    }
};

} // namespace kvmark::cache

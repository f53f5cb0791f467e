// Belady's optimum: whoever is needed last leaves (Belady, 1966). Offline, the bound of all policies.
#pragma once

#include <kvmark/cache/entry_heap.hpp>

#include <string_view>

namespace kvmark::cache {

/// Evicts the block whose next reference is farthest, of several that never come again the largest number.
/// It needs block_use::next_use from next_uses() by reference; without, as in a waterfall, nobody comes
/// again. Every newcomer is inserted: no policy that does so misses less.
///
/// 4 bytes for each number and 8 for each block that is in; O(log n).
class belady {
public:
    static constexpr std::string_view name = "belady";

    void set_capacity(std::uint64_t capacity) { by_next_use_.reserve_entries(capacity); }
    void reserve(std::uint64_t numbers) { by_next_use_.reserve(numbers); }
    void insert(entry_id e) { by_next_use_.push(e, block_use::never); }
    void insert(const block_use& use) { by_next_use_.push(use.block, use.next_use); }
    void touch(entry_id) {}
    void touch(const block_use& use) { by_next_use_.change(use.block, use.next_use); }
    void remove(entry_id e) { by_next_use_.erase(e); }
    [[nodiscard]] entry_id victim() { return by_next_use_.top(); }

protected:
    entry_heap by_next_use_;
};

/// A newcomer that is needed no earlier than the victim is not inserted: no policy at all misses less.
class belady_bypass : public belady {
public:
    static constexpr std::string_view name = "belady-bypass";

    [[nodiscard]] bool admits(const block_use& newcomer) const {
        return !by_next_use_.empty() && newcomer.next_use < by_next_use_.top_key();
    }
};

} // namespace kvmark::cache

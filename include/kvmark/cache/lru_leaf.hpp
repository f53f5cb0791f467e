// LRU over the leaves of the prefix trie, as servers with a radix tree evict (SGLang; Zheng et al., NeurIPS
// 2024).
#pragma once

#include <kvmark/cache/entry_heap.hpp>
#include <kvmark/cache/leaf_first.hpp>

#include <string_view>

namespace kvmark::cache {

/// Ranks evictable blocks by their last use, on a clock that ticks at each. Most join at an end of a list:
/// who was just used at one, and the parent of the last victim, which was used just before it, at the other.
/// The rest wait in a heap, so that no case is worse than O(log n). 16 bytes for each number.
///
/// After `LastTick` ticks the uses are numbered anew in their order.
template <std::uint32_t LastTick = block_use::never - 1>
class least_recent_use {
public:
    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        used_.resize(numbers);
        between_.reserve(numbers);
    }
    KVMARK_INLINE void note(const block_use& use) {
        make_slot(used_, use.block);
        if (clock_ == LastTick) renumber();
        used_[use.block] = ++clock_;
    }
    KVMARK_INLINE void forget(entry_id e) { used_[e] = 0; }
    KVMARK_INLINE void add(entry_id e) {
        if (list_.size == 0 || used_[e] > used_[list_.newest])
            links_.push_newest(list_, e);
        else if (used_[e] < used_[list_.oldest])
            links_.push_oldest(list_, e);
        else
            between_.push(e, ~used_[e]);
    }
    KVMARK_INLINE void drop(entry_id e) {
        if (!between_.empty() && between_.contains(e))
            between_.erase(e);
        else
            links_.remove(list_, e);
    }
    [[nodiscard]] KVMARK_INLINE entry_id first() const {
        if (between_.empty()) return list_.oldest;
        return list_.size == 0 || ~between_.top_key() < used_[list_.oldest] ? between_.top() : list_.oldest;
    }

private:
    /// Ticks from 1 again; needs fewer blocks in than LastTick.
    KVMARK_COLD void renumber() {
        entry_heap oldest_first, waiting = between_;
        for (std::size_t e = 0; e < used_.size(); ++e)
            if (used_[e] != 0) oldest_first.push(static_cast<entry_id>(e), ~used_[e]);
        clock_ = 0;
        for (; !oldest_first.empty(); oldest_first.erase(oldest_first.top()))
            used_[oldest_first.top()] = ++clock_;
        between_.clear();
        for (; !waiting.empty(); waiting.erase(waiting.top()))
            between_.push(waiting.top(), ~used_[waiting.top()]);
    }

    entry_links links_;
    entry_links::list list_;
    entry_heap between_;
    std::vector<std::uint32_t> used_; // 0: not in
    std::uint32_t clock_ = 0;
};

/// Evicts the leaf that was used longest ago. 24 bytes for each number.
class lru_leaf : public leaf_first<least_recent_use<>> {
public:
    static constexpr std::string_view name = "lru-leaf";
};

} // namespace kvmark::cache

// Length-aware: blocks that stand late in their requests go first (LengthAwareCache; Qin et al., Mooncake,
// FAST 2025).
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// Evicts the block with the most blocks before it in its prefix, as of its last use; of several the least
/// recently used. Late blocks serve fewer requests than the opening ones that they continue. Entries of a
/// waterfall have no place in a prefix, so there it is LRU.
///
/// 12 bytes for each number, 24 for each position. Every operation is a few writes; to find the last position
/// in use costs a step for each 4,096 positions.
class length_aware {
public:
    static constexpr std::string_view name = "length-aware";

    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        position_.resize(numbers);
    }
    void insert(entry_id e) { insert(block_use{.block = e}); }
    void insert(const block_use& use) {
        make_slot(position_, use.block);
        if (use.position >= at_.size()) grow(use.position);
        position_[use.block] = use.position;
        if (at_[use.position].size == 0) mark(use.position);
        links_.push_newest(at_[use.position], use.block);
    }
    void touch(entry_id e) { links_.move_to_newest(at_[position_[e]], e); }
    void touch(const block_use& use) {
        if (position_[use.block] == use.position) return touch(use.block);
        remove(use.block);
        insert(use);
    }
    void remove(entry_id e) {
        const std::uint32_t position = position_[e];
        links_.remove(at_[position], e);
        if (at_[position].size == 0) unmark(position);
    }
    [[nodiscard]] entry_id victim() {
        for (std::size_t i = used_words_.size(); i-- > 0;) {
            if (used_words_[i] == 0) continue;
            const std::size_t word = i * 64 + last_bit(used_words_[i]);
            return at_[word * 64 + last_bit(used_[word])].oldest;
        }
        return no_entry;
    }

private:
    [[nodiscard]] static std::size_t last_bit(std::uint64_t word) {
        return 63 - static_cast<std::size_t>(__builtin_clzll(word));
    }
    KVMARK_COLD void grow(std::uint32_t position) {
        const std::size_t groups = (std::size_t{position} + position / 2) / 4096 + 1;
        at_.resize(groups * 4096);
        used_.resize(groups * 64);
        used_words_.resize(groups);
    }
    void mark(std::uint32_t position) {
        used_[position / 64] |= std::uint64_t{1} << position % 64;
        used_words_[position / 4096] |= std::uint64_t{1} << position / 64 % 64;
    }
    void unmark(std::uint32_t position) {
        used_[position / 64] &= ~(std::uint64_t{1} << position % 64);
        if (used_[position / 64] == 0)
            used_words_[position / 4096] &= ~(std::uint64_t{1} << position / 64 % 64);
    }

    entry_links links_;
    std::vector<std::uint32_t> position_;
    std::vector<entry_links::list> at_;     // by position
    std::vector<std::uint64_t> used_;       // a bit for each position whose list is not empty
    std::vector<std::uint64_t> used_words_; // a bit for each word of used_ that is not 0
};

} // namespace kvmark::cache

// LRU stack distances: how large a cache must be for a reference to hit, for every reference in one pass.
#pragma once

#include <kvmark/workload/block_trace.hpp>

#include <bit>
#include <span>
#include <vector>

namespace kvmark::cache {

/// The LRU stack of Mattson et al. ("Evaluation techniques for storage hierarchies", IBM Systems Journal
/// 9(2), 1970). A reference at distance d hits in every LRU cache of at least d blocks, and in no smaller
/// one.
///
/// Each block has a mark at the time of its last reference; the distance is the number of marks from there
/// on. Marks are bits, counted by words and, above words, by a Fenwick tree. When the time axis is full the
/// marks move together, which costs one step for each block, at most once in as many references. Memory: 4.5
/// to 5 bytes for each block of the stack, whatever the length of the trace.
class stack_distance {
public:
    /// Of a block that is not in the stack.
    static constexpr std::uint32_t cold = ~std::uint32_t{0};

    /// `blocks`: numbers that are expected; larger ones grow it. At most 2^30 may be in the stack at once.
    explicit stack_distance(std::uint64_t blocks = 0) : last_(blocks, never) { lay_out(); }

    /// The distance of the block, 1 for the one referenced last, which goes to the top; or `cold`.
    [[nodiscard]] KVMARK_INLINE std::uint32_t access(std::uint32_t block) {
        if (now_ == end_) compact();
        if (block >= last_.size()) grow(block);
        const std::uint32_t last = last_[block];
        std::uint32_t distance = cold;
        if (last == never) {
            ++size_;
        } else {
            distance = size_ - marks_before(last);
            clear(last);
        }
        last_[block] = now_;
        set_now();
        return distance;
    }

    /// Takes a block out, as if it had never been referenced.
    void forget(std::uint32_t block) {
        if (block >= last_.size() || last_[block] == never) return;
        clear(last_[block]);
        last_[block] = never;
        --size_;
    }

    /// Blocks in the stack.
    [[nodiscard]] std::uint32_t size() const { return size_; }

private:
    static constexpr std::uint32_t never = ~std::uint32_t{0};
    static constexpr std::uint32_t word = 64;
    static constexpr std::uint32_t shortest_axis = 64 * word;

    [[nodiscard]] KVMARK_INLINE static std::uint32_t ones(std::uint64_t bits) {
        return static_cast<std::uint32_t>(std::popcount(bits));
    }
    [[nodiscard]] KVMARK_INLINE std::uint32_t marks_before(std::uint32_t time) const {
        std::uint32_t n = ones(marks_[time / word] & ((std::uint64_t{1} << time % word) - 1));
        for (std::uint32_t i = time / word; i != 0; i &= i - 1) n += tree_[i];
        return n;
    }
    /// The tree knows the words that are full; the one that is being filled is last, so no sum needs it.
    KVMARK_INLINE void add(std::uint32_t w, std::uint32_t n) {
        for (std::uint32_t i = w + 1; i < tree_.size(); i += i & (0 - i)) tree_[i] += n;
    }
    KVMARK_INLINE void clear(std::uint32_t time) {
        marks_[time / word] &= ~(std::uint64_t{1} << time % word);
        if (time / word != now_ / word) add(time / word, 0u - 1u);
    }
    KVMARK_INLINE void set_now() {
        marks_[now_ / word] |= std::uint64_t{1} << now_ % word;
        if (++now_ % word == 0) add(now_ / word - 1, ones(marks_[now_ / word - 1]));
    }

    KVMARK_COLD void grow(std::uint32_t block) {
        last_.resize(std::size_t{block} + 1 + block / 2, std::uint32_t{never});
    }

    /// The marks become the first `size_` instants of a new axis.
    KVMARK_COLD void compact() {
        tree_.assign(marks_.size(), 0); // for the moment: marks before each word
        for (std::size_t w = 1; w < marks_.size(); ++w) tree_[w] = tree_[w - 1] + ones(marks_[w - 1]);
        for (std::uint32_t& last : last_)
            if (last != never)
                last =
                    tree_[last / word] + ones(marks_[last / word] & ((std::uint64_t{1} << last % word) - 1));
        lay_out();
    }

    void lay_out() {
        const std::uint32_t wanted = size_ * 2 > shortest_axis ? size_ * 2 : shortest_axis;
        end_ = (wanted + 2 * word - 1) / word * word;
        now_ = size_;
        marks_.assign(end_ / word, 0);
        tree_.assign(end_ / word + 1, 0);
        for (std::uint32_t w = 0; w < now_ / word; ++w) marks_[w] = ~std::uint64_t{0};
        if (now_ % word != 0) marks_[now_ / word] = (std::uint64_t{1} << now_ % word) - 1;
        for (std::uint32_t i = 1; i < tree_.size(); ++i) {
            if (i <= now_ / word) tree_[i] += word;
            const std::uint32_t parent = i + (i & (0 - i));
            if (parent < tree_.size()) tree_[parent] += tree_[i];
        }
    }

    std::vector<std::uint32_t> last_; // by block: the time of its last reference
    std::vector<std::uint64_t> marks_;
    std::vector<std::uint32_t> tree_; // a Fenwick tree over the words of marks_ (Fenwick, 1994), from 1
    std::uint32_t now_ = 0;
    std::uint32_t end_ = 0;
    std::uint32_t size_ = 0;
};

/// Calls visit(request, distances) for every request of the trace, with the distance of each of its blocks.
/// A request references its blocks one after the other, first to last. Leading blocks at distances of at most
/// c are also those that an LRU cache of c blocks holds before the request: nothing is evicted until the
/// first miss.
template <class Visit>
void for_each_stack_distance(const workload::block_trace& trace, Visit&& visit) {
    stack_distance stack(trace.distinct_blocks());
    std::vector<std::uint32_t> distances;
    workload::block_trace::cursor at(trace);
    workload::block_request r;
    while (at.next(r)) {
        distances.resize(r.blocks.size());
        for (std::size_t i = 0; i < distances.size(); ++i) distances[i] = stack.access(r.blocks[i]);
        visit(r, std::span<const std::uint32_t>(distances));
    }
}

} // namespace kvmark::cache

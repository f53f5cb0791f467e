// The hit ratio of an LRU cache of every size.
#pragma once

#include <kvmark/cache/stack_distance.hpp>

namespace kvmark::cache {

/// Hits (of blocks or of tokens) as a function of the capacity in blocks: a staircase that never falls. The
/// miss ratio of the name is 1 less the hit ratio.
class miss_ratio_curve {
public:
    struct step {
        std::uint64_t capacity = 0; ///< from here on
        std::uint64_t hits = 0;     ///< there are so many
    };

    miss_ratio_curve() = default;
    /// Steps in ascending order of both members, out of `references`.
    miss_ratio_curve(std::vector<step> steps, std::uint64_t references)
        : steps_(std::move(steps)), references_(references) {}

    [[nodiscard]] std::uint64_t hits(std::uint64_t capacity) const {
        const std::size_t above = first([&](const step& s) { return s.capacity > capacity; });
        return above == 0 ? 0 : steps_[above - 1].hits;
    }
    /// 0..1; 0 where nothing is referenced.
    [[nodiscard]] double hit_ratio(std::uint64_t capacity) const {
        return share(hits(capacity), references_);
    }

    /// What an unbounded cache hits: all references but the first of each block.
    [[nodiscard]] std::uint64_t ceiling() const { return steps_.empty() ? 0 : steps_.back().hits; }
    /// 0..1; 0 where the ceiling is 0.
    [[nodiscard]] double share_of_ceiling(std::uint64_t capacity) const {
        return share(hits(capacity), ceiling());
    }
    /// The smallest capacity with at least `part` of the ceiling, 0 < part <= 1; 0 where the ceiling is 0.
    [[nodiscard]] std::uint64_t capacity_for(double part) const {
        if (steps_.empty()) return 0;
        const double wanted = part * static_cast<double>(ceiling());
        return steps_[first([&](const step& s) { return static_cast<double>(s.hits) >= wanted; })].capacity;
    }
    /// The smallest capacity that reaches the ceiling.
    [[nodiscard]] std::uint64_t largest_useful() const { return steps_.empty() ? 0 : steps_.back().capacity; }

    [[nodiscard]] std::uint64_t references() const { return references_; }
    [[nodiscard]] const std::vector<step>& steps() const { return steps_; }

private:
    [[nodiscard]] static double share(std::uint64_t part, std::uint64_t whole) {
        return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
    }
    /// The index of the first step for which `is` holds, which then holds for all that follow.
    template <class Predicate>
    [[nodiscard]] std::size_t first(Predicate is) const {
        std::size_t low = 0, high = steps_.size();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (is(steps_[middle]))
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    std::vector<step> steps_;
    std::uint64_t references_ = 0;
};

/// The curves of a trace, equal to what replay() counts with one tier of lru at every capacity.
struct trace_curves {
    miss_ratio_curve any;    ///< hit_blocks_any of block_refs
    miss_ratio_curve prefix; ///< hit_blocks_prefix of block_refs: what a server loads
    miss_ratio_curve tokens; ///< hit_tokens of measured_tokens: the prefixes, partial blocks by their tokens
};

namespace detail {

/// What is hit from each capacity on. One element for all three curves, since a block counts in all of them
/// at the same capacity, but for one that no prefix reaches.
class curve_builder {
public:
    struct hits {
        std::uint64_t any = 0, prefix = 0, tokens = 0;
    };

    [[nodiscard]] KVMARK_INLINE hits& from(std::uint32_t capacity) {
        if (capacity >= hits_.size()) grow(capacity);
        return hits_[capacity];
    }
    [[nodiscard]] miss_ratio_curve curve(std::uint64_t hits::*what, std::uint64_t references) const {
        std::vector<miss_ratio_curve::step> steps;
        std::uint64_t sum = 0;
        for (std::size_t c = 0; c < hits_.size(); ++c)
            if (hits_[c].*what != 0) steps.push_back({c, sum += hits_[c].*what});
        return {std::move(steps), references};
    }

private:
    KVMARK_COLD void grow(std::uint32_t capacity) { hits_.resize(std::size_t{capacity} + 1 + capacity / 2); }

    std::vector<hits> hits_; // by capacity
};

} // namespace detail

/// All three in one pass. Requests before number `warmup` are played and not counted. Memory: 5 bytes for
/// each distinct block, and up to 60 for each block of the largest distance.
[[nodiscard]] inline trace_curves curves_of(const workload::block_trace& trace, std::uint64_t warmup = 0) {
    using hits = detail::curve_builder::hits;
    detail::curve_builder built;
    std::uint64_t references = 0, total_tokens = 0;
    for_each_stack_distance(
        trace, [&](const workload::block_request& r, std::span<const std::uint32_t> distances) {
            if (r.id < warmup) return;
            references += distances.size();
            total_tokens += workload::leading_tokens(r.input, trace.block_tokens(), distances.size());
            std::uint32_t whole = 0; // the capacity from which all blocks so far are one prefix
            for (std::size_t i = 0; i < distances.size(); ++i) {
                if (distances[i] != stack_distance::cold) ++built.from(distances[i]).any;
                if (distances[i] > whole) whole = distances[i];
                if (whole == stack_distance::cold) continue;
                hits& h = built.from(whole);
                ++h.prefix;
                h.tokens += workload::tokens_in_block(r.input, trace.block_tokens(), i);
            }
        });
    return {built.curve(&hits::any, references), built.curve(&hits::prefix, references),
            built.curve(&hits::tokens, total_tokens)};
}

} // namespace kvmark::cache

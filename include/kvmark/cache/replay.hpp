// A trace against a cache of blocks, decisions alone: no clock, no bytes.
#pragma once

#include <kvmark/cache/block_cache.hpp>
#include <kvmark/workload/block_trace.hpp>

#include <array>

namespace kvmark::cache {

/// Sums over the requests that are measured.
struct replay_counts {
    std::uint64_t requests = 0;
    std::uint64_t block_refs = 0;
    std::uint64_t hit_blocks_prefix = 0; ///< in each request's longest cached prefix
    std::uint64_t hit_blocks_any = 0;    ///< cached when their turn came, wherever in the request
    std::uint64_t recomputed_blocks = 0; ///< cached, and slower to load than to compute
    std::uint64_t measured_tokens = 0;   ///< of all inputs
    std::uint64_t hit_tokens = 0;        ///< of the prefixes; a partial block counts its tokens
    struct tier {
        std::uint64_t read = 0;    ///< blocks loaded
        std::uint64_t written = 0; ///< blocks computed or promoted into it
        std::uint64_t demoted = 0; ///< blocks that arrived from the tier above
        std::uint64_t dropped = 0; ///< blocks that left and went nowhere
    };
    std::array<tier, 8> tiers{};
};

/// Counts what a block_cache decides; while `measuring` is false, nothing.
struct counting_sink {
    replay_counts& counts;
    bool measuring = true;

    KVMARK_INLINE void read(block_number, unsigned t) { counts.tiers[t].read += measuring; }
    KVMARK_INLINE void write(block_number, unsigned t) { counts.tiers[t].written += measuring; }
    KVMARK_INLINE void move(block_number, unsigned, unsigned to) { counts.tiers[to].demoted += measuring; }
    KVMARK_INLINE void drop(block_number, unsigned t) { counts.tiers[t].dropped += measuring; }
};

/// Adds up one request: `hits` of its `r`.
KVMARK_INLINE void count_request(replay_counts& c, const workload::block_request& r, tokens block,
                                 const block_hits& hits) {
    ++c.requests;
    c.block_refs += r.blocks.size();
    c.hit_blocks_prefix += hits.prefix;
    c.hit_blocks_any += hits.any;
    c.recomputed_blocks += hits.recomputed;
    c.measured_tokens += workload::leading_tokens(r.input, block, r.blocks.size());
    c.hit_tokens += workload::leading_tokens(r.input, block, hits.prefix);
}

/// Plays what `next(block_request&)` yields until it is false. Requests below number `warmup` are played and
/// not counted. `next_uses` has an element for each reference, or none.
template <class Policy, class Next>
[[nodiscard]] replay_counts replay(Next&& next, tokens block, block_cache<Policy>& cache,
                                   std::uint64_t warmup = 0, std::span<const std::uint32_t> next_uses = {}) {
    replay_counts counts;
    counting_sink sink{counts, warmup == 0};
    workload::block_request r;
    std::size_t reference = 0;
    while (next(r)) {
        block_access access{.blocks = r.blocks, .arrival = r.arrival};
        if (!next_uses.empty()) access.next_uses = next_uses.subspan(reference, r.blocks.size());
        reference += r.blocks.size();
        sink.measuring = r.id >= warmup;
        const block_hits hits = cache.serve(access, sink);
        if (sink.measuring) count_request(counts, r, block, hits);
    }
    return counts;
}

/// The same of a whole trace, once.
template <class Policy>
[[nodiscard]] replay_counts replay(const workload::block_trace& trace, block_cache<Policy>& cache,
                                   std::uint64_t warmup = 0, std::span<const std::uint32_t> next_uses = {}) {
    workload::block_trace::cursor at(trace);
    return replay([&](workload::block_request& r) { return at.next(r); }, trace.block_tokens(), cache, warmup,
                  next_uses);
}

} // namespace kvmark::cache

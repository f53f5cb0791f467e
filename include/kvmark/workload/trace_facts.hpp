// What a trace offers to a cache, before any cache is chosen.
#pragma once

#include <kvmark/workload/prefix_nodes.hpp>

namespace kvmark::workload {

struct trace_facts {
    std::uint64_t longest_chain = 0;      ///< blocks of the request that has most
    std::uint64_t chain_tokens = 0;       ///< in the blocks of all requests
    std::uint64_t ceiling_hit_tokens = 0; ///< of them, in prefixes seen before: what an unbounded cache hits
};

/// One pass over the trace; two, and a copy of it, where it is not prefix_unique.
[[nodiscard]] KVMARK_COLD trace_facts facts_of(const block_trace& trace) {
    const block_trace nodes = as_prefix_nodes(trace);
    trace_facts facts;
    block_number seen = 0; // in the requests before: blocks are numbered as they appear
    block_trace::cursor at(nodes);
    block_request r;
    while (at.next(r)) {
        block_number next_seen = seen;
        bool hit = true;
        for (std::size_t i = 0; i < r.blocks.size(); ++i) {
            hit = hit && r.blocks[i] < seen;
            if (r.blocks[i] >= next_seen) next_seen = r.blocks[i] + 1;
            const std::uint64_t size = tokens_in_block(r.input, nodes.block_tokens(), i);
            facts.chain_tokens += size;
            if (hit) facts.ceiling_hit_tokens += size;
        }
        seen = next_seen;
        if (r.blocks.size() > facts.longest_chain) facts.longest_chain = r.blocks.size();
    }
    return facts;
}

} // namespace kvmark::workload

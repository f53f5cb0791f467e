// A trace whose blocks are named by all that stands before them.
#pragma once

#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// The same requests with the nodes of a prefix trie in place of blocks. A node is a block behind its parent
/// node, so a block that follows two different prefixes becomes two. Numbers are in the order of first
/// appearance, and the result is prefix_unique. A trace that already is comes back as it is.
[[nodiscard]] KVMARK_COLD block_trace as_prefix_nodes(const block_trace& trace) {
    if (trace.header().prefix_unique != 0) return trace;
    trace_builder nodes(trace.block_tokens(), trace.header().format.data());
    block_numbering numbers;
    std::vector<block_number> chain;
    block_trace::cursor at(trace);
    block_request r;
    while (at.next(r)) {
        chain.clear();
        std::uint64_t parent = no_block;
        for (const block_number b : r.blocks) {
            chain.push_back(numbers.number(parent << 32 | b));
            parent = chain.back();
        }
        nodes.add({.arrival = r.arrival,
                   .after = r.after,
                   .think = r.think,
                   .session = r.session,
                   .input = r.input,
                   .output = r.output,
                   .blocks = chain});
    }
    return nodes.finish();
}

} // namespace kvmark::workload

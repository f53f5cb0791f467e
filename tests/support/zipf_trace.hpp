// Traces made of random blocks.
#pragma once

#include <kvmark/core/zipf.hpp>
#include <kvmark/workload/trace_builder.hpp>

#include <vector>

namespace kvmark::test {

/// Requests of 1 to 8 blocks of 16 tokens, drawn from `names` by Zipf's law; `skew` 0 makes all alike. No
/// prefixes: a block follows any other, and may come twice in a request. The last block may be partial.
inline workload::block_trace zipf_trace(std::uint64_t requests, std::uint64_t names, double skew,
                                        std::uint64_t seed) {
    constexpr std::uint64_t block = 16;
    workload::trace_builder trace{tokens(block)};
    workload::block_numbering numbering;
    random_stream draw(seed);
    const zipf rank(names, skew);
    std::vector<workload::block_number> blocks;
    for (std::uint64_t r = 0; r < requests; ++r) {
        blocks.resize(draw.uniform_int(1, 8));
        for (workload::block_number& b : blocks) b = numbering.number(mix(rank(draw)));
        const std::uint64_t input = blocks.size() * block - draw.uniform_int(0, block - 1);
        trace.add({.input = tokens(input), .output = tokens(1), .blocks = blocks});
    }
    return trace.finish();
}

} // namespace kvmark::test

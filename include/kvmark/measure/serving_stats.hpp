// What a run over prefix blocks says beyond its tiers: hits by tier, and the latency of each request's
// tokens.
#pragma once

#include <kvmark/cache/replay.hpp>
#include <kvmark/measure/histogram.hpp>

namespace kvmark::measure {

/// Of the requests after the warm-up. time to first token = queue + load + prefill, request by request.
struct serving_stats {
    cache::replay_counts counts;
    bytes block{}; ///< size of a block
    tokens block_tokens{};
    std::uint64_t completed = 0;
    histogram ttft;        ///< intended arrival to first token
    histogram queue;       ///< intended arrival to admission
    histogram load;        ///< admission until the last cached block is there
    histogram prefill;     ///< until the first token, waiting for the accelerator included
    histogram inter_token; ///< mean gap of a request's further tokens
};

} // namespace kvmark::measure

// The access model of LLM servers: fixed-size blocks, longest cached prefix, misses computed and written.
#pragma once

#include <kvmark/cache/block_cache.hpp>
#include <kvmark/cache/lru.hpp>

namespace kvmark::engine {

/// A policy of benchmark<>: run_from() then takes a source of block requests (workload/block_source.hpp). For
/// each request the leading blocks that are cached are loaded through the tiers, once, and side by side; the
/// rest of the prompt is computed by the accelerator's model; then the new blocks are written. `Eviction`
/// serves every tier.
template <class Eviction = cache::lru>
struct prefix_blocks {
    static constexpr std::string_view name = "prefix_blocks";
    using eviction = Eviction;
};

template <class Access>
inline constexpr bool is_prefix_blocks = false;
template <class Eviction>
inline constexpr bool is_prefix_blocks<prefix_blocks<Eviction>> = true;

} // namespace kvmark::engine

namespace kvmark::access {
using engine::prefix_blocks;
} // namespace kvmark::access

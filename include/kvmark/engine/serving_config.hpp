// What a run over prefix blocks is told.
#pragma once

#include <kvmark/cache/block_cache.hpp>
#include <kvmark/engine/accelerator.hpp>
#include <kvmark/engine/engine_config.hpp>

namespace kvmark::engine {

struct serving_config {
    /// A duration that no run reaches: 146 years.
    static constexpr nanoseconds to_the_end{INT64_MAX / 2};

    engine_config run;                 ///< tiers, I/O, window; of its users and turns nothing is used
    cache::block_cache_config cache{}; ///< capacities among it
    accelerator_config accelerator{};
    bytes block{};                     ///< size of a block, whole sectors
    std::uint64_t batch_slots = 256;   ///< requests in service
    std::uint64_t warmup_requests = 0; ///< played before the window opens
};

} // namespace kvmark::engine

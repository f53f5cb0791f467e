// What the engine is told: a run without the names of its options.
#pragma once

#include <kvmark/cache/waterfall.hpp>
#include <kvmark/engine/autoscaler.hpp>
#include <kvmark/engine/io_worker.hpp>

namespace kvmark::engine {

struct engine_config {
    std::vector<tier::tier_setup> tiers{}; ///< in stack order
    std::vector<std::string> notes{};      ///< likewise: what the report must say of each
    workload::parameters parameters{};
    io_settings io{};
    bytes per_token{1};              ///< of KV cache, after tensor parallelism
    nanoseconds warmup{};            ///< under load before the window opens
    nanoseconds duration{};          ///< the measured window
    std::uint64_t max_requests = 0;  ///< of the warm-up and the window, which ends with the last; 0: no bound
    std::uint64_t users = 1;         ///< at the start
    std::uint64_t max_servers = 500; ///< requests in service: min(users, this)
    nanoseconds generation_per_token{};
    std::uint64_t max_writers = 0; ///< 0: no bound
    std::uint64_t max_samples = 0;
    std::uint64_t seed = 0;
    std::uint64_t prepared_entries = 0;      ///< written before the window, for decode-only
    bytes precondition{};                    ///< written before the window, then the counters start at 0
    std::uint64_t precondition_writers = 16; ///< of those, how many at once
    scaling_mode scaling = scaling_mode::off;
    double target_saturation = 0.8;
};

} // namespace kvmark::engine

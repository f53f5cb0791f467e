// What a run over prefix blocks is asked beyond the rest of its options.
#pragma once

#include <kvmark/cache/block_cache.hpp>

#include <string>

namespace kvmark {

struct serving_options {
    /// Names, by tier, for an eviction policy that is chosen at run time (cache/selected_policy.hpp); the
    /// last one stands for the tiers that follow. Empty: the policy as it is made.
    std::vector<std::string> policies{};
    std::vector<std::uint64_t> capacity_blocks{}; ///< by tier; empty: what the memory sizes hold
    std::int64_t kv_bytes_per_token = 0;          ///< 0: the model's

    cache::write_mode writes = cache::write_mode::on_eviction;
    cache::promotion_mode promotion = cache::promotion_mode::always;
    std::int64_t promote_at = 2;    ///< 1..255
    bool no_demotion = false;       ///< evicted blocks are dropped
    std::int64_t pinned_blocks = 0; ///< the first so many of each request
    double time_to_live = 0;        ///< seconds since the last use; 0: for ever
    bool recompute = false;         ///< what a tier would load more slowly than it is computed

    double prefill_rate = 0;          ///< prompt tokens/s; 0: they take no time
    double decode_rate = 0;           ///< tokens/s of each sequence; 0: they take no time
    std::int64_t batch_slots = 256;   ///< requests in service at once, 1 or more
    std::int64_t warmup_requests = 0; ///< played before the window opens
    bool to_the_end = true;           ///< the window ends with the source, whatever the duration
    std::vector<double>
        load_rates{}; ///< bytes/s by tier, for `recompute` where a tier has no model of its own
};

} // namespace kvmark

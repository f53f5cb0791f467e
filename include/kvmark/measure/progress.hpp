// What a running benchmark tells its observer, about once a second.
#pragma once

#include <kvmark/measure/recent_latency.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <concepts>
#include <string_view>
#include <vector>

namespace kvmark::measure {

struct tier_progress {
    std::string_view name;
    bytes read{}; ///< since the start of the window
    bytes written{};
    tier::tier_role role = tier::tier_role::storage;
    bytes used{};
    bytes limit{}; ///< 0: no tier; without bound as in tier_stats
    std::uint64_t entries = 0;
    recent_latency read_latency{}; ///< whole entries, since the call before
    recent_latency write_latency{};
};

/// A machine of a job.
struct host_progress {
    std::string_view name;
    std::uint64_t ranks = 0;
    bytes moved{}; ///< by its ranks, to and from storage tiers; 0 where rank 0 has not heard of it
};

struct progress {
    std::string_view stage; ///< "preparing", "warming up", "running", "cleaning up"
    nanoseconds elapsed{};  ///< of the window; of the stage while preparing
    nanoseconds window{};   ///< its length; 0 where unknown
    double fraction = 0;    ///< of the stage, 0..1
    std::uint64_t users = 0;
    std::uint64_t completed = 0;
    std::uint64_t queued = 0;
    std::uint64_t tokens = 0;
    double hit_rate = 0;         ///< 0..1
    recent_latency end_to_end{}; ///< of requests, since the call before
    recent_latency ttft{};       ///< of a served run
    std::vector<tier_progress> tiers{};
    std::vector<host_progress> hosts{}; ///< of a job
};

/// Whoever wants to watch a run. Called on the engine's thread, so it must return at once.
template <class O>
concept observer = requires(O o, const progress& p) {
    { o.on_progress(p) } -> std::same_as<void>;
};

struct no_observer {
    void on_progress(const progress&) {}
};

} // namespace kvmark::measure

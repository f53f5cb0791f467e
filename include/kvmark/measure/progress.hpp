// What a running benchmark tells its observer, about once a second.
#pragma once

#include <kvmark/core/units.hpp>

#include <concepts>
#include <string_view>
#include <vector>

namespace kvmark::measure {

struct tier_progress {
    std::string_view name;
    bytes read{}; ///< since the start of the window
    bytes written{};
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
    double hit_rate = 0; ///< 0..1
    std::vector<tier_progress> tiers;
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

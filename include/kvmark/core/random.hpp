// Random streams: one per user and per request, so that a draw never depends on who else has drawn.
#pragma once

#include <kvmark/core/config.hpp>

#include <cstdint>

namespace kvmark {

/// A full-avalanche 64-bit mix (the finalizer of SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
[[nodiscard]] KVMARK_INLINE constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// SplitMix64 under a name of its own: `random_stream(seed, what, which)` gives the same numbers in every
/// run, on every machine. std:: distributions are not used, since their results differ between libraries.
class random_stream {
public:
    constexpr explicit random_stream(std::uint64_t seed, std::uint64_t what = 0, std::uint64_t which = 0)
        : state_(mix(mix(mix(seed) ^ what) ^ which)) {}

    constexpr std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        return mix(state_);
    }

    /// Uniform in [0, 1), 53 bits.
    constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// Uniform in [low, high).
    constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// Uniform integer in [low, high]; needs low <= high and a span below 2^32.
    constexpr std::uint64_t uniform_int(std::uint64_t low, std::uint64_t high) {
        const std::uint64_t span = high - low + 1;
        return low + ((next() >> 32) * span >> 32);
    }
    constexpr bool chance(double probability) { return uniform() < probability; }
    /// Exponential with the given mean, in the unit of the mean.
    double exponential(double mean) { return -mean * __builtin_log1p(-uniform()); }

private:
    std::uint64_t state_;
};

} // namespace kvmark

// Depths of an LRU stack, gathered so that few of them stand for many.
#pragma once

#include <kvmark/core/config.hpp>

#include <bit>
#include <cstdint>

namespace kvmark::cache {

/// Log-linear: exact below 2^(Bits + 1), then 2^Bits buckets for each power of two, so that the depths of a
/// bucket differ by less than 2^-Bits of themselves.
template <unsigned Bits>
struct depth_buckets {
    static constexpr std::uint32_t per_octave = std::uint32_t{1} << Bits;
    /// Of depths below 2^34: a sampled depth may come out above the number of blocks.
    static constexpr std::uint32_t count = (35 - Bits) * per_octave;

    [[nodiscard]] KVMARK_INLINE static constexpr std::uint32_t of(std::uint64_t depth) {
        if (depth < 2 * per_octave) return static_cast<std::uint32_t>(depth);
        const auto shift = static_cast<std::uint32_t>(std::bit_width(depth)) - 1 - Bits;
        return shift * per_octave + static_cast<std::uint32_t>(depth >> shift);
    }

    /// The largest depth of a bucket: a cache of that many blocks hits all of it.
    [[nodiscard]] static constexpr std::uint64_t largest(std::uint32_t bucket) {
        if (bucket < 2 * per_octave) return bucket;
        const std::uint32_t shift = bucket / per_octave - 1;
        return (((std::uint64_t{bucket % per_octave} | per_octave) + 1) << shift) - 1;
    }
};

} // namespace kvmark::cache

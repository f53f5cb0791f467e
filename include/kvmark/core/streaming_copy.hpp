// A copy that leaves the caches to others: for blocks that will not be read soon.
#pragma once

#include <kvmark/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kvmark {

#if defined(__SSE2__)
namespace detail {
/// The compiler's own, since <emmintrin.h> is 3,500 lines.
using vector16 = long long __attribute__((vector_size(16)));
KVMARK_INLINE void stream(vector16* to, const std::byte* from) {
    vector16 value;
    std::memcpy(&value, from, sizeof value);
#if defined(__clang__)
    __builtin_nontemporal_store(value, to);
#else
    __builtin_ia32_movntdq(to, value);
#endif
}
} // namespace detail
#endif

/// memcpy by non-temporal stores: memory is not read before it is overwritten, and no cached line is thrown
/// out for it (benchmarks/tiers/host_copy.cpp). Where there are none, or `to` is not aligned to 16 bytes,
/// memcpy.
KVMARK_INLINE void streaming_copy(std::byte* to, const std::byte* from, std::size_t size) {
#if defined(__SSE2__)
    constexpr std::size_t width = sizeof(detail::vector16);
    if (reinterpret_cast<std::uintptr_t>(to) % width == 0) {
        auto* target = reinterpret_cast<detail::vector16*>(to);
        std::size_t at = 0;
        for (; at + 4 * width <= size; at += 4 * width)
            for (std::size_t i = 0; i < 4; ++i) detail::stream(target++, from + at + i * width);
        __builtin_ia32_sfence();
        std::memcpy(to + at, from + at, size - at);
        return;
    }
#endif
    std::memcpy(to, from, size);
}

} // namespace kvmark

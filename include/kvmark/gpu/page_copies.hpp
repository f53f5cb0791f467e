// What gather and scatter replace: a copy for each page of each block.
#pragma once

#include <kvmark/gpu/paged_cache.hpp>

namespace kvmark::gpu {

/// Calls `copy` for the pages of each block, with their place in the cache and in contiguous memory, where
/// they are in the order of layout_kernels. Ends with the first status that is no success; `invalid_value`: a
/// page that the cache does not have.
template <class Copy>
KVMARK_INLINE status for_each_page(const paged_cache& cache, std::span<const std::uint32_t> page_numbers,
                                   Copy&& copy) {
    bytes at{};
    for (const std::uint32_t page : page_numbers) {
        if (page >= cache.pages()) return status::invalid_value;
        for (std::uint32_t plane = 0; plane < cache.plane_count(); ++plane, at += cache.page_size())
            if (const status s = copy(cache.at(plane, page), at); s != status::success) return s;
    }
    return status::success;
}

/// To host memory, which is pinned, or each copy waits for the one before.
inline status copy_pages_to_host(const device& d, stream order, const paged_cache& cache,
                                 std::span<const std::uint32_t> page_numbers, std::byte* to) {
    return for_each_page(cache, page_numbers, [&](device_address from, bytes at) KVMARK_INLINE_LAMBDA {
        return d.api().copy_to_host(to + at.count, from, cache.page_size().count, order);
    });
}

/// To contiguous memory of the same GPU.
inline status copy_pages_on_device(const device& d, stream order, const paged_cache& cache,
                                   std::span<const std::uint32_t> page_numbers, device_address to) {
    return for_each_page(cache, page_numbers, [&](device_address from, bytes at) KVMARK_INLINE_LAMBDA {
        return d.api().copy_on_device(to + at.count, from, cache.page_size().count, order);
    });
}

} // namespace kvmark::gpu

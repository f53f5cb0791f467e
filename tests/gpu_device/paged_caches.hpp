// Caches of random content and random page tables, for tests of what moves their blocks.
#pragma once

#include "gpu_device/device.hpp"

#include <kvmark/core/random.hpp>
#include <kvmark/gpu/layout_kernels.hpp>

#include <cstring>
#include <numeric>

namespace kvmark::test {

struct cache_shape {
    std::uint32_t planes, pages;
    std::uint64_t page_bytes;
    std::uint32_t blocks; ///< no more than pages
};

inline std::vector<std::byte> noise(std::uint64_t size, std::uint64_t seed) {
    std::vector<std::byte> made(size);
    random_stream draw(seed);
    for (std::byte& b : made) b = static_cast<std::byte>(draw.next());
    return made;
}

/// On a GPU, and once more on the host, where a loop says what a kernel shall do.
struct filled_cache {
    filled_cache(const test_device& d, cache_shape s) : shape(s), device(d) {
        std::vector<gpu::device_address> addresses;
        for (std::uint32_t p = 0; p < s.planes; ++p) {
            host.push_back(noise(s.pages * s.page_bytes, p));
            planes.push_back(d.holding(host.back()));
            addresses.push_back(planes.back().address());
        }
        std::vector<std::uint32_t> all(s.pages);
        std::iota(all.begin(), all.end(), 0u);
        random_stream draw(s.page_bytes);
        for (std::size_t left = all.size(); left > 1; --left)
            std::swap(all[left - 1], all[draw.uniform_int(0, left - 1)]);
        numbers.assign(all.begin(), all.begin() + s.blocks);
        numbers_there = d.holding(std::as_bytes(std::span(numbers)));
        auto described = gpu::paged_cache::describe(d.card, addresses, bytes(s.page_bytes), s.pages);
        REQUIRE(described);
        cache = std::move(*described);
    }

    [[nodiscard]] bytes packed_size() const { return cache.block_size() * shape.blocks; }
    /// The blocks as the host has them.
    [[nodiscard]] std::vector<std::byte> packed() const {
        std::vector<std::byte> all;
        for (const std::uint32_t number : numbers)
            for (const auto& plane : host) {
                const std::byte* page = plane.data() + number * shape.page_bytes;
                all.insert(all.end(), page, page + shape.page_bytes);
            }
        return all;
    }
    /// Gives the host the blocks of `all`.
    void unpack(std::span<const std::byte> all) {
        for (const std::uint32_t number : numbers)
            for (auto& plane : host) {
                std::memcpy(plane.data() + number * shape.page_bytes, all.data(), shape.page_bytes);
                all = all.subspan(shape.page_bytes);
            }
    }
    /// Whether the GPU has what the host has, in every page of every plane.
    [[nodiscard]] bool same_as_host() const {
        for (std::size_t p = 0; p < planes.size(); ++p)
            if (device.content(planes[p]) != host[p]) return false;
        return true;
    }

    const cache_shape shape;
    const test_device& device;
    std::vector<std::vector<std::byte>> host{}; ///< plane by plane
    std::vector<gpu::device_memory> planes{};
    std::vector<std::uint32_t> numbers{}; ///< the page of each block
    gpu::device_memory numbers_there{};
    gpu::paged_cache cache{};
};

} // namespace kvmark::test

// The GPU that the tests of this folder run on, and bytes to it and from it.
#pragma once

#include "support/catch.hpp"

#include <kvmark/gpu/upload.hpp>

#include <algorithm>
#include <vector>

namespace kvmark::test {

/// The first place where the two differ; negative: none. Catch takes minutes to print megabytes.
inline std::ptrdiff_t difference(std::span<const std::byte> a, std::span<const std::byte> b) {
    const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return at.first == a.end() && at.second == b.end() ? -1 : at.first - a.begin();
}

/// GPU 0 of the driver that the program was started with.
struct test_device {
    gpu::device card = open();
    gpu::owned_stream order = make_order(card);

    [[nodiscard]] gpu::device_memory memory(bytes size, std::byte fill = {}) const {
        return holding(std::vector<std::byte>(size.count, fill));
    }
    [[nodiscard]] gpu::device_memory holding(std::span<const std::byte> content) const {
        auto made = gpu::upload(card, content);
        REQUIRE(made);
        return std::move(*made);
    }
    /// When all of `order` is done.
    [[nodiscard]] std::vector<std::byte> content(gpu::device_address from, bytes size) const {
        std::vector<std::byte> read(size.count);
        REQUIRE(card.api().copy_to_host(read.data(), from, size.count, order.get()) == gpu::status::success);
        finish();
        return read;
    }
    [[nodiscard]] std::vector<std::byte> content(const gpu::device_memory& m) const {
        return content(m.address(), m.size());
    }
    void finish() const { REQUIRE(gpu::await(card.api(), order.get()) == gpu::status::success); }

private:
    static gpu::device open() {
        auto opened = gpu::device::open(*gpu::driver::get(), 0);
        REQUIRE(opened);
        return std::move(*opened);
    }
    static gpu::owned_stream make_order(const gpu::device& card) {
        auto made = gpu::make_stream(card);
        REQUIRE(made);
        return std::move(*made);
    }
};

} // namespace kvmark::test

// GPUs of the stand-in, opened.
#pragma once

#include "stand_in/stand_in.hpp"

#include <kvmark/gpu/device.hpp>

namespace kvmark::test {

inline gpu::device open_gpu(std::uint32_t ordinal = 0) {
    const auto& driver = gpu::driver::get();
    REQUIRE(driver);
    auto opened = gpu::device::open(*driver, ordinal);
    REQUIRE(opened);
    return std::move(*opened);
}

} // namespace kvmark::test

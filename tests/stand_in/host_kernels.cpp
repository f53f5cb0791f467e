// The kernels that the stand-in knows.
#include "stand_in/host_kernel.hpp"

#include <cstring>

namespace kvmark::stand_in {

extern const host_kernel layout_gather, layout_scatter; // layout_kernels.cpp

namespace {

/// fill(address, bytes, value): what the stand-in's own tests launch.
bool fill(const kernel_launch& l) {
    const auto bytes = l.argument<std::uint64_t>(1);
    std::byte* to = l.memory(l.argument<std::uint64_t>(0), bytes);
    if (to != nullptr) std::memset(to, static_cast<int>(l.argument<std::uint32_t>(2)), bytes);
    return to != nullptr;
}
constexpr std::size_t fill_parameters[] = {8, 8, 4};

constexpr host_kernel fill_kernel{"fill", fill_parameters, fill};
constexpr const host_kernel* kernels[] = {&fill_kernel, &layout_gather, &layout_scatter};

} // namespace

const host_kernel* find_host_kernel(std::string_view name) {
    for (const host_kernel* k : kernels)
        if (k->name == name) return k;
    return nullptr;
}

} // namespace kvmark::stand_in

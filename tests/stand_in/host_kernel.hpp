// Kernels as host code: what the stand-in runs when cuLaunchKernel is called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kvmark::gpu {
struct context_of_driver;
}

namespace kvmark::stand_in {

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};

/// One launch: the whole grid of it.
struct kernel_launch {
    dim3 grid, block;
    std::size_t shared_bytes = 0;
    void** arguments; ///< pointers to the values, which are aligned to 16 bytes; alive while the kernel runs
    gpu::context_of_driver& gpu;

    /// Argument `i`, of the type that the kernel declares.
    template <class T>
    [[nodiscard]] const T& argument(std::size_t i) const {
        return *static_cast<const T*>(arguments[i]);
    }
    /// Where the CPU finds `bytes` bytes of this GPU's memory, or of pinned host memory, at the address that
    /// a kernel is given. Null: no such memory; then the kernel returns false.
    [[nodiscard]] std::byte* memory(std::uint64_t address, std::size_t bytes) const;
};

struct host_kernel {
    std::string_view name;
    std::span<const std::size_t> parameters; ///< the size of each in bytes, 16 parameters of 16 bytes at most
    bool (*run)(const kernel_launch& launch); ///< false: an illegal address (700, which stays)
};

/// Null: there is none of that name. cuModuleGetFunction also wants its `.entry` in the module's PTX.
const host_kernel* find_host_kernel(std::string_view name);

} // namespace kvmark::stand_in

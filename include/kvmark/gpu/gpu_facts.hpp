// What a GPU is, as its driver tells; every value that could not be told is zero or empty.
#pragma once

#include <kvmark/core/units.hpp>

#include <cstdint>
#include <string>

namespace kvmark::gpu {

/// Plain, so that a report carries it without the driver.
struct gpu_facts {
    std::uint32_t index = 0;           ///< the driver's number of it in this process (CUDA_VISIBLE_DEVICES)
    std::string name{};                ///< "NVIDIA H200"
    std::string uuid{};                ///< "GPU-..." as nvidia-smi has it
    std::string pci_address{};         ///< "0000:1b:00.0"
    std::string driver_version{};      ///< "580.159.04"
    std::string cuda_version{};        ///< the newest that the driver serves, "13.0"
    std::string compute{};             ///< compute capability, "9.0"
    bytes memory{};                    ///< the card's
    bytes memory_free{};               ///< when the tier was opened
    std::uint32_t processors = 0;      ///< multiprocessors
    double memory_bandwidth = 0;       ///< bytes per second by clock and bus width, the data sheet's number
    std::uint32_t link_generation = 0; ///< PCIe, as it runs now; an idle link may be slower than a busy one
    std::uint32_t link_width = 0;      ///< PCIe lanes in use
    std::uint32_t link_generation_max = 0; ///< what card and slot can do
    std::uint32_t link_width_max = 0;
    std::uint32_t copy_engines = 0; ///< copies in flight at once, apart from kernels
};

} // namespace kvmark::gpu

// NVIDIA's management library (NVML), loaded when it is first asked for: what the CUDA driver does not tell.
#pragma once

#include <kvmark/gpu/shared_library.hpp>

#include <cstdlib>

namespace kvmark::gpu {

using managed_device = struct device_of_management*; ///< nvmlDevice_t

/// Each function is the library's own of the name beside it in load(), with its meaning (NVML API reference);
/// what it returns is 0 for success. Between init() and shutdown(), which count.
struct management {
    int (*init)();
    int (*shutdown)();
    int (*driver_version)(char* text, unsigned size);
    int (*device_at)(const char* pci_address, managed_device*);
    int (*link_generation)(managed_device, unsigned*);
    int (*link_generation_max)(managed_device, unsigned*); ///< of card and slot together
    int (*link_width)(managed_device, unsigned* lanes);
    int (*link_width_max)(managed_device, unsigned* lanes);

    /// Once in a process, whose later calls get the same answer. KVMARK_NVML names another file than
    /// libnvidia-ml.so.1.
    [[nodiscard]] KVMARK_COLD static const result<management>& get() {
        static const result<management> loaded = load(std::getenv("KVMARK_NVML"));
        return loaded;
    }

    /// The same, not remembered; `path` null: libnvidia-ml.so.1.
    [[nodiscard]] KVMARK_COLD static result<management> load(const char* path) {
        auto library = path ? shared_library::open(path) : shared_library::open("libnvidia-ml.so.1");
        if (!library) return library.error();
        management m{};
        library->bind(m.init, "nvmlInit_v2");
        library->bind(m.shutdown, "nvmlShutdown");
        library->bind(m.driver_version, "nvmlSystemGetDriverVersion");
        library->bind(m.device_at, "nvmlDeviceGetHandleByPciBusId_v2");
        library->bind(m.link_generation, "nvmlDeviceGetCurrPcieLinkGeneration");
        library->bind(m.link_generation_max, "nvmlDeviceGetMaxPcieLinkGeneration");
        library->bind(m.link_width, "nvmlDeviceGetCurrPcieLinkWidth");
        library->bind(m.link_width_max, "nvmlDeviceGetMaxPcieLinkWidth");
        if (auto complete = library->complete(); !complete) return complete.error();
        return m;
    }
};

} // namespace kvmark::gpu

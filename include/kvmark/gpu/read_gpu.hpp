// Asks the driver and the management library what a GPU is.
#pragma once

#include <kvmark/gpu/device.hpp>
#include <kvmark/gpu/gpu_facts.hpp>
#include <kvmark/gpu/management.hpp>

#include <vector>

namespace kvmark::gpu {

namespace detail {

/// As nvidia-smi has it.
[[nodiscard]] KVMARK_COLD std::string uuid_text(const unsigned char (&uuid)[16]) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text = "GPU-";
    for (std::size_t i = 0; i < sizeof uuid; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[uuid[i] >> 4];
        text += digits[uuid[i] & 15];
    }
    return text;
}

} // namespace detail

/// Driver version and PCIe link of the GPU at `f.pci_address`, as they are now: a link that carries nothing
/// may run at a lower generation. Leaves them as they were where the management library does not tell.
KVMARK_COLD void read_link(gpu_facts& f) {
    const auto& m = management::get();
    if (!m || m->init() != 0) return;
    char version[96] = "";
    if (m->driver_version(version, sizeof version) == 0) f.driver_version = version;
    managed_device found = nullptr;
    if (m->device_at(f.pci_address.c_str(), &found) == 0) {
        const auto ask = [&](std::uint32_t& into, int (*question)(managed_device, unsigned*)) {
            unsigned answer = 0;
            if (question(found, &answer) == 0) into = answer;
        };
        ask(f.link_generation, m->link_generation);
        ask(f.link_generation_max, m->link_generation_max);
        ask(f.link_width, m->link_width);
        ask(f.link_width_max, m->link_width_max);
    }
    m->shutdown();
}

/// What was read before, with the links as they are now.
[[nodiscard]] KVMARK_COLD std::vector<gpu_facts> with_links(std::vector<gpu_facts> gpus) {
    for (gpu_facts& f : gpus) read_link(f);
    return gpus;
}

/// Sets the calling thread's context. What cannot be told is left zero or empty.
[[nodiscard]] KVMARK_COLD gpu_facts read_gpu(const device& d) {
    const driver& api = d.api();
    const auto known = [](status s) { return s == status::success; };
    const auto ask = [&](attribute a) {
        int value = 0;
        return known(api.device_attribute(&value, a, d.number())) ? static_cast<std::uint32_t>(value) : 0;
    };
    gpu_facts f{.index = d.ordinal()};
    char text[256] = "";
    if (known(api.device_name(text, sizeof text, d.number()))) f.name = text;
    if (known(api.device_pci_address(text, sizeof text, d.number()))) f.pci_address = text;
    unsigned char uuid[16]{};
    if (known(api.device_uuid(uuid, d.number()))) f.uuid = detail::uuid_text(uuid);
    if (int v = 0; known(api.driver_version(&v)))
        f.cuda_version = std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10);
    if (const std::uint32_t major = ask(attribute::compute_major); major != 0)
        f.compute = std::to_string(major) + "." + std::to_string(ask(attribute::compute_minor));
    if (std::size_t size = 0; known(api.device_memory(&size, d.number()))) f.memory = bytes(size);
    std::size_t free = 0, total = 0;
    if (known(d.memory_info(free, total))) f.memory_free = bytes(free);
    f.processors = ask(attribute::multiprocessors);
    f.copy_engines = ask(attribute::copy_engines);
    // Two transfers a clock; newer drivers tell no clock.
    f.memory_bandwidth = 2e3 * ask(attribute::memory_clock_khz) * ask(attribute::memory_bus_bits) / 8;
    read_link(f);
    return f;
}

} // namespace kvmark::gpu

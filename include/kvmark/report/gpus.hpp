// The GPUs of a run, as a line of text and as JSON.
#pragma once

#include <kvmark/measure/run_report.hpp>
#include <kvmark/report/json_host.hpp>
#include <kvmark/report/json_members.hpp>

#include <fmt/format.h>

namespace kvmark::report {

namespace detail {

/// "PCIe 5.0 x16"; where the link runs at less than it could, "PCIe 4.0 x8 of 5.0 x16".
[[nodiscard]] inline std::string link_text(const gpu::gpu_facts& g) {
    if (g.link_generation == 0 || g.link_width == 0) return "";
    std::string text = fmt::format("PCIe {}.0 x{}", g.link_generation, g.link_width);
    const bool slower = g.link_generation < g.link_generation_max || g.link_width < g.link_width_max;
    if (slower) text += fmt::format(" of {}.0 x{}", g.link_generation_max, g.link_width_max);
    return text;
}

} // namespace detail

/// "NVIDIA H200, 139.7 GiB, PCIe 5.0 x16, driver 580.159.04, CUDA 13.0"; what is not known is left out.
[[nodiscard]] inline std::string gpu_text(const gpu::gpu_facts& g) {
    std::string text = g.name.empty() ? "a GPU" : g.name;
    if (g.memory.count != 0) text += fmt::format(", {:.1f} GiB", to_gib(g.memory));
    if (const std::string link = detail::link_text(g); !link.empty()) text += ", " + link;
    if (!g.driver_version.empty()) text += ", driver " + g.driver_version;
    if (!g.cuda_version.empty()) text += ", CUDA " + g.cuda_version;
    return text;
}

/// One of them, without its host.
[[nodiscard]] inline json::object gpu_json(const gpu::gpu_facts& g) {
    using detail::count_or_null;
    return {{"index", g.index},
            {"name", text_or_null(g.name)},
            {"uuid", text_or_null(g.uuid)},
            {"pci_address", text_or_null(g.pci_address)},
            {"driver_version", text_or_null(g.driver_version)},
            {"cuda_version", text_or_null(g.cuda_version)},
            {"compute_capability", text_or_null(g.compute)},
            {"memory_bytes", count_or_null(g.memory.count)},
            {"memory_free_bytes", count_or_null(g.memory_free.count)},
            {"memory_bytes_per_s",
             g.memory_bandwidth > 0 ? json::value(g.memory_bandwidth) : json::value(nullptr)},
            {"multiprocessors", count_or_null(g.processors)},
            {"copy_engines", count_or_null(g.copy_engines)},
            {"pcie_generation", count_or_null(g.link_generation)},
            {"pcie_width", count_or_null(g.link_width)},
            {"pcie_generation_max", count_or_null(g.link_generation_max)},
            {"pcie_width_max", count_or_null(g.link_width_max)}};
}

/// What docs/json.md documents under `kvmark.gpus`.
[[nodiscard]] inline json::array gpus_json(const measure::run_report& r) {
    json::array all;
    for (const measure::used_gpu& u : r.gpus) {
        json::object& o = all.emplace_back(gpu_json(u.facts)).get_object();
        o["host"] = r.job ? json::value(r.job->host_name(u.host)) : json::value(nullptr);
    }
    return all;
}

/// Back from gpus_json(). Precondition: r has its job, if it has one.
inline void read_gpus(const json::array& gpus, measure::run_report& r) {
    for_each_object(gpus, [&](const json::object& o) {
        measure::used_gpu& u = r.gpus.emplace_back();
        const auto number = [&](std::string_view key) {
            return static_cast<std::uint32_t>(count_at(o, {key}));
        };
        while (r.job && u.host < r.job->hosts.size() && r.job->hosts[u.host].hostname != text_at(o, {"host"}))
            ++u.host;
        u.facts = {.index = number("index"),
                   .name = std::string(text_at(o, {"name"})),
                   .uuid = std::string(text_at(o, {"uuid"})),
                   .pci_address = std::string(text_at(o, {"pci_address"})),
                   .driver_version = std::string(text_at(o, {"driver_version"})),
                   .cuda_version = std::string(text_at(o, {"cuda_version"})),
                   .compute = std::string(text_at(o, {"compute_capability"})),
                   .memory = bytes(count_at(o, {"memory_bytes"})),
                   .memory_free = bytes(count_at(o, {"memory_free_bytes"})),
                   .processors = number("multiprocessors"),
                   .memory_bandwidth = number_at(o, {"memory_bytes_per_s"}).value_or(0),
                   .link_generation = number("pcie_generation"),
                   .link_width = number("pcie_width"),
                   .link_generation_max = number("pcie_generation_max"),
                   .link_width_max = number("pcie_width_max"),
                   .copy_engines = number("copy_engines")};
    });
}

} // namespace kvmark::report

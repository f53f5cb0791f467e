// A machine as JSON: `kvmark.host` of a result and each host of a cluster.
#pragma once

#include <kvmark/measure/machine_facts.hpp>
#include <kvmark/report/json_text.hpp>

namespace kvmark::report {

namespace detail {

/// A count that is 0 where it could not be read.
[[nodiscard]] inline json::value count_or_null(std::uint64_t n) {
    return n == 0 ? json::value(nullptr) : json::value(n);
}

/// Null where no block device stands behind the cache directory.
[[nodiscard]] inline json::value block_device_json(const measure::block_device_facts& d) {
    if (d.name.empty()) return nullptr;
    return {{"name", d.name},
            {"model", text_or_null(d.model)},
            {"size_bytes", d.size.count},
            {"scheduler", text_or_null(d.scheduler)},
            {"hardware_queues", count_or_null(d.hardware_queues)},
            {"queue_requests", count_or_null(d.queue_requests)},
            {"rotational", d.rotational}};
}

} // namespace detail

/// docs/json.md documents its keys under `kvmark.host`.
[[nodiscard]] inline json::object host_json(const measure::machine_facts& m) {
    using detail::count_or_null;
    json::array networks;
    for (const measure::network_interface& n : m.networks)
        networks.push_back(
            {{"name", n.name},
             {"megabits_per_second", count_or_null(static_cast<std::uint64_t>(n.megabits_per_second))}});
    return {{"hostname", text_or_null(m.hostname)},
            {"kernel", text_or_null(m.kernel)},
            {"os", text_or_null(m.os)},
            {"virtualization", text_or_null(m.virtualization)},
            {"cpu_model", text_or_null(m.cpu_model)},
            {"sockets", count_or_null(m.sockets)},
            {"cores", count_or_null(m.cores)},
            {"logical_cpus", count_or_null(m.logical_cpus)},
            {"numa_nodes", count_or_null(m.numa_nodes)},
            {"memory_bytes", count_or_null(m.memory.count)},
            {"transparent_hugepage", text_or_null(m.transparent_hugepage)},
            {"file_system", text_or_null(m.file_system)},
            {"mount_point", text_or_null(m.mount_point)},
            {"mount_options", text_or_null(m.mount_options)},
            {"block_device", detail::block_device_json(m.device)},
            {"networks", std::move(networks)},
            {"mpi_library", text_or_null(m.mpi_library)}};
}

} // namespace kvmark::report

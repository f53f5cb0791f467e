// A machine, as far as a storage result depends on it.
#pragma once

#include <kvmark/core/units.hpp>

#include <string>
#include <vector>

namespace kvmark::measure {

struct network_interface {
    std::string name;
    std::int64_t megabits_per_second = 0; ///< 0: unknown
};

/// The block device behind the cache directory; all empty where there is none (tmpfs, overlay, network).
struct block_device_facts {
    std::string name;
    std::string model;
    std::string scheduler; ///< none, mq-deadline, ...
    bytes size{};
    std::uint32_t hardware_queues = 0;
    std::uint32_t queue_requests = 0; ///< that the kernel keeps for one queue
    bool rotational = false;
};

/// A text or number that could not be read is empty or 0.
struct machine_facts {
    std::string hostname;
    std::string kernel;
    std::string os; ///< as /etc/os-release names it
    std::string cpu_model;
    std::uint32_t sockets = 0;
    std::uint32_t cores = 0; ///< physical
    std::uint32_t logical_cpus = 0;
    std::uint32_t numa_nodes = 0;
    bytes memory{};
    std::string transparent_hugepage; ///< always, madvise or never
    std::string virtualization;       ///< what tells of a container or a virtual machine

    std::string file_system; ///< type of the one that holds the cache directory
    std::string mount_point;
    std::string mount_options;
    block_device_facts device;
    std::vector<network_interface> networks; ///< without the loopback
    std::string mpi_library;                 ///< name and version of the MPI library; empty without
};

} // namespace kvmark::measure

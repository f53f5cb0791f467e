// Reads what machine_facts holds from /proc, /sys, /etc/os-release, uname(2) and statfs(2).
#pragma once

#include <kvmark/measure/find_mount.hpp>
#include <kvmark/measure/machine_facts.hpp>

#include <sys/utsname.h>

namespace kvmark::measure {

namespace detail {

inline void add_distinct(std::vector<std::string>& all, std::string one) {
    for (const std::string& known : all)
        if (known == one) return;
    all.push_back(std::move(one));
}

/// /proc/cpuinfo names the package before the core of each processor. ARM names neither, nor a model.
KVMARK_COLD void read_processors(machine_facts& m, std::string_view cpuinfo) {
    std::vector<std::string> sockets, cores;
    std::string socket;
    while (!cpuinfo.empty()) {
        std::string_view value = take_until(cpuinfo, '\n');
        const std::string_view key = trimmed(take_until(value, ':'));
        value = trimmed(value);
        if (key == "processor") {
            ++m.logical_cpus;
        } else if (key == "model name" && m.cpu_model.empty()) {
            m.cpu_model = value;
        } else if (key == "physical id") {
            socket = value;
            add_distinct(sockets, socket);
        } else if (key == "core id") {
            add_distinct(cores, (socket + " ").append(value));
        }
    }
    m.sockets = static_cast<std::uint32_t>(sockets.size());
    m.cores = cores.empty() ? m.logical_cpus : static_cast<std::uint32_t>(cores.size());
}

[[nodiscard]] KVMARK_COLD bytes read_memory(const std::string& root) {
    unsigned long long kib = 0;
    std::sscanf(read_text(root + "/proc/meminfo").c_str(), "MemTotal: %llu", &kib);
    return bytes(kib * kib_bytes);
}

[[nodiscard]] KVMARK_COLD std::uint32_t count_numa_nodes(const std::string& root) {
    std::uint32_t n = 0;
    for (const std::string& name : list_directory(root + "/sys/devices/system/node"))
        if (name.starts_with("node")) ++n;
    return n;
}

/// A value of os-release(5): plain, or quoted with backslashes as in a shell.
[[nodiscard]] KVMARK_COLD std::string unquoted(std::string_view value) {
    value = trimmed(value);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        text += value[i];
    }
    return text;
}

[[nodiscard]] KVMARK_COLD std::string read_os(const std::string& root) {
    std::string text = read_text(root + "/etc/os-release"), name;
    if (text.empty()) text = read_text(root + "/usr/lib/os-release");
    for (std::string_view rest = text; !rest.empty();) {
        std::string_view value = take_until(rest, '\n');
        const std::string_view key = trimmed(take_until(value, '='));
        if (key == "PRETTY_NAME" || (key == "NAME" && name.empty())) name = unquoted(value);
    }
    return name;
}

/// The disk under a block device, where its model and queues are: a partition's parent, and what a mapped
/// device (LVM, dm-crypt) of one disk stands on. One of several disks is its own.
[[nodiscard]] KVMARK_COLD std::string disk_directory(std::string at) {
    for (int depth = 0; depth < 8; ++depth) {
        if (path_exists(at + "/partition")) at += "/..";
        const std::vector<std::string> below = list_directory(at + "/slaves");
        if (below.size() != 1) break;
        at += "/slaves/" + below.front();
    }
    return at;
}

/// Documentation/ABI/stable/sysfs-block of the kernel. `directory` may be missing.
[[nodiscard]] KVMARK_COLD block_device_facts read_block_device(const std::string& directory) {
    block_device_facts d;
    d.name = link_name(directory);
    if (d.name.empty()) return d;
    d.size = bytes(read_number(directory + "/size") * 512); // whatever the device's own sectors are
    const std::string disk = disk_directory(directory);
    d.model = read_trimmed(disk + "/device/model");
    d.scheduler = read_setting(disk + "/queue/scheduler");
    d.queue_requests = static_cast<std::uint32_t>(read_number(disk + "/queue/nr_requests"));
    d.hardware_queues = static_cast<std::uint32_t>(list_directory(disk + "/mq").size());
    d.rotational = read_number(disk + "/queue/rotational") != 0;
    return d;
}

/// The interfaces with hardware behind them; where none has any (a network namespace), all but the loopback.
[[nodiscard]] KVMARK_COLD std::vector<network_interface> read_networks(const std::string& root) {
    std::vector<network_interface> hardware, all;
    for (const std::string& name : list_directory(root + "/sys/class/net")) {
        const std::string directory = root + "/sys/class/net/" + name;
        if (name == "lo" || !path_exists(directory + "/.")) continue; // bonding_masters is a file among them
        const auto speed = static_cast<std::int64_t>(read_number(directory + "/speed"));
        all.push_back({name, speed});
        if (path_exists(directory + "/device")) hardware.push_back({name, speed});
    }
    return hardware.empty() ? all : hardware;
}

/// What container, if any, process 1 runs in, by the marks that container managers leave.
[[nodiscard]] KVMARK_COLD std::string container_mark(const std::string& root) {
    if (path_exists(root + "/.dockerenv")) return "docker";
    if (path_exists(root + "/run/.containerenv")) return "podman";
    if (path_exists(root + "/.singularity.d")) return "apptainer";
    const std::string environment = read_text(root + "/proc/1/environ");
    for (std::string_view rest = environment; !rest.empty();) {
        std::string_view value = take_until(rest, '\0');
        const std::string_view name = take_until(value, '=');
        if (name == "KUBERNETES_SERVICE_HOST") return "kubernetes";
        if (name == "container" && !value.empty())
            return std::string(value); // systemd.io/CONTAINER_INTERFACE
    }
    const std::string groups = read_text(root + "/proc/1/cgroup");
    if (groups.find("/kubepods") != std::string::npos) return "kubernetes";
    for (const char* name : {"docker", "libpod", "lxc"})
        if (groups.find(std::string("/") + name) != std::string::npos) return name;
    return "";
}

/// Does DMI name a hypervisor as the machine's maker? ARM has no other mark.
[[nodiscard]] KVMARK_COLD bool names_hypervisor(const std::string& vendor, const std::string& product) {
    if (vendor == "Amazon EC2") return !product.ends_with(".metal");
    const std::string maker = vendor + " " + product;
    for (const char* name : {"QEMU", "KVM", "VMware", "VirtualBox", "Virtual Machine",
                             "Google Compute Engine", "OpenStack", "Xen", "Bochs", "Parallels"})
        if (maker.find(name) != std::string::npos) return true;
    return false;
}

/// Such as `docker, VM: QEMU Standard PC (Q35 + ICH9, 2009)`; empty on a plain machine.
[[nodiscard]] KVMARK_COLD std::string read_virtualization(const std::string& cpuinfo,
                                                          const std::string& root) {
    std::string text = container_mark(root);
    const std::string vendor = read_trimmed(root + "/sys/class/dmi/id/sys_vendor");
    const std::string product = read_trimmed(root + "/sys/class/dmi/id/product_name");
    if (cpuinfo.find(" hypervisor") == std::string::npos && !names_hypervisor(vendor, product)) return text;
    text += text.empty() ? "VM" : ", VM";
    const std::string maker(trimmed(vendor + " " + product));
    return maker.empty() ? text : text + ": " + maker;
}

} // namespace detail

/// Everything but `mpi_library`. `cache_dir` may be missing: its nearest existing parent counts; empty:
/// nothing is said of a file system or device. `root` stands in front of every file that is read, for tests;
/// uname(2) and what `cache_dir` is are always this machine's. Never fails: what cannot be read is empty or
/// 0.
[[nodiscard]] KVMARK_COLD machine_facts read_machine(const std::string& cache_dir,
                                                     const std::string& root = "") {
    machine_facts m;
    utsname names{};
    if (::uname(&names) == 0) {
        m.hostname = names.nodename;
        m.kernel = std::string(names.sysname) + " " + names.release;
    }
    m.os = detail::read_os(root);
    const std::string cpuinfo = read_text(root + "/proc/cpuinfo");
    detail::read_processors(m, cpuinfo);
    m.numa_nodes = detail::count_numa_nodes(root);
    m.memory = detail::read_memory(root);
    m.transparent_hugepage = read_setting(root + "/sys/kernel/mm/transparent_hugepage/enabled");
    m.virtualization = detail::read_virtualization(cpuinfo, root);
    mount_facts mount = find_mount(cache_dir, root);
    m.file_system = std::move(mount.file_system);
    m.mount_point = std::move(mount.point);
    m.mount_options = std::move(mount.options);
    m.device = detail::read_block_device(block_device_directory(cache_dir, root));
    m.networks = detail::read_networks(root);
    return m;
}

} // namespace kvmark::measure

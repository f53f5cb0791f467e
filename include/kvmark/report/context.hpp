// What surrounds a run and is not measured by it: the command, the machine, the time of day.
#pragma once

#include <kvmark/core/path.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace kvmark::report {

/// The machine, as far as a storage result depends on it. A text that could not be read is empty.
struct host_description {
    std::string hostname;
    std::string kernel;
    std::string cpu_model;
    long logical_cpus = 0;
    bytes memory{};
    std::string transparent_hugepage; ///< always, madvise or never
    std::string file_system;          ///< type of the one that holds the cache directory
};

struct run_context {
    std::vector<std::string> argv; ///< the command that ran
    std::string started;           ///< UTC, RFC 3339
    std::string finished;          ///< likewise
    host_description host;
    std::vector<std::string>
        notes; ///< what was decided for the user: a tier that is missing, an option ignored
};

namespace detail {

/// The magic numbers of statfs(2); a type that is not named here is written as its number.
[[nodiscard]] inline std::string file_system_name(unsigned long magic) {
    switch (magic) {
    case 0xef53:
        return "ext4";
    case 0x58465342:
        return "xfs";
    case 0x9123683e:
        return "btrfs";
    case 0x01021994:
        return "tmpfs";
    case 0x794c7630:
        return "overlay";
    case 0x6969:
        return "nfs";
    case 0x2fc12fc1:
        return "zfs";
    case 0xf2f52010:
        return "f2fs";
    case 0x65735546:
        return "fuse";
    case 0x0bd00bd0:
        return "lustre";
    case 0x47504653:
        return "gpfs";
    default:
        break;
    }
    char text[32];
    std::snprintf(text, sizeof text, "0x%lx", magic);
    return text;
}

/// The text between [ and ] of a kernel setting such as `always [madvise] never`.
[[nodiscard]] inline std::string chosen_setting(const char* path) {
    std::string line;
    std::getline(std::ifstream(path), line);
    const auto open = line.find('['), close = line.find(']');
    return open < close && close != std::string::npos ? line.substr(open + 1, close - open - 1) : "";
}

} // namespace detail

/// `cache_dir` may be missing: the nearest existing parent counts; empty: no file system is named.
[[nodiscard]] inline host_description describe_host(const std::string& cache_dir) {
    host_description host;
    utsname names{};
    if (::uname(&names) == 0) {
        host.hostname = names.nodename;
        host.kernel = std::string(names.sysname) + " " + names.release;
    }
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        host.cpu_model = line.substr(line.find(':') + 2);
        break;
    }
    host.logical_cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
    host.memory = bytes(static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    host.transparent_hugepage = detail::chosen_setting("/sys/kernel/mm/transparent_hugepage/enabled");
    struct statfs fs {};
    if (::statfs(nearest_existing(cache_dir).c_str(), &fs) == 0)
        host.file_system = detail::file_system_name(static_cast<unsigned long>(fs.f_type));
    return host;
}

/// The wall clock as `2025-01-15T12:00:00Z`.
[[nodiscard]] inline std::string utc_now() {
    const time_t now = ::time(nullptr);
    tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace kvmark::report

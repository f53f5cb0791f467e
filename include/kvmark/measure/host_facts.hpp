// The kernel's own counters: the block device under a path, and this process.
#pragma once

#include <kvmark/core/path.hpp>

#include <cstdio>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace kvmark::measure {

/// What the block device did between two readings. `name` is empty where the path has no block device (tmpfs,
/// overlay, network).
struct device_usage {
    std::string name;
    bytes read{};
    bytes written{};
};

/// What this process used between two readings.
struct process_usage {
    nanoseconds user{};
    nanoseconds system{};
    bytes peak_resident{}; ///< of the whole life of the process
};

/// Reads /sys/dev/block/<major>:<minor>/stat, whose sectors are 512 bytes whatever the device's own are
/// (Documentation/block/stat.rst).
class device_counters {
public:
    /// `path` may not exist yet: the nearest existing parent counts.
    KVMARK_COLD explicit device_counters(const std::string& path) {
        struct stat info {};
        if (::stat(nearest_existing(path).c_str(), &info) != 0) return;
        const std::string link =
            "/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" + std::to_string(minor(info.st_dev));
        char target[512];
        const auto n = ::readlink(link.c_str(), target, sizeof target);
        if (n <= 0) return;
        const std::string device(target, static_cast<std::size_t>(n));
        name_ = device.substr(device.find_last_of('/') + 1);
        stat_path_ = link + "/stat";
    }

    /// Totals since boot.
    [[nodiscard]] KVMARK_COLD device_usage read() const {
        device_usage usage{.name = name_};
        if (std::FILE* file = name_.empty() ? nullptr : std::fopen(stat_path_.c_str(), "re")) {
            unsigned long long sectors_read = 0, sectors_written = 0;
            if (std::fscanf(file, "%*u %*u %llu %*u %*u %*u %llu", &sectors_read, &sectors_written) == 2) {
                usage.read = bytes(sectors_read * 512);
                usage.written = bytes(sectors_written * 512);
            }
            std::fclose(file);
        }
        return usage;
    }

private:
    std::string name_;
    std::string stat_path_;
};

[[nodiscard]] inline device_usage operator-(device_usage later, const device_usage& earlier) {
    later.read -= earlier.read;
    later.written -= earlier.written;
    return later;
}

[[nodiscard]] KVMARK_COLD process_usage read_process_usage() {
    rusage r{};
    ::getrusage(RUSAGE_SELF, &r);
    const auto ns = [](const timeval& t) {
        return nanoseconds(std::int64_t{t.tv_sec} * 1'000'000'000 + std::int64_t{t.tv_usec} * 1'000);
    };
    return {ns(r.ru_utime), ns(r.ru_stime), bytes(static_cast<std::uint64_t>(r.ru_maxrss) * 1024)};
}

[[nodiscard]] inline process_usage operator-(process_usage later, const process_usage& earlier) {
    later.user -= earlier.user;
    later.system -= earlier.system;
    return later;
}

} // namespace kvmark::measure

// The kernel's own counters: the block device under a path, and this process.
#pragma once

#include <kvmark/measure/kernel_files.hpp>

#include <sys/resource.h>

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
        const std::string directory = block_device_directory(path);
        name_ = link_name(directory);
        stat_path_ = directory + "/stat";
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

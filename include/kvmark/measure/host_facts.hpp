// The kernel's own counters: the block device under a path, and this process.
#pragma once

#include <kvmark/measure/kernel_files.hpp>

#include <linux/magic.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/vfs.h>

namespace kvmark::measure {

/// What the block device did between two readings. `name` is empty where the path has no block device (tmpfs,
/// overlay, network).
struct device_usage {
    std::string name;
    bytes read{};
    bytes written{};
    bool in_memory = false; ///< the path is on tmpfs or ramfs
};

/// What this process used between two readings, both of the same thread.
struct process_usage {
    nanoseconds user{};
    nanoseconds system{};
    bytes peak_resident{}; ///< of the whole life of the process
    nanoseconds thread{};  ///< user and system time of the thread that read it: a run's engine
    double processors = 0; ///< that it may use at once, by affinity and cgroup; 0: unknown
};

/// What a limit of cgroup v2 (`200000 100000`: 200 of every 100 ms) comes to; 0 where there is none.
[[nodiscard]] KVMARK_COLD double processor_limit(const std::string& cpu_max) {
    unsigned long long quota = 0, period = 0;
    if (std::sscanf(cpu_max.c_str(), "%llu %llu", &quota, &period) != 2 || period == 0) return 0;
    return static_cast<double>(quota) / static_cast<double>(period);
}

/// The processors that this process may use at once: those of its affinity mask, or its cgroup's quota where
/// that is less. A quota is found where the process sees its own cgroup as the root, as in a container.
[[nodiscard]] KVMARK_COLD double usable_processors() {
    cpu_set_t mask;
    const int known = ::sched_getaffinity(0, sizeof mask, &mask);
    const double in_mask = known == 0 ? CPU_COUNT(&mask) : 0;
    const double quota = processor_limit(read_text("/sys/fs/cgroup/cpu.max"));
    return quota > 0 && (quota < in_mask || in_mask == 0) ? quota : in_mask;
}

/// Reads /sys/dev/block/<major>:<minor>/stat, whose sectors are 512 bytes whatever the device's own are
/// (Documentation/block/stat.rst).
class device_counters {
public:
    /// `path` may not exist yet: the nearest existing parent counts.
    KVMARK_COLD explicit device_counters(const std::string& path) {
        const std::string directory = block_device_directory(path);
        name_ = link_name(directory);
        stat_path_ = directory + "/stat";
        struct statfs info {};
        if (path.empty() || ::statfs(nearest_existing(path).c_str(), &info) != 0) return;
        const auto type = static_cast<unsigned long>(info.f_type);
        in_memory_ = type == TMPFS_MAGIC || type == RAMFS_MAGIC;
    }

    /// Totals since boot.
    [[nodiscard]] KVMARK_COLD device_usage read() const {
        device_usage usage{.name = name_, .in_memory = in_memory_};
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
    bool in_memory_ = false;
};

[[nodiscard]] inline device_usage operator-(device_usage later, const device_usage& earlier) {
    later.read -= earlier.read;
    later.written -= earlier.written;
    return later;
}

[[nodiscard]] KVMARK_COLD process_usage read_process_usage() {
    rusage r{}, thread{};
    ::getrusage(RUSAGE_SELF, &r);
    ::getrusage(RUSAGE_THREAD, &thread);
    const auto ns = [](const timeval& t) {
        return nanoseconds(std::int64_t{t.tv_sec} * 1'000'000'000 + std::int64_t{t.tv_usec} * 1'000);
    };
    return {ns(r.ru_utime), ns(r.ru_stime), bytes(static_cast<std::uint64_t>(r.ru_maxrss) * 1024),
            ns(thread.ru_utime) + ns(thread.ru_stime), usable_processors()};
}

[[nodiscard]] inline process_usage operator-(process_usage later, const process_usage& earlier) {
    later.user -= earlier.user;
    later.system -= earlier.system;
    later.thread -= earlier.thread;
    return later;
}

} // namespace kvmark::measure

// The kernel's counters: a write that reaches the device is seen there, and work is seen in the process.
#include <kvmark/core/buffer.hpp>
#include <kvmark/measure/host_facts.hpp>

#include "support/temporary_directory.hpp"

#include <fcntl.h>
#include <thread>

using namespace kvmark;
using measure::device_counters;
using measure::device_usage;
using measure::process_usage;
using test::temporary_directory;

namespace {

constexpr bytes file_size{8 * mib_bytes};

/// Writes and reads a file past the page cache; false where the file system does not do that.
bool move_direct(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    const huge_page_buffer buffer(file_size);
    buffer.touch(file_size);
    const auto all = static_cast<ssize_t>(file_size.count);
    const bool moved = ::pwrite(fd, buffer.data(), file_size.count, 0) == all && ::fsync(fd) == 0 &&
                       ::pread(fd, buffer.data(), file_size.count, 0) == all;
    ::close(fd);
    return moved;
}

} // namespace

TEST_CASE("device counters: what is written and read past the page cache is counted") {
    const temporary_directory directory;
    const device_counters device(directory.path());
    const device_usage before = device.read();
    if (before.name.empty() || !move_direct(directory / "file")) {
        WARN("SKIPPED: no block device or no O_DIRECT in " << directory.path()
                                                           << "; set TMPDIR to a folder on a disk");
        return;
    }
    const device_usage moved = device.read() - before;
    CHECK(moved.name == before.name);
    CHECK(std::filesystem::exists("/sys/class/block/" + moved.name));
    // Other processes add to it.
    CHECK(moved.written >= file_size);
    CHECK(moved.read >= file_size);
}

TEST_CASE("device counters: a path that is not made yet counts on the device it will be on") {
    const temporary_directory directory;
    const std::string name = device_counters(directory.path()).read().name;
    CHECK(device_counters(directory / "not/made/yet").read().name == name);
    CHECK(device_counters(directory / "not").read().name == name);
    CHECK_FALSE(std::filesystem::exists(directory / "not"));
    CHECK(device_counters("/not-made-yet").read().name == device_counters("/").read().name);
    CHECK(device_counters("not-made-yet").read().name == device_counters(".").read().name);
}

TEST_CASE("device counters: a path without a block device has no name and counts nothing") {
    const std::string path = GENERATE("/proc", "/proc/self/not-there", "");
    const device_counters device(path);
    const device_usage usage = device.read() - device.read();
    CHECK(usage.name.empty());
    CHECK(usage.read == bytes(0));
    CHECK(usage.written == bytes(0));
}

TEST_CASE("device counters: a file system in memory is told from one without a device") {
    if (std::filesystem::exists("/dev/shm")) CHECK(device_counters("/dev/shm/not-made-yet").read().in_memory);
    CHECK_FALSE(device_counters("/proc").read().in_memory);
    CHECK_FALSE(device_counters("").read().in_memory);
}

TEST_CASE("process usage: a quota of the cgroup is a number of processors") {
    CHECK(measure::processor_limit("200000 100000\n") == 2.0);
    CHECK(measure::processor_limit("50000 100000\n") == 0.5);
    CHECK(measure::processor_limit("max 100000\n") == 0);
    CHECK(measure::processor_limit("") == 0);
    const double usable = measure::usable_processors();
    CHECK(usable > 0);
    CHECK(usable <= static_cast<double>(::sysconf(_SC_NPROCESSORS_CONF)));
}

TEST_CASE("process usage: the time of other threads is the process's and not that of the thread") {
    const process_usage start = measure::read_process_usage();
    process_usage used{};
    std::thread other([&] {
        volatile std::uint64_t sink = 0;
        while ((measure::read_process_usage() - start).user < from_seconds(0.05))
            for (std::uint64_t i = 0; i < 100'000; ++i) sink = sink + i;
    });
    other.join();
    used = measure::read_process_usage() - start;
    CHECK(used.user >= from_seconds(0.04));
    CHECK(used.thread < from_seconds(0.02));
}

TEST_CASE("process usage: work takes user time, system calls system time") {
    const process_usage start = measure::read_process_usage();
    process_usage used{};
    volatile std::uint64_t sink = 0;
    for (int rounds = 0;
         rounds < 10'000 && (used.user < from_seconds(0.02) || used.system < from_seconds(0.02)); ++rounds) {
        for (std::uint64_t i = 0; i < 100'000; ++i) sink = sink + i;
        for (int i = 0; i < 1000; ++i) ::getppid();
        const process_usage now = measure::read_process_usage() - start;
        REQUIRE(now.user >= used.user);
        REQUIRE(now.system >= used.system);
        used = now;
    }
    CHECK(used.user >= from_seconds(0.02));
    CHECK(used.system >= from_seconds(0.02));
    CHECK(used.user + used.system < from_seconds(100));
}

TEST_CASE("process usage: the peak of resident memory grows with it and stays") {
    const bytes before = measure::read_process_usage().peak_resident;
    CHECK(before > bytes(mib_bytes));
    // What earlier tests freed counts in the peak, so go above it.
    const bytes grow = before + bytes(16 * mib_bytes);
    {
        const huge_page_buffer buffer(grow);
        buffer.touch(grow);
    }
    const process_usage after = measure::read_process_usage();
    CHECK(after.peak_resident >= grow);
    CHECK(after.peak_resident < before + grow + bytes(64 * mib_bytes));
    CHECK((after - measure::process_usage{}).peak_resident == after.peak_resident);
}

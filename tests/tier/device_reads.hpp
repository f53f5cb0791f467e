// Bytes that this process has had read from a device, by the kernel's count.
#pragma once

#include "support/catch.hpp"

#include <kvmark/measure/host_facts.hpp>

namespace kvmark::test {

/// getrusage(2) counts in blocks of 512 bytes; what came from the page cache is not in it.
inline bytes device_reads() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return bytes(static_cast<std::uint64_t>(usage.ru_inblock) * 512);
}

/// Warns where there is none, as on tmpfs.
inline bool has_device(const std::string& path) {
    if (!measure::device_counters(path).read().name.empty()) return true;
    WARN("SKIPPED: no block device behind " << path << "; set TMPDIR to a folder on a disk");
    return false;
}

} // namespace kvmark::test

// How much memory the machine could give now.
#pragma once

#include <kvmark/core/units.hpp>

#include <cstdio>

namespace kvmark {

/// MemAvailable of /proc/meminfo: free memory and what the kernel would give back from its caches (proc(5)).
/// 0 where the file cannot be read.
[[nodiscard]] KVMARK_COLD bytes available_memory() {
    unsigned long long kib = 0;
    if (std::FILE* file = std::fopen("/proc/meminfo", "re")) {
        char line[128];
        while (std::fgets(line, sizeof line, file) && std::sscanf(line, "MemAvailable: %llu", &kib) != 1) {
        }
        std::fclose(file);
    }
    return bytes(kib * kib_bytes);
}

} // namespace kvmark

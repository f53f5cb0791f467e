// A job of fio, as options: what `kvmark tiers` starts and what job files hold.
#pragma once

#include <kvmark/core/units.hpp>

#include <string>
#include <vector>

namespace kvmark::cli {

struct fio_job {
    std::string file;
    bytes size{};       ///< of the file
    std::string blocks; ///< `bs=N`, or `bssplit=...`
    std::uint32_t depth = 1;
    int read_percent = 100; ///< of the I/Os
    bool direct = true;
    bool reserved_pages = true; ///< buffers of huge pages, which must be reserved
    nanoseconds warm_up{};
    nanoseconds duration{};
};

/// As `name=value`; on a command line each has two dashes in front.
[[nodiscard]] std::vector<std::string> fio_options(const fio_job&);

/// A section of a job file.
[[nodiscard]] std::string fio_section(const std::string& name, const std::vector<std::string>& options);

/// The comment that a job file with huge pages needs.
inline constexpr const char* fio_pages_comment =
    "; mem=mmaphuge needs reserved huge pages: echo 512 > /proc/sys/vm/nr_hugepages\n";

} // namespace kvmark::cli

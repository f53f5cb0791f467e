// The texts, numbers and names that the kernel shows as files in /proc and /sys.
#pragma once

#include <kvmark/core/path.hpp>

#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

namespace kvmark::measure {

/// The whole file; empty where it cannot be read.
[[nodiscard]] KVMARK_COLD std::string read_text(const std::string& path) {
    std::string text;
    if (std::FILE* file = std::fopen(path.c_str(), "re")) {
        char part[4096];
        while (const std::size_t n = std::fread(part, 1, sizeof part, file)) text.append(part, n);
        std::fclose(file);
    }
    return text;
}

/// Without white space at both ends.
[[nodiscard]] KVMARK_COLD std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

[[nodiscard]] KVMARK_COLD std::string read_trimmed(const std::string& path) {
    return std::string(trimmed(read_text(path)));
}

/// 0 where there is no number, or one below 0.
[[nodiscard]] KVMARK_COLD std::uint64_t read_number(const std::string& path) {
    const long long n = std::strtoll(read_text(path).c_str(), nullptr, 10);
    return n > 0 ? static_cast<std::uint64_t>(n) : 0;
}

/// Takes what stands before the first `end`, and the `end`, off the front of `rest`. All of it where there is
/// none.
KVMARK_COLD std::string_view take_until(std::string_view& rest, char end) {
    const auto at = rest.find(end);
    const std::string_view front = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return front;
}

/// The value in use of a setting such as `always [madvise] never`: what stands between [ and ], else all of
/// it.
[[nodiscard]] KVMARK_COLD std::string read_setting(const std::string& path) {
    const std::string all = read_trimmed(path);
    const auto open = all.find('['), close = all.find(']');
    return open < close && close != std::string::npos ? all.substr(open + 1, close - open - 1) : all;
}

[[nodiscard]] KVMARK_COLD bool path_exists(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0;
}

/// The names in a directory but . and .., sorted; none where it cannot be read.
[[nodiscard]] KVMARK_COLD std::vector<std::string> list_directory(const std::string& path) {
    std::vector<std::string> names;
    dirent** entries = nullptr;
    const int n = ::scandir(path.c_str(), &entries, nullptr, ::alphasort);
    for (int i = 0; i < n; ++i) {
        const std::string_view name = entries[i]->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        std::free(entries[i]);
    }
    std::free(entries);
    return names;
}

/// Where sysfs describes the block device that holds `path`, or its nearest existing parent: `root` and
/// /sys/dev/block/<major>:<minor>. Empty where `path` is empty; nothing is there for a file system without a
/// block device.
[[nodiscard]] KVMARK_COLD std::string block_device_directory(const std::string& path,
                                                             const std::string& root = "") {
    struct stat info {};
    if (::stat(nearest_existing(path).c_str(), &info) != 0) return {};
    return root + "/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" +
           std::to_string(minor(info.st_dev));
}

/// The last name in what a symbolic link says; empty where there is no link.
[[nodiscard]] KVMARK_COLD std::string link_name(const std::string& link) {
    char target[512];
    const auto n = ::readlink(link.c_str(), target, sizeof target);
    if (n <= 0) return {};
    const std::string all(target, static_cast<std::size_t>(n));
    return all.substr(all.find_last_of('/') + 1);
}

} // namespace kvmark::measure

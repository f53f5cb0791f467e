// Questions to the file system about a path that may not exist yet.
#pragma once

#include <kvmark/core/units.hpp>

#include <string>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace kvmark {

/// `path`, or the nearest of its parents that exists. Empty for an empty path.
[[nodiscard]] KVMARK_COLD std::string nearest_existing(std::string path) {
    struct stat info {};
    while (!path.empty() && path != "/" && path != "." && ::stat(path.c_str(), &info) != 0) {
        const auto slash = path.find_last_of('/');
        path = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    }
    return path;
}

/// What an unprivileged user may still write on the file system of `path`; 0 where it cannot be asked.
[[nodiscard]] KVMARK_COLD bytes free_space(const std::string& path) {
    struct statvfs info {};
    if (::statvfs(nearest_existing(path).c_str(), &info) != 0) return {};
    return bytes(std::uint64_t{info.f_bavail} * info.f_frsize);
}

} // namespace kvmark

// Result files that are either whole or not there.
#pragma once

#include <kvmark/core/result.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace kvmark::report {

namespace detail {

[[nodiscard]] inline error file_error(std::string_view what, const std::string& path, int number) {
    return {error_kind::system, std::string(what) + " " + path + ": " + std::strerror(number)};
}

/// 0 or the errno of the failure.
[[nodiscard]] inline int write_whole(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

} // namespace detail

/// Where a symbolic link leads, so that replacing the file leaves the link a link; other paths as they are.
[[nodiscard]] inline std::string link_target(const std::string& path) {
    char* const resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return path;
    std::string target = resolved;
    ::free(resolved);
    return target;
}

/// Writes `text` to a temporary file beside `path`, flushes it to the device and renames it over `path`, so
/// that a reader, a full disk or a crash never sees half a result. What is no regular file, and what lies in
/// /dev (/dev/stdout may lead to one), is appended to instead. Errors: system, naming the path and the cause.
[[nodiscard]] inline result<void> write_file(const std::string& path, std::string_view text) {
    struct stat info {};
    const bool exists = ::stat(path.c_str(), &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) return detail::file_error("cannot write", path, EISDIR);
    if (exists && (!S_ISREG(info.st_mode) || path.starts_with("/dev/"))) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0) return detail::file_error("cannot open", path, errno);
        const int failure = detail::write_whole(fd, text);
        ::close(fd);
        if (failure != 0) return detail::file_error("cannot write", path, failure);
        return {};
    }
    const std::string target = link_target(path);
    const std::string temporary = target + ".tmp." + std::to_string(::getpid());
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return detail::file_error("cannot create", temporary, errno);
    int failure = detail::write_whole(fd, text);
    if (failure == 0 && ::fsync(fd) != 0) failure = errno;
    if (::close(fd) != 0 && failure == 0) failure = errno;
    if (failure == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) failure = errno;
    if (failure != 0) {
        ::unlink(temporary.c_str());
        return detail::file_error("cannot write", path, failure);
    }
    return {};
}

} // namespace kvmark::report

// Result files that are either whole or not there.
#pragma once

#include <kvmark/core/whole_file.hpp>

#include <string_view>

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

/// Writes `text` to a temporary file beside `path`, flushes it to the device and renames it over `path`, so
/// that a reader, a full disk or a crash never sees half a result. What is no regular file, and what lies in
/// /dev (/dev/stdout may lead to one), is appended to instead. Errors: system, naming the path and the cause.
[[nodiscard]] inline result<void> write_file(const std::string& path, std::string_view text) {
    struct stat info {};
    const bool exists = ::stat(path.c_str(), &info) == 0;
    if (exists && !S_ISDIR(info.st_mode) && (!S_ISREG(info.st_mode) || path.starts_with("/dev/"))) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0) return detail::file_error("cannot open", path, errno);
        const int failure = detail::write_whole(fd, text);
        ::close(fd);
        if (failure != 0) return detail::file_error("cannot write", path, failure);
        return {};
    }
    result<whole_file> file = whole_file::create(path);
    if (!file) return file.error();
    if (result<void> r = file->append(std::as_bytes(std::span(text))); !r) return r;
    return file->commit();
}

} // namespace kvmark::report

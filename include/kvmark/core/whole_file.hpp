// A file that is written whole or not at all.
#pragma once

#include <kvmark/core/result.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace kvmark {

/// Where a symbolic link leads, so that replacing the file leaves the link a link; other paths as they are.
[[nodiscard]] KVMARK_COLD std::string link_target(const std::string& path) {
    char* const resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return path;
    std::string target = resolved;
    ::free(resolved);
    return target;
}

/// Grows under a temporary name beside `path` and is renamed over it, so that a reader, a full disk or a
/// crash never sees half of it. One that is not committed leaves nothing. Errors: system, with the path and
/// the cause.
class whole_file {
public:
    static result<whole_file> create(const std::string& path) {
        whole_file f;
        f.target_ = link_target(path);
        struct stat info {};
        if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
            return f.failed(S_ISDIR(info.st_mode) ? EISDIR : ESPIPE);
        const std::string temporary = f.target_ + ".tmp." + std::to_string(::getpid());
        f.fd_ = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f.fd_ < 0)
            return error{error_kind::system, "cannot create " + temporary + ": " + std::strerror(errno)};
        f.temporary_ = temporary;
        return f;
    }

    whole_file(whole_file&& other) noexcept
        : target_(std::move(other.target_)), temporary_(std::exchange(other.temporary_, {})),
          fd_(std::exchange(other.fd_, -1)) {}
    whole_file& operator=(whole_file&&) = delete;
    ~whole_file() {
        if (fd_ >= 0) ::close(fd_);
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
    }

    /// Behind what was written before.
    result<void> append(std::span<const std::byte> data) {
        while (!data.empty()) {
            const ssize_t n = ::write(fd_, data.data(), data.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return failed(errno);
            data = data.subspan(static_cast<std::size_t>(n));
        }
        return {};
    }

    /// Over what was written at the file's start; at most as much.
    result<void> overwrite_start(std::span<const std::byte> data) {
        if (::lseek(fd_, 0, SEEK_SET) != 0) return failed(errno);
        return append(data);
    }

    /// Flushes it to the device and gives it its name. Nothing may follow.
    result<void> commit() {
        int failure = ::fsync(fd_) != 0 ? errno : 0;
        if (::close(std::exchange(fd_, -1)) != 0 && failure == 0) failure = errno;
        if (failure == 0 && ::rename(temporary_.c_str(), target_.c_str()) != 0) failure = errno;
        if (failure != 0) return failed(failure);
        temporary_.clear();
        return {};
    }

private:
    whole_file() = default;

    [[nodiscard]] error failed(int number) const {
        return {error_kind::system, "cannot write " + target_ + ": " + std::strerror(number)};
    }

    std::string target_;
    std::string temporary_; ///< empty: no longer ours to remove
    int fd_ = -1;
};

} // namespace kvmark

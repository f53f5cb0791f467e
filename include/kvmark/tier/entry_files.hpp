// A file per entry: naming, descriptors, whole reads and writes. The ground that file and direct_file stand
// on.
#pragma once

#include <kvmark/core/path.hpp>
#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/cache_directory.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <cstdio>
#include <sys/resource.h>

namespace kvmark::tier {

/// Keeps a descriptor open for each entry as long as the process may have that many, so that a read is one
/// system call; entries past that are opened for each I/O.
class entry_files {
public:
    entry_files() = default;
    entry_files(const entry_files&) = delete;
    entry_files& operator=(const entry_files&) = delete;
    KVMARK_COLD ~entry_files() {
        descriptors_.for_each([](descriptor& d) {
            if (d.fd >= 0) ::close(d.fd);
        });
    }

    /// `flags` are open(2)'s for every file, beside O_RDWR and O_CLOEXEC.
    KVMARK_COLD result<void> open(const tier_setup& setup, int flags) {
        flags_ = flags | O_RDWR | O_CLOEXEC;
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &limit);
            ::getrlimit(RLIMIT_NOFILE, &limit);
            // Each worker may have one file open for a moment.
            keep_open_ = static_cast<std::int64_t>(limit.rlim_cur) - reserved - setup.queue_depth;
        }
        return directory_.open(setup.cache_dir);
    }

    void use_flags(int flags) { flags_ = flags | O_RDWR | O_CLOEXEC; }
    [[nodiscard]] const cache_directory& directory() const { return directory_; }

    /// Makes the file at its full size, so that writes to it need not extend it and can go on side by side.
    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        descriptor& kept = descriptors_.ensure(e);
        char name[16];
        const int fd = ::openat(directory_.fd(), name_of(e, name), flags_ | O_CREAT | O_TRUNC, 0600);
        if (fd < 0) return {errno};
        const auto length = static_cast<off_t>(size.count);
        int failed = 0;
        do {
            failed = ::fallocate(fd, 0, 0, length) == 0 ? 0 : errno;
        } while (failed == EINTR);
        if (failed == EOPNOTSUPP) failed = ::ftruncate(fd, length) == 0 ? 0 : errno;
        if (failed == 0 && kept_.fetch_add(1, std::memory_order_relaxed) < keep_open_) {
            kept.fd = fd;
            return {};
        }
        if (failed == 0)
            kept_.fetch_sub(1, std::memory_order_relaxed);
        else
            ::unlinkat(directory_.fd(), name, 0);
        ::close(fd);
        return {failed};
    }

    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        if (descriptor* kept = descriptors_.find(e); kept && kept->fd >= 0) {
            ::close(std::exchange(kept->fd, -1));
            kept_.fetch_sub(1, std::memory_order_relaxed);
        }
        char name[16];
        return {::unlinkat(directory_.fd(), name_of(e, name), 0) == 0 || errno == ENOENT ? 0 : errno};
    }

    /// Calls `use(fd)`, which gives an io_status, with the entry's descriptor.
    template <class Use>
    [[nodiscard]] KVMARK_INLINE io_status with_file(entry_id e, Use&& use) {
        if (const int kept = descriptors_[e].fd; KVMARK_LIKELY(kept >= 0)) return use(kept);
        char name[16];
        const int fd = ::openat(directory_.fd(), name_of(e, name), flags_);
        if (fd < 0) return {errno};
        const io_status status = use(fd);
        ::close(fd);
        return status;
    }

    [[nodiscard]] KVMARK_INLINE static io_status write_all(int fd, bytes offset,
                                                           std::span<const std::byte> from) {
        return transfer_all(offset, from.size(), [&](std::size_t done, off_t at) KVMARK_INLINE_LAMBDA {
            return ::pwrite(fd, from.data() + done, from.size() - done, at);
        });
    }
    [[nodiscard]] KVMARK_INLINE static io_status read_all(int fd, bytes offset, std::span<std::byte> into) {
        return transfer_all(offset, into.size(), [&](std::size_t done, off_t at) KVMARK_INLINE_LAMBDA {
            return ::pread(fd, into.data() + done, into.size() - done, at);
        });
    }

    /// 95 % of the free space of the file system that holds `path` or its nearest existing parent.
    [[nodiscard]] KVMARK_COLD static bytes free_space(const std::string& path) {
        return kvmark::free_space(path) / 100 * 95;
    }

private:
    static constexpr std::int64_t reserved = 64; ///< descriptors left to the rest of the process

    struct descriptor {
        int fd = -1; ///< -1: not open, or opened for each I/O
    };

    /// A short count is carried on; 0 bytes where some are due is EIO: the file is shorter than the entry.
    template <class Call>
    [[nodiscard]] KVMARK_INLINE static io_status transfer_all(bytes offset, std::size_t size, Call&& call) {
        for (std::size_t done = 0; done < size;) {
            const auto n = call(done, static_cast<off_t>(offset.count + done));
            if (KVMARK_LIKELY(n > 0))
                done += static_cast<std::size_t>(n);
            else if (n == 0)
                return {EIO};
            else if (errno != EINTR)
                return {errno};
        }
        return {};
    }

    /// The entry's number in hexadecimal and ".kv".
    [[nodiscard]] KVMARK_INLINE static const char* name_of(entry_id e, char (&name)[16]) {
        for (int digit = 0; digit < 8; ++digit) name[digit] = "0123456789abcdef"[e >> (28 - 4 * digit) & 15];
        std::memcpy(name + 8, ".kv", 4);
        return name;
    }

    cache_directory directory_;
    stable_table<descriptor> descriptors_;
    std::atomic<std::int64_t> kept_{0};
    std::int64_t keep_open_ = 0;
    int flags_ = 0;
};

} // namespace kvmark::tier

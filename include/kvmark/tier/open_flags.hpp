// How a layout opens its files: past the page cache, where the file system lets it.
#pragma once

#include <kvmark/tier/cache_directory.hpp>
#include <kvmark/tier/file_layout.hpp>

namespace kvmark::tier {

/// The flags of open(2) for the files of one directory. A file system that refuses O_DIRECT (tmpfs, some
/// overlays) is used through the page cache.
class open_flags {
public:
    /// An error where the setup is strict and O_DIRECT, though asked for, is refused.
    KVMARK_COLD result<void> choose(const cache_directory& directory, const tier_setup& setup,
                                    page_cache cache) {
        if (cache == page_cache::used) return {};
        const int probe = ::openat(directory.fd(), "probe.kv", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
        if (probe >= 0) {
            ::close(probe);
            flags_ |= O_DIRECT;
        }
        ::unlinkat(directory.fd(), "probe.kv", 0);
        if (probe < 0 && setup.strict)
            return error{error_kind::unsupported, "--strict: the file system of " + setup.cache_dir +
                                                      " refuses O_DIRECT; choose another --cache-dir"};
        return {};
    }

    [[nodiscard]] KVMARK_INLINE int flags() const { return flags_; }
    [[nodiscard]] bool bypasses_cache() const { return (flags_ & O_DIRECT) != 0; }

private:
    int flags_ = O_RDWR | O_CLOEXEC;
};

/// Makes room for `length` bytes, so that writes need not extend the file and can go on side by side; where
/// the file system cannot, the file has that length without it. 0 or an errno.
[[nodiscard]] KVMARK_INLINE int allocate(int fd, bytes length) {
    int failed = 0;
    do {
        failed = ::fallocate(fd, 0, 0, static_cast<off_t>(length.count)) == 0 ? 0 : errno;
    } while (failed == EINTR);
    if (failed == EOPNOTSUPP) failed = ::ftruncate(fd, static_cast<off_t>(length.count)) == 0 ? 0 : errno;
    return failed;
}

/// Writes `number` as eight hexadecimal digits.
KVMARK_INLINE void hexadecimal(std::uint32_t number, char* to) {
    for (int digit = 0; digit < 8; ++digit) to[digit] = "0123456789abcdef"[number >> (28 - 4 * digit) & 15];
}

} // namespace kvmark::tier

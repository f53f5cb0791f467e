// Whole reads and writes of a file by pread and pwrite.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

#include <cerrno>
#include <unistd.h>

namespace kvmark::tier {

/// Calls `call(done, at)` until `size` bytes have moved. A short count is carried on; 0 bytes where some are
/// due is EIO: the file is shorter than the entry.
template <class Call>
[[nodiscard]] KVMARK_INLINE io_status transfer_all(std::uint64_t at, std::size_t size, Call&& call) {
    for (std::size_t done = 0; done < size;) {
        const auto n = call(done, static_cast<off_t>(at + done));
        if (KVMARK_LIKELY(n > 0))
            done += static_cast<std::size_t>(n);
        else if (n == 0)
            return {EIO};
        else if (errno != EINTR)
            return {errno};
    }
    return {};
}

[[nodiscard]] KVMARK_INLINE io_status write_all(int fd, std::uint64_t at, std::span<const std::byte> from) {
    return transfer_all(at, from.size(), [&](std::size_t done, off_t where) KVMARK_INLINE_LAMBDA {
        return ::pwrite(fd, from.data() + done, from.size() - done, where);
    });
}
[[nodiscard]] KVMARK_INLINE io_status read_all(int fd, std::uint64_t at, std::span<std::byte> into) {
    return transfer_all(at, into.size(), [&](std::size_t done, off_t where) KVMARK_INLINE_LAMBDA {
        return ::pread(fd, into.data() + done, into.size() - done, where);
    });
}

} // namespace kvmark::tier

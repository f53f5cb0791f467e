// The reference's storage tier: a file per entry through the page cache, made durable by fsync.
#pragma once

#include <kvmark/tier/entry_files.hpp>

namespace kvmark::tier {

/// An entry is written whole and then fsync'ed; a read first drops the cached pages it is about to read, as
/// kv-cache.py does.
class file {
public:
    static constexpr std::string_view name = "file";
    static constexpr tier_role role = tier_role::storage;

    [[nodiscard]] static bytes capacity(const tier_setup& setup) {
        return entry_files::free_space(setup.cache_dir);
    }

    KVMARK_COLD result<void> open(const tier_setup& setup) { return files_.open(setup, 0); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) { return files_.create(e, size); }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) { return files_.erase(e); }
    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) {
        return files_.with_file(
            e, [](int fd) KVMARK_INLINE_LAMBDA { return io_status{::fsync(fd) == 0 ? 0 : errno}; });
    }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return files_.with_file(
            e, [&](int fd) KVMARK_INLINE_LAMBDA { return entry_files::write_all(fd, offset, from); });
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return files_.with_file(e, [&](int fd) KVMARK_INLINE_LAMBDA {
            ::posix_fadvise(fd, static_cast<off_t>(offset.count), static_cast<off_t>(into.size()),
                            POSIX_FADV_DONTNEED);
            return entry_files::read_all(fd, offset, into);
        });
    }

private:
    entry_files files_;
};

} // namespace kvmark::tier

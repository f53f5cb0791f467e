// The default storage tier: a file per entry, past the page cache.
#pragma once

#include <kvmark/tier/entry_files.hpp>

namespace kvmark::tier {

/// O_DIRECT pread and pwrite on preallocated files. A file system that refuses O_DIRECT (tmpfs, some
/// overlays) is used through the page cache, and the report says so.
class direct_file {
public:
    static constexpr std::string_view name = "direct_file";
    static constexpr tier_role role = tier_role::storage;

    [[nodiscard]] static bytes capacity(const tier_setup& setup) {
        return entry_files::free_space(setup.cache_dir);
    }

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        if (auto opened = files_.open(setup, O_DIRECT); !opened) return opened;
        const int probe =
            ::openat(files_.directory().fd(), "probe.kv", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
        if (probe >= 0) {
            ::close(probe);
        } else {
            buffered_ = true;
            files_.use_flags(0);
        }
        ::unlinkat(files_.directory().fd(), "probe.kv", 0);
        return {};
    }

    [[nodiscard]] std::string note() const {
        return buffered_ ? "the file system refuses O_DIRECT: figures are the page cache's, not the device's"
                         : "";
    }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) { return files_.create(e, size); }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) { return files_.erase(e); }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return files_.with_file(
            e, [&](int fd) KVMARK_INLINE_LAMBDA { return entry_files::write_all(fd, offset, from); });
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return files_.with_file(
            e, [&](int fd) KVMARK_INLINE_LAMBDA { return entry_files::read_all(fd, offset, into); });
    }

private:
    entry_files files_;
    bool buffered_ = false;
};

} // namespace kvmark::tier

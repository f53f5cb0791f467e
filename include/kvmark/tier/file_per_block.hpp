// The layout of caches that store blocks: a file for each io_chunk of an entry, in 256 folders.
#pragma once

#include <kvmark/core/path.hpp>
#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/open_flags.hpp>

namespace kvmark::tier {

/// Every I/O opens its file and closes it again, which is what this layout costs.
class file_per_block {
public:
    static constexpr std::string_view name = "file-per-block";

    /// 95 % of the free space of the file system that holds the cache directory.
    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        return free_space(setup.cache_dir) / 100 * 95;
    }
    [[nodiscard]] static bytes granule(const tier_setup&) { return sector_size; }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        block_size_ = setup.io_chunk;
        if (auto opened = directory_.open(setup.cache_dir); !opened) return opened;
        if (auto made = directory_.fan_out(); !made) return made;
        return how_.choose(directory_, setup, cache);
    }
    [[nodiscard]] bool bypasses_cache() const { return how_.bypasses_cache(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        const auto blocks = static_cast<std::uint32_t>(round_up(size, block_size_).count / block_size_.count);
        for (std::uint32_t block = 0; block < blocks; ++block) {
            const bytes left = size - block_size_ * block;
            const int failed = create_block(e, block, left < block_size_ ? left : block_size_);
            blocks_.ensure(e) = block + 1;
            if (failed == 0) continue;
            static_cast<void>(erase(e));
            return {failed};
        }
        return {};
    }

    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        std::uint32_t* blocks = blocks_.find(e);
        int failed = 0;
        for (; blocks && *blocks > 0; --*blocks) {
            path_text path;
            if (::unlinkat(directory_.fd(), path_of(e, *blocks - 1, path), 0) != 0 && errno != ENOENT)
                failed = errno;
        }
        return {failed};
    }

    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id e) {
        for (std::uint32_t block = 0; block < blocks_[e]; ++block) {
            const file_part part = borrow(e, block_size_ * block);
            if (part.fd < 0) return {part.error_number};
            const int failed = ::fsync(part.fd) == 0 ? 0 : errno;
            give_back(part);
            if (failed != 0) return {failed};
        }
        return {};
    }

    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        const auto block = static_cast<std::uint32_t>(offset.count / block_size_.count);
        path_text path;
        const int fd = ::openat(directory_.fd(), path_of(e, block, path), how_.flags());
        return {.fd = fd,
                .at = offset.count % block_size_.count,
                .error_number = fd < 0 ? errno : 0,
                .opened_for_it = true};
    }
    KVMARK_INLINE void give_back(const file_part& part) { ::close(part.fd); }

private:
    using path_text = char[32];

    /// A file that could not be made whole stays, for erase() to take away.
    [[nodiscard]] KVMARK_INLINE int create_block(entry_id e, std::uint32_t block, bytes size) {
        path_text path;
        const int fd =
            ::openat(directory_.fd(), path_of(e, block, path), how_.flags() | O_CREAT | O_TRUNC, 0600);
        if (fd < 0) return errno;
        const int failed = allocate(fd, size);
        ::close(fd);
        return failed;
    }

    /// `<folder>/<entry>-<block>.kv`; consecutive blocks lie in different folders.
    [[nodiscard]] KVMARK_INLINE static const char* path_of(entry_id e, std::uint32_t block, path_text& path) {
        const std::uint32_t folder = (e * 31 + block) & 255;
        path[0] = "0123456789abcdef"[folder >> 4];
        path[1] = "0123456789abcdef"[folder & 15];
        path[2] = '/';
        hexadecimal(e, path + 3);
        path[11] = '-';
        hexadecimal(block, path + 12);
        std::memcpy(path + 20, ".kv", 4);
        return path;
    }

    cache_directory directory_;
    open_flags how_;
    bytes block_size_{};
    stable_table<std::uint32_t> blocks_; ///< files that an entry has
};

} // namespace kvmark::tier

// The layout of the reference: a file for each entry.
#pragma once

#include <kvmark/core/path.hpp>
#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/open_flags.hpp>

#include <sys/resource.h>

namespace kvmark::tier {

/// Keeps a descriptor open for each entry as long as the process may have that many, so that a read is one
/// system call; entries past that are opened for each I/O.
class file_per_entry {
public:
    static constexpr std::string_view name = "file-per-entry";

    file_per_entry() = default;
    file_per_entry(const file_per_entry&) = delete;
    file_per_entry& operator=(const file_per_entry&) = delete;
    KVMARK_COLD ~file_per_entry() {
        descriptors_.for_each([](descriptor& d) {
            if (d.fd >= 0) ::close(d.fd);
        });
    }

    /// 95 % of the free space of the file system that holds the cache directory.
    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        return free_space(setup.cache_dir) / 100 * 95;
    }
    [[nodiscard]] static bytes granule(const tier_setup&) { return sector_size; }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &limit);
            ::getrlimit(RLIMIT_NOFILE, &limit);
            // Each I/O may have one file open for a moment.
            keep_open_ = (static_cast<std::int64_t>(limit.rlim_cur) - reserved) / setup.descriptors -
                         setup.queue_depth;
        }
        if (auto opened = directory_.open(setup.cache_dir); !opened) return opened;
        return how_.choose(directory_, setup, cache);
    }
    [[nodiscard]] bool bypasses_cache() const { return how_.bypasses_cache(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        descriptor& kept = descriptors_.ensure(e);
        name_text text;
        const int fd = ::openat(directory_.fd(), name_of(e, text), how_.flags() | O_CREAT | O_TRUNC, 0600);
        if (fd < 0) return {errno};
        const int failed = allocate(fd, size);
        if (failed == 0 && kept_.fetch_add(1, std::memory_order_relaxed) < keep_open_) {
            kept.fd = fd;
            return {};
        }
        if (failed == 0)
            kept_.fetch_sub(1, std::memory_order_relaxed);
        else
            ::unlinkat(directory_.fd(), text, 0);
        ::close(fd);
        return {failed};
    }

    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        if (descriptor* kept = descriptors_.find(e); kept && kept->fd >= 0) {
            ::close(std::exchange(kept->fd, -1));
            kept_.fetch_sub(1, std::memory_order_relaxed);
        }
        name_text text;
        return {::unlinkat(directory_.fd(), name_of(e, text), 0) == 0 || errno == ENOENT ? 0 : errno};
    }

    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id e) {
        const file_part part = borrow(e, {});
        if (part.fd < 0) return {part.error_number};
        const io_status status{::fsync(part.fd) == 0 ? 0 : errno};
        give_back(part);
        return status;
    }

    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        if (const int kept = descriptors_[e].fd; KVMARK_LIKELY(kept >= 0))
            return {.fd = kept, .at = offset.count};
        name_text text;
        const int fd = ::openat(directory_.fd(), name_of(e, text), how_.flags());
        return {.fd = fd, .at = offset.count, .error_number = fd < 0 ? errno : 0, .opened_for_it = true};
    }
    KVMARK_INLINE void give_back(const file_part& part) {
        if (part.opened_for_it) ::close(part.fd);
    }

private:
    using name_text = char[16];
    static constexpr std::int64_t reserved = 64; ///< descriptors left to the rest of the process

    struct descriptor {
        int fd = -1; ///< -1: not open, or opened for each I/O
    };

    [[nodiscard]] KVMARK_INLINE static const char* name_of(entry_id e, name_text& text) {
        hexadecimal(e, text);
        std::memcpy(text + 8, ".kv", 4);
        return text;
    }

    cache_directory directory_;
    open_flags how_;
    stable_table<descriptor> descriptors_;
    std::atomic<std::int64_t> kept_{0};
    std::int64_t keep_open_ = 0;
};

} // namespace kvmark::tier

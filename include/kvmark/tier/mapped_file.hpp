// Files through mmap: what a cache that leaves its I/O to the kernel's paging gets.
#pragma once

#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/file_tier.hpp>

#include <cstring>
#include <sys/mman.h>

namespace kvmark::tier {

enum class map_advice : int { normal = MADV_NORMAL, sequential = MADV_SEQUENTIAL, random = MADV_RANDOM };

struct mapped_file_config {
    /// Fault in the whole part before the copy (MADV_POPULATE_READ and _WRITE, Linux 5.14). Without it each
    /// page is a fault of its own, and an error of the device kills the process by SIGBUS.
    bool populate = true;
    map_advice advice = map_advice::normal; ///< how far the kernel reads ahead
    bool drop_cached = true; ///< a read first drops the pages it is about to read, as tier::file does
};

/// Each I/O maps its part, copies, and unmaps: so an entry needs no address space while nobody reads it, and
/// every layout will do. An entry is made durable by fsync once it is whole.
template <file_layout Layout>
class basic_mapped_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "mapped_file";
    using config = mapped_file_config;

    basic_mapped_file() = default;
    explicit basic_mapped_file(const config& c) : config_(c) {}

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        return this->layout_.open(setup, page_cache::used);
    }

    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) { return this->layout_.sync(e); }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            return with_mapping(part, from.size(), MADV_POPULATE_WRITE, [&](void* at) KVMARK_INLINE_LAMBDA {
                std::memcpy(at, from.data(), from.size());
            });
        });
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            if (config_.drop_cached)
                ::posix_fadvise(part.fd, static_cast<off_t>(part.at), static_cast<off_t>(into.size()),
                                POSIX_FADV_DONTNEED);
            return with_mapping(part, into.size(), MADV_POPULATE_READ, [&](void* at) KVMARK_INLINE_LAMBDA {
                std::memcpy(into.data(), at, into.size());
            });
        });
    }

private:
    template <class Copy>
    [[nodiscard]] KVMARK_INLINE io_status with_mapping(const file_part& part, std::size_t size, int populate,
                                                       Copy&& copy) {
        void* at =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, part.fd, static_cast<off_t>(part.at));
        if (at == MAP_FAILED) return {errno};
        if (config_.advice != map_advice::normal) ::madvise(at, size, static_cast<int>(config_.advice));
        int failed = config_.populate && ::madvise(at, size, populate) != 0 ? errno : 0;
        if (failed == EFAULT) failed = EIO; // the file is shorter than the entry, or the device failed
        if (failed == EINVAL) failed = 0; // a kernel that knows no such advice faults the pages in one by one
        if (failed == 0) copy(at);
        ::munmap(at, size);
        return {failed};
    }

    config config_{};
};
using mapped_file = basic_mapped_file<file_per_entry>;

} // namespace kvmark::tier

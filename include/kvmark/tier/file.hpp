// The reference's storage tier: files through the page cache, made durable by fsync.
#pragma once

#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/file_tier.hpp>

namespace kvmark::tier {

/// An entry is written whole and then fsync'ed; a read first drops the cached pages it is about to read, as
/// kv-cache.py does.
template <file_layout Layout>
class basic_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "file";

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        return this->layout_.open(setup, page_cache::used);
    }

    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) { return this->layout_.sync(e); }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            ::posix_fadvise(part.fd, static_cast<off_t>(part.at), static_cast<off_t>(into.size()),
                            POSIX_FADV_DONTNEED);
            return read_all(part.fd, part.at, into);
        });
    }
};
using file = basic_file<file_per_entry>;

} // namespace kvmark::tier

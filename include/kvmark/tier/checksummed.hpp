// A tier that checks every byte it gives back by a checksum kept in memory. Needs xxHash
// (kvmark::checksummed).
#pragma once

#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/decorated.hpp>

#include <cerrno>
#include <vector>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace kvmark::tier {

/// Keeps the XXH3 of each sector that is written, 8 bytes for 4096, and compares when it is read. A sum for
/// each sector, not for each I/O: any part of what was written can then be read alone. A read that differs is
/// EBADMSG; its bytes are in the buffer all the same. So is a read of what was never written.
///
/// The stamps of the engine see the same without it; this is for a tier used without the engine, and says of
/// a stack of decorators between which two the bytes changed.
template <blocking_tier T>
class checksummed : public decorated<T, "checksummed"> {
public:
    using checksummed::decorated::decorated;

    /// The sums keep the room they once had, so that entries that come and go allocate nothing in the end.
    [[nodiscard]] io_status create(entry_id e, bytes size) {
        sums_.ensure(e).assign(size.count / sector_size.count, never_written);
        return this->inner().create(e, size);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        std::uint64_t* sum = sums_of(e, offset);
        for (std::size_t at = 0; at < from.size(); at += sector_size.count) *sum++ = sum_of(from.data() + at);
        return this->inner().write(e, offset, from);
    }

    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        if (const io_status status = this->inner().read(e, offset, into); !KVMARK_LIKELY(status.good()))
            return status;
        const std::uint64_t* sum = sums_of(e, offset);
        for (std::size_t at = 0; at < into.size(); at += sector_size.count)
            if (!KVMARK_LIKELY(*sum++ == sum_of(into.data() + at))) return {EBADMSG};
        return {};
    }

private:
    static constexpr std::uint64_t never_written = 0;

    [[nodiscard]] KVMARK_INLINE static std::uint64_t sum_of(const std::byte* sector) {
        return ::XXH3_64bits(sector, sector_size.count);
    }
    [[nodiscard]] KVMARK_INLINE std::uint64_t* sums_of(entry_id e, bytes offset) {
        return sums_[e].data() + offset.count / sector_size.count;
    }

    stable_table<std::vector<std::uint64_t>> sums_;
};

} // namespace kvmark::tier

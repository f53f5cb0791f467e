// Proof of content: every 4 KiB sector says which entry it belongs to and sums up the rest of itself.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <cstring>
#include <vector>

namespace kvmark::tier {

/// Opens each sector. `payload` is the wrapping sum of the sector's other 508 words, so a changed byte
/// anywhere in the sector is seen; `check` binds all four fields to the run.
struct sector_stamp {
    std::uint64_t key = 0;
    std::uint32_t sector = 0; ///< counted from the start of the entry
    std::uint32_t generation = 0;
    std::uint64_t payload = 0;
    std::uint64_t check = 0;

    friend constexpr bool operator==(const sector_stamp&, const sector_stamp&) = default;
};
static_assert(sizeof(sector_stamp) == 32);

/// What identifies an entry's content in one run.
struct content_id {
    std::uint64_t key = 0;
    std::uint32_t generation = 0;
};

[[nodiscard]] KVMARK_INLINE constexpr sector_stamp make_stamp(content_id id, std::uint32_t sector,
                                                              std::uint64_t payload, std::uint64_t salt) {
    const std::uint64_t place = std::uint64_t{sector} << 32 | id.generation;
    return {id.key, sector, id.generation, payload, mix(id.key ^ salt) ^ mix(place ^ payload)};
}

/// The wrapping sum of a sector's words behind its stamp. Plain enough for the compiler to vectorise: it runs
/// at the speed of memory (benchmarks/stamp.cpp).
[[nodiscard]] KVMARK_INLINE std::uint64_t payload_sum(const std::byte* sector) {
    std::uint64_t sum = 0;
    for (std::size_t at = sizeof(sector_stamp); at < sector_size.count; at += sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, sector + at, sizeof word);
        sum += word;
    }
    return sum;
}

/// Incompressible filler for a write buffer, made once, with the sums that go into the stamps.
class payload_noise {
public:
    payload_noise() = default;
    KVMARK_COLD payload_noise(std::span<std::byte> buffer, std::uint64_t seed) {
        random_stream noise(seed, 0x6e6f697365);
        for (std::size_t at = 0; at + sizeof(std::uint64_t) <= buffer.size(); at += sizeof(std::uint64_t)) {
            const std::uint64_t word = noise.next();
            std::memcpy(buffer.data() + at, &word, sizeof word);
        }
        for (std::size_t at = 0; at + sector_size.count <= buffer.size(); at += sector_size.count)
            sums_.push_back(payload_sum(buffer.data() + at));
    }

    [[nodiscard]] KVMARK_INLINE std::uint64_t sum(std::size_t sector) const { return sums_[sector]; }

private:
    std::vector<std::uint64_t> sums_;
};

/// Stamps a write buffer as the part of entry `id` that begins at sector `first`.
KVMARK_INLINE void stamp_sectors(std::span<std::byte> buffer, const payload_noise& noise, content_id id,
                                 std::uint32_t first, std::uint64_t salt) {
    const std::size_t sectors = buffer.size() / sector_size.count;
    for (std::size_t i = 0; i < sectors; ++i) {
        const sector_stamp stamp = make_stamp(id, first + static_cast<std::uint32_t>(i), noise.sum(i), salt);
        std::memcpy(buffer.data() + i * sector_size.count, &stamp, sizeof stamp);
    }
}

/// A sector that was not what was written: what it should say and what it says.
struct sector_mismatch {
    sector_stamp expected;
    sector_stamp found; ///< with the payload sum computed from the bytes found
};

/// Checks every sector of `buffer` and calls `report(mismatch)` for each bad one. With `with_payload` false
/// the stamps alone are read: a flipped payload byte then passes.
template <class Report>
KVMARK_INLINE void verify_sectors(std::span<const std::byte> buffer, content_id id, std::uint32_t first,
                                  std::uint64_t salt, bool with_payload, Report&& report) {
    const std::size_t sectors = buffer.size() / sector_size.count;
    for (std::size_t i = 0; i < sectors; ++i) {
        const std::byte* at = buffer.data() + i * sector_size.count;
        sector_stamp found;
        std::memcpy(&found, at, sizeof found);
        const sector_stamp expected =
            make_stamp(id, first + static_cast<std::uint32_t>(i), found.payload, salt);
        bool good = found == expected;
        if (with_payload) {
            const std::uint64_t sum = payload_sum(at);
            good = good && sum == found.payload;
            if (!good) found.payload = sum;
        }
        if (!KVMARK_LIKELY(good)) report(sector_mismatch{expected, found});
    }
}

} // namespace kvmark::tier

// Sector stamps: what was written passes, every changed byte and every misplaced sector is found with its
// place.
#include <kvmark/core/buffer.hpp>
#include <kvmark/tier/stamp.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <set>

using namespace kvmark;
using namespace kvmark::tier;

namespace {

constexpr std::uint64_t salt = 0x5a17;
constexpr content_id id{.key = 77, .generation = 3};
constexpr std::uint32_t first = 1000;

/// Four sectors, written as sectors 1000 to 1003 of entry 77 in generation 3.
struct written_part {
    written_part() { stamp_sectors(span(), noise, id, first, salt); }

    std::span<std::byte> span() const { return buffer.span(); }
    std::byte& operator[](std::size_t at) { return span()[at]; }
    std::span<std::byte> sector(std::size_t i) const {
        return span().subspan(i * sector_size.count, sector_size.count);
    }

    std::vector<sector_mismatch> verify(bool with_payload = true) const {
        return verify_as(id, first, salt, with_payload);
    }
    std::vector<sector_mismatch> verify_as(content_id as, std::uint32_t from, std::uint64_t of_run,
                                           bool with_payload = true) const {
        std::vector<sector_mismatch> bad;
        verify_sectors(span(), as, from, of_run, with_payload,
                       [&](const sector_mismatch& m) { bad.push_back(m); });
        return bad;
    }

    huge_page_buffer buffer{4 * sector_size};
    payload_noise noise{buffer.span(), 42};
};

} // namespace

TEST_CASE("stamp: what was stamped passes, with its payload and without") {
    const written_part part;
    CHECK(part.verify(true).empty());
    CHECK(part.verify(false).empty());
}

TEST_CASE("stamp: a flip of any byte of a sector is found, with the sector") {
    written_part part;
    const std::size_t where = GENERATE(0u, 2u, 3u);
    std::size_t found = 0;
    for (std::size_t at = 0; at < sector_size.count; ++at)
        for (const std::byte flip : {std::byte{1}, std::byte{0x80}, std::byte{0xff}}) {
            std::byte& byte = part[where * sector_size.count + at];
            byte ^= flip;
            const auto bad = part.verify();
            byte ^= flip;
            found += bad.size() == 1 && bad[0].expected.sector == first + where &&
                     bad[0].expected.key == id.key && bad[0].found != bad[0].expected;
        }
    CHECK(found == 3 * sector_size.count);
    CHECK(part.verify().empty());
}

TEST_CASE("stamp: without the payload every byte of the stamp is checked, and no other") {
    written_part part;
    std::size_t found = 0;
    for (std::size_t at = 0; at < sector_size.count; ++at) {
        part[at] ^= std::byte{0x80};
        const bool seen = !part.verify(false).empty();
        part[at] ^= std::byte{0x80};
        found += seen == (at < sizeof(sector_stamp));
    }
    CHECK(found == sector_size.count);
}

TEST_CASE("stamp: a mismatch says what the payload should sum up to and what it does") {
    written_part part;
    part[sector_size.count + 100] ^= std::byte{1};
    const auto bad = part.verify();
    REQUIRE(bad.size() == 1);
    CHECK(bad[0].expected == make_stamp(id, first + 1, part.noise.sum(1), salt));
    CHECK(bad[0].found.payload == payload_sum(part.sector(1).data()));
    CHECK(bad[0].found.payload != bad[0].expected.payload);
}

TEST_CASE("stamp: sectors of another entry, generation, place or run are found, each of them") {
    const written_part part;
    const bool with_payload = GENERATE(true, false);
    CHECK(part.verify_as({.key = 78, .generation = 3}, first, salt, with_payload).size() == 4);
    CHECK(part.verify_as({.key = 77, .generation = 2}, first, salt, with_payload).size() == 4);
    CHECK(part.verify_as(id, first + 1, salt, with_payload).size() == 4);
    CHECK(part.verify_as(id, first, salt + 1, with_payload).size() == 4);
}

TEST_CASE("stamp: two sectors that changed places are both found") {
    written_part part;
    const auto one = part.sector(1), two = part.sector(2);
    std::swap_ranges(one.begin(), one.end(), two.begin());
    const auto bad = part.verify();
    REQUIRE(bad.size() == 2);
    CHECK(bad[0].expected.sector == first + 1);
    CHECK(bad[0].found.sector == first + 2);
    CHECK(bad[1].expected.sector == first + 2);
    CHECK(bad[1].found.sector == first + 1);
}

TEST_CASE("stamp: a sector that was never written, all zeros, is found without its payload too") {
    written_part part;
    const auto lost = part.sector(3);
    std::fill(lost.begin(), lost.end(), std::byte{0});
    const auto bad = part.verify(GENERATE(true, false));
    REQUIRE(bad.size() == 1);
    CHECK(bad[0].expected.sector == first + 3);
    CHECK(bad[0].found == sector_stamp{});
}

TEST_CASE("stamp: a buffer, or a part of it, is stamped again for another entry without new noise") {
    written_part part;
    constexpr content_id next{.key = 5, .generation = 9};
    stamp_sectors(part.span(), part.noise, next, 0, salt);
    CHECK(part.verify_as(next, 0, salt).empty());
    CHECK(part.verify().size() == 4);
    stamp_sectors(part.span().first(2 * sector_size.count), part.noise, id, first, salt);
    CHECK(part.verify().size() == 2);
}

TEST_CASE("stamp: no word of the noise comes twice, and another seed gives other noise") {
    const huge_page_buffer a{bytes(mib_bytes)}, b{bytes(mib_bytes)};
    const payload_noise noise_a(a.span(), 1), noise_b(b.span(), 2);
    std::set<std::uint64_t> words;
    for (const auto* buffer : {&a, &b})
        for (std::size_t at = 0; at < mib_bytes; at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, buffer->data() + at, sizeof word);
            words.insert(word);
        }
    CHECK(words.size() == 2 * mib_bytes / sizeof(std::uint64_t));
    CHECK(noise_a.sum(0) != noise_b.sum(0));
}

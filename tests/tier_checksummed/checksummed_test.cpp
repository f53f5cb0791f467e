// A checksummed tier lets nothing through that is not what was written.
#include <kvmark/tier/checksummed.hpp>
#include <kvmark/tier/faulty.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/host.hpp>

#include "support/catch.hpp"
#include "tier/entry_bytes.hpp"

using namespace kvmark;
using tier::checksummed;
using tier::entry_id;
using tier::io_status;
using tier::sector_size;

static_assert(checksummed<tier::host>::name == "checksummed host");
static_assert(tier::has_commit<checksummed<tier::file>> && !tier::has_commit<checksummed<tier::host>>);

namespace {

tier::tier_setup room() { return {.limit = bytes(32 * mib_bytes), .io_chunk = test::io_chunk}; }

} // namespace

TEST_CASE("checksummed: entries of odd sizes come back as written, to many readers") {
    checksummed<tier::host> t;
    REQUIRE(t.open(room()));
    for (const std::uint64_t sectors : {1, 5, 6, 37}) {
        REQUIRE(test::put(t, static_cast<entry_id>(sectors), sector_size * sectors, sectors).good());
        CHECK(test::has(t, static_cast<entry_id>(sectors), sector_size * sectors, sectors));
    }
    REQUIRE(test::put(t, 0, test::io_chunk * 50, 9).good());
    CHECK(test::concurrent_read_faults(t, 0, test::io_chunk * 50, 9) == 0);
}

TEST_CASE("checksummed: any run of sectors of what was written can be read") {
    checksummed<tier::host> t;
    REQUIRE(t.open(room()));
    REQUIRE(test::put(t, 0, test::io_chunk, 1).good());
    const huge_page_buffer buffer(test::io_chunk);
    for (std::uint64_t first = 0; first < 5; ++first)
        for (std::uint64_t n = 1; first + n <= 5; ++n) {
            const auto part = buffer.span().first(sector_size.count * n);
            REQUIRE(t.read(0, sector_size * first, part).good());
            REQUIRE(test::holds(part, 1, sector_size * first));
        }
}

TEST_CASE("checksummed: every flipped bit on the way back is EBADMSG, and nothing else is") {
    tier::fault_counts injected;
    checksummed<tier::faulty<tier::host>> t(
        {.odds = {.read = {.corrupt = 0.2}}, .seed = 3, .counts = &injected});
    REQUIRE(t.open(room()));
    REQUIRE(test::put(t, 0, test::io_chunk, 1).good());
    const huge_page_buffer buffer(test::io_chunk);
    std::uint64_t found = 0;
    for (int i = 0; i < 1000; ++i) {
        const io_status status = t.read(0, {}, buffer.span());
        REQUIRE((status.good() || status.error_number == EBADMSG));
        found += status.good() ? 0 : 1;
    }
    CHECK(found > 100);
    CHECK(found == injected.read.corrupt);
}

TEST_CASE("checksummed: a write that went bad is seen by every read of its sector, and by no other") {
    checksummed<tier::faulty<tier::host>> t({.odds = {.write = {.corrupt = 1}}});
    REQUIRE(t.open(room()));
    REQUIRE(test::put(t, 0, test::io_chunk, 1).good());
    const huge_page_buffer buffer(test::io_chunk);
    CHECK(t.read(0, {}, buffer.span()).error_number == EBADMSG);
    int bad = 0;
    for (std::uint64_t sector = 0; sector < 5; ++sector)
        bad += t.read(0, sector_size * sector, buffer.span().first(sector_size.count)).good() ? 0 : 1;
    CHECK(bad == 1);
}

TEST_CASE("checksummed: a torn write is seen when what it left is read") {
    checksummed<tier::faulty<tier::host>> t({.odds = {.write = {.torn = 0.5}}, .seed = 1});
    REQUIRE(t.open(room()));
    const bytes size = sector_size * 4;
    const huge_page_buffer buffer(size);
    REQUIRE(t.create(0, size).good());
    for (std::uint64_t content = 1; content < 30; ++content) {
        test::fill(buffer.span(), content, {});
        const bool written = t.write(0, {}, buffer.span()).good();
        CHECK(t.read(0, {}, buffer.span()).error_number == (written ? 0 : EBADMSG));
    }
}

TEST_CASE("checksummed: what was never written, or not since it was created anew, is EBADMSG") {
    checksummed<tier::host> t;
    REQUIRE(t.open(room()));
    const huge_page_buffer buffer(sector_size);
    REQUIRE(t.create(0, sector_size * 2).good());
    REQUIRE(t.write(0, {}, buffer.span()).good());
    CHECK(t.read(0, {}, buffer.span()).good());
    CHECK(t.read(0, sector_size, buffer.span()).error_number == EBADMSG);
    REQUIRE(t.erase(0).good());
    REQUIRE(t.create(0, sector_size * 2).good());
    CHECK(t.read(0, {}, buffer.span()).error_number == EBADMSG);
}

TEST_CASE("checksummed: an error of the tier inside stays what it is") {
    checksummed<tier::faulty<tier::host>> t(
        {.odds = {.create = {.error = 1}, .read = {.error = 1}}, .error_number = ENODEV});
    REQUIRE(t.open(room()));
    CHECK(t.create(0, sector_size).error_number == ENODEV);
    const huge_page_buffer buffer(sector_size);
    CHECK(t.read(0, {}, buffer.span()).error_number == ENODEV);
}

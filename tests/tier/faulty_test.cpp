// A faulty tier fails as often as asked, in the same places for a seed, and knows what it did.
#include <kvmark/tier/faulty.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/host.hpp>

#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"

#include <bit>

using namespace kvmark;
using tier::entry_id;
using tier::fault_counts;
using tier::fault_odds;
using tier::io_status;
using bad_host = tier::faulty<tier::host>;

static_assert(tier::blocking_tier<bad_host> && bad_host::name == "faulty host");
static_assert(tier::has_commit<tier::faulty<tier::file>> && !tier::has_commit<bad_host>);

namespace {

constexpr bytes chunk = tier::sector_size * 8;

/// With entry 0, a chunk of content 0.
struct opened_host {
    explicit opened_host(const bad_host::config& c) : tier(c) {
        REQUIRE(tier.open({.limit = bytes(16 * mib_bytes), .io_chunk = chunk}));
        REQUIRE(tier.inner().create(0, chunk).good());
        test::fill(buffer.span(), 0, {});
        REQUIRE(tier.inner().write(0, {}, buffer.span()).good());
    }
    io_status read() { return tier.read(0, {}, buffer.span()); }
    io_status write() { return tier.write(0, {}, buffer.span()); }
    /// The bits of the entry in the tier inside that are not those of the content.
    int wrong_bits(std::uint64_t content, bytes size = chunk) {
        const huge_page_buffer now(chunk), expected(chunk);
        REQUIRE(tier.inner().read(0, {}, now.span()).good());
        test::fill(expected.span(), content, {});
        return differing_bits(now.span().first(size.count), expected.span());
    }
    static int differing_bits(std::span<const std::byte> a, std::span<const std::byte> b) {
        int n = 0;
        for (std::size_t i = 0; i < a.size(); ++i) n += std::popcount(static_cast<unsigned>(a[i] ^ b[i]));
        return n;
    }

    bad_host tier;
    huge_page_buffer buffer{chunk};
};

bad_host::config reads(fault_odds odds, std::uint64_t seed = 1) {
    return {.odds = {.read = odds}, .seed = seed};
}
bad_host::config writes(fault_odds odds) { return {.odds = {.write = odds}, .seed = 1}; }

} // namespace

TEST_CASE("faulty: with no odds it is the tier inside") {
    opened_host t({});
    for (int i = 0; i < 1000; ++i) REQUIRE(t.read().good());
    CHECK(t.tier.counts().failures() == 0);
    CHECK(t.tier.counts().read.corrupt == 0);
}

TEST_CASE("faulty: calls fail as often as asked, with the errno asked, and each is counted") {
    bad_host::config c = reads({.error = 0.25});
    c.error_number = ENOSPC;
    opened_host t(c);
    std::uint64_t failed = 0;
    for (int i = 0; i < 4000; ++i) {
        const io_status status = t.read();
        REQUIRE((status.good() || status.error_number == ENOSPC));
        failed += status.good() ? 0 : 1;
    }
    CHECK(failed > 900);
    CHECK(failed < 1100);
    CHECK(t.tier.counts().read.errors == failed);
    CHECK(t.tier.counts().failures() == failed);
}

TEST_CASE("faulty: the same calls fail for a seed, others for another, each kind by its own number") {
    const auto fates = [](std::uint64_t seed, bool writes_between) {
        opened_host t({.odds = {.write = {.error = 0.5}, .read = {.error = 0.5}}, .seed = seed});
        std::vector<bool> good;
        for (int i = 0; i < 200; ++i) {
            good.push_back(t.read().good());
            if (writes_between) static_cast<void>(t.write());
        }
        return good;
    };
    CHECK(fates(1, false) == fates(1, true));
    CHECK(fates(1, false) != fates(2, false));
}

TEST_CASE("faulty: however many threads call, as many calls of a seed fail") {
    const auto failures = [](int threads) {
        opened_host t(reads({.error = 0.1}));
        std::vector<std::thread> readers;
        for (int i = 0; i < threads; ++i)
            readers.emplace_back([&] {
                const huge_page_buffer own(chunk);
                for (int n = 0; n < 4000 / threads; ++n) static_cast<void>(t.tier.read(0, {}, own.span()));
            });
        for (auto& reader : readers) reader.join();
        return t.tier.counts().read.errors.load();
    };
    CHECK(failures(1) == failures(4));
}

TEST_CASE("faulty: a torn read gives its first half and EIO") {
    opened_host t(reads({.torn = 1}));
    std::memset(t.buffer.data(), 0, chunk.count);
    CHECK(t.read().error_number == EIO);
    CHECK(test::holds(t.buffer.span().first(chunk.count / 2), 0, {}));
    for (std::size_t i = chunk.count / 2; i < chunk.count; ++i) REQUIRE(t.buffer.data()[i] == std::byte{});
    CHECK(t.tier.counts().read.torn == 1);
    CHECK(t.tier.counts().failures() == 1);
}

TEST_CASE("faulty: a torn write leaves the second half as it was") {
    opened_host t(writes({.torn = 1}));
    test::fill(t.buffer.span(), 5, {});
    CHECK(t.write().error_number == EIO);
    CHECK(t.wrong_bits(5, chunk / 2) == 0);
    REQUIRE(t.tier.inner().read(0, {}, t.buffer.span()).good());
    CHECK(test::holds(t.buffer.span().subspan(chunk.count / 2), 0, chunk / 2));
}

TEST_CASE("faulty: of one sector nothing is transferred") {
    opened_host t(reads({.torn = 1}));
    const auto sector = t.buffer.span().first(tier::sector_size.count);
    std::memset(sector.data(), 0, sector.size());
    CHECK(t.tier.read(0, {}, sector).error_number == EIO);
    for (const std::byte b : sector) REQUIRE(b == std::byte{});
}

TEST_CASE("faulty: a corrupt read is good but for one bit, and the entry itself is not touched") {
    opened_host t(reads({.corrupt = 1}));
    const huge_page_buffer expected(chunk);
    test::fill(expected.span(), 0, {});
    std::size_t places = 0;
    std::byte* last = nullptr;
    for (int i = 0; i < 50; ++i) {
        REQUIRE(t.read().good());
        REQUIRE(opened_host::differing_bits(t.buffer.span(), expected.span()) == 1);
        std::size_t at = 0;
        while (t.buffer.data()[at] == expected.data()[at]) ++at;
        if (t.buffer.data() + at != last) ++places;
        last = t.buffer.data() + at;
    }
    CHECK(places > 40);
    CHECK(t.wrong_bits(0) == 0);
    CHECK(t.tier.counts().read.corrupt == 50);
    CHECK(t.tier.counts().failures() == 0);
}

TEST_CASE("faulty: a corrupt write is good, the caller's buffer is whole, and one bit in the tier is wrong") {
    opened_host t(writes({.corrupt = 1}));
    for (std::uint64_t content = 1; content < 20; ++content) {
        test::fill(t.buffer.span(), content, {});
        REQUIRE(t.write().good());
        REQUIRE(test::holds(t.buffer.span(), content, {}));
        REQUIRE(t.wrong_bits(content) == 1);
    }
    CHECK(t.tier.counts().write.corrupt == 19);
}

TEST_CASE("faulty: create and commit fail without effect; a failed erase has erased") {
    const test::temporary_directory user;
    tier::faulty<tier::file> t(
        {.odds = {.create = {.error = 1}, .erase = {.error = 1}, .commit = {.error = 1}}});
    REQUIRE(t.open({.io_chunk = chunk, .cache_dir = user.path()}));
    CHECK(t.create(0, chunk).error_number == EIO);
    CHECK(test::files_below(user.path()).empty());
    REQUIRE(t.inner().create(0, chunk).good());
    CHECK(t.commit(0).error_number == EIO);
    CHECK(t.erase(0).error_number == EIO);
    CHECK(test::files_below(user.path()).empty());
    CHECK(t.counts().failures() == 3);
}

TEST_CASE("faulty: a delayed call takes that much longer and is good") {
    bad_host::config c = reads({.delay = 1});
    c.delay = nanoseconds(2'000'000);
    opened_host t(c);
    const nanoseconds begin = clocks::monotonic_now();
    REQUIRE(t.read().good());
    CHECK(clocks::monotonic_now() - begin >= c.delay);
    CHECK(t.tier.counts().read.delays == 1);
    CHECK(test::holds(t.buffer.span(), 0, {}));
}

TEST_CASE("faulty: counts of the caller outlive the tier") {
    fault_counts counts;
    bad_host::config c = reads({.error = 1});
    c.counts = &counts;
    {
        opened_host t(c);
        CHECK_FALSE(t.read().good());
    }
    CHECK(counts.failures() == 1);
}

TEST_CASE("faulty: odds that cannot be are refused") {
    bad_host::config c;
    SECTION("above 1") { c.odds.read.error = 1.5; }
    SECTION("below 0") { c.odds.write.delay = -0.1; }
    SECTION("not a number") { c.odds.create.error = __builtin_nan(""); }
    SECTION("together above 1") { c.odds.read = {.error = 0.5, .torn = 0.4, .corrupt = 0.2}; }
    SECTION("a torn create") { c.odds.create.torn = 0.1; }
    SECTION("a corrupt erase") { c.odds.erase.corrupt = 0.1; }
    SECTION("an error that is none") { c.error_number = 0; }
    bad_host t(c);
    const auto opened = t.open({.limit = bytes(mib_bytes), .io_chunk = chunk});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == error_kind::invalid_argument);
    CHECK_THAT(opened.error().message, Catch::StartsWith("faulty tier: "));
}

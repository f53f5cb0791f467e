// The host tier: copies of any size, all of its room and no more, no page given to two entries.
#include <kvmark/tier/host.hpp>

#include "support/catch.hpp"
#include "tier/entry_bytes.hpp"

#include <map>

using namespace kvmark;
using tier::entry_id;
using tier::host;

static_assert(tier::blocking_tier<host> && !tier::timed_tier<host>);
static_assert(tier::has_instant_metadata<host> && !tier::has_commit<host>);

namespace {

constexpr bytes page = host::page_size;

tier::tier_setup room_for(std::uint64_t pages) { return {.limit = page * pages, .io_chunk = test::io_chunk}; }

} // namespace

TEST_CASE("host: entries of odd sizes come back as they were written, in any order") {
    host memory;
    REQUIRE(memory.open(room_for(64)));
    for (const std::uint64_t n : {1u, 2u, 63u, 64u, 65u, 127u, 128u, 129u, 321u})
        REQUIRE(test::put(memory, static_cast<entry_id>(n), tier::sector_size * n, n).good());
    for (const std::uint64_t n : {321u, 1u, 129u, 64u, 65u, 2u, 63u, 128u, 127u})
        CHECK(test::has(memory, static_cast<entry_id>(n), tier::sector_size * n, n));
}

TEST_CASE("host: a part can be overwritten, from back to front, and the rest stays") {
    host memory;
    REQUIRE(memory.open(room_for(8)));
    const bytes size = page * 8;
    REQUIRE(test::put(memory, 0, size, 1).good());
    const huge_page_buffer buffer(tier::sector_size);
    for (bytes at = size; at > bytes(0);) {
        at -= tier::sector_size;
        REQUIRE(memory.read(0, at, buffer.span()).good());
        REQUIRE(test::holds(buffer.span(), 1, at));
        test::fill(buffer.span(), 2, at);
        REQUIRE(memory.write(0, at, buffer.span()).good());
    }
    CHECK(test::has(memory, 0, size, 2));
}

TEST_CASE("host: many threads read one entry at once") {
    host memory;
    REQUIRE(memory.open(room_for(40)));
    const bytes size = test::io_chunk * 500;
    REQUIRE(test::put(memory, 7, size, 7).good());
    CHECK(test::concurrent_read_faults(memory, 7, size, 7) == 0);
}

TEST_CASE("host: there is room for exactly the limit, and again once entries are erased") {
    host memory;
    REQUIRE(memory.open(room_for(10)));
    CHECK(memory.create(0, page * 11).error_number == ENOMEM);
    for (int round = 0; round < 3; ++round) {
        REQUIRE(memory.create(0, page * 4).good());
        REQUIRE(memory.create(1, page * 5 + tier::sector_size).good()); // six pages
        CHECK(memory.create(2, tier::sector_size).error_number == ENOMEM);
        CHECK(memory.erase(2).good());
        REQUIRE(memory.erase(0).good());
        CHECK(memory.create(2, page * 5).error_number == ENOMEM);
        REQUIRE(memory.create(2, page * 4).good());
        REQUIRE(memory.erase(1).good());
        REQUIRE(memory.erase(2).good());
    }
}

TEST_CASE("host: a limit that is no whole number of pages is rounded down; 0 means no tier") {
    host small, none;
    REQUIRE(small.open({.limit = page * 2 - bytes(1)}));
    CHECK(small.create(0, page).good());
    CHECK(small.create(1, tier::sector_size).error_number == ENOMEM);
    REQUIRE(none.open({}));
    CHECK(none.create(0, tier::sector_size).error_number == ENOMEM);
}

TEST_CASE("host: erase succeeds for an entry never created, and erased twice") {
    host memory;
    REQUIRE(memory.open(room_for(2)));
    CHECK(memory.erase(0).good());
    CHECK(memory.erase(1'000'000).good());
    REQUIRE(memory.create(0, page * 2).good());
    CHECK(memory.erase(0).good());
    CHECK(memory.erase(0).good());
    CHECK(memory.create(1, page * 2).good());
    CHECK(memory.create(2, page).error_number == ENOMEM);
}

TEST_CASE("host: over 10 000 creations and erasures no page belongs to two entries and none is lost") {
    constexpr std::uint64_t pages = 48;
    struct entry {
        std::uint64_t pages, content;
    };
    host memory;
    REQUIRE(memory.open(room_for(pages)));
    std::map<entry_id, entry> model;
    std::uint64_t used = 0, refused = 0, created = 0;
    random_stream draw(42);
    const huge_page_buffer buffer(tier::sector_size);

    for (std::uint64_t step = 0; step < 10'000; ++step) {
        const auto e = static_cast<entry_id>(draw.uniform_int(0, 39));
        if (const auto known = model.find(e); known != model.end()) {
            const entry old = known->second;
            // The first sector of each page stands for it; the walk begins anywhere.
            const std::uint64_t begin = draw.uniform_int(0, old.pages - 1);
            for (std::uint64_t n = 0; n < old.pages; ++n) {
                const bytes at = page * ((begin + n) % old.pages);
                REQUIRE(memory.read(e, at, buffer.span()).good());
                REQUIRE(test::holds(buffer.span(), old.content, at));
            }
            used -= old.pages;
            model.erase(known);
            REQUIRE(memory.erase(e).good());
        } else {
            const entry fresh{.pages = draw.uniform_int(1, 6), .content = step};
            const bool fits = used + fresh.pages <= pages;
            const bytes size = page * fresh.pages - tier::sector_size * draw.uniform_int(0, 63);
            REQUIRE(memory.create(e, size).error_number == (fits ? 0 : ENOMEM));
            ++(fits ? created : refused);
            if (!fits) continue;
            for (std::uint64_t i = 0; i < fresh.pages; ++i) {
                test::fill(buffer.span(), fresh.content, page * i);
                REQUIRE(memory.write(e, page * i, buffer.span()).good());
            }
            used += fresh.pages;
            model.emplace(e, fresh);
        }
    }
    CHECK(created > 1000);
    CHECK(refused > 1000);
}

TEST_CASE("host: capacity is 80 % of what memory is available, depth that of the processors") {
    const host memory;
    const auto available = static_cast<double>(available_memory().count);
    REQUIRE(available > 0);
    // Other processes take and give back memory between the two readings.
    CHECK(static_cast<double>(memory.capacity({}).count) == Approx(0.8 * available).epsilon(0.1));
    CHECK(tier::granule_of(memory, {}) == page);
    CHECK(memory.depth() >= 1);
    CHECK(memory.depth() <= 4);
    CHECK(tier::depth_of(memory, {.queue_depth = 64}) == memory.depth());
}

TEST_CASE("host: more than the address space holds is refused, with the size and the option") {
    host memory;
    const auto opened = memory.open({.limit = bytes(std::uint64_t{1} << 50)});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == error_kind::system);
    CHECK_THAT(opened.error().message, Catch::Contains("1048576") && Catch::Contains("--cpu-mem-gb"));
}

TEST_CASE("host: what fits into a quarter of the free memory is resident before the clock starts") {
    const auto resident = [] {
        unsigned long long pages = 0;
        if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
            if (std::fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
            std::fclose(file);
        }
        return bytes(pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    };
    host memory;
    const bytes before = resident();
    REQUIRE(memory.open(room_for(128)));
    CHECK(resident() - before >= page * 128);
}

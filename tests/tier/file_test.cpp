// The file tier: what is written is durable, what is read comes from the device.
#include <kvmark/tier/file.hpp>

#include "support/temporary_directory.hpp"
#include "tier/device_reads.hpp"
#include "tier/entry_bytes.hpp"

using namespace kvmark;
using test::temporary_directory;
using tier::entry_id;
using tier::file;

static_assert(tier::blocking_tier<file> && !tier::timed_tier<file>);
static_assert(tier::has_commit<file> && !tier::has_instant_metadata<file>);

namespace {

tier::tier_setup setup_in(const std::string& directory) {
    return {.io_chunk = test::io_chunk, .queue_depth = 4, .cache_dir = directory};
}

} // namespace

TEST_CASE("file: entries of odd sizes come back as they were written") {
    const temporary_directory user;
    file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    const std::uint64_t sectors[] = {1, 4, 5, 6, 37, 1025};
    for (const std::uint64_t n : sectors)
        REQUIRE(test::put(tier, static_cast<entry_id>(n), tier::sector_size * n, n).good());
    for (const std::uint64_t n : sectors)
        CHECK(test::has(tier, static_cast<entry_id>(n), tier::sector_size * n, n));
}

TEST_CASE("file: many threads read one entry at once") {
    const temporary_directory user;
    file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    const bytes size = test::io_chunk * 50;
    REQUIRE(test::put(tier, 2, size, 2).good());
    CHECK(test::concurrent_read_faults(tier, 2, size, 2) == 0);
}

TEST_CASE("file: a committed entry is read from the device each time, not from the page cache") {
    const temporary_directory user;
    if (!test::has_device(user.path())) return;
    file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    const bytes size = test::io_chunk * 100;
    REQUIRE(test::put(tier, 0, size, 1).good());
    for (int pass = 0; pass < 2; ++pass) {
        const bytes before = test::device_reads();
        REQUIRE(test::has(tier, 0, size, 1));
        CHECK(test::device_reads() - before >= size);
    }
}

TEST_CASE("file: an entry written over is the new one") {
    const temporary_directory user;
    file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    const bytes size = test::io_chunk * 3;
    REQUIRE(test::put(tier, 0, size, 1).good());
    REQUIRE(tier.erase(0).good());
    REQUIRE(test::put(tier, 0, size, 2).good());
    CHECK(test::has(tier, 0, size, 2));
}

TEST_CASE("file: erase succeeds for an entry never created") {
    const temporary_directory user;
    file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    CHECK(tier.erase(12).good());
}

TEST_CASE("file: capacity is asked of a directory that is not made yet; at the end nothing stays") {
    const temporary_directory user;
    const auto setup = setup_in(user / "deep/cache");
    CHECK(file::capacity(setup) > bytes(0));
    CHECK_FALSE(std::filesystem::exists(user / "deep"));
    {
        file tier;
        REQUIRE(tier.open(setup));
        REQUIRE(test::put(tier, 0, test::io_chunk, 1).good());
        CHECK(test::files_below(setup.cache_dir).size() == 1);
    }
    CHECK(std::filesystem::is_empty(user.path()));
}

TEST_CASE("file: a directory that cannot be made is refused by name") {
    const temporary_directory user;
    test::write_file(user / "file", "");
    file tier;
    const auto opened = tier.open(setup_in(user / "file/cache"));
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Catch::Contains(user / "file/cache"));
}

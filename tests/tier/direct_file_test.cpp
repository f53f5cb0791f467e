// The direct-file tier: past the page cache where the file system lets it, and honest where not.
#include <kvmark/tier/direct_file.hpp>

#include "support/temporary_directory.hpp"
#include "tier/device_reads.hpp"
#include "tier/entry_bytes.hpp"
#include "tier/mounted_memory.hpp"

using namespace kvmark;
using test::temporary_directory;
using tier::direct_file;
using tier::entry_id;

static_assert(tier::blocking_tier<direct_file> && !tier::timed_tier<direct_file>);
static_assert(!tier::has_commit<direct_file> && !tier::has_instant_metadata<direct_file>);

namespace {

tier::tier_setup setup_in(const std::string& directory) {
    return {.io_chunk = test::io_chunk, .queue_depth = 4, .cache_dir = directory};
}

} // namespace

TEST_CASE("direct file: entries of odd sizes come back as they were written") {
    const temporary_directory user;
    direct_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    const std::uint64_t sectors[] = {1, 4, 5, 6, 37, 1025};
    for (const std::uint64_t n : sectors)
        REQUIRE(test::put(tier, static_cast<entry_id>(n), tier::sector_size * n, n).good());
    for (const std::uint64_t n : sectors)
        CHECK(test::has(tier, static_cast<entry_id>(n), tier::sector_size * n, n));
}

TEST_CASE("direct file: many threads read one entry at once") {
    const temporary_directory user;
    direct_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    const bytes size = test::io_chunk * 50;
    REQUIRE(test::put(tier, 2, size, 2).good());
    CHECK(test::concurrent_read_faults(tier, 2, size, 2) == 0);
}

TEST_CASE("direct file: many threads write their parts of one entry at once") {
    const temporary_directory user;
    direct_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    constexpr std::uint64_t chunks = 100, writers = 4;
    const bytes size = test::io_chunk * chunks;
    REQUIRE(tier.create(0, size).good());
    std::atomic<int> faults{0};
    std::vector<std::thread> threads;
    for (std::uint64_t writer = 0; writer < writers; ++writer)
        threads.emplace_back([&, writer] {
            const huge_page_buffer buffer(test::io_chunk);
            for (std::uint64_t chunk = writer; chunk < chunks; chunk += writers) {
                test::fill(buffer.span(), 5, test::io_chunk * chunk);
                if (!tier.write(0, test::io_chunk * chunk, buffer.span()).good()) ++faults;
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(faults == 0);
    CHECK(test::has(tier, 0, size, 5));
}

TEST_CASE("direct file: every read comes from the device") {
    const temporary_directory user;
    if (!test::has_device(user.path())) return;
    direct_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    if (!tier.note().empty()) {
        WARN("SKIPPED: " << tier.note() << "; set TMPDIR to a folder on a disk");
        return;
    }
    const bytes size = test::io_chunk * 100;
    REQUIRE(test::put(tier, 0, size, 1).good());
    for (int pass = 0; pass < 2; ++pass) {
        const bytes before = test::device_reads();
        REQUIRE(test::has(tier, 0, size, 1));
        CHECK(test::device_reads() - before >= size);
    }
}

TEST_CASE("direct file: a file system without O_DIRECT and fallocate is used all the same, and it says so") {
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "ramfs", "", [&] {
        direct_file tier;
        if (!tier.open(setup_in(user.path()))) return 1;
        if (tier::note_of(tier).find("refuses O_DIRECT") == std::string::npos) return 2;
        if (!test::files_below(user.path()).empty()) return 3; // the probe is gone
        const bytes size = test::io_chunk * 7;
        if (!test::put(tier, 0, size, 9).good()) return 4;
        return test::has(tier, 0, size, 9) ? 0 : 5;
    });
    CHECK(status == 0);
}

TEST_CASE("direct file: where O_DIRECT is taken there is nothing to note, and no probe left behind") {
    const temporary_directory user;
    const std::string path = user / "direct";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
    if (fd < 0) {
        WARN("SKIPPED: " << user.path() << " refuses O_DIRECT; set TMPDIR to a folder on a disk");
        return;
    }
    ::close(fd);
    direct_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    CHECK(tier.note().empty());
    CHECK(test::files_below(user.path()) == std::vector{path});
}

TEST_CASE("direct file: erase succeeds for an entry never created") {
    const temporary_directory user;
    direct_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    CHECK(tier.erase(12).good());
}

TEST_CASE("direct file: capacity is asked of a directory that is not made yet; at the end nothing stays") {
    const temporary_directory user;
    const auto setup = setup_in(user / "deep/cache");
    CHECK(direct_file::capacity(setup) > bytes(0));
    CHECK_FALSE(std::filesystem::exists(user / "deep"));
    {
        direct_file tier;
        REQUIRE(tier.open(setup));
        REQUIRE(test::put(tier, 0, test::io_chunk, 1).good());
        CHECK(test::files_below(setup.cache_dir).size() == 1);
    }
    CHECK(std::filesystem::is_empty(user.path()));
}

TEST_CASE("direct file: a directory that cannot be made is refused by name") {
    const temporary_directory user;
    test::write_file(user / "file", "");
    direct_file tier;
    const auto opened = tier.open(setup_in(user / "file/cache"));
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Catch::Contains(user / "file/cache"));
}

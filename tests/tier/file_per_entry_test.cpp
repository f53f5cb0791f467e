// A file per entry: whole, preallocated, also when descriptors or space run out.
#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/file_tier.hpp>

#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"
#include "tier/mounted_memory.hpp"

using namespace kvmark;
using test::temporary_directory;
using tier::entry_id;

namespace {

/// The plainest tier of that layout.
struct plain_files : tier::file_tier<tier::file_per_entry> {
    result<void> open(const std::string& directory, std::uint32_t queue_depth = 4) {
        return layout().open({.io_chunk = test::io_chunk, .queue_depth = queue_depth, .cache_dir = directory},
                             tier::page_cache::used);
    }
};

constexpr bytes small = test::io_chunk;

std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
    return n - 1; // the iterator's own
}

bool limit_descriptors(rlim_t n) {
    const rlimit limit{.rlim_cur = n, .rlim_max = n};
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

} // namespace

TEST_CASE("file per entry: one file per entry, of its size, its blocks reserved, gone when erased") {
    const temporary_directory user;
    plain_files tier;
    REQUIRE(tier.open(user.path()));
    const entry_id ids[] = {0, 1, 15, 16, 0xabcdef, 60'000'000};
    for (const entry_id e : ids) {
        REQUIRE(tier.create(e, bytes(4096) * (e % 7 + 1)).good());
        const auto files = test::files_below(user.path());
        REQUIRE(files.size() == 1);
        struct stat info {};
        REQUIRE(::stat(files[0].c_str(), &info) == 0);
        CHECK(files[0].ends_with(".kv"));
        CHECK(info.st_size == 4096 * (e % 7 + 1));
        CHECK(info.st_blocks * 512 >= info.st_size);
        REQUIRE(tier.erase(e).good());
        CHECK(test::files_below(user.path()).empty());
    }
}

TEST_CASE("file per entry: no two entries share a file") {
    const temporary_directory user;
    plain_files tier;
    REQUIRE(tier.open(user.path()));
    std::vector<entry_id> ids{0};
    for (int bit = 0; bit < 26; ++bit) ids.push_back(entry_id{1} << bit);
    for (const entry_id e : ids) REQUIRE(test::put(tier, e, small, e).good());
    CHECK(test::files_below(user.path()).size() == ids.size());
    for (const entry_id e : ids) CHECK(test::has(tier, e, small, e));
}

TEST_CASE("file per entry: an entry created anew holds nothing of the one before it") {
    const temporary_directory user;
    plain_files tier;
    REQUIRE(tier.open(user.path()));
    REQUIRE(test::put(tier, 3, small, 1).good());
    REQUIRE(tier.erase(3).good());
    REQUIRE(tier.create(3, small).good());
    const huge_page_buffer buffer(small);
    test::fill(buffer.span(), 1, {});
    REQUIRE(tier.read(3, {}, buffer.span()).good());
    for (const std::byte b : buffer.span())
        if (b != std::byte{0}) FAIL("a byte of the old entry");
}

TEST_CASE("file per entry: erase succeeds for an entry never created, and erased twice") {
    const temporary_directory user;
    plain_files tier;
    REQUIRE(tier.open(user.path()));
    CHECK(tier.erase(0).good());
    CHECK(tier.erase(1'000'000).good());
    REQUIRE(tier.create(0, small).good());
    CHECK(tier.erase(0).good());
    CHECK(tier.erase(0).good());
}

TEST_CASE("file per entry: a file shorter than its entry is an I/O error where bytes are missing") {
    const temporary_directory user;
    plain_files tier;
    REQUIRE(tier.open(user.path()));
    REQUIRE(test::put(tier, 0, small * 2, 1).good());
    REQUIRE(::truncate(test::files_below(user.path()).at(0).c_str(), static_cast<off_t>(small.count) + 100) ==
            0);
    const huge_page_buffer buffer(small);
    CHECK(tier.read(0, {}, buffer.span()).good());
    CHECK(tier.read(0, small, buffer.span()).error_number == EIO);
    CHECK(tier.read(0, small * 2, buffer.span()).error_number == EIO);
}

TEST_CASE("file per entry: an error of the system comes back by its number") {
    const temporary_directory user;
    plain_files tier;
    REQUIRE(tier.open(user.path()));
    const huge_page_buffer buffer(small);
    REQUIRE(tier.create(0, small).good());
    CHECK(tier::write_all(-1, 0, buffer.span()).error_number == EBADF);
    CHECK(tier::read_all(-1, 0, buffer.span()).error_number == EBADF);
    CHECK(tier.create(1, bytes(std::uint64_t{1} << 62)).error_number != 0);
}

TEST_CASE("file per entry: reads and writes go on when there are more entries than descriptors") {
    const temporary_directory user;
    const rlim_t limit = GENERATE(100, 60); // room for some descriptors to keep, and for none
    const int status = test::exit_status_of([&] {
        if (!limit_descriptors(limit)) return 1;
        plain_files tier;
        if (!tier.open(user.path())) return 2;
        for (int round = 0; round < 2; ++round) {
            const std::size_t before = open_descriptors();
            for (entry_id e = 0; e < 60; ++e)
                if (!test::put(tier, e, small, e).good()) return 3;
            if (open_descriptors() - before != (limit == 100 ? 32 : 0)) return 4; // 64 reserved, 4 for I/O
            for (entry_id e = 0; e < 60; ++e)
                if (!test::has(tier, e, small, e)) return 5;
            for (entry_id e = 0; e < 60; ++e)
                if (!tier.erase(e).good()) return 6;
            if (open_descriptors() != before) return 7;
        }
        return 0;
    });
    CHECK(status == 0);
}

TEST_CASE("file per entry: the soft limit of descriptors is raised to the hard one") {
    const temporary_directory user;
    const int status = test::exit_status_of([&] {
        const rlimit limit{.rlim_cur = 40, .rlim_max = 300};
        plain_files tier;
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0 || !tier.open(user.path())) return 1;
        const std::size_t before = open_descriptors();
        for (entry_id e = 0; e < 200; ++e)
            if (!tier.create(e, small).good()) return 2;
        return open_descriptors() - before == 200 ? 0 : 3;
    });
    CHECK(status == 0);
}

TEST_CASE("file per entry: a full disk refuses an entry, and nothing of it stays") {
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "tmpfs", "size=1m", [&] {
        plain_files tier;
        if (!tier.open(user.path())) return 1;
        if (!test::put(tier, 0, bytes(512 * kib_bytes), 1).good()) return 2;
        const std::size_t descriptors = open_descriptors();
        for (entry_id e = 1; e <= 20; ++e)
            if (tier.create(e, bytes(768 * kib_bytes)).error_number != ENOSPC) return 3;
        if (open_descriptors() != descriptors) return 4;
        if (test::files_below(user.path()).size() != 1) return 5;
        if (!test::has(tier, 0, bytes(512 * kib_bytes), 1)) return 6;
        if (!test::put(tier, 1, bytes(256 * kib_bytes), 2).good()) return 7;
        return test::has(tier, 1, bytes(256 * kib_bytes), 2) ? 0 : 8;
    });
    CHECK(status == 0);
    CHECK(test::files_below(user.path()).empty());
}

TEST_CASE("file per entry: refused entries do not use up the descriptors to keep") {
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "tmpfs", "size=1m", [&] {
        plain_files tier;
        if (!limit_descriptors(100) || !tier.open(user.path())) return 1; // 32 to keep
        for (entry_id e = 0; e < 100; ++e) {
            if (tier.create(e, bytes(2 * mib_bytes)).error_number != ENOSPC) return 2;
            if (!tier.erase(e).good()) return 3;
        }
        const std::size_t before = open_descriptors();
        for (entry_id e = 0; e < 40; ++e)
            if (!tier.create(e, bytes(4096)).good()) return 4;
        return open_descriptors() - before == 32 ? 0 : 5;
    });
    CHECK(status == 0);
}

TEST_CASE("file per entry: its capacity is 95 % of the free space, also for a path not made yet") {
    const temporary_directory user;
    struct statvfs info {};
    REQUIRE(::statvfs(user.path().c_str(), &info) == 0);
    const double expected = 0.95 * static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
    for (const std::string& path : {user.path(), user / "not/yet/made"})
        CHECK(static_cast<double>(tier::file_per_entry::capacity({.cache_dir = path}).count) ==
              Approx(expected).epsilon(0.02));
    CHECK(tier::file_per_entry::capacity({.cache_dir = "not-yet-made"}).count > 0);
    CHECK(tier::file_per_entry::capacity({.cache_dir = "/not-yet-made"}).count > 0);
    CHECK_FALSE(std::filesystem::exists(user / "not"));
}

TEST_CASE("file per entry: files, directory and descriptors are gone at the end") {
    const temporary_directory user;
    const std::size_t before = open_descriptors();
    {
        plain_files tier;
        REQUIRE(tier.open(user / "cache"));
        for (entry_id e = 0; e < 50; ++e) REQUIRE(test::put(tier, e * 1000, small, e).good());
        CHECK(open_descriptors() > before);
    }
    CHECK(open_descriptors() == before);
    CHECK(std::filesystem::is_empty(user.path()));
}

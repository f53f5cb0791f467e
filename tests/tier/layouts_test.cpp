// What every layout does for a tier of files, and what each does its own way.
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/selected_layout.hpp>

#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"
#include "tier/mounted_memory.hpp"

using namespace kvmark;
using test::temporary_directory;
using tier::entry_id;
using tier::layout_kind;

static_assert(tier::has_instant_metadata<tier::basic_direct_file<tier::slab>>);
static_assert(!tier::has_instant_metadata<tier::basic_direct_file<tier::selected_layout>>);

namespace {

using selected_file = tier::basic_direct_file<tier::selected_layout>;

constexpr bytes limit{test::io_chunk * 200};

tier::tier_setup setup_in(const std::string& directory, layout_kind layout) {
    return {.limit = limit,
            .io_chunk = test::io_chunk,
            .queue_depth = 4,
            .cache_dir = directory,
            .layout = layout};
}

/// Folders and files below `directory`.
std::size_t things_below(const std::string& directory) {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& thing : std::filesystem::recursive_directory_iterator(directory)) ++n;
    return n;
}

} // namespace

TEMPLATE_TEST_CASE("layouts: entries of odd sizes come back, and room that entries leave serves others", "",
                   tier::file_per_entry, tier::file_per_block, tier::slab) {
    const temporary_directory user;
    {
        tier::basic_direct_file<TestType> tier;
        REQUIRE(tier.open(setup_in(user.path(), {})));
        for (int round = 0; round < 3; ++round) {
            const std::uint64_t sectors[] = {1, 4, 5, 6, 37, 90};
            for (const std::uint64_t n : sectors)
                REQUIRE(test::put(tier, static_cast<entry_id>(n), tier::sector_size * n, n + 1).good());
            for (const std::uint64_t n : sectors)
                CHECK(test::has(tier, static_cast<entry_id>(n), tier::sector_size * n, n + 1));
            for (const std::uint64_t n : sectors) REQUIRE(tier.erase(static_cast<entry_id>(n)).good());
        }
        CHECK(tier.erase(12'345).good());
    }
    CHECK(things_below(user.path()) == 0);
}

TEMPLATE_TEST_CASE("layouts: an entry can be made durable, and threads read it at once", "",
                   tier::file_per_entry, tier::file_per_block, tier::slab) {
    const temporary_directory user;
    tier::basic_file<TestType> tier;
    REQUIRE(tier.open(setup_in(user.path(), {})));
    const bytes size = test::io_chunk * 20;
    REQUIRE(test::put(tier, 5, size, 5).good());
    CHECK(tier.commit(5).good());
    CHECK(test::concurrent_read_faults(tier, 5, size, 5) == 0);
}

TEST_CASE("layouts: what is selected at run time is what lies on the disk") {
    const auto layout = GENERATE(layout_kind::file_per_entry, layout_kind::file_per_block, layout_kind::slab);
    const temporary_directory user;
    {
        selected_file tier;
        const auto setup = setup_in(user.path(), layout);
        REQUIRE(tier.open(setup));
        CHECK(selected_file::granule(setup) ==
              (layout == layout_kind::slab ? test::io_chunk : tier::sector_size));
        REQUIRE(test::put(tier, 0, test::io_chunk * 10, 1).good());
        REQUIRE(test::put(tier, 1, test::io_chunk * 10, 2).good());
        const auto files = test::files_below(user.path());
        CHECK(files.size() == (layout == layout_kind::slab             ? 1
                               : layout == layout_kind::file_per_entry ? 2
                                                                       : 20));
        if (layout == layout_kind::slab) CHECK(std::filesystem::file_size(files[0]) == limit.count);
        CHECK(test::has(tier, 0, test::io_chunk * 10, 1));
        CHECK(test::has(tier, 1, test::io_chunk * 10, 2));
    }
    CHECK(things_below(user.path()) == 0);
}

TEST_CASE("layouts: a slab that is full refuses an entry by its errno, and holds what it held") {
    const temporary_directory user;
    tier::basic_direct_file<tier::slab> tier;
    REQUIRE(tier.open(setup_in(user.path(), {})));
    REQUIRE(test::put(tier, 0, test::io_chunk * 150, 1).good());
    CHECK(tier.create(1, test::io_chunk * 51).error_number == ENOSPC);
    REQUIRE(test::put(tier, 2, test::io_chunk * 50, 2).good());
    CHECK(test::has(tier, 0, test::io_chunk * 150, 1));
    CHECK(test::has(tier, 2, test::io_chunk * 50, 2));
}

TEST_CASE("layouts: a disk too small for the slab is said at once, with what to do") {
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "tmpfs", "size=1m", [&] {
        tier::basic_direct_file<tier::slab> tier;
        const auto opened = tier.open(setup_in(user.path(), {}));
        if (opened) return 1;
        return opened.error().message.find("--storage-capacity-gb") == std::string::npos ? 2 : 0;
    });
    CHECK(status == 0);
}

TEST_CASE("layouts: of an entry whose blocks do not all fit on the disk, none stays") {
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "tmpfs", "size=2m", [&] {
        tier::basic_direct_file<tier::file_per_block> tier;
        if (!tier.open(setup_in(user.path(), {}))) return 1;
        if (!test::put(tier, 0, bytes(512 * kib_bytes), 1).good()) return 2;
        const auto before = test::files_below(user.path()).size();
        if (tier.create(1, bytes(4 * mib_bytes)).error_number != ENOSPC) return 3;
        if (test::files_below(user.path()).size() != before) return 4;
        return test::has(tier, 0, bytes(512 * kib_bytes), 1) ? 0 : 5;
    });
    CHECK(status == 0);
}

TEST_CASE("layouts: --strict refuses a file system without O_DIRECT, which is a fallback else") {
    const auto layout = GENERATE(layout_kind::file_per_entry, layout_kind::file_per_block, layout_kind::slab);
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "ramfs", "", [&] {
        auto setup = setup_in(user.path(), layout);
        {
            selected_file tier;
            if (!tier.open(setup) || tier.note().empty()) return 1;
        }
        setup.strict = true;
        selected_file tier;
        const auto opened = tier.open(setup);
        return !opened && opened.error().message.find("O_DIRECT") != std::string::npos ? 0 : 2;
    });
    CHECK(status == 0);
}

TEST_CASE("layouts: what a killed run left is removed by the next, fan-out folders too") {
    const temporary_directory user;
    const int status = test::exit_status_of([&] {
        auto* tier = new tier::basic_direct_file<tier::file_per_block>;
        if (!tier->open(setup_in(user.path(), {}))) return 1;
        return test::put(*tier, 0, test::io_chunk * 4, 1).good() ? 0 : 2; // and no destructor
    });
    REQUIRE(status == 0);
    REQUIRE(things_below(user.path()) > 256);
    {
        tier::direct_file next;
        REQUIRE(next.open(setup_in(user.path(), {})));
        CHECK(things_below(user.path()) == 1);
    }
    CHECK(things_below(user.path()) == 0);
}

// The tier through mmap: every layout, and an error of the file as an errno, not a signal.
#include <kvmark/tier/mapped_file.hpp>
#include <kvmark/tier/selected_layout.hpp>

#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"

using namespace kvmark;
using test::temporary_directory;
using tier::layout_kind;
using mapped = tier::basic_mapped_file<tier::selected_layout>;

static_assert(tier::blocking_tier<mapped> && tier::has_commit<mapped>);

namespace {

tier::tier_setup setup_in(const std::string& directory, layout_kind layout) {
    return {.limit = test::io_chunk * 100,
            .io_chunk = test::io_chunk,
            .queue_depth = 4,
            .cache_dir = directory,
            .layout = layout};
}

} // namespace

TEST_CASE("mapped file: entries come back on every layout, with and without populating") {
    const auto layout = GENERATE(layout_kind::file_per_entry, layout_kind::file_per_block, layout_kind::slab);
    const bool populate = GENERATE(true, false);
    const temporary_directory user;
    mapped tier({.populate = populate, .advice = tier::map_advice::sequential});
    REQUIRE(tier.open(setup_in(user.path(), layout)));
    const std::uint64_t sectors[] = {1, 4, 5, 6, 37};
    for (const std::uint64_t n : sectors)
        REQUIRE(test::put(tier, static_cast<tier::entry_id>(n), tier::sector_size * n, n).good());
    for (const std::uint64_t n : sectors)
        CHECK(test::has(tier, static_cast<tier::entry_id>(n), tier::sector_size * n, n));
    REQUIRE(test::put(tier, 50, test::io_chunk * 20, 50).good());
    CHECK(test::concurrent_read_faults(tier, 50, test::io_chunk * 20, 50) == 0);
}

TEST_CASE("mapped file: a file shorter than its entry is an I/O error, and the process lives") {
    const temporary_directory user;
    const int status = test::exit_status_of([&] {
        mapped tier;
        if (!tier.open(setup_in(user.path(), layout_kind::file_per_entry))) return 1;
        if (!test::put(tier, 0, test::io_chunk * 2, 1).good()) return 2;
        if (::truncate(test::files_below(user.path()).at(0).c_str(), 4096) != 0) return 3;
        const huge_page_buffer buffer(test::io_chunk);
        return tier.read(0, test::io_chunk, buffer.span()).error_number == EIO ? 0 : 4;
    });
    CHECK(status == 0);
}

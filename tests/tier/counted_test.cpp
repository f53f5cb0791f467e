// A counted tier knows what was asked of it: calls, bytes and errors, by kind of call.
#include <kvmark/tier/counted.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/host.hpp>

#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"

using namespace kvmark;
using tier::call_counter;
using tier::entry_id;

static_assert(tier::counted<tier::host>::name == "counted host");
static_assert(tier::has_commit<tier::counted<tier::file>> && !tier::has_commit<tier::counted<tier::host>>);

namespace {

struct sums {
    std::uint64_t calls, bytes, errors;
    friend bool operator==(const sums&, const sums&) = default;
};
sums of(const call_counter& c) { return {c.calls, c.bytes, c.errors}; }

} // namespace

TEST_CASE("counted: calls and bytes by kind of call") {
    const test::temporary_directory user;
    tier::counted<tier::file> t;
    REQUIRE(t.open({.io_chunk = test::io_chunk, .cache_dir = user.path()}));
    const bytes size = test::io_chunk * 3 + tier::sector_size;
    REQUIRE(test::put(t, 0, size, 1).good());
    REQUIRE(test::has(t, 0, size, 1));
    REQUIRE(test::has(t, 0, size, 1));
    CHECK(t.erase(0).good());
    CHECK((of(t.counts().create) == sums{1, size.count, 0}));
    CHECK((of(t.counts().write) == sums{4, size.count, 0}));
    CHECK((of(t.counts().read) == sums{8, 2 * size.count, 0}));
    CHECK((of(t.counts().erase) == sums{1, 0, 0}));
    CHECK((of(t.counts().commit) == sums{1, 0, 0}));
}

TEST_CASE("counted: a call that fails is an error and moves no bytes") {
    tier::counted<tier::host> t;
    REQUIRE(t.open({.limit = bytes(mib_bytes), .io_chunk = test::io_chunk}));
    CHECK(t.create(0, bytes(gib_bytes)).error_number == ENOMEM);
    CHECK((of(t.counts().create) == sums{1, 0, 1}));
}

TEST_CASE("counted: into counts of the caller, which outlive the tier, from many threads") {
    tier::call_counts counts;
    {
        tier::counted<tier::host> t({.counts = &counts});
        REQUIRE(t.open({.limit = bytes(8 * mib_bytes), .io_chunk = test::io_chunk}));
        REQUIRE(test::put(t, 0, test::io_chunk * 50, 1).good());
        CHECK(test::concurrent_read_faults(t, 0, test::io_chunk * 50, 1) == 0);
        CHECK(&t.counts() == &counts);
    }
    CHECK((of(counts.read) == sums{400, 400 * test::io_chunk.count, 0})); // four readers, 100 each
}

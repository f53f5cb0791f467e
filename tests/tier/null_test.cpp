// The null tier takes no time, and has the defaults of every tier that defines no optional member.
#include <kvmark/tier/null.hpp>

#include "support/catch.hpp"

using namespace kvmark;
using tier::direction;
using tier::null;

static_assert(tier::timed_tier<null<>> && !tier::blocking_tier<null<>>);
static_assert(null<>::role == tier::tier_role::storage);
static_assert(null<tier::tier_role::cpu>::role == tier::tier_role::cpu);
static_assert(!tier::has_instant_metadata<null<>> && !tier::has_commit<null<>>);

TEST_CASE("null: any operation is done the instant it is asked, however much went before") {
    null<> nothing;
    REQUIRE(nothing.open({}));
    for (const nanoseconds now : {nanoseconds(0), nanoseconds(7), from_seconds(3600), nanoseconds(7)}) {
        CHECK(nothing.schedule(direction::write, bytes(gib_bytes), now) == now);
        CHECK(nothing.schedule(direction::read, bytes(4096), now) == now);
    }
}

TEST_CASE("null: what a tier does not say has a default") {
    null<> nothing;
    const tier::tier_setup setup{.limit = bytes(1), .queue_depth = 17};
    CHECK(tier::granule_of(nothing, {}) == tier::sector_size);
    CHECK(tier::depth_of(nothing, setup) == 17);
    CHECK(tier::note_of(nothing).empty());
    CHECK(tier::gpus_of(nothing).empty());
    CHECK(tier::capacity_of(nothing, setup) == bytes(~std::uint64_t{0}));
    CHECK(tier::commit(nothing, 0).good());
}

// The two clocks: one that runs by itself, one that only the engine moves.
#include <kvmark/core/clock.hpp>

#include "support/catch.hpp"

using namespace kvmark;

static_assert(clock_policy<clocks::steady> && clock_policy<clocks::virtual_time>);
static_assert(!clocks::steady::is_virtual && clocks::virtual_time::is_virtual);
static_assert(!clock_policy<int>);

TEST_CASE("the steady clock counts real time from its construction") {
    const clocks::steady clock;
    const nanoseconds start = clock.now();
    CHECK(start >= nanoseconds(0));
    CHECK(start < from_seconds(1));
    const timespec pause{.tv_sec = 0, .tv_nsec = 2'000'000};
    REQUIRE(::nanosleep(&pause, nullptr) == 0);
    CHECK(clock.now() - start >= from_seconds(0.002));
}

TEST_CASE("advance_to() does not move the steady clock") {
    clocks::steady clock;
    clock.advance_to(from_seconds(3600));
    CHECK(clock.now() < from_seconds(60));
}

TEST_CASE("virtual time stands still, jumps on demand, and never goes back") {
    clocks::virtual_time clock;
    CHECK(clock.now() == nanoseconds(0));
    clock.advance_to(from_seconds(3600));
    CHECK(clock.now() == from_seconds(3600));
    clock.advance_to(from_seconds(1));
    CHECK(clock.now() == from_seconds(3600));
}

// CLOCK: by hand, and against a list.
#include <kvmark/cache/clock.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("CLOCK lets the head go round once more for a hit, however many there were") {
    CHECK(test::evicted<cache::clock>(3, "a b c a a d e f") == "     b c a");
}

TEST_CASE("CLOCK evicts the first again when all were hit") {
    CHECK(test::evicted<cache::clock>(3, "a b c a b c d e") == "      a b");
}

TEST_CASE("cache::clock agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::clock, test::plain_clock>();
}

// SIEVE: by hand, and against a vector with a hand.
#include <kvmark/cache/sieve.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("SIEVE keeps what was hit where it stands, and its hand where it last was") {
    // d: the hand clears a and takes b. e: it goes on at c. f: at d, though a is older and not hit again.
    CHECK(test::evicted<cache::sieve>(3, "a b c a d e f") == "    b c d");
}

TEST_CASE("SIEVE starts at the oldest again once its hand is past the newest") {
    CHECK(test::evicted<cache::sieve>(2, "a b a c d") == "   b a");
    CHECK(test::evicted<cache::sieve>(2, "a b a b c d") == "    a b");
}

TEST_CASE("cache::sieve agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::sieve, test::plain_sieve>();
}

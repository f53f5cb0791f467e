// SLRU: by hand, and against two lists.
#include <kvmark/cache/slru.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("SLRU evicts what was never hit first, the least recent of it") {
    CHECK(test::evicted<cache::slru>(3, "a b c a d e f") == "    b c d");
}

TEST_CASE("SLRU protects four fifths, rounded down; who overflows is the newest on probation") {
    // Of four, three are protected: d's hit sends a back to probation, where it alone can leave.
    CHECK(test::evicted<cache::slru>(4, "a b c d a b c d e") == "        a");
    // Of five, four.
    CHECK(test::evicted<cache::slru>(5, "a b c d e a b c d f") == "         e");
}

TEST_CASE("SLRU of a single block protects none") {
    CHECK(test::evicted<cache::slru>(1, "a a b a") == "  a b");
}

TEST_CASE("cache::slru agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::slru, test::plain_slru>();
}

// ARC: by hand, and against four lists.
#include <kvmark/cache/arc.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("ARC evicts what was seen once before what was seen again") {
    CHECK(test::evicted<cache::arc>(3, "a b c a d e") == "    b c");
}

TEST_CASE("ARC does not remember what a scan alone pushes through") {
    // Nothing was hit: T1 fills the cache and B1 stays empty, so it is LRU.
    CHECK(test::evicted<cache::arc>(2, "a b c d a") == "  a b c");
}

TEST_CASE("ARC gives recency a larger share when what it evicted comes back") {
    // b comes back: p is 1, so T1 keeps one and the next victim is of T2.
    CHECK(test::evicted<cache::arc>(3, "a b c a d b e") == "    b c a");
}

TEST_CASE("cache::arc agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::arc, test::plain_arc>();
}

// LRU: by hand, and against a list.
#include <kvmark/cache/lru.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("LRU evicts whoever was used longest ago") {
    CHECK(test::evicted<cache::lru>(3, "a b c a d e a f") == "    b c  d");
}

TEST_CASE("LRU agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::lru, test::plain_lru>();
}

// LFU: by hand, and against a map that is searched.
#include <kvmark/cache/lfu.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("LFU evicts the smallest count, of several the least recently used") {
    CHECK(test::evicted<cache::lfu>(3, "a b c a b d e a f") == "     c d  e");
    CHECK(test::evicted<cache::lfu>(3, "a b c b a c d") == "      b");
}

TEST_CASE("LFU forgets the count of what it evicts") {
    CHECK(test::evicted<cache::lfu>(2, "a a b b b c a d") == "     a c a");
}

TEST_CASE("cache::lfu agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::lfu, test::plain_lfu>();
}

// Belady's optimum over leaves: by hand, and against a trie that is searched.
#include <kvmark/cache/belady_leaf.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("Belady over leaves evicts the leaf that is used last, and only for an earlier newcomer") {
    CHECK(test::evicted<cache::belady_leaf>(3, "ab c d d ab c") == "  c   ");
    CHECK(test::evicted<cache::belady_leaf>(3, "ab c d ab c d") == "     ");
}

TEST_CASE("Belady over leaves takes the larger number of two that are not used again") {
    CHECK(test::evicted<cache::belady_leaf>(3, "x a b c c") == "   b ");
}

TEST_CASE("cache::belady_leaf agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::belady_leaf, test::plain_belady_leaf>();
}

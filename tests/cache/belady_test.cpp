// Belady's optimum: by hand, and against a map that is searched.
#include <kvmark/cache/belady.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("Belady evicts the block that is referenced last") {
    CHECK(test::evicted<cache::belady>(3, "a b c d a b c") == "   c   d");
}

TEST_CASE("Belady's bypass leaves out what is not needed earlier than the victim") {
    CHECK(test::evicted<cache::belady_bypass>(3, "a b c d a b c") == "      ");
    CHECK(test::evicted<cache::belady_bypass>(2, "a b c c a b") == "  b   ");
}

TEST_CASE("Belady with bypass agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::belady_bypass, test::plain_belady_bypass>();
}

TEST_CASE("cache::belady agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::belady, test::plain_belady>();
}

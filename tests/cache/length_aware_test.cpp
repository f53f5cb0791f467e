// Length-aware: by hand, and against a map that is searched.
#include <kvmark/cache/length_aware.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("length-aware evicts the block that stands last in its request") {
    CHECK(test::evicted<cache::length_aware>(4, "abc d e f") == "  c b");
}

TEST_CASE("length-aware evicts the least recently used of one position") {
    CHECK(test::evicted<cache::length_aware>(4, "ab cd ab e") == "   d");
}

TEST_CASE("length-aware goes by where a block stood when it was last used") {
    CHECK(test::evicted<cache::length_aware>(2, "ab ba c") == "  a");
}

TEST_CASE("length-aware finds the last position in use among thousands") {
    cache::length_aware policy;
    for (const std::uint32_t position : {0u, 63u, 64u, 4095u, 4096u, 70'000u})
        policy.insert({.block = position / 2, .position = position});
    for (const std::uint32_t position : {70'000u, 4096u, 4095u, 64u, 63u, 0u}) {
        CHECK(policy.victim() == position / 2);
        policy.remove(position / 2);
    }
    CHECK(policy.victim() == cache::no_entry);
}

TEST_CASE("cache::length_aware agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::length_aware, test::plain_length_aware>();
}

// TinyLFU: by hand, and against counters in maps.
#include <kvmark/cache/length_aware.hpp>
#include <kvmark/cache/lru_leaf.hpp>
#include <kvmark/cache/s3fifo.hpp>
#include <kvmark/cache/tinylfu.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("TinyLFU lets in who was looked up more often than the victim") {
    CHECK(test::evicted<cache::tinylfu<>>(2, "a b b c c a c") == "    a  ");
    CHECK(test::evicted<cache::tinylfu<>>(2, "a a b b c d e f") == "       ");
}

TEST_CASE("TinyLFU halves its counters after ten capacities of look-ups, so the new can come in") {
    // Of a's six look-ups and b's, half are forgotten at the twentieth; c comes in at its fifth.
    std::string words;
    for (int i = 0; i < 6; ++i) words += "a b ";
    CHECK(test::evicted<cache::tinylfu<>>(2, words + "c c c c c c c c") == std::string(12 + 6, ' ') + "a ");
}

TEST_CASE("TinyLFU agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::tinylfu<>, test::plain_tinylfu<false>>(cache::next_use_unit::none);
}

TEST_CASE("TinyLFU with a doorkeeper agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::tinylfu<cache::lru, true>, test::plain_tinylfu<true>>(
        cache::next_use_unit::none);
}

TEST_CASE("TinyLFU stands in front of any policy, whose optional members it passes on") {
    using over_leaves = cache::tinylfu<cache::lru_leaf>;
    STATIC_REQUIRE(cache::wants_block_use<over_leaves>);
    STATIC_REQUIRE_FALSE(cache::wants_block_use<cache::tinylfu<>>);
    CHECK(over_leaves().keeps_prefixes());
    CHECK_FALSE(cache::tinylfu<>().keeps_prefixes());
    // Looked up twice, d is let in; the leaf c leaves and not a, which was used longest ago.
    CHECK(test::evicted<over_leaves>(3, "abc d d") == "  c");
    CHECK(test::evicted<cache::tinylfu<cache::length_aware>>(3, "abc d d") == "  c");
    CHECK(test::evicted<cache::tinylfu<cache::s3fifo>>(3, "a b c d d") == "    a");
}

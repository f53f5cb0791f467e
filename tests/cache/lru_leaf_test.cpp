// LRU over leaves: by hand, and against a trie that is searched.
#include <kvmark/cache/lru_leaf.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("LRU-leaf evicts the leaf that was used longest ago, and so a prefix from its end") {
    CHECK(test::evicted<cache::lru_leaf>(4, "abc d e f g") == "  c b a");
}

TEST_CASE("LRU-leaf keeps the path of the request in flight, and stops where nothing else can leave") {
    CHECK(test::evicted<cache::lru_leaf>(3, "abc abcd") == " ");
    CHECK(test::evicted<cache::lru_leaf>(3, "ab x abcd") == "  xc");
}

TEST_CASE("LRU-leaf inserts nothing whose parent has just made room for it") {
    // d's only victim is its own parent c: it goes, and d does not come in.
    CHECK(test::evicted<cache::lru_leaf>(3, "abcd abcde") == "c c");
}

TEST_CASE("LRU-leaf ranks a parent by its own last use once its children are gone") {
    // b leaves first; a was used after c, so c is next.
    CHECK(test::evicted<cache::lru_leaf>(3, "ab c a d e") == "   b c");
}

TEST_CASE("LRU-leaf agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::lru_leaf, test::plain_lru_leaf>();
}

namespace {

/// Whose clock must start again every few hundred uses.
struct short_clock : cache::leaf_first<cache::least_recent_use<500>> {};

} // namespace

TEST_CASE("LRU-leaf keeps its order when its clock starts again") {
    test::compare_with_plain<short_clock, test::plain_lru_leaf>();
}

// FIFO: by hand, and against a list.
#include <kvmark/cache/fifo.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("FIFO evicts whoever came first, hit or not") {
    CHECK(test::evicted<cache::fifo>(3, "a b c a d a e") == "    a b c");
}

TEST_CASE("cache::fifo agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::fifo, test::plain_fifo>();
}

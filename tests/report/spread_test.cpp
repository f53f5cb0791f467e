#include "support/catch.hpp"

#include <kvmark/report/spread.hpp>

using namespace kvmark::report;

TEST_CASE("spread: median and range") {
    const median_and_spread odd = summarise({3, 1, 10});
    CHECK(odd.median == 3);
    CHECK(odd.low == 1);
    CHECK(odd.high == 10);
    CHECK(odd.spread() == 10);
    CHECK(summarise({4, 1, 2, 3}).median == 2.5);
    CHECK(summarise({}).median == 0);
    CHECK(summarise({0, 1}).spread() == 0); // no ratio to nothing
}

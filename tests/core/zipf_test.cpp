// Zipf ranks against their exact chances.
#include <kvmark/core/zipf.hpp>

#include "support/catch.hpp"

#include <cmath>
#include <vector>

using namespace kvmark;

namespace {

/// Sum of (seen - expected)^2 / expected over the ranks.
double chi_square(std::uint64_t ranks, double skew, int draws, std::uint64_t seed) {
    double all = 0;
    for (std::uint64_t k = 1; k <= ranks; ++k) all += std::pow(static_cast<double>(k), -skew);
    std::vector<int> seen(ranks);
    const zipf z(ranks, skew);
    random_stream s(seed);
    for (int i = 0; i < draws; ++i) ++seen.at(z(s));
    double sum = 0;
    for (std::uint64_t k = 1; k <= ranks; ++k) {
        const double expected = draws * std::pow(static_cast<double>(k), -skew) / all;
        sum += std::pow(seen[k - 1] - expected, 2) / expected;
    }
    return sum;
}

} // namespace

TEST_CASE("each rank is drawn with the chance 1 / rank^skew") {
    // With 99 degrees of freedom, chi-square is above 148.2 once in a thousand.
    for (const double skew : {0.0, 0.3, 0.9, 1.0, 1.0 + 1e-12, 1.1, 1.5}) {
        INFO(skew);
        CHECK(chi_square(100, skew, 1'000'000, 5) < 148.2);
    }
    CHECK(chi_square(2, 1, 100'000, 6) < 10.83); // one degree of freedom
    CHECK(chi_square(2, 3, 100'000, 7) < 10.83);
}

TEST_CASE("one rank is drawn always, and a great many are within bounds") {
    random_stream s(8);
    const zipf one(1, 1.2);
    const zipf many(std::uint64_t{1} << 40, 1.0);
    double logs = 0;
    for (int i = 0; i < 100'000; ++i) {
        REQUIRE(one(s) == 0);
        const std::uint64_t rank = many(s);
        REQUIRE(rank < std::uint64_t{1} << 40);
        logs += std::log2(static_cast<double>(rank) + 1);
    }
    CHECK(logs / 100'000 == Approx(20).epsilon(0.04)); // at a skew of 1 the logarithm is nearly uniform
}

// Random streams: the published generator, the distributions, and independence between streams.
#include <kvmark/core/random.hpp>

#include "support/catch.hpp"

#include <array>
#include <cmath>
#include <set>

using namespace kvmark;

// SplitMix64 from state 0, as published: the first, second and third outputs.
static_assert(mix(0) == 0xe220a8397b1dcdaf);
static_assert(mix(0x9e3779b97f4a7c15) == 0x6e789e6aa1b965f4);
static_assert(mix(0x3c6ef372fe94f82a) == 0x06c45d188009454f);

constexpr std::uint64_t first_of(std::uint64_t seed, std::uint64_t what, std::uint64_t which) {
    return random_stream(seed, what, which).next();
}
static_assert(first_of(1, 2, 3) == first_of(1, 2, 3));
static_assert(first_of(1, 2, 3) != first_of(2, 1, 3) && first_of(1, 2, 3) != first_of(1, 3, 2));

namespace {

constexpr int draws = 200'000;

struct moments {
    double mean = 0, variance = 0;
};
template <class F>
moments moments_of(F&& draw) {
    double sum = 0, squares = 0;
    for (int i = 0; i < draws; ++i) {
        const double x = draw();
        sum += x;
        squares += x * x;
    }
    const double mean = sum / draws;
    return {mean, squares / draws - mean * mean};
}

} // namespace

TEST_CASE("uniform() fills [0, 1) evenly") {
    random_stream s(42);
    const moments m = moments_of([&s] {
        const double u = s.uniform();
        REQUIRE((u >= 0 && u < 1));
        return u;
    });
    CHECK(m.mean == Approx(0.5).margin(0.003));
    CHECK(m.variance == Approx(1.0 / 12).margin(0.001));
}

TEST_CASE("uniform_int() reaches both ends and every value alike") {
    random_stream s(42, 7);
    std::array<double, 13> seen{};
    for (int i = 0; i < draws; ++i) {
        const std::uint64_t n = s.uniform_int(100, 112);
        REQUIRE((n >= 100 && n <= 112));
        ++seen[n - 100];
    }
    double chi_square = 0;
    for (const double n : seen) chi_square += (n - draws / 13.0) * (n - draws / 13.0) / (draws / 13.0);
    CHECK(chi_square < 32.9); // 12 degrees of freedom, 99.9 %
    CHECK(s.uniform_int(5, 5) == 5);
}

TEST_CASE("exponential() has its mean, and a variance of its square") {
    random_stream s(42, 8);
    const moments m = moments_of([&s] { return s.exponential(20.0); });
    CHECK(m.mean == Approx(20).epsilon(0.01));
    CHECK(m.variance == Approx(400).epsilon(0.03));
}

TEST_CASE("chance() comes true as often as it says") {
    random_stream s(42, 9);
    const moments m = moments_of([&s] { return s.chance(0.2) ? 1.0 : 0.0; });
    CHECK(m.mean == Approx(0.2).margin(0.003));
    CHECK_FALSE(s.chance(0.0));
    CHECK(s.chance(1.0));
}

TEST_CASE("streams that differ in seed, purpose or number share nothing") {
    std::set<std::uint64_t> seen;
    std::size_t streams = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed)
        for (std::uint64_t what = 0; what < 10; ++what)
            for (std::uint64_t which = 0; which < 100; ++which, ++streams)
                seen.insert(first_of(seed, what, which));
    CHECK(seen.size() == streams);

    random_stream a(42, 1, 0), b(42, 1, 1);
    const moments m = moments_of([&] { return (a.uniform() - 0.5) * (b.uniform() - 0.5); });
    CHECK(m.mean == Approx(0).margin(0.001)); // neighbours are uncorrelated
}

// Series whose transient is known.
#include <kvmark/core/random.hpp>
#include <kvmark/measure/steady_state.hpp>

#include "support/catch.hpp"

#include <cmath>

using namespace kvmark;
using measure::steadiness_of;

namespace {

/// `n` values of `f(i)`, each with noise of at most `share` of it.
template <class F>
std::vector<double> series(std::size_t n, double share, F&& f, std::uint64_t seed = 1) {
    random_stream draw(seed);
    std::vector<double> all;
    for (std::size_t i = 0; i < n; ++i)
        all.push_back(f(static_cast<double>(i)) * (1 + share * (2 * draw.uniform() - 1)));
    return all;
}

} // namespace

TEST_CASE("a constant series is steady from its first sample") {
    const auto s = steadiness_of(series(60, 0, [](double) { return 7.0; }));
    CHECK(s.known);
    CHECK(s.steady);
    CHECK(s.cut == 0);
    CHECK(steadiness_of(std::vector<double>(60, 0.1)).cut == 0); // whose mean is rounded
}

TEST_CASE("a ramp is cut off where it ends, and the noise behind it is steady") {
    const auto ramp = GENERATE(20.0, 50.0);
    std::size_t steady = 0, late = 0; // chance may hold the end of the noise for better still
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const auto s = steadiness_of(series(
            200, 0.05, [&](double i) { return i < ramp ? i / ramp : 1.0; }, seed));
        CHECK(static_cast<double>(s.cut) >= 0.75 * ramp);
        late += static_cast<double>(s.cut) > ramp + 35;
        steady += s.steady;
    }
    CHECK(steady >= 36);
    CHECK(late <= 4);
}

TEST_CASE("noise alone is steady, but for one in twenty") {
    std::size_t steady = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed)
        steady += steadiness_of(series(
                                    60, 0.5, [](double) { return 100.0; }, seed))
                      .steady;
    CHECK(steady >= 184);
}

TEST_CASE("what still rises or falls at its end is not steady") {
    std::size_t missed = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CHECK(!steadiness_of(series(
                                 100, 0.05, [](double i) { return 100 + i; }, seed))
                   .steady);
        CHECK(!steadiness_of(series(
                                 100, 0.05, [](double i) { return 300 - i; }, seed))
                   .steady);
        // A step late in the series.
        missed += steadiness_of(series(
                                    100, 0.02, [](double i) { return i < 70 ? 1.0 : 2.0; }, seed))
                      .steady;
    }
    CHECK(missed <= 1);
}

TEST_CASE("a drift that is there but too small to matter is none") {
    CHECK(steadiness_of(series(100, 0, [](double i) { return 1000 + 0.1 * i; })).steady);
    CHECK(!steadiness_of(series(100, 0, [](double i) { return 1000 + 2 * i; })).steady);
}

TEST_CASE("a period is no trend") {
    for (const double period : {7.0, 20.0, 50.0})
        CHECK(steadiness_of(series(300, 0.02, [&](double i) {
                  return 100 + 50 * std::sin(2 * 3.14159265 * i / period);
              })).steady);
}

TEST_CASE("a few samples tell nothing, and many cost no more than some") {
    CHECK(!steadiness_of(series(9, 0, [](double) { return 1.0; })).known);
    CHECK(steadiness_of(series(10, 0, [](double) { return 1.0; })).known);
    const auto day = steadiness_of(series(86'400, 0.1, [](double i) { return i < 8640 ? 0.5 : 1.0; }));
    CHECK(day.steady);
    CHECK(day.cut >= 8208);
    CHECK(day.cut <= 11'000);
}

TEST_CASE("of a run: both its series must be steady, and the later cut counts") {
    measure::run_report r;
    for (int i = 0; i < 60; ++i)
        r.timeline.push_back({.at = from_seconds(i + 1.0),
                              .tokens_per_second = i < 10 ? 5.0 : 100.0,
                              .read = bytes(i < 20 ? 1000 : 4000)});
    auto s = steadiness_of(r);
    CHECK(s.known);
    CHECK(s.steady);
    CHECK(s.cut == 20);
    for (auto& row : r.timeline) row.read = {}; // storage was not used
    CHECK(steadiness_of(r).cut == 10);
    for (std::size_t i = 0; i < r.timeline.size(); ++i) r.timeline[i].written = bytes(1000 * i);
    CHECK(!steadiness_of(r).steady);
    CHECK(!steadiness_of(measure::run_report()).known);
}

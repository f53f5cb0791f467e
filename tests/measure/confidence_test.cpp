// Intervals that hold as often as they say.
#include <kvmark/core/random.hpp>
#include <kvmark/measure/confidence.hpp>

#include "support/catch.hpp"

using namespace kvmark::measure;
using kvmark::random_stream;

namespace {

double noise(random_stream& draw) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += draw.uniform();
    return sum;
}

} // namespace

TEST_CASE("the interval of a few trials holds the value as often as its level says") {
    const std::size_t trials = GENERATE(1, 2, 3, 5);
    const double stated = GENERATE(1.0, 0.3, -1.0); // right, too small, none
    if (trials == 1 && stated != 1.0) return;       // one trial can only be believed
    random_stream draw(3);
    std::size_t held = 0;
    constexpr int rounds = 2000;
    for (int i = 0; i < rounds; ++i) {
        std::vector<estimate> of;
        for (std::size_t t = 0; t < trials; ++t) of.push_back({10 + noise(draw), stated});
        const interval r = interval_of(of, 0.95);
        held += r.low <= 10 && r.high >= 10;
    }
    INFO(trials << " trials of error " << stated);
    // Errors that are too small are found out only where the trials differ.
    CHECK(static_cast<double>(held) >= (stated == 0.3 ? trials < 3 ? 0.6 : 0.8 : 0.92) * rounds);
}

TEST_CASE("one trial without an error tells nothing, and equal ones with none all") {
    const std::vector<estimate> one{{5, -1}}, exact{{5, 0}, {5, 0}};
    CHECK(std::isinf(interval_of(one, 0.95).high));
    CHECK(interval_of(one, 0.95).below(5) == 0.5);
    CHECK(interval_of(exact, 0.95).high == 5);
    CHECK(interval_of(exact, 0.95).below(5) == 1);
    CHECK(interval_of(exact, 0.95).below(4.99) == 0);
}

TEST_CASE("the normal and Student's quantiles are those of the tables") {
    const std::vector<estimate> one{{10, 1}}, three{{9, -1}, {10, -1}, {11, -1}};
    CHECK(interval_of(one, 0.95).high == Approx(10 + 1.95996));
    const interval t = interval_of(three, 0.95);
    CHECK(t.high == Approx(10 + 4.30265 / std::sqrt(3.0)));
    CHECK(t.below(t.high) == Approx(0.975));
}

TEST_CASE("batches see that neighbours are alike") {
    random_stream draw(5);
    std::vector<double> apart, alike;
    while (apart.size() < 4000) apart.push_back(noise(draw));
    while (alike.size() < 4000) alike.insert(alike.end(), 20, noise(draw));
    const auto same = [](double x) { return x; };
    CHECK(batch_error(apart, same) == Approx(1 / std::sqrt(4000.0)).epsilon(0.5));
    CHECK(batch_error(alike, same) == Approx(1 / std::sqrt(200.0)).epsilon(0.5));
    CHECK(batch_error(std::vector<double>(9, 1.0), same) < 0);
    CHECK(batch_error(std::vector<double>(10, 1.0), same) == 0);
    CHECK(batch_error(std::vector<double>(400, 0.1), same) == 0);
}

TEST_CASE("the deviation and the errors of quantiles are in nanoseconds") {
    histogram h;
    for (int i = 0; i < 1000; ++i) h.record(kvmark::nanoseconds(1'000'000 + 2000 * i));
    CHECK(deviation_of(h) == Approx(2000 * 288.8).epsilon(0.02)); // uniform: width / sqrt(12)
    CHECK(quantile_error(h, 0.5, 0.05) == Approx(0.05 * 2'000'000).epsilon(0.2));
    CHECK(quantile_error(h, 0.99, 0.05) > 0);
}

#include "noise.hpp"
#include "support/catch.hpp"

using namespace kvmark;
using report::weighted_value;

namespace {

/// Deviation of the mean of a resample, from many.
double deviation(const report::block_resampler& resampler) {
    random_stream random(3);
    double sum = 0, squares = 0;
    constexpr int count = 1000;
    for (int i = 0; i < count; ++i) {
        const double m = resampler.resampled_mean(random);
        sum += m;
        squares += m * m;
    }
    return std::sqrt(squares / count - (sum / count) * (sum / count));
}

} // namespace

TEST_CASE("block bootstrap: the longer a series remembers, the longer the stretches") {
    random_stream random(1);
    const test::noise without{.within = 0.2, .memory = 0, .seconds = 1000};
    const test::noise with{.within = 0.2, .memory = 0.9, .seconds = 1000};
    CHECK(report::block_length(test::course(random, without, 1)) == 47); // 1.5 sqrt(n)
    CHECK(report::block_length(test::course(random, with, 1)) >= 60);
    const test::noise brief{.within = 0.2, .memory = 0.9, .seconds = 20};
    CHECK(report::block_length(test::course(random, brief, 1)) == 5); // n / 4
}

TEST_CASE("block bootstrap: the deviation of a mean is what the theory of the series says") {
    // sd / sqrt(n), times sqrt((1 + r) / (1 - r)) where a value remembers r of the one before
    random_stream random(2);
    for (const double memory : {0.0, 0.5, 0.8}) {
        const test::noise n{.within = 0.1, .memory = memory, .seconds = 400};
        double found = 0;
        for (int i = 0; i < 20; ++i)
            found += deviation(report::block_resampler(test::course(random, n, 1))) / 20;
        const double expected = 0.1 / std::sqrt(400.0) * std::sqrt((1 + memory) / (1 - memory));
        INFO(memory);
        CHECK(found / expected == Approx(1).margin(0.2));
    }
}

TEST_CASE("block bootstrap: a step counts by its weight") {
    const std::vector<weighted_value> series{{1, 1}, {11, 9}, {5, 0}};
    CHECK(report::block_resampler(series).mean() == Approx(10));
}

TEST_CASE("block bootstrap: series too short or flat to know anything of") {
    CHECK(report::block_length({}) == 1);
    CHECK(report::block_resampler({}).mean() == 0);
    const std::vector<weighted_value> flat(50, {7, 1});
    CHECK(deviation(report::block_resampler(flat)) < 1e-6);
}

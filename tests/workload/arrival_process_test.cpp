// Gaps of a given mean: gamma and Weibull by their shape, Poisson and fixed as they ever were.
#include <kvmark/workload/arrival_process.hpp>

#include "support/catch.hpp"

#include <cmath>

using namespace kvmark;
using namespace kvmark::workload;

namespace {

struct spacing {
    double mean = 0;      ///< seconds
    double variation = 0; ///< standard deviation over mean
};
spacing spacing_of(rate_process process) {
    constexpr int n = 400'000;
    double squares = 0;
    nanoseconds last{};
    for (int i = 0; i < n; ++i) {
        const nanoseconds at = process.next();
        REQUIRE(at >= last);
        squares += std::pow(to_seconds(at - last), 2) / n;
        last = at;
    }
    const double mean = to_seconds(last) / n;
    return {mean, std::sqrt(squares - mean * mean) / mean};
}

/// All arrivals of a process as one number.
std::uint64_t sequence(arrival_process kind) {
    rate_process process(42, kind, 400);
    std::uint64_t all = 0;
    for (int i = 0; i < 100'000; ++i) {
        const nanoseconds at = process.next();
        all = mix(all ^ static_cast<std::uint64_t>(at.count));
        if (i == 50'000) process.set_rate(700, at);
    }
    return all;
}

} // namespace

TEST_CASE("gamma gaps have the mean of the rate, and vary as 1 / sqrt(shape)") {
    for (const double shape : {0.25, 1.0, 4.0}) {
        INFO(shape);
        const spacing s = spacing_of({7, arrival_process::gamma, 400, shape});
        CHECK(s.mean == Approx(1 / 400.0).epsilon(0.01));
        CHECK(s.variation == Approx(1 / std::sqrt(shape)).epsilon(0.02));
    }
}

TEST_CASE("Weibull gaps have the mean of the rate, and the variation of their shape") {
    for (const double shape : {0.5, 1.0, 3.0}) {
        INFO(shape);
        const spacing s = spacing_of({8, arrival_process::weibull, 400, shape});
        const double first = std::tgamma(1 + 1 / shape), second = std::tgamma(1 + 2 / shape);
        CHECK(s.mean == Approx(1 / 400.0).epsilon(0.01));
        CHECK(s.variation == Approx(std::sqrt(second / (first * first) - 1)).epsilon(0.03));
    }
}

TEST_CASE("a new rate holds for gamma and Weibull gaps too") {
    for (const arrival_process kind : {arrival_process::gamma, arrival_process::weibull}) {
        rate_process process(9, kind, 10, 2);
        nanoseconds at = process.next();
        process.set_rate(1000, at);
        const nanoseconds from = at;
        for (int i = 0; i < 100'000; ++i) at = process.next();
        CHECK(to_seconds(at - from) == Approx(100).epsilon(0.01));
    }
}

TEST_CASE("a seed gives the Poisson and fixed arrivals that it gave in version 0.1") {
    CHECK(sequence(arrival_process::fixed) == 0x3a5607f0c7f30034);
    CHECK(sequence(arrival_process::poisson) == 0x86c1d41aa80e3c39); // by glibc's log1p
}

TEST_CASE("the smallest and the largest shape give finite gaps") {
    for (const arrival_process kind : {arrival_process::gamma, arrival_process::weibull})
        for (const double shape : {min_arrival_shape, max_arrival_shape}) {
            random_stream draw(10);
            const gap_sampler gap(kind, 1e6, shape);
            for (int i = 0; i < 10'000; ++i) {
                const double ns = gap(draw);
                REQUIRE(std::isfinite(ns));
                REQUIRE(ns >= 0);
            }
        }
}

// Normal, lognormal, gamma and Weibull numbers: moments, and shares below known quantiles.
#include <kvmark/core/distributions.hpp>

#include "support/catch.hpp"

#include <cmath>
#include <vector>

using namespace kvmark;

namespace {

constexpr int draws = 400'000;

struct moments {
    double mean = 0, variance = 0, skewness = 0;
};
template <class F>
moments moments_of(F&& draw) {
    std::vector<double> all(draws);
    moments m;
    for (double& x : all) m.mean += (x = draw()) / draws;
    double cubes = 0;
    for (const double x : all) {
        m.variance += (x - m.mean) * (x - m.mean) / draws;
        cubes += std::pow(x - m.mean, 3) / draws;
    }
    m.skewness = cubes / std::pow(m.variance, 1.5);
    return m;
}

} // namespace

TEST_CASE("normal numbers have mean 0, variance 1, no skew, and the known share within one and two") {
    random_stream s(1);
    int within_one = 0, within_two = 0;
    const moments m = moments_of([&] {
        const double x = draw_normal(s);
        within_one += std::abs(x) < 1;
        within_two += std::abs(x) < 2;
        return x;
    });
    CHECK(m.mean == Approx(0).margin(0.006));
    CHECK(m.variance == Approx(1).epsilon(0.01));
    CHECK(m.skewness == Approx(0).margin(0.02));
    CHECK(within_one == Approx(0.682689 * draws).epsilon(0.005));
    CHECK(within_two == Approx(0.954500 * draws).epsilon(0.002));
}

TEST_CASE("half of the lognormal numbers are above the median, and the mean is as stated") {
    random_stream s(2);
    int above = 0;
    const moments m = moments_of([&] {
        const double x = draw_lognormal(s, 98, 1);
        above += x > 98;
        return x;
    });
    CHECK(above == Approx(draws / 2.0).epsilon(0.01));
    CHECK(m.mean == Approx(98 * std::exp(0.5)).epsilon(0.01));
    CHECK(draw_lognormal(s, 7, 0) == 7);
}

TEST_CASE("gamma numbers have mean and variance of their shape, and its skew") {
    for (const double shape : {0.1, 0.5, 1.0, 3.0, 50.0}) {
        INFO(shape);
        random_stream s(3);
        const moments m = moments_of([&] {
            const double x = draw_gamma(s, shape);
            REQUIRE(x >= 0);
            return x;
        });
        CHECK(m.mean == Approx(shape).epsilon(0.015));
        CHECK(m.variance == Approx(shape).epsilon(0.04));
        CHECK(m.skewness == Approx(2 / std::sqrt(shape)).epsilon(0.08));
    }
}

TEST_CASE("Weibull numbers have the moments of their shape, and 1 - 1/e of them are below 1") {
    for (const double shape : {0.5, 1.0, 2.0, 8.0}) {
        INFO(shape);
        random_stream s(4);
        int below_scale = 0;
        const moments m = moments_of([&] {
            const double x = draw_weibull(s, shape);
            below_scale += x < 1;
            return x;
        });
        const double mean = std::tgamma(1 + 1 / shape);
        CHECK(m.mean == Approx(mean).epsilon(0.01));
        CHECK(m.variance == Approx(std::tgamma(1 + 2 / shape) - mean * mean).epsilon(0.05));
        CHECK(below_scale == Approx((1 - std::exp(-1)) * draws).epsilon(0.005));
    }
}

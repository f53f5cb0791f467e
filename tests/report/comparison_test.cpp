// The verdicts hold what they promise: on noise they claim nothing, on a difference they do.
#include "noise.hpp"
#include "support/catch.hpp"

#include <kvmark/report/comparison.hpp>

using namespace kvmark;
using report::verdict;

namespace {

std::vector<report::trial_figure> figures(std::initializer_list<double> values) {
    std::vector<report::trial_figure> all;
    for (const double v : values) all.push_back({v, {}});
    return all;
}

report::compared_metric metric(std::vector<report::trial_figure> a, std::vector<report::trial_figure> b) {
    return {"tokens", "1/s", report::better_when::higher, std::move(a), std::move(b)};
}

report::metric_comparison compare_one(const report::compared_metric& m,
                                      const report::comparison_rules& rules = {}) {
    return report::compare({&m, 1}, rules).front();
}

/// The share of comparisons of `metrics` metrics in which at least one is called different.
double claims(const test::noise& n, std::size_t trials, std::size_t metrics, double change,
              double min_effect = 0) {
    constexpr int tries = 300;
    const report::comparison_rules rules{.min_effect = min_effect, .resamples = 300};
    int claimed = 0;
    for (int i = 0; i < tries; ++i) {
        random_stream random(11, static_cast<std::uint64_t>(i));
        std::vector<report::compared_metric> all;
        for (std::size_t k = 0; k < metrics; ++k) {
            auto a = test::trials(random, n, trials, 100);
            all.push_back(metric(std::move(a), test::trials(random, n, trials, 100 * (1 + change))));
        }
        bool any = false;
        for (const report::metric_comparison& c : report::compare(all, rules))
            any = any || (c.what != verdict::no_difference && c.what != verdict::not_judged);
        claimed += any ? 1 : 0;
    }
    return static_cast<double>(claimed) / tries;
}

} // namespace

TEST_CASE("comparison: without a difference no more is claimed than the confidence allows") {
    // 300 tries: 5 % is 15, and 24 or more have a probability below 2 %.
    constexpr double nominal = 24.0 / 300;
    for (const std::size_t trials : {2, 3, 5})
        for (const std::size_t metrics : {1, 8}) {
            INFO(trials << " trials a side, " << metrics << " metrics");
            CHECK(claims({}, trials, metrics, 0) <= nominal);
            CHECK(claims({.between = 0, .within = 0.3}, trials, metrics, 0) <= nominal);
            CHECK(claims({.within = 0.1, .disturbed = 0.1}, trials, metrics, 0) <= nominal);
        }
}

TEST_CASE("comparison: one run a side is judged by its own seconds") {
    const test::noise n{.between = 0, .within = 0.2, .memory = 0.5, .seconds = 60};
    CHECK(claims(n, 1, 1, 0, 0.02) <= 24.0 / 300);
    CHECK(claims(n, 1, 1, -0.3, 0.02) >= 0.9);
    random_stream random(1);
    const auto a = test::trials(random, n, 1, 100), b = test::trials(random, n, 1, 200);
    const report::metric_comparison c = compare_one(metric(a, b));
    CHECK(c.one_trial);
    CHECK(c.what == verdict::more); // and not better: two further runs may differ the other way
    const test::noise brief{.seconds = 50};
    CHECK(claims(brief, 1, 1, -0.5) == 0);
}

TEST_CASE("comparison: a difference of 10 % is found, beside seven metrics that have none") {
    const test::noise quiet{.between = 0.01, .within = 0.1, .memory = 0.5, .seconds = 60};
    CHECK(claims(quiet, 5, 1, 0.1) >= 0.95);
    CHECK(claims(quiet, 3, 1, -0.1) >= 0.8);
    CHECK(claims(quiet, 5, 8, 0.1) >= 0.95);
}

TEST_CASE("comparison: known figures") {
    // Welch on the logarithms of {1, e} and {e^2, e^3}: means 0.5 and 2.5, each with variance 0.25, 2
    // degrees.
    const double e = std::exp(1.0);
    const auto c = compare_one(metric(figures({1, e}), figures({e * e, e * e * e})), {.resamples = 200000});
    CHECK(c.ratio == Approx(e * e));
    const double reach = 4.3026527 * std::sqrt(0.5);
    CHECK(std::log(c.low) == Approx(2 - reach).margin(0.02));
    CHECK(std::log(c.high) == Approx(2 + reach).margin(0.02));
    CHECK(c.a.median == Approx((1 + e) / 2));
    CHECK(c.b.low == Approx(e * e));
    CHECK(c.what == verdict::no_difference);
    CHECK(std::log1p(c.resolution) == Approx(std::log(1.02) + reach).margin(0.02));
}

TEST_CASE("comparison: better and worse follow the metric") {
    const auto low = figures({99, 100, 101}), high = figures({199, 200, 201});
    report::compared_metric m = metric(low, high);
    CHECK(compare_one(m).what == verdict::better);
    std::swap(m.a, m.b);
    CHECK(compare_one(m).what == verdict::worse);
    m.better = report::better_when::lower;
    CHECK(compare_one(m).what == verdict::better);
    m.better = report::better_when::neither;
    CHECK(compare_one(m).what == verdict::less);
}

TEST_CASE("comparison: a change smaller than the smallest that counts is none, however sure") {
    const auto a = figures({1000, 1000, 1000}), b = figures({1010, 1010, 1010});
    CHECK(compare_one(metric(a, b)).what == verdict::no_difference);
    CHECK(compare_one(metric(a, b), {.min_effect = 0.005}).what == verdict::better);
}

TEST_CASE("comparison: a single run beside a set varies as the set does") {
    const auto set = figures({90, 100, 110, 95, 105});
    CHECK(compare_one(metric(figures({118}), set)).what == verdict::no_difference);
    CHECK(compare_one(metric(figures({300}), set)).what == verdict::worse);
    CHECK_FALSE(compare_one(metric(figures({300}), set)).one_trial);
}

TEST_CASE("comparison: what cannot be judged says why") {
    const auto single = compare_one(metric(figures({100}), figures({200})));
    CHECK(single.what == verdict::not_judged);
    CHECK(single.ratio == Approx(2));
    CHECK_THAT(single.reason, Catch::Matchers::Contains("repeat the runs"));
    const auto missing = compare_one(metric({}, figures({200, 201})));
    CHECK(missing.what == verdict::not_judged);
    CHECK(missing.reason == "A has no such figure");
}

TEST_CASE("comparison: zeros are judged by difference") {
    const auto c = compare_one(metric(figures({0, 0, 0}), figures({0.5, 0.51, 0.49})));
    CHECK_FALSE(c.has_ratio);
    CHECK(c.ratio == Approx(1)); // of the largest median
    CHECK(c.what == verdict::better);
    CHECK(compare_one(metric(figures({0, 0}), figures({0, 0}))).what == verdict::no_difference);
}

TEST_CASE("comparison: the same figures give the same verdict, and a course that stands still does no harm") {
    random_stream random(5);
    const auto a = test::trials(random, {}, 3, 100), b = test::trials(random, {}, 3, 103);
    const auto first = compare_one(metric(a, b)), second = compare_one(metric(a, b));
    CHECK(first.low == second.low);
    CHECK(first.p == second.p);

    std::vector<report::weighted_value> still(60, {0, 1});
    still.front().value = 60;
    const report::trial_figure rare{1, still};
    const auto c = compare_one(metric({rare}, {rare}));
    CHECK(std::isfinite(c.low));
    CHECK(c.what == verdict::no_difference);
}

// Percentiles of what a histogram took in since it was last looked at, against a histogram of that alone.
#include <kvmark/core/random.hpp>
#include <kvmark/measure/recent_latency.hpp>

#include "support/catch.hpp"

#include <cmath>

using namespace kvmark;
using measure::histogram;
using measure::latency_follower;
using measure::recent_latency;

TEST_CASE("recent latency: each look says what was recorded since the one before, and no more") {
    random_stream stream(11);
    histogram all;
    latency_follower follower;
    for (int second = 0; second < 50; ++second) {
        histogram alone;
        const int n = second % 7 == 3 ? 0 : 1 + second * 40;
        for (int i = 0; i < n; ++i) {
            const nanoseconds d(static_cast<std::int64_t>(stream.exponential(std::pow(10, second % 10))));
            all.record(d);
            alone.record(d);
        }
        const recent_latency r = follower.take(all);
        INFO("second " << second);
        CHECK(r.count == alone.count());
        // The longest of one second is known to its bucket alone where an earlier one was longer: 0.8 %.
        const auto agrees = [&](nanoseconds seen, double q) {
            const double exact = static_cast<double>(alone.quantile(q).count);
            return std::fabs(static_cast<double>(seen.count) - exact) <= 0.008 * exact;
        };
        CHECK(agrees(r.p50, 0.50));
        CHECK(agrees(r.p95, 0.95));
        CHECK(agrees(r.p99, 0.99));
    }
}

TEST_CASE("recent latency: nothing recorded is a count of 0") {
    histogram h;
    latency_follower follower;
    CHECK(follower.take(h).count == 0);
    h.record(nanoseconds(100));
    CHECK(follower.take(h).p99 == nanoseconds(100));
    const recent_latency nothing = follower.take(h);
    CHECK(nothing.count == 0);
    CHECK(nothing.p50 == nanoseconds(0));
    CHECK(nothing.p99 == nanoseconds(0));
}

TEST_CASE("recent latency: a second that was fast is not hidden by those before") {
    histogram h;
    latency_follower follower;
    for (int i = 0; i < 100'000; ++i) h.record(nanoseconds(50'000'000));
    static_cast<void>(follower.take(h));
    for (int i = 0; i < 10; ++i) h.record(nanoseconds(1'000'000));
    const recent_latency r = follower.take(h);
    CHECK(r.count == 10);
    CHECK(to_milliseconds(r.p99) == Approx(1).epsilon(0.01));
}

TEST_CASE("recent latency: of two sources the counts add up and the slower one is told") {
    recent_latency sum{10, nanoseconds(1), nanoseconds(20), nanoseconds(30)};
    measure::add(sum, {5, nanoseconds(2), nanoseconds(10), nanoseconds(40)});
    CHECK(sum.count == 15);
    CHECK(sum.p50 == nanoseconds(2));
    CHECK(sum.p95 == nanoseconds(20));
    CHECK(sum.p99 == nanoseconds(40));
}

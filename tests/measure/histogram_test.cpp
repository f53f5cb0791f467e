// The histogram against sorted samples: quantiles to 0.8 %, sums exactly, and merging as if it were one.
#include <kvmark/core/random.hpp>
#include <kvmark/measure/histogram.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace kvmark;
using measure::histogram;

namespace {

constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();

/// What the header promises: a bucket is at most 1/128 of its durations wide.
constexpr double resolution = 1.0 / 128;

using sample = std::vector<std::int64_t>;

histogram histogram_of(const sample& durations) {
    histogram h;
    for (const std::int64_t d : durations) h.record(nanoseconds(d));
    return h;
}

template <class Draw>
sample drawn(std::size_t n, Draw&& draw) {
    random_stream stream(42);
    sample durations(n);
    for (auto& d : durations) d = static_cast<std::int64_t>(draw(stream));
    return durations;
}

/// Compares with the sample's own quantile, the one at rank floor(q x (n - 1)).
void check_quantiles(sample durations) {
    const histogram h = histogram_of(durations);
    std::sort(durations.begin(), durations.end());
    for (const double q :
         {0.0, 0.001, 0.01, 0.1, 0.25, 0.4999, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
        const auto rank = static_cast<std::size_t>(q * static_cast<double>(durations.size() - 1));
        const auto own = static_cast<double>(durations[rank]);
        CAPTURE(q, own);
        CHECK(std::abs(static_cast<double>(h.quantile(q).count) - own) <= resolution * own);
        CHECK(h.quantile(q) <= h.max());
    }
}

bool same(const histogram& a, const histogram& b) {
    const auto x = a.buckets(), y = b.buckets();
    return a.count() == b.count() && a.max() == b.max() && a.mean() == b.mean() &&
           std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto& p, const auto& q) {
               return p.low == q.low && p.high == q.high && p.count == q.count;
           });
}

} // namespace

TEST_CASE("histogram: quantiles of a sample are its own within 0.8 %") {
    SECTION("uniform") {
        check_quantiles(drawn(100'000, [](auto& s) { return s.uniform(0, 5e6); }));
    }
    SECTION("exponential") {
        check_quantiles(drawn(100'000, [](auto& s) { return s.exponential(80e3); }));
    }
    SECTION("bimodal: cache hits and device reads") {
        check_quantiles(drawn(
            100'000, [](auto& s) { return s.chance(0.6) ? s.uniform(200, 400) : s.uniform(80e3, 2e6); }));
    }
    SECTION("nine orders of magnitude") {
        check_quantiles(drawn(100'000, [](auto& s) { return std::exp(s.uniform(0, 21)); }));
    }
    SECTION("few") { check_quantiles({4'000'000, 70'000, 900, 32'768, 1}); }
}

TEST_CASE("histogram: every quantile of one duration is that duration") {
    const std::int64_t d =
        GENERATE(as<std::int64_t>(), 0, 1, 127, 128, 255, 256, 257, 32'768, 1'000'003, longest / 3);
    const std::size_t n = GENERATE(1u, 2u, 1000u);
    CAPTURE(d, n);
    check_quantiles(sample(n, d));
}

TEST_CASE("histogram: a quantile between two far durations is not above the lower one's bucket") {
    for (const double q : {0.1, 0.5, 0.9, 0.99}) {
        CAPTURE(q);
        CHECK(histogram_of({32'768, 1'000'000}).quantile(q).count <= 32'768 + 255);
    }
}

TEST_CASE("histogram: durations below 256 ns are kept exactly") {
    sample durations(256);
    for (std::size_t i = 0; i < durations.size(); ++i) durations[i] = static_cast<std::int64_t>(i);
    const histogram h = histogram_of(durations);
    for (int i = 0; i < 256; ++i) CHECK(h.quantile((i + 0.001) / 255) == nanoseconds(i));
}

TEST_CASE("histogram: quantiles never fall as their rank rises") {
    const histogram h = histogram_of(drawn(5000, [](auto& s) { return s.exponential(1e6); }));
    std::int64_t before = 0;
    for (int i = 0; i <= 10'000; ++i) {
        const std::int64_t now = h.quantile(i / 10'000.0).count;
        REQUIRE(now >= before);
        before = now;
    }
    CHECK(before == h.max().count);
}

TEST_CASE("histogram: buckets follow one another from 0 to the longest duration, each narrow") {
    std::int64_t next = 0;
    std::size_t buckets = 0;
    for (bool more = true; more; ++buckets) {
        histogram h;
        h.record(nanoseconds(next));
        const auto low = h.buckets().at(0);
        REQUIRE(low.low == nanoseconds(next));
        REQUIRE(low.high >= low.low);
        const double width = static_cast<double>(low.high.count - low.low.count);
        REQUIRE(width <= resolution * static_cast<double>(low.low.count));
        h.record(low.high);
        REQUIRE(h.buckets().size() == 1);
        REQUIRE(h.buckets()[0].count == 2);
        more = low.high.count != longest;
        if (more) next = low.high.count + 1;
    }
    CHECK(buckets > 7000);
    CHECK(buckets <= histogram::bucket_count);
}

TEST_CASE("histogram: count, mean and max are exact") {
    const sample durations = drawn(100'000, [](auto& s) { return s.exponential(3e6); });
    const histogram h = histogram_of(durations);
    std::int64_t sum = 0;
    for (const std::int64_t d : durations) sum += d;
    CHECK(h.count() == durations.size());
    CHECK(h.max() == nanoseconds(*std::max_element(durations.begin(), durations.end())));
    CHECK(h.quantile(1.0) == h.max());
    CHECK(h.mean() == static_cast<double>(sum) / static_cast<double>(durations.size()));
}

TEST_CASE("histogram: two merged are the histogram of both samples") {
    const sample fast = drawn(20'000, [](auto& s) { return s.uniform(0, 500); });
    const sample slow = drawn(3'000, [](auto& s) { return s.exponential(5e6); });
    sample both = fast;
    both.insert(both.end(), slow.begin(), slow.end());
    const histogram expected = histogram_of(both);

    histogram forward = histogram_of(fast), backward = histogram_of(slow);
    forward.merge(histogram_of(slow));
    backward.merge(histogram_of(fast));
    CHECK(same(forward, expected));
    CHECK(same(backward, expected));
    for (const double q : {0.0, 0.5, 0.9, 0.99, 1.0}) CHECK(forward.quantile(q) == expected.quantile(q));

    forward.merge({});
    CHECK(same(forward, expected));
}

TEST_CASE("histogram: an empty one says 0 to everything, and so does one that was cleared") {
    histogram h;
    const bool used = GENERATE(false, true);
    if (used) {
        h.record(nanoseconds(5));
        h.clear();
    }
    CHECK(h.empty());
    CHECK(h.count() == 0);
    CHECK(h.max() == nanoseconds(0));
    CHECK(h.mean() == 0);
    CHECK(h.buckets().empty());
    for (const double q : {0.0, 0.5, 1.0}) CHECK(h.quantile(q) == nanoseconds(0));
}

TEST_CASE("histogram: a negative duration counts as 0") {
    const histogram h = histogram_of({-1, -longest, 0});
    REQUIRE(h.buckets().size() == 1);
    CHECK(h.buckets()[0].high == nanoseconds(0));
    CHECK(h.buckets()[0].count == 3);
    CHECK(h.max() == nanoseconds(0));
    CHECK(h.mean() == 0);
}

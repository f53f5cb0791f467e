// Sampled curves against the exact ones.
#include <kvmark/cache/shards.hpp>

#include "support/catch.hpp"
#include "support/zipf_trace.hpp"

using namespace kvmark;
using namespace kvmark::cache;

namespace {

struct comparison {
    int inside = 0, points = 0;
    double mean_error = 0, mean_stated = 0;

    void add(const workload::block_trace& trace, const sampled_curves& s, const miss_ratio_curve& exact) {
        for (std::uint64_t c = 100; c < trace.distinct_blocks(); c += c / 8) {
            const double error = std::abs(s.blocks.hit_ratio(c) - exact.hit_ratio(c));
            inside += error <= s.error(c);
            mean_error += error;
            mean_stated += s.error(c);
            ++points;
        }
    }
    void check() {
        mean_error /= points;
        mean_stated /= points;
        CAPTURE(inside, points, mean_error, mean_stated);
        CHECK(inside >= points * 9 / 10);
        CHECK(mean_error < 0.04);
        CHECK(mean_stated < 0.1); // an error that always holds says nothing
    }
};

} // namespace

TEST_CASE("depth buckets hold what is next to each other") {
    using buckets = depth_buckets<5>;
    std::uint32_t last = 0;
    for (std::uint64_t depth = 0; depth < 100'000; ++depth) {
        const std::uint32_t bucket = buckets::of(depth);
        REQUIRE((bucket == last || bucket == last + 1));
        REQUIRE(depth <= buckets::largest(bucket));
        REQUIRE(static_cast<double>(buckets::largest(bucket) - depth) <= static_cast<double>(depth) / 32);
        REQUIRE(buckets::of(buckets::largest(bucket)) == bucket);
        last = bucket;
    }
    CHECK(buckets::of((std::uint64_t{1} << 34) - 1) < buckets::count);
}

TEST_CASE("a sample of all blocks is exact, but for its buckets") {
    const auto trace = test::zipf_trace(20'000, 3'000, 0.8, 1);
    const trace_curves exact = curves_of(trace);
    const sampled_curves s = sample_curves(trace, {.rate = 1});
    CHECK(s.sampled_references == trace.references());
    CHECK(s.blocks.ceiling() == exact.any.ceiling());
    for (std::uint64_t c = 1; c < 4'000; c += 1 + c / 50) {
        const std::uint64_t edge = depth_buckets<8>::largest(depth_buckets<8>::of(c));
        CHECK(s.blocks.hits(edge) == exact.any.hits(edge));
    }
}

TEST_CASE("a sampled curve is within its stated error") {
    comparison fixed_rate, fixed_size;
    for (const double skew : {0.5, 0.8, 1.0}) {
        const auto trace = test::zipf_trace(200'000, 100'000, skew, 11);
        const trace_curves exact = curves_of(trace);
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            const sampled_curves by_rate = sample_curves(trace, {.rate = 0.03, .seed = seed});
            CHECK(by_rate.rate == 0.03);
            fixed_rate.add(trace, by_rate, exact.any);
            const sampled_curves by_size =
                sample_curves(trace, {.rate = 1, .most_blocks = 3'000, .seed = seed});
            CHECK(by_size.rate < 0.06);
            fixed_size.add(trace, by_size, exact.any);
        }
    }
    fixed_rate.check();
    fixed_size.check();
}

TEST_CASE("a sampled curve counts tokens, and nothing of a warm-up") {
    const auto trace = test::zipf_trace(100'000, 20'000, 0.8, 4);
    const std::uint64_t warmup = 50'000;
    const sampled_curves s = sample_curves(trace, {.rate = 0.1}, warmup);
    const trace_curves exact = curves_of(trace, warmup);
    CHECK(s.blocks.references() == exact.any.references());
    CHECK(s.tokens.references() == exact.tokens.references());
    for (const std::uint64_t c : {2'000u, 5'000u, 15'000u}) {
        CHECK(s.error(c) < 0.08);
        CHECK(s.blocks.hit_ratio(c) == Approx(exact.any.hit_ratio(c)).margin(s.error(c)));
        CHECK(s.tokens.hit_ratio(c) == Approx(exact.any.hit_ratio(c)).margin(s.error(c)));
    }
}

TEST_CASE("a sample of bounded size does not grow with the trace") {
    const auto trace = test::zipf_trace(300'000, 1'000'000, 0, 5);
    shards sampling({.rate = 1, .most_blocks = 1'000});
    workload::block_trace::cursor at(trace);
    workload::block_request r;
    std::uint32_t most = 0;
    while (at.next(r)) {
        sampling.access(r, trace.block_tokens(), true);
        most = std::max(most, sampling.followed());
    }
    CHECK(most <= 1'000);
    CHECK(sampling.followed() >= 900);
    CHECK(sampling.finish().rate < 0.01);
}

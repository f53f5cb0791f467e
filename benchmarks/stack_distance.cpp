// How fast the hit ratios of all LRU sizes are found.
// Hypothesis: a stack distance is two popcounts and two walks over a Fenwick tree of a few dozen KiB, and a
// replay at one capacity is a few writes to a list, so the exact curve of all capacities costs two to four
// times one replay. A sample of 1 % costs a hash for each reference, and beats both. Found (g++ 12.2 -O2,
// medians of 7 on two processors busy with builds, so ratios count more than rates): distances alone 107 M
// references/s on Mooncake's conversation trace and 16 to 24 on Zipf and uniform ones, 0.5 to 1.1 of a
// replay; curves 35 and 7 to 15, a third to a fifth of a replay: their histogram of 24 bytes a capacity costs
// as much as the distances. A 1 % sample is 4 to 9 replays; its hit ratios are off by 0.5 points on average
// on the conversation trace and 1.2 to 2.6 on the others, and at least 90 of 94 sizes are within what is
// stated.
#include <kvmark/cache/lru.hpp>
#include <kvmark/cache/replay.hpp>
#include <kvmark/cache/shards.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/workload/reader/open_block_trace.hpp>

#include "support/zipf_trace.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

using namespace kvmark;

namespace {

constexpr int rounds = 7;

/// Millions of references per second.
struct rates {
    std::array<double, rounds> all{};

    [[nodiscard]] double median() {
        std::sort(all.begin(), all.end());
        return all[rounds / 2];
    }
};

std::uint64_t kept = 0; // so that no work is dead

template <class Work>
double rate_of(const workload::block_trace& trace, Work work) {
    const nanoseconds begun = clocks::monotonic_now();
    kept += work();
    return static_cast<double>(trace.references()) / to_seconds(clocks::monotonic_now() - begun) / 1e6;
}

void print(const char* what, rates r, double replay) {
    const double median = r.median();
    std::printf("  %-22s %7.1f M refs/s, spread %.1f to %.1f, %.2f of a replay\n", what, median,
                r.all.front(), r.all.back(), median / replay);
}

/// The mean and the largest error of hit ratios, and of what is stated.
void print_error(const workload::block_trace& trace, const cache::sampled_curves& s,
                 const cache::miss_ratio_curve& exact) {
    double sum = 0, most = 0, stated = 0;
    int points = 0, inside = 0;
    for (double c = 1 / s.rate; c < static_cast<double>(trace.distinct_blocks()); c *= 1.1, ++points) {
        const auto capacity = static_cast<std::uint64_t>(c);
        const double error = std::abs(s.blocks.hit_ratio(capacity) - exact.hit_ratio(capacity));
        sum += error;
        most = std::max(most, error);
        stated += s.error(capacity);
        inside += error <= s.error(capacity);
    }
    if (points == 0) return;
    std::printf("    error: %.2f points on average, %.2f at most; stated %.2f; %d of %d sizes within it\n",
                100 * sum / points, 100 * most, 100 * stated / points, inside, points);
}

/// All of them in turns, so that a slow moment of the machine meets each.
void measure(const std::string& name, const workload::block_trace& trace) {
    std::printf("%s: %.1f M references to %.2f M blocks\n", name.c_str(),
                static_cast<double>(trace.references()) / 1e6,
                static_cast<double>(trace.distinct_blocks()) / 1e6);
    const cache::shards_config percent{.rate = 0.01}, bounded{.rate = 1, .most_blocks = 8'192};
    rates replay, distances, curves, sampled, fixed;
    for (int i = 0; i < rounds; ++i) {
        const auto at = static_cast<std::size_t>(i);
        replay.all[at] = rate_of(trace, [&] {
            cache::block_cache<cache::lru> cache({.capacity = {trace.distinct_blocks() / 10}},
                                                 trace.distinct_blocks());
            return cache::replay(trace, cache).hit_blocks_any;
        });
        distances.all[at] = rate_of(trace, [&] {
            std::uint64_t sum = 0;
            cache::for_each_stack_distance(trace, [&](const auto&, auto d) { sum += d.back(); });
            return sum;
        });
        curves.all[at] = rate_of(trace, [&] { return cache::curves_of(trace).any.ceiling(); });
        sampled.all[at] =
            rate_of(trace, [&] { return cache::sample_curves(trace, percent).sampled_references; });
        fixed.all[at] =
            rate_of(trace, [&] { return cache::sample_curves(trace, bounded).sampled_references; });
    }
    const double one = replay.median();
    print("one LRU replay", replay, one);
    print("stack distances", distances, one);
    print("exact curves", curves, one);
    const cache::miss_ratio_curve exact = cache::curves_of(trace).any;
    print("SHARDS, 1 %", sampled, one);
    print_error(trace, cache::sample_curves(trace, percent), exact);
    print("SHARDS, 8,192 blocks", fixed, one);
    print_error(trace, cache::sample_curves(trace, bounded), exact);
}

} // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const auto loaded = workload::load_block_trace(argv[i], {});
        if (!loaded) return std::fprintf(stderr, "%s\n", loaded.error().message.c_str()), 1;
        measure(argv[i], loaded->trace);
    }
    measure("Zipf 0.8", test::zipf_trace(2'000'000, 200'000, 0.8, 1));
    measure("Zipf 0.8", test::zipf_trace(3'000'000, 5'000'000, 0.8, 1));
    measure("uniform", test::zipf_trace(2'000'000, 1'000'000, 0, 1));
    return kept == 0;
}

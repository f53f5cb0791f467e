// What proving the content of a sector costs, beside a plain copy of the same bytes.
// Hypothesis: stamping touches one cache line in 64 and vanishes behind any device; checking stamps alone
// costs the cache misses of those lines; checking payload sums reads every byte once and so runs at the speed
// of memory, which is above that of memcpy, since it does not write. Found (g++ 12.2 -O2, 64 MiB cold,
// medians of 15 interleaved rounds): see docs/measuring.md.
#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/tier/stamp.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

using namespace kvmark;

namespace {

constexpr bytes size{64 * mib_bytes};
constexpr std::size_t rounds = 15;
constexpr std::uint64_t salt = 7;
constexpr tier::content_id id{42, 1};

template <class F>
double gib_per_second(F&& f) {
    const nanoseconds start = clocks::monotonic_now();
    f();
    return to_gib(size) / to_seconds(clocks::monotonic_now() - start);
}

void print(const char* what, std::array<double, rounds> figures, double peer) {
    std::sort(figures.begin(), figures.end());
    const double median = figures[rounds / 2];
    std::printf("%-28s %7.1f GiB/s, spread %6.1f to %6.1f, %5.2f x memcpy\n", what, median, figures.front(),
                figures.back(), median / peer);
}

} // namespace

int main() {
    const huge_page_buffer written(size), copy(size);
    if (written.empty() || copy.empty()) return 1;
    const tier::payload_noise noise(written.span(), salt);
    copy.touch(size);

    std::array<double, rounds> copying{}, stamping{}, stamps{}, payload{};
    std::uint64_t bad = 0;
    const auto count_bad = [&](const tier::sector_mismatch&) { ++bad; };
    for (std::size_t r = 0; r < rounds; ++r) {
        stamping[r] = gib_per_second([&] { tier::stamp_sectors(written.span(), noise, id, 0, salt); });
        copying[r] = gib_per_second([&] { std::memcpy(copy.data(), written.data(), size.count); });
        stamps[r] =
            gib_per_second([&] { tier::verify_sectors(written.span(), id, 0, salt, false, count_bad); });
        payload[r] = gib_per_second([&] { tier::verify_sectors(copy.span(), id, 0, salt, true, count_bad); });
    }
    if (bad != 0) return 1;
    auto sorted = copying;
    std::sort(sorted.begin(), sorted.end());
    const double peer = sorted[rounds / 2];
    print("memcpy", copying, peer);
    print("stamp every sector", stamping, peer);
    print("check stamps", stamps, peer);
    print("check stamps and payload", payload, peer);
}

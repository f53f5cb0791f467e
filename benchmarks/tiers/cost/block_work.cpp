// What kvmark itself does for a block: stamp, verify, record, look up.
//
// Hypothesis: stamping touches one cache line of 64, about 10 ns; checking the stamp the same; checking the
// payload reads 4 KiB from a cache, about 100 ns; recording is two additions in an array that a run keeps
// warm, and a look-up one miss of the cache once the index is larger than it. What was seen stands in
// docs/measuring.md.
#include "benchmark.hpp"

#include <kvmark/cache/lru.hpp>
#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/core/key_index.hpp>
#include <kvmark/measure/histogram.hpp>
#include <kvmark/tier/stamp.hpp>

namespace kvmark::cost {

namespace {
constexpr tier::content_id content{.key = 1, .generation = 1};
constexpr std::uint64_t salt = 42;
} // namespace

TEST_CASE("a sector of 4 KiB that is hot in the cache") {
    const huge_page_buffer sector(tier::sector_size);
    const tier::payload_noise noise(sector.span(), salt);
    const auto span = sector.span().first(tier::sector_size.count);
    std::uint32_t place = 0;
    std::uint64_t bad = 0;
    const auto count_bad = [&](const tier::sector_mismatch&) { ++bad; };
    measure("stamp", [&] { tier::stamp_sectors(span, noise, content, ++place, salt); });
    measure("check the stamp", [&] { tier::verify_sectors(span, content, place, salt, false, count_bad); });
    measure("check stamp and payload",
            [&] { tier::verify_sectors(span, content, place, salt, true, count_bad); });
    CHECK(bad == 0);
}

TEST_CASE("recording a latency") {
    measure::histogram latencies;
    random_stream draw(1, 3);
    std::uint64_t recorded = 0;
    measure("draw and record, 10 us to 10 ms", [&] {
        latencies.record(nanoseconds(static_cast<std::int64_t>(10'000 + draw.next() % 10'000'000)));
        ++recorded;
    });
    CHECK(latencies.count() == recorded);
    std::int64_t last = 0;
    measure("read the clock", [&] { last = clocks::monotonic_now().count; });
    CHECK(last > 0);
}

TEST_CASE("the index and the eviction policy") {
    for (const std::uint64_t entries : {std::uint64_t{10'000}, std::uint64_t{10'000'000}}) {
        key_index index(entries);
        cache::lru order;
        for (std::uint64_t i = 0; i < entries; ++i) {
            index.insert(mix(i), static_cast<std::uint32_t>(i));
            order.insert(static_cast<std::uint32_t>(i));
        }
        const std::string among = " among " + std::to_string(entries);
        random_stream draw(1, 4);
        std::uint64_t wrong = 0;
        measure("look up" + among, [&] {
            const std::uint64_t i = draw.next() % entries;
            wrong += index.find(mix(i)) != static_cast<std::uint32_t>(i);
        });
        CHECK(wrong == 0);
        measure("miss" + among,
                [&] { wrong += index.find(mix(entries + draw.next() % entries)).has_value(); });
        CHECK(wrong == 0);
        measure("touch" + among, [&] { order.touch(static_cast<cache::entry_id>(draw.next() % entries)); });
    }
}

} // namespace kvmark::cost

// A throttled tier keeps to its rate, and reaches it, however many callers and however late they are.
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/throttled.hpp>

#include "support/catch.hpp"
#include "tier/entry_bytes.hpp"

#include <limits>

using namespace kvmark;
using tier::entry_id;
using slow_host = tier::throttled<tier::host>;

static_assert(tier::blocking_tier<slow_host> && slow_host::name == "throttled host");
static_assert(tier::has_instant_metadata<slow_host> && !tier::is_in_memory<slow_host>);
static_assert(!tier::has_commit<tier::throttled<tier::direct_file>>);

namespace {

constexpr bytes chunk{256 * kib_bytes};
constexpr double rate = 200e6;

tier::tier_setup room() { return {.limit = bytes(64 * mib_bytes), .io_chunk = chunk}; }

/// Every thread reads its own entry until together they have read `total` bytes.
template <class Tier, class Pause>
nanoseconds time_to_read(Tier& t, std::uint64_t threads, bytes total, Pause&& pause) {
    std::vector<huge_page_buffer> buffers;
    for (std::uint64_t i = 0; i < threads; ++i) {
        buffers.emplace_back(chunk);
        REQUIRE(t.create(static_cast<entry_id>(i), chunk).good());
        REQUIRE(t.inner().write(static_cast<entry_id>(i), {}, buffers[i].span()).good());
    }
    std::atomic<std::uint64_t> left{total.count / chunk.count};
    const nanoseconds begin = clocks::monotonic_now();
    std::vector<std::thread> readers;
    for (std::uint64_t i = 0; i < threads; ++i)
        readers.emplace_back([&, i] {
            for (auto n = left.load(); n > 0;) {
                if (!left.compare_exchange_weak(n, n - 1)) continue;
                static_cast<void>(t.read(static_cast<entry_id>(i), {}, buffers[i].span()));
                pause();
                n = left.load();
            }
        });
    for (auto& reader : readers) reader.join();
    return clocks::monotonic_now() - begin;
}

/// Other processes can only make it longer, so the shortest of a few is what the tier does.
template <class Once>
nanoseconds shortest(nanoseconds good_enough, Once&& once) {
    nanoseconds best{std::numeric_limits<std::int64_t>::max()};
    for (int i = 0; i < 10 && best > good_enough; ++i)
        if (const nanoseconds took = once(); took < best) best = took;
    return best;
}

nanoseconds due(bytes total, double bytes_per_second) {
    return from_seconds(static_cast<double>(total.count) / bytes_per_second);
}

} // namespace

TEST_CASE("throttled: the bandwidth is the limit within 3 %, at any depth") {
    const std::uint64_t depth = GENERATE(as<std::uint64_t>(), 1, 4, 32);
    const bytes total = chunk * 160;
    const nanoseconds expected = due(total, rate);
    const nanoseconds took = shortest(expected + expected * 3 / 100, [&] {
        slow_host t({.read = {.bytes_per_second = rate}});
        REQUIRE(t.open(room()));
        const nanoseconds once = time_to_read(t, depth, total, [] {});
        CHECK(once >= expected - slow_host::burst); // always
        return once;
    });
    INFO("depth " << depth << ": " << to_seconds(took) / to_seconds(expected) << " of the time");
    CHECK(took <= expected + expected * 3 / 100);
}

TEST_CASE("throttled: what a caller is late by is not added to the time of its next I/O") {
    const bytes total = chunk * 160;
    const nanoseconds expected = due(total, rate);
    const nanoseconds took = shortest(expected + expected * 3 / 100, [&] {
        slow_host t({.read = {.bytes_per_second = rate}});
        REQUIRE(t.open(room()));
        // A third of the time of an I/O.
        return time_to_read(t, 1, total,
                            [] { tier::wait_until(clocks::monotonic_now() + nanoseconds(400'000)); });
    });
    CHECK(took <= expected + expected * 3 / 100);
}

TEST_CASE("throttled: a pause saves nothing up but the burst") {
    slow_host t({.write = {.bytes_per_second = rate}});
    REQUIRE(t.open(room()));
    const huge_page_buffer buffer(chunk);
    REQUIRE(t.create(0, chunk).good());
    REQUIRE(t.write(0, {}, buffer.span()).good());
    tier::wait_until(clocks::monotonic_now() + slow_host::burst * 4);
    const nanoseconds begin = clocks::monotonic_now();
    for (int i = 0; i < 20; ++i) REQUIRE(t.write(0, {}, buffer.span()).good());
    CHECK(clocks::monotonic_now() - begin >= due(chunk * 20, rate) - slow_host::burst);
}

TEST_CASE("throttled: reads and writes share the device, each at its own rate") {
    slow_host t({.read = {.bytes_per_second = rate}, .write = {.bytes_per_second = rate / 2}});
    REQUIRE(t.open(room()));
    const huge_page_buffer buffer(chunk), other(chunk);
    REQUIRE(t.create(0, chunk).good());
    REQUIRE(t.create(1, chunk).good());
    const nanoseconds begin = clocks::monotonic_now();
    std::thread writer([&] {
        for (int i = 0; i < 20; ++i) static_cast<void>(t.write(1, {}, other.span()));
    });
    for (int i = 0; i < 20; ++i) static_cast<void>(t.read(0, {}, buffer.span()));
    writer.join();
    CHECK(clocks::monotonic_now() - begin >=
          due(chunk * 20, rate) + due(chunk * 20, rate / 2) - slow_host::burst);
}

TEST_CASE("throttled: no I/O is shorter than the latency, and many pass together") {
    constexpr nanoseconds latency{3'000'000};
    const auto eight_reads = [&](std::uint64_t depth) {
        slow_host t({.read = {.latency = latency}});
        REQUIRE(t.open(room()));
        return time_to_read(t, depth, chunk * 8, [] {});
    };
    CHECK(eight_reads(1) >= latency * 8);
    CHECK(shortest(latency * 4, [&] { return eight_reads(8); }) < latency * 8);
}

TEST_CASE("throttled: without limits nothing is waited for, and bytes are the tier's") {
    slow_host t;
    REQUIRE(t.open(room()));
    REQUIRE(test::put(t, 3, test::io_chunk * 9, 7).good());
    CHECK(test::has(t, 3, test::io_chunk * 9, 7));
    CHECK(t.create(4, bytes(gib_bytes)).error_number == ENOMEM);
}

TEST_CASE("throttled: a rate or a latency below 0 is refused with its value") {
    const auto bad = GENERATE(slow_host::config{.read = {.bytes_per_second = -5}},
                              slow_host::config{.write = {.latency = nanoseconds(-5)}},
                              slow_host::config{.write = {.bytes_per_second = -5}});
    slow_host t(bad);
    const auto opened = t.open(room());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == error_kind::invalid_argument);
    CHECK_THAT(opened.error().message, Catch::Contains("-5"));
}

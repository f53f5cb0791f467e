// The modelled tier against its closed form: a loaded device and an idle one, to the nanosecond.
#include <kvmark/tier/modelled.hpp>

#include "support/catch.hpp"

#include <algorithm>

using namespace kvmark;
using tier::direction;
using tier::modelled;

static_assert(tier::timed_tier<modelled<>> && !tier::blocking_tier<modelled<>>);
static_assert(modelled<>::role == tier::tier_role::storage);
static_assert(modelled<tier::tier_role::gpu>::role == tier::tier_role::gpu);

namespace {

/// 8192 ns of latency and a byte a nanosecond, 4096-byte I/Os: one I/O in flight gives a third of that.
constexpr tier::modelled_config round_numbers{.read_latency = nanoseconds(8192),
                                              .write_latency = nanoseconds(4096),
                                              .read_bytes_per_second = 1e9,
                                              .write_bytes_per_second = 0.5e9,
                                              .queue_depth = 1};

modelled<> device_of(tier::modelled_config config, bytes io_chunk, std::uint32_t run_depth = 1024) {
    modelled<> device(config);
    REQUIRE(device.open({.io_chunk = io_chunk, .queue_depth = run_depth}));
    return device;
}

} // namespace

TEST_CASE("modelled: a shallow queue is bound by latency, a deep one by bandwidth") {
    const auto rates = [](std::uint32_t queue_depth, std::uint64_t chunk) {
        auto config = round_numbers;
        config.queue_depth = queue_depth;
        const auto device = device_of(config, bytes(chunk));
        return std::pair(device.saturated_rate(direction::read), device.saturated_rate(direction::write));
    };
    CHECK(rates(1, 4096).first == Approx(1e9 / 3));
    CHECK(rates(2, 4096).first == Approx(2e9 / 3));
    CHECK(rates(3, 4096).first == Approx(1e9));
    CHECK(rates(100, 4096).first == 1e9);
    CHECK(rates(1, 8192).first == Approx(0.5e9)); // a larger I/O hides more of the latency
    CHECK(rates(1, 4096).second == Approx(1e9 / 3));
    CHECK(rates(2, 4096).second == 0.5e9);
}

TEST_CASE("modelled: an idle device answers after its latency and the transfer") {
    const std::uint32_t depth = GENERATE(1u, 2u, 64u);
    auto config = round_numbers;
    config.queue_depth = depth;
    auto device = device_of(config, bytes(4096));
    const nanoseconds later = from_seconds(5);
    CHECK(device.schedule(direction::read, bytes(4096), nanoseconds(0)) == nanoseconds(4096 + 8192));
    // A hundred I/Os, each of which waits for the answer to the one before, or passes with it.
    const std::int64_t share = depth == 1 ? 12'288 : depth == 2 ? 6'144 : 4'096;
    CHECK(device.schedule(direction::read, bytes(409'600), later) ==
          later + nanoseconds(99 * share + 4096 + 8192));
    CHECK(device.schedule(direction::write, bytes(4096), later + later) ==
          later + later + nanoseconds(2 * 4096 + 4096));
}

TEST_CASE("modelled: storage has no more I/Os under way than the run asks of it, other tiers their own") {
    auto config = round_numbers;
    config.queue_depth = 64;
    CHECK(device_of(config, bytes(4096), 1).saturated_rate(direction::read) == Approx(1e9 / 3));
    CHECK(device_of(config, bytes(4096), 8).saturated_rate(direction::read) == 1e9);
    modelled<tier::tier_role::cpu> memory(config);
    REQUIRE(memory.open({.io_chunk = bytes(4096), .queue_depth = 1}));
    CHECK(memory.saturated_rate(direction::read) == 1e9);
}

TEST_CASE("modelled: an I/O has a cost under load, and a bandwidth of its own alone") {
    auto config = round_numbers;
    config.queue_depth = 64;
    config.read_io_cost = nanoseconds(4096);
    config.write_alone_bytes_per_second = 0.25e9;
    auto device = device_of(config, bytes(8192));
    CHECK(device.saturated_rate(direction::read) == Approx(1e9 * 8192 / (4096 + 8192)));
    CHECK(device.saturated_rate(direction::write) == Approx(0.5e9));
    CHECK(device.schedule(direction::read, bytes(4096), nanoseconds(0)) == nanoseconds(8192 + 4096));
    CHECK(device.schedule(direction::write, bytes(4096), from_seconds(1)) ==
          from_seconds(1) + nanoseconds(4096 + 4 * 4096));
    // Three whole I/Os and half of one, the cost of four; the answer to the last whole one is the last.
    CHECK(device.schedule(direction::read, bytes(3 * 8192 + 4096), from_seconds(2)) ==
          from_seconds(2) + nanoseconds(4 * 4096 + 3 * 8192 + 4096 + (8192 - 4096)));
}

TEST_CASE("modelled: reads and writes take turns, pass each other, or disturb each other") {
    const double contention = GENERATE(0.0, 0.5, 1.0, 1.5);
    auto config = round_numbers;
    config.queue_depth = 64;
    config.contention = contention;
    auto device = device_of(config, bytes(4096));
    nanoseconds read{}, written{};
    constexpr std::int64_t pairs = 1000;
    for (std::int64_t i = 0; i < pairs; ++i) {
        read = device.schedule(direction::read, bytes(4096), nanoseconds(0));
        written = device.schedule(direction::write, bytes(4096), nanoseconds(0));
    }
    const double reads = 4096, writes = 8192; // what one takes by itself
    CHECK(static_cast<double>(read.count) == Approx(pairs * (reads + contention * writes)).epsilon(0.01));
    CHECK(static_cast<double>(written.count) == Approx(pairs * (writes + contention * reads)).epsilon(0.01));
}

TEST_CASE("modelled: a spread gives the quantiles that it was told, and leaves the rate alone") {
    auto config = round_numbers;
    config.queue_depth = 4;
    config.read_spread.ratios = {0.5, 0.55, 0.7, 0.8, 1.0, 1.1, 1.3, 1.6, 1.8, 2.0, 4.0};
    const double mean = config.read_spread.mean();
    for (double& r : config.read_spread.ratios) r /= mean;
    CHECK(config.read_spread.mean() == Approx(1));
    auto device = device_of(config, bytes(4096)), again = device_of(config, bytes(4096));
    std::vector<double> alone;
    double sum = 0;
    for (std::int64_t i = 0; i < 100'000; ++i) {
        const nanoseconds now = nanoseconds(1'000'000) * i;
        const nanoseconds done = device.schedule(direction::read, bytes(4096), now);
        REQUIRE(done >= now);
        REQUIRE(again.schedule(direction::read, bytes(4096), now) == done);
        alone.push_back(static_cast<double>((done - now).count) / (4096 + 8192));
        sum += alone.back();
    }
    std::sort(alone.begin(), alone.end());
    CHECK(sum / 100'000 == Approx(1).epsilon(0.005));
    CHECK(alone[50'000] == Approx(1.0 / mean).epsilon(0.01));
    CHECK(alone[99'000] == Approx(2.0 / mean).epsilon(0.03));
    CHECK(alone[99'500] == Approx(3.0 / mean).epsilon(0.05));

    nanoseconds last{};
    for (int i = 0; i < 100'000; ++i)
        last = device.schedule(direction::read, bytes(4096), from_seconds(1000));
    CHECK(to_seconds(last - from_seconds(1000)) == Approx(4096e-9 * 100'000).epsilon(0.001));
}

TEST_CASE("modelled: a loaded device serves in order at exactly its rate, reads and writes together") {
    auto config = round_numbers;
    config.queue_depth = 64;
    auto device = device_of(config, bytes(4096));
    nanoseconds busy{};
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        const bytes size(4096 * (1 + i % 100));
        const bool reads = i % 3 != 0;
        const auto transfer = static_cast<std::int64_t>(size.count) * (reads ? 1 : 2);
        busy += nanoseconds(transfer);
        const nanoseconds done =
            device.schedule(reads ? direction::read : direction::write, size, nanoseconds(0));
        REQUIRE((done - busy).count == (reads ? config.read_latency : config.write_latency).count);
    }
}

TEST_CASE("modelled: fractions of a nanosecond add up under load") {
    constexpr std::int64_t operations = 300'000;
    auto device = device_of({.read_latency = nanoseconds(0), .read_bytes_per_second = 3e9}, bytes(4096));
    nanoseconds done{};
    for (std::int64_t i = 0; i < operations; ++i)
        done = device.schedule(direction::read, bytes(4096), nanoseconds(0)); // 1365 1/3 ns
    CHECK(static_cast<double>(done.count) == Approx(operations * 4096 / 3.0).epsilon(1e-7));
}

TEST_CASE("modelled: a device that ran dry starts again at the next request, not before") {
    auto config = round_numbers;
    config.queue_depth = 64;
    auto device = device_of(config, bytes(4096));
    CHECK(device.schedule(direction::read, bytes(4096), nanoseconds(0)) == nanoseconds(4096 + 8192));
    // The transfer ended at 4096; the latency of an operation does not occupy the device.
    CHECK(device.schedule(direction::read, bytes(4096), nanoseconds(4000)) == nanoseconds(8192 + 8192));
    CHECK(device.schedule(direction::read, bytes(4096), nanoseconds(9000)) ==
          nanoseconds(9000 + 4096 + 8192));
}

TEST_CASE("modelled: completions never come before the request, whatever the order of the calls") {
    auto device = device_of({}, bytes(mib_bytes));
    const nanoseconds late = device.schedule(direction::write, bytes(mib_bytes), from_seconds(2));
    CHECK(late >= from_seconds(2));
    CHECK(device.schedule(direction::write, bytes(mib_bytes), from_seconds(1)) > late);
}

TEST_CASE("modelled: a device without bandwidth or queue is refused") {
    auto config = round_numbers;
    SECTION("reads") { config.read_bytes_per_second = 0; }
    SECTION("writes") { config.write_bytes_per_second = -1; }
    SECTION("queue") { config.queue_depth = 0; }
    SECTION("latency") { config.write_latency = nanoseconds(-1); }
    SECTION("contention") { config.contention = -0.5; }
    modelled<> device(config);
    const auto opened = device.open({.io_chunk = bytes(4096)});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == error_kind::invalid_argument);
    CHECK_THAT(opened.error().message,
               Catch::Contains("must be above 0") || Catch::Contains("must not be below 0"));
}

TEST_CASE("modelled: room is given out in the unit it was told, a sector by default") {
    CHECK(tier::granule_of(modelled<>(), {}) == tier::sector_size);
    CHECK(tier::granule_of(modelled<>({.granule = bytes(65'536)}), {}) == bytes(65'536));
}

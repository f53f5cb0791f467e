// The modelled tier against its closed form: a loaded device and an idle one, to the nanosecond.
#include <kvmark/tier/modelled.hpp>

#include "support/catch.hpp"

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

modelled<> device_of(tier::modelled_config config, bytes io_chunk) {
    modelled<> device(config);
    REQUIRE(device.open({.io_chunk = io_chunk}));
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
    auto device = device_of(round_numbers, bytes(4096));
    const nanoseconds later = from_seconds(5);
    CHECK(device.schedule(direction::read, bytes(4096), nanoseconds(0)) == nanoseconds(3 * 4096 + 8192));
    CHECK(device.schedule(direction::read, bytes(409'600), later) == later + nanoseconds(3 * 409'600 + 8192));
    CHECK(device.schedule(direction::write, bytes(4096), later + later) ==
          later + later + nanoseconds(3 * 4096 + 4096));
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
    modelled<> device(config);
    const auto opened = device.open({.io_chunk = bytes(4096)});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == error_kind::invalid_argument);
    CHECK_THAT(opened.error().message, Catch::Contains("must be above 0"));
}

TEST_CASE("modelled: room is given out in the unit it was told, a sector by default") {
    CHECK(tier::granule_of(modelled<>(), {}) == tier::sector_size);
    CHECK(tier::granule_of(modelled<>({.granule = bytes(65'536)}), {}) == bytes(65'536));
}

// The fit, on made-up measurements of devices whose numbers are known.
#include <kvmark/benchmark/calibration.hpp>

#include "support/catch.hpp"

using namespace kvmark;

namespace {

constexpr bytes large{mib_bytes}, small{64 * kib_bytes};

/// What `kvmark calibrate` would measure of it.
std::vector<measured_case> cases_of(const tier::modelled_config& device, bool mixed = true) {
    std::vector<measured_case> cases;
    for (const int read_percent : {100, 0})
        for (const bytes block : {large, small})
            for (const std::uint32_t depth : {1u, 2u, 4u, 8u, 16u, 32u})
                cases.push_back(*predict(device, block, depth, read_percent));
    if (mixed) cases.push_back(*predict(device, large, 32, 50));
    return cases;
}

} // namespace

TEST_CASE("calibration: the numbers of a known device come back") {
    tier::modelled_config known{.read_latency = nanoseconds(90'000),
                                .write_latency = nanoseconds(20'000),
                                .read_bytes_per_second = 3.1e9,
                                .write_bytes_per_second = 2.2e9,
                                .queue_depth = 6,
                                .read_io_cost = nanoseconds(9'000),
                                .write_io_cost = nanoseconds(15'000),
                                .read_alone_bytes_per_second = 2.5e9,
                                .write_alone_bytes_per_second = 2.0e9};
    known.contention = GENERATE(0.2, 1.0, 1.4);
    const auto found = fit_modelled(cases_of(known));
    REQUIRE(found);
    CHECK(static_cast<double>(found->read_latency.count) == Approx(90'000).epsilon(0.01));
    CHECK(static_cast<double>(found->write_latency.count) == Approx(20'000).epsilon(0.01));
    CHECK(found->read_bytes_per_second == Approx(3.1e9).epsilon(0.01));
    CHECK(found->write_bytes_per_second == Approx(2.2e9).epsilon(0.01));
    CHECK(static_cast<double>(found->read_io_cost.count) == Approx(9'000).epsilon(0.03));
    CHECK(static_cast<double>(found->write_io_cost.count) == Approx(15'000).epsilon(0.03));
    CHECK(found->read_alone_bytes_per_second == Approx(2.5e9).epsilon(0.01));
    CHECK(found->write_alone_bytes_per_second == Approx(2.0e9).epsilon(0.01));
    CHECK(found->contention == Approx(known.contention).epsilon(0.05));
    CHECK(found->queue_depth == 4); // the least measured that the device needs: alone / share is 3.5
}

TEST_CASE("calibration: the fitted device does what was measured, latencies included") {
    tier::modelled_config known{.queue_depth = 8, .read_io_cost = nanoseconds(10'000)};
    known.read_spread.ratios = {0.8, 0.85, 0.9, 0.94, 0.98, 1.02, 1.1, 1.2, 1.4, 1.6, 4};
    const double mean = known.read_spread.mean();
    for (double& r : known.read_spread.ratios) r /= mean;
    const std::vector<measured_case> cases = cases_of(known);
    const auto device = fit_modelled(cases);
    REQUIRE(device);
    for (const measured_case& c : cases) {
        const auto again = predict(*device, c.block, c.depth, c.read_percent);
        REQUIRE(again);
        INFO(c.block.count << " x " << c.depth << ", " << c.read_percent << " % reads");
        CHECK(again->bytes_per_second == Approx(c.bytes_per_second).epsilon(0.03));
        CHECK(static_cast<double>(again->latency.quantile(0.5).count) ==
              Approx(static_cast<double>(c.latency.quantile(0.5).count)).epsilon(0.03));
        CHECK(static_cast<double>(again->latency.quantile(0.99).count) ==
              Approx(static_cast<double>(c.latency.quantile(0.99).count)).epsilon(0.2));
    }
}

TEST_CASE("calibration: what a few stalls cost is counted once") {
    tier::modelled_config known{};
    known.read_latency = nanoseconds(0); // so that an I/O alone takes as long as one of many
    std::vector<measured_case> cases = cases_of(known);
    for (measured_case& c : cases) {
        const auto stall = nanoseconds(static_cast<std::int64_t>(c.latency.mean() * 1000));
        for (int i = 0; i < 20; ++i) c.latency.record(stall); // one in a thousand: the mean doubles
        c.bytes_per_second /= 2;
    }
    const auto device = fit_modelled(cases);
    REQUIRE(device);
    for (const measured_case& c : cases) {
        INFO(c.block.count << " x " << c.depth << ", " << c.read_percent << " % reads");
        CHECK(predict(*device, c.block, c.depth, c.read_percent)->bytes_per_second ==
              Approx(c.bytes_per_second).epsilon(0.03));
    }
}

TEST_CASE("calibration: one block size is a device without a cost of I/Os") {
    std::vector<measured_case> cases = cases_of({});
    std::erase_if(cases, [](const measured_case& c) { return c.block == small; });
    const auto found = fit_modelled(cases, bytes(65'536));
    REQUIRE(found);
    CHECK(found->read_io_cost == nanoseconds(0));
    CHECK(found->read_bytes_per_second == Approx(3e9).epsilon(0.01));
    CHECK(found->granule == bytes(65'536));
    CHECK(predict(*found, large, 1, 100)->bytes_per_second ==
          Approx(cases[0].bytes_per_second).epsilon(0.01));
}

TEST_CASE("calibration: a lucky depth among equals does not make the device faster") {
    std::vector<measured_case> cases = cases_of({});
    const double true_rate = fit_modelled(cases)->read_bytes_per_second;
    for (measured_case& c : cases)
        if (c.block == large && c.depth == 16 && c.read_percent == 100) c.bytes_per_second *= 1.04;
    CHECK(fit_modelled(cases)->read_bytes_per_second < true_rate * 1.02);
}

TEST_CASE("calibration: reads and writes take turns where no mix was measured") {
    CHECK(fit_modelled(cases_of({.contention = 0.3}, false))->contention == 1);
}

TEST_CASE("calibration: what was not measured is named") {
    std::vector<measured_case> cases = cases_of({});
    const int missing = GENERATE(100, 0);
    std::erase_if(cases, [&](const measured_case& c) { return c.depth == 1 && c.read_percent == missing; });
    const auto found = fit_modelled(cases);
    REQUIRE_FALSE(found);
    CHECK_THAT(found.error().message,
               Catch::Contains(missing == 100 ? "no reads" : "no writes") && Catch::Contains("one I/O"));
}

// The microbenchmark of one tier: its figures hold together, and bad bytes and failed calls are counted.
#include <kvmark/benchmark/block_benchmark.hpp>
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/slab.hpp>
#include <kvmark/tier/throttled.hpp>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace kvmark;
using slab_file = tier::basic_direct_file<tier::slab>;

namespace {

constexpr bytes chunk{64 * kib_bytes}, size{16 * mib_bytes};
const std::atomic<bool> never{false};

tier::tier_setup setup_in(const std::string& directory) {
    return {.io_chunk = chunk, .queue_depth = 4, .cache_dir = directory};
}

block_case short_case(bytes block, std::uint32_t depth, int read_percent) {
    return {.block = block,
            .depth = depth,
            .read_percent = read_percent,
            .warm_up = from_seconds(0.02),
            .duration = from_seconds(0.1)};
}

} // namespace

TEST_CASE("block benchmark: operations, bytes and time hold together in every direction") {
    const test::temporary_directory directory;
    block_benchmark<slab_file> bench(setup_in(directory.path()), size, verify_mode::full);
    REQUIRE(bench.open());
    CHECK_FALSE(bench.queued());
    for (const int read_percent : {100, 0, 60})
        for (const std::uint32_t depth : {1u, 5u}) {
            const auto r = bench.measure(short_case(bytes(8192), depth, read_percent), never);
            REQUIRE(r);
            CHECK(r->read.count == r->read_latency.count() * 8192);
            CHECK(r->written.count == r->write_latency.count() * 8192);
            CHECK((r->read.count > 0) == (read_percent > 0));
            CHECK((r->written.count > 0) == (read_percent < 100));
            CHECK(r->elapsed == from_seconds(0.1));
            CHECK(r->errors == 0);
            CHECK(r->corrupt_sectors == 0);
            CHECK(r->processor.user + r->processor.system > nanoseconds(0));
        }
}

TEST_CASE("block benchmark: of a device of known rate and latency it reports these") {
    using slow = tier::throttled<tier::host>;
    constexpr double rate = 200e6;
    constexpr nanoseconds latency{5'000'000};
    const bool knows_rate = GENERATE(true, false);
    const tier::throttle limit =
        knows_rate ? tier::throttle{.bytes_per_second = rate} : tier::throttle{.latency = latency};
    block_benchmark<slow> bench({.io_chunk = chunk}, size, verify_mode::full,
                                {.read = limit, .write = limit});
    REQUIRE(bench.open());
    for (const int read_percent : {100, 0, 50})
        for (const std::uint32_t depth : {1u, 4u}) {
            block_case c = short_case(chunk, depth, read_percent);
            c.duration = from_seconds(0.5);
            const auto r = bench.measure(c, never);
            REQUIRE(r);
            if (knows_rate) {
                CHECK(std::abs(r->bytes_per_second() / rate - 1) < 0.03);
                continue;
            }
            measure::histogram both = r->read_latency;
            both.merge(r->write_latency);
            CHECK(static_cast<double>(both.quantile(0).count) > 0.99 * static_cast<double>(latency.count));
            CHECK(both.mean() < 1.05 * static_cast<double>(latency.count));
        }
}

TEST_CASE("block benchmark: a byte changed behind its back is a corrupt sector") {
    const test::temporary_directory directory;
    block_benchmark<slab_file> bench(setup_in(directory.path()), size, verify_mode::stamps);
    REQUIRE(bench.open());
    const auto files = test::files_below(directory.path());
    REQUIRE(files.size() == 1);
    const int fd = ::open(files[0].c_str(), O_RDWR);
    for (off_t at = 0; at < static_cast<off_t>(size.count); at += 4096)
        REQUIRE(::pwrite(fd, "x", 1, at) == 1);
    ::close(fd);
    const auto r = bench.measure(short_case(chunk, 2, 100), never);
    REQUIRE(r);
    CHECK(r->corrupt_sectors > 0);
}

TEST_CASE("block benchmark: without stamps the same bytes move, and nothing is checked") {
    const test::temporary_directory directory;
    block_benchmark<slab_file> bench(setup_in(directory.path()), size, verify_mode::full);
    REQUIRE(bench.open());
    for (const int read_percent : {0, 100}) {
        block_case c = short_case(chunk, 2, read_percent);
        c.stamped = false;
        const auto r = bench.measure(c, never);
        REQUIRE(r);
        CHECK(r->operations() > 0);
        CHECK(r->corrupt_sectors == 0);
    }
    CHECK(bench.measure(short_case(chunk, 2, 100), never)->corrupt_sectors > 0);
}

TEST_CASE("block benchmark: failed I/Os are counted with their errno, and not as bytes") {
    const test::temporary_directory directory;
    block_benchmark<slab_file> bench(setup_in(directory.path()), size, verify_mode::stamps);
    REQUIRE(bench.open());
    REQUIRE(::truncate(test::files_below(directory.path()).at(0).c_str(), 0) == 0);
    const auto r = bench.measure(short_case(chunk, 2, 100), never);
    REQUIRE(r);
    CHECK(r->errors > 0);
    CHECK(r->error_number == EIO);
    CHECK(r->operations() == 0);
}

TEST_CASE("block benchmark: what cannot be measured is said, and a stop ends it at once") {
    block_benchmark<tier::host> bench({.io_chunk = chunk}, size, verify_mode::stamps);
    REQUIRE(bench.open());
    CHECK_FALSE(bench.measure(short_case(bytes(100), 1, 100), never));
    CHECK_FALSE(bench.measure(short_case(bytes(12'288), 1, 100), never)); // does not divide 64 KiB
    CHECK_FALSE(bench.measure(short_case(chunk, 1000, 100), never));      // more in flight than blocks
    const std::atomic<bool> stop{true};
    block_case endless = short_case(chunk, 2, 100);
    endless.duration = from_seconds(3600);
    const auto r = bench.measure(endless, stop);
    REQUIRE(r);
    CHECK(r->operations() == 0);
}

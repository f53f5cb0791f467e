// Plain copies on the stand-in: bytes arrive, as many are in flight as was asked, and errors of the driver
// end a case.
#include "stand_in/stand_in.hpp"

#include <kvmark/benchmark/copy_benchmark.hpp>

#include <set>

using namespace kvmark;
using test::stand_in_cuda;

namespace {

constexpr bytes block{64 * kib_bytes}, size{4 * mib_bytes};
const std::atomic<bool> never{false};

/// Functions of the driver, and what takes the place of them.
gpu::driver real;
gpu::status loses_the_last_byte(gpu::device_address to, const void* from, std::size_t n, gpu::stream s) {
    return real.copy_to_device(to, from, n == block.count ? n - 1 : n, s);
}

/// What is in flight: copies that began and were not yet seen to be done.
struct {
    std::set<gpu::event> events;
    std::set<gpu::stream> streams;
    std::size_t most = 0;
} in_flight;
gpu::status counted_record(gpu::event e, gpu::stream s) {
    in_flight.events.insert(e);
    in_flight.streams.insert(s);
    in_flight.most = std::max(in_flight.most, in_flight.events.size());
    return real.record_event(e, s);
}
gpu::status counted_query(gpu::event e) {
    const gpu::status s = real.query_event(e);
    if (s != gpu::status::not_ready) in_flight.events.erase(e);
    return s;
}

struct bench {
    explicit bench(const char* words = "", std::uint32_t gpus = 1)
        : stand_in(words), api(*gpu::driver::get()) {
        for (std::uint32_t i = 0; i < gpus; ++i) {
            auto opened = gpu::device::open(api, i);
            REQUIRE(opened);
            devices.push_back(std::move(*opened));
        }
        copies.emplace(devices, size);
    }
    copy_result measure(const copy_case& c) {
        auto r = copies->measure(c, never);
        INFO((r ? "" : r.error().message));
        REQUIRE(r);
        return std::move(*r);
    }

    stand_in_cuda stand_in;
    gpu::driver api;
    std::vector<gpu::device> devices;
    std::optional<copy_benchmark> copies;
};

copy_case short_case(copy_way way, std::uint32_t depth = 1, std::uint32_t streams = 1) {
    return {.way = way,
            .to = 1,
            .block = block,
            .depth = depth,
            .streams = streams,
            .warm_up = from_seconds(0.02),
            .duration = from_seconds(0.1)};
}

constexpr std::array ways{copy_way::host_to_device, copy_way::device_to_host, copy_way::device_to_device,
                          copy_way::peer};

} // namespace

TEST_CASE("copy benchmark: every byte arrives, and copies, bytes and time hold together") {
    bench b("devices=2 latency_us=20", 2);
    REQUIRE(b.copies->open());
    for (const copy_way way : ways)
        for (const std::uint32_t depth : {1u, 5u}) {
            INFO("way " << static_cast<int>(way) << ", depth " << depth);
            const std::uint64_t pageable = b.stand_in.pageable_copies();
            copy_case c = short_case(way, depth, depth == 1 ? 1 : 2);
            c.duration = from_seconds(0.3);
            const copy_result r = b.measure(c);
            CHECK(b.stand_in.pageable_copies() - pageable <= depth); // the last ones, to be looked at
            CHECK(r.wrong_blocks == 0);
            CHECK(r.latency.count() > 0);
            CHECK(r.copied.count == r.latency.count() * block.count);
            CHECK(r.elapsed == c.duration);
            CHECK(r.latency.quantile(0) >= nanoseconds(20'000));
            CHECK(r.processor.user + r.processor.system > nanoseconds(0));
        }
    CHECK(b.stand_in.pinned_ranges() == 0);
}

TEST_CASE("copy benchmark: a byte that does not arrive is seen") {
    bench b;
    real = b.api;
    b.api.copy_to_device = loses_the_last_byte;
    REQUIRE(b.copies->open());
    CHECK(b.measure(short_case(copy_way::host_to_device, 3)).wrong_blocks == 3);
    CHECK(b.measure(short_case(copy_way::device_to_host, 3)).wrong_blocks == 0);
}

TEST_CASE("copy benchmark: as many copies are in flight, on as many streams, as was asked") {
    bench b("devices=2 latency_us=500", 2);
    real = b.api;
    b.api.record_event = counted_record;
    b.api.query_event = counted_query;
    REQUIRE(b.copies->open());
    for (const copy_way way : ways)
        for (const auto& [depth, streams] : {std::pair(1u, 1u), {6u, 1u}, {6u, 4u}, {6u, 6u}}) {
            in_flight = {};
            static_cast<void>(b.measure(short_case(way, depth, streams)));
            CHECK(in_flight.most == depth);
            CHECK(in_flight.streams.size() == streams);
            CHECK(in_flight.events.empty());
        }
}

TEST_CASE("copy benchmark: the number of streams that is quickest") {
    bench b("latency_us=2000");
    REQUIRE(b.copies->open());
    CHECK(*b.copies->quickest_streams(short_case(copy_way::device_to_host, 1), never) == 1);
    CHECK(*b.copies->quickest_streams(short_case(copy_way::device_to_host, 8), never) > 1);
}

TEST_CASE("copy benchmark: pageable memory is not pinned behind the caller's back") {
    bench b("latency_us=20");
    REQUIRE(b.copies->open());
    for (const copy_way way : {copy_way::host_to_device, copy_way::device_to_host}) {
        const std::uint64_t before = b.stand_in.pageable_copies();
        copy_case c = short_case(way, 2);
        c.pinned = false;
        const copy_result r = b.measure(c);
        CHECK(b.stand_in.pageable_copies() - before >= r.latency.count());
        CHECK(r.wrong_blocks == 0);
    }
}

TEST_CASE("copy benchmark: an error of the driver ends the case, names GPU and way, and leaves nothing") {
    bench b("devices=2 latency_us=200", 2);
    REQUIRE(b.copies->open());
    const auto refused = [&](copy_way way, const char* function, int code) {
        b.stand_in.fail(function, code, 6, true);
        copy_case endless = short_case(way, 4, 2); // but for the error
        endless.duration = from_seconds(3600);
        const auto r = b.copies->measure(endless, never);
        REQUIRE_FALSE(r);
        CHECK(b.stand_in.live_streams() == 0);
        CHECK(b.stand_in.live_events() == 0);
        CHECK(b.stand_in.pinned_ranges() == 0);
        return r.error().message;
    };
    using Catch::Contains;
    CHECK_THAT(refused(copy_way::host_to_device, "cuMemcpyHtoDAsync_v2", 2),
               Contains("GPU 0: copying to the device") && Contains("OUT_OF_MEMORY"));
    CHECK_THAT(refused(copy_way::device_to_host, "cuMemcpyDtoHAsync_v2", 1), Contains("to the host"));
    CHECK_THAT(refused(copy_way::device_to_device, "cuMemcpyDtoDAsync_v2", 1), Contains("on the device"));
    CHECK_THAT(refused(copy_way::peer, "cuMemcpyPeerAsync", 1), Contains("to GPU 1"));
    CHECK_THAT(refused(copy_way::device_to_host, "cuEventRecord", 1), Contains("INVALID_VALUE"));
    CHECK(b.measure(short_case(copy_way::peer, 4)).wrong_blocks == 0); // the next case goes on as ever
    b.stand_in.lose(0, 6);
    copy_case endless = short_case(copy_way::device_to_host, 4);
    endless.duration = from_seconds(3600);
    CHECK_THAT(b.copies->measure(endless, never).error().message,
               Contains("GPU 0: copying to the host") && Contains("719"));
}

TEST_CASE("copy benchmark: too little memory is said with what there is") {
    bench b("memory=6M");
    const auto opened = b.copies->open();
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Catch::Contains("GPU 0: no memory") && Catch::Contains("are free"));
}

TEST_CASE("copy benchmark: what cannot be measured is said, and a stop ends it at once") {
    bench b;
    REQUIRE(b.copies->open());
    const auto refused = [&](auto&& change) {
        copy_case c = short_case(copy_way::host_to_device, 4);
        change(c);
        return !b.copies->measure(c, never);
    };
    CHECK(refused([](copy_case& c) { c.block = bytes(12); }));
    CHECK(refused([](copy_case& c) { c.depth = 65; })); // of 64 KiB in 4 MiB
    CHECK(refused([](copy_case& c) { c.depth = 0; }));
    CHECK(refused([](copy_case& c) { c.streams = 5; }));
    CHECK(refused([](copy_case& c) { c.gpu = 1; }));
    CHECK(refused([](copy_case& c) { c.way = copy_way::peer; }));
    const std::atomic<bool> stop{true};
    copy_case endless = short_case(copy_way::host_to_device, 4);
    endless.duration = from_seconds(3600);
    const auto r = b.copies->measure(endless, stop);
    REQUIRE(r);
    CHECK(r->copied == bytes());
}

// The ledger: how a latency divides, what is counted where, what is kept of faults.
#include <kvmark/engine/recorder.hpp>
#include <kvmark/tier/null.hpp>
#include <kvmark/tier/stack.hpp>

#include "support/catch.hpp"

using namespace kvmark;
using namespace kvmark::engine;
using tier::tier_role;

namespace {

recorder two_tiers(std::uint64_t max_samples = 100) {
    recorder r(max_samples, bytes(256));
    r.report.tiers.push_back({.name = "memory", .role = tier_role::cpu});
    r.report.tiers.push_back({.name = "disk", .role = tier_role::storage});
    return r;
}

void set_times(task& t, std::int64_t wanted, std::int64_t started, std::array<std::int64_t, 4> spent) {
    t.wanted = nanoseconds(wanted);
    t.running = nanoseconds(wanted);
    t.started = nanoseconds(started);
    for (std::size_t part = 0; part < spent.size(); ++part) t.spent[part] = spent[part];
}

} // namespace

TEST_CASE("the time of an operation divides into queue, submit, device, copy and verify; nothing is lost") {
    task t;
    set_times(t, 1'000, 900'000, {500, 6'000, 500, 1'000});
    // The engine's clock and the monotonic one differ by 895,000: it waited 5,000 and was served 16,000.
    const time_split s = split_time(t, nanoseconds(22'000), nanoseconds(916'000));
    CHECK(s.total == nanoseconds(21'000));
    CHECK(s.queue == nanoseconds(5'000));
    CHECK(s.submit == nanoseconds(1'000));
    CHECK(s.device == nanoseconds(12'000));
    CHECK(s.copy == nanoseconds(1'000));
    CHECK(s.verify == nanoseconds(2'000));
    CHECK(s.host() == nanoseconds(4'000));

    random_stream draw(1);
    std::size_t wrong = 0;
    for (int i = 0; i < 100'000; ++i) {
        const auto n = [&](std::uint64_t most) {
            return static_cast<std::int64_t>(draw.uniform_int(0, most));
        };
        const auto some = [&] { return n(3) * n(1'000'000); };
        set_times(t, n(1000), 1 + n(1'000'000), {some(), some(), some(), some()});
        const nanoseconds now = t.wanted + nanoseconds(n(10'000'000)),
                          monotonic = t.started + nanoseconds(n(20'000'000));
        const time_split parts = split_time(t, now, monotonic);
        wrong += parts.queue + parts.submit + parts.device + parts.copy + parts.verify != parts.total;
        for (const nanoseconds part : {parts.queue, parts.submit, parts.device, parts.copy, parts.verify})
            wrong += part.count < 0;
        if (t.spent_on(io_part::device) == 0 && t.spent_on(io_part::copy) > 0)
            wrong += parts.device.count != 0;
    }
    CHECK(wrong == 0);
}

TEST_CASE("an operation without I/O of its own, on a modelled tier, is all device from its first leg on") {
    task t;
    set_times(t, 1'000, 0, {});
    t.running = nanoseconds(4'000);
    const time_split s = split_time(t, nanoseconds(9'000), nanoseconds(123));
    CHECK(s.queue == nanoseconds(3'000));
    CHECK(s.device == nanoseconds(5'000));
    CHECK(s.host() == nanoseconds(0));
}

TEST_CASE("hits and misses are counted by purpose, and a hit can be taken back") {
    measure::cache_counters c;
    count_access(c, purpose::system_prompt, true, 1);
    count_access(c, purpose::earlier_turn, true, 1);
    count_access(c, purpose::chunk, true, 1);
    count_access(c, purpose::decode, true, 4);
    count_access(c, purpose::earlier_turn, false, 1);
    count_access(c, purpose::chunk, false, 1);
    CHECK(c.hits == 7);
    CHECK(c.misses == 2);
    CHECK(c.system_prompt_hits == 1);
    CHECK(c.turn_hits == 1);
    CHECK(c.turn_misses == 1);
    CHECK(c.chunk_hits == 1);
    CHECK(c.chunk_misses == 1);
    CHECK(c.decode_reads == 4);
    CHECK(c.user_hits == 5);
    count_access(c, purpose::decode, true, ~std::uint64_t{3} + 1);
    count_access(c, purpose::decode, false, 3);
    CHECK(c.hits == 4);
    CHECK(c.misses == 5);
    CHECK(c.decode_reads == 1);
    CHECK(c.user_hits == 2);
}

TEST_CASE("an operation is counted at its tier and in its direction; a move is a write of where it goes") {
    recorder r = two_tiers();
    task t;
    const time_split s{nanoseconds(100), nanoseconds(10), nanoseconds(5),
                       nanoseconds(65),  nanoseconds(12), nanoseconds(8)};
    t.size = bytes(512);
    for (const auto kind : {op_kind::read, op_kind::write, op_kind::move}) {
        t.kind = kind;
        t.tier = 1;
        r.operation(t, s);
    }
    t.kind = op_kind::read;
    t.tier = 0;
    r.operation(t, s);
    CHECK(r.report.tiers[1].read.operations == 1);
    CHECK(r.report.tiers[1].write.operations == 2);
    CHECK(r.report.tiers[0].read.operations == 1);
    CHECK(r.report.tiers[0].write.operations == 0);
    const auto& read = r.report.tiers[1].read;
    CHECK(read.queue.max() == nanoseconds(10));
    CHECK(read.submit.max() == nanoseconds(5));
    CHECK(read.device.max() == nanoseconds(65));
    CHECK(read.copy.max() == nanoseconds(12));
    CHECK(read.verify.max() == nanoseconds(8));
    CHECK(read.host.max() == nanoseconds(25));
    CHECK(r.report.cache.storage_tokens ==
          6.0); // three of 512 bytes at 256 a token, of the storage tier alone
    CHECK(r.report.cache.storage_tokens_read == 2.0);
}

TEST_CASE("the P95 that scaling sees is that of storage reads since it last asked") {
    recorder r = two_tiers();
    task t;
    t.tier = 1;
    for (int i = 1; i <= 100; ++i) r.operation(t, {.total = nanoseconds(i * 1'000'000)});
    t.tier = 0;
    r.operation(t, {.total = from_seconds(9)});
    CHECK(r.take_read_p95_ms() == Approx(95).epsilon(0.01));
    CHECK(r.take_read_p95_ms() == 0.0);
}

TEST_CASE("a completed request counts in its class, from its intended arrival; rows are capped, histograms "
          "are not") {
    recorder r = two_tiers(2);
    active_request a;
    a.request.service = workload::service_class::responsive;
    a.request.phase = workload::phase::prefill;
    a.request.output = tokens(10);
    a.admitted = from_seconds(3);
    a.storage_done = from_seconds(5);
    a.prefill_time = from_seconds(1);
    a.counted.hits = 2;
    for (int i = 0; i < 3; ++i) r.completed(a, from_seconds(1), from_seconds(6));
    const auto& report = r.report;
    CHECK(report.requests_completed == 3);
    CHECK(report.tokens_generated == tokens(30));
    CHECK(report.storage_time == from_seconds(6));
    CHECK(report.generation_time == from_seconds(3));
    CHECK(report.end_to_end.max() == from_seconds(5));
    CHECK(report.queue.max() == from_seconds(2));
    CHECK(report.prefill.count() == 3);
    CHECK(report.decode.empty());
    CHECK(report.classes[1].completed == 3);
    CHECK(report.classes[1].latency.max() == from_seconds(5));
    CHECK(report.classes[0].completed + report.classes[2].completed == 0);
    CHECK(report.cache.hits == 6);
    REQUIRE(report.samples.size() == 2);
    CHECK(report.samples_capped);
    CHECK(report.samples[1].end_to_end_s == 5.0f);
    CHECK(report.samples[1].storage_s == 2.0f);
    CHECK(report.samples[1].generation_s == 1.0f);
    CHECK(r.take_interval_tokens() == tokens(30));
    CHECK(r.take_interval_tokens() == tokens(0));
}

namespace {

/// A tier on GPUs `first` and `first` + 1.
template <std::uint32_t First>
struct on_two_gpus : tier::null<> {
    [[nodiscard]] static std::vector<gpu::gpu_facts> gpus() {
        return {{.index = First, .pci_address = std::to_string(First)},
                {.index = First + 1, .pci_address = std::to_string(First + 1)}};
    }
};

} // namespace

TEST_CASE("the GPUs of all tiers are in the report, each once, however often it is asked") {
    tier::stack<on_two_gpus<0>, tier::null<>, on_two_gpus<1>> tiers;
    recorder r(100, bytes(256));
    r.report.tiers.resize(3);
    for (int i = 0; i < 2; ++i) r.note_tiers(tiers, {"", "", ""});
    REQUIRE(r.report.gpus.size() == 3);
    CHECK(r.report.gpus[2].facts.index == 2);
}

TEST_CASE(
    "a worker's bytes and faults reach the report, each fault with its place, sixteen of each kind at most") {
    recorder r = two_tiers();
    io_worker worker({.chunk = bytes(4096)}, 2);
    worker.counters(1).read_bytes = 8192;
    worker.counters(0).written_bytes = 4096;
    worker.counters(1).read_io.record(nanoseconds(50));
    const std::uint64_t key = workload::object_key(workload::object_kind::turn, 3, 2).packed;
    tier::sector_mismatch mismatch;
    mismatch.expected.key = key;
    worker.note({op_kind::read, op_stage::data, 1, {key, 1}, bytes(4096), 0, mismatch});
    worker.note({op_kind::move, op_stage::data, 1, {key, 1}, bytes(8192), EIO, {}});
    worker.note({op_kind::write, op_stage::create, 0, {key, 1}, {}, ENOSPC, {}});
    for (int i = 0; i < 40; ++i) worker.note({op_kind::read, op_stage::data, 1, {key, 1}, {}, EIO, {}});
    r.merge(worker);
    const auto& report = r.report;
    CHECK(report.tiers[1].read.moved == bytes(8192));
    CHECK(report.tiers[0].write.moved == bytes(4096));
    CHECK(report.tiers[1].read.io.count() == 1);
    CHECK(report.corrupt_sectors == 1);
    CHECK(report.failed_operations == 42);
    CHECK_FALSE(report.clean());
    REQUIRE(report.corruptions.size() == 1);
    CHECK(report.corruptions[0].key == "conv_3_turn_2");
    CHECK(report.corruptions[0].tier == "disk");
    CHECK(report.corruptions[0].offset == bytes(4096));
    CHECK(report.corruptions[0].expected != report.corruptions[0].found);
    REQUIRE(report.failures.size() >= 2);
    CHECK(report.failures.size() <= io_worker::kept_faults);
    CHECK(report.failures[0].operation == "move");
    CHECK(report.failures[0].error_number == EIO);
    CHECK(report.failures[1].operation == "create");
    CHECK(report.failures[1].tier == "memory");
}

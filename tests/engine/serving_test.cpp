// Prefix blocks through the whole benchmark: hits as the replay has them, latencies that add up, real bytes.
#include <kvmark/benchmark/benchmark.hpp>
#include <kvmark/cache/replay.hpp>
#include <kvmark/tier/faulty.hpp>
#include <kvmark/tier/modelled.hpp>
#include <kvmark/workload/block_replay.hpp>
#include <kvmark/workload/trace_builder.hpp>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace kvmark;
using namespace kvmark::workload;

namespace {

using host_and_disk = tier::stack<tier::modelled<tier::tier_role::cpu>, tier::modelled<>>;
template <class Stack, class Clock>
using serving_bench = benchmark<exec::serial, launch::none, Stack, engine::prefix_blocks<>, Clock>;

/// 16 tokens a block of 256 bytes each: 4 KiB.
options small_blocks(std::vector<std::uint64_t> capacity) {
    options o;
    o.seed = 1;
    o.serving.capacity_blocks = std::move(capacity);
    o.serving.kv_bytes_per_token = 256;
    return o;
}

struct line {
    double arrival_ms;
    std::vector<block_number> blocks;
    std::uint64_t output = 1;
    std::uint64_t after = block_request::nobody;
    double think_ms = 0;
};

block_trace trace_of(const std::vector<line>& lines) {
    trace_builder b(tokens(16));
    for (const line& l : lines)
        b.add({.arrival = from_seconds(l.arrival_ms / 1e3),
               .after = l.after,
               .think = from_seconds(l.think_ms / 1e3),
               .input = tokens(16 * l.blocks.size()),
               .output = tokens(l.output),
               .blocks = l.blocks});
    return b.finish();
}

/// Conversations that grow, a few at a time.
block_trace random_trace(std::uint64_t seed, int requests) {
    random_stream draw(seed);
    trace_builder b(tokens(16));
    block_numbering numbers;
    std::vector<std::vector<block_number>> open(6);
    for (int i = 0; i < requests; ++i) {
        auto& chain = open[draw.uniform_int(0, open.size() - 1)];
        if (chain.size() > 12) chain.clear();
        for (std::uint64_t n = draw.uniform_int(1, 3); n > 0; --n) chain.push_back(numbers.fresh());
        b.add({.arrival = nanoseconds(std::int64_t{i} * 1'000'000),
               .input = tokens(16 * chain.size() - 5),
               .blocks = chain});
    }
    return b.finish();
}

template <class Stack, class Clock>
measure::run_report run(const options& o, const block_trace& trace, const replay_config& replay = {},
                        const typename Stack::configs& tiers = {}) {
    block_replay source(trace, replay);
    measure::no_observer nobody;
    serving_bench<Stack, Clock> bench(o, tiers);
    auto report = bench.run_from(source, nobody);
    REQUIRE(report);
    return *std::move(report);
}

double ms(const measure::histogram& h, double rank) { return to_milliseconds(h.quantile(rank)); }

void check_equal(const cache::replay_counts& a, const cache::replay_counts& b) {
    CHECK(a.requests == b.requests);
    CHECK(a.block_refs == b.block_refs);
    CHECK(a.hit_blocks_prefix == b.hit_blocks_prefix);
    CHECK(a.hit_blocks_any == b.hit_blocks_any);
    CHECK(a.hit_tokens == b.hit_tokens);
    CHECK(a.measured_tokens == b.measured_tokens);
    for (std::size_t t = 0; t < a.tiers.size(); ++t) {
        CHECK(a.tiers[t].read == b.tiers[t].read);
        CHECK(a.tiers[t].written == b.tiers[t].written);
        CHECK(a.tiers[t].demoted == b.tiers[t].demoted);
        CHECK(a.tiers[t].dropped == b.tiers[t].dropped);
    }
}

} // namespace

TEST_CASE("in virtual time the hits are those of the decisions alone, to the block") {
    const block_trace trace = random_trace(3, 4000);
    const std::uint64_t warmup = GENERATE(0, 1000);
    options o = small_blocks({5, 20});
    o.serving.warmup_requests = static_cast<std::int64_t>(warmup);
    const auto report = run<host_and_disk, clocks::virtual_time>(o, trace);
    cache::block_cache<cache::lru> cache({.capacity = {5, 20}}, trace.distinct_blocks());
    const cache::replay_counts decided = cache::replay(trace, cache, warmup);
    REQUIRE(decided.hit_blocks_prefix > 1000);
    check_equal(report.serving->counts, decided);
    CHECK(report.serving->completed == trace.requests() - warmup);
}

TEST_CASE("a warm-up of so many seconds leaves out the requests that are admitted in it") {
    const block_trace trace = random_trace(3, 4000); // one in a millisecond
    options o = small_blocks({5, 20});
    o.warmup = 1;
    const auto report = run<host_and_disk, clocks::virtual_time>(o, trace);
    cache::block_cache<cache::lru> cache({.capacity = {5, 20}}, trace.distinct_blocks());
    const cache::replay_counts decided = cache::replay(trace, cache, 1000);
    check_equal(report.serving->counts, decided);
    CHECK(report.elapsed < from_seconds(3.1));
    CHECK(report.tiers[1].read.operations == decided.tiers[1].read);
    SECTION("the later of the two warm-ups opens the window") {
        o.serving.warmup_requests = 2500;
        const auto later = run<host_and_disk, clocks::virtual_time>(o, trace);
        CHECK(later.serving->counts.requests == 1500);
        o.serving.warmup_requests = 500;
        const auto same = run<host_and_disk, clocks::virtual_time>(o, trace);
        check_equal(same.serving->counts, decided);
    }
}

TEST_CASE("an answer that is complete in the window counts, though it began in the warm-up") {
    options o = small_blocks({100});
    o.serving.prefill_rate = 1000; // a prompt of four blocks: 64 ms
    o.warmup = 0.02;
    const auto r = run<tier::stack<tier::modelled<>>, clocks::virtual_time>(
        o, trace_of({{0, {0, 1, 2, 3}}, {400, {4, 5, 6, 7}}}));
    CHECK(r.serving->completed == 2);
    CHECK(r.serving->counts.requests == 1);
    CHECK(ms(r.serving->ttft, 0.0) == Approx(64).epsilon(0.01));
}

TEST_CASE("on real tiers they are too, and every byte comes back as it was written") {
    const test::temporary_directory folder;
    const block_trace trace = random_trace(5, 600);
    options o = small_blocks({5, 20});
    o.cache_dir = folder.path();
    using real = tier::stack<tier::host, tier::direct_file>;
    const auto writes =
        GENERATE(cache::write_mode::on_eviction, cache::write_mode::back, cache::write_mode::through);
    o.serving.writes = writes;
    const auto report = run<real, clocks::steady>(o, trace, {.speedup = 0});
    cache::block_cache<cache::lru> cache({.capacity = {5, 20}, .writes = writes}, trace.distinct_blocks());
    const cache::replay_counts decided = cache::replay(trace, cache);
    check_equal(report.serving->counts, decided);
    CHECK(report.clean());
    const auto blocks = [](std::uint64_t n) { return bytes(4096 * n); };
    CHECK(report.tiers[1].read.moved == blocks(decided.tiers[1].read));
    CHECK(report.tiers[1].write.moved == blocks(decided.tiers[1].written + decided.tiers[1].demoted));
    CHECK(report.tiers[0].read.moved == blocks(decided.tiers[0].read + decided.tiers[1].demoted));
    CHECK(report.tiers[0].write.moved == blocks(decided.tiers[0].written));
}

TEST_CASE("time to first token is queue, load and prefill") {
    // A disk of 10 ms and 1 MiB/s, an accelerator of 1000 tokens/s: a block of 16 tokens takes 16 ms.
    const tier::modelled_config disk{.read_latency = from_seconds(0.010),
                                     .write_latency = {},
                                     .read_bytes_per_second = 1 << 20,
                                     .write_bytes_per_second = 1e12};
    using one = tier::stack<tier::modelled<>>;
    options o = small_blocks({100});
    o.serving.prefill_rate = 1000;
    const std::vector<block_number> prompt{0, 1, 2, 3};
    SECTION("nothing is cached: all is computed") {
        const auto r = run<one, clocks::virtual_time>(o, trace_of({{0, prompt}}), {}, {disk});
        CHECK(ms(r.serving->ttft, 0.5) == Approx(64).epsilon(0.01));
        CHECK(ms(r.serving->load, 0.5) == 0);
    }
    SECTION("all is cached: it is loaded, and the last token computed") {
        const auto r = run<one, clocks::virtual_time>(o, trace_of({{0, prompt}, {500, prompt}}), {}, {disk});
        const double load = 10 + 1000 * 4 * 4096.0 / (1 << 20);
        CHECK(ms(r.serving->load, 1.0) == Approx(load).epsilon(0.01));
        CHECK(ms(r.serving->ttft, 0.0) == Approx(load + 1).epsilon(0.01));
    }
    SECTION("one slot: the second waits for the first's answer") {
        o.serving.batch_slots = 1;
        o.serving.decode_rate = 100;
        const auto r = run<one, clocks::virtual_time>(
            o, trace_of({{0, {0, 1, 2, 3}, 11}, {4, {4, 5, 6, 7}, 1}}), {}, {disk});
        CHECK(ms(r.serving->queue, 1.0) == Approx(64 + 100 - 4).epsilon(0.01));
        CHECK(ms(r.serving->inter_token, 1.0) == Approx(10).epsilon(0.01));
    }
    SECTION("recompute: a disk slower than the accelerator is not read") {
        o.serving.recompute = true;
        o.serving.prefill_rate = 1e6;
        const auto r = run<one, clocks::virtual_time>(o, trace_of({{0, prompt}, {500, prompt}}), {}, {disk});
        CHECK(r.serving->counts.hit_blocks_prefix == 0);
        CHECK(r.serving->counts.recomputed_blocks == 4);
        CHECK(r.tiers[0].read.operations == 0);
    }
}

TEST_CASE("the timeline of a served trace has the time to first token of each second") {
    options o = small_blocks({100});
    o.serving.prefill_rate = 1000; // a block of 16 tokens takes 16 ms
    const auto r = run<tier::stack<tier::modelled<>>, clocks::virtual_time>(
        o, trace_of({{0, {0}}, {500, {1, 2}}, {2500, {3}}, {4000, {4}}}), {}, {});
    REQUIRE(r.timeline.size() >= 3);
    CHECK(r.timeline[0].ttft.count == 2);
    CHECK(to_milliseconds(r.timeline[0].ttft.p50) == Approx(16).epsilon(0.01));
    CHECK(r.timeline[0].end_to_end.count == 2);
    CHECK(r.timeline[0].storage_write.count == 3);
    CHECK(r.timeline[1].ttft.count == 0);
    CHECK(r.timeline[2].ttft.count == 1);
}

TEST_CASE("in a closed loop a turn comes after the answer before it") {
    options o = small_blocks({100, 100});
    o.serving.decode_rate = 10;
    const block_trace trace = trace_of({{0, {0}, 11}, {0, {0, 1}, 1, 0, 500}});
    const auto r = run<host_and_disk, clocks::virtual_time>(o, trace, {.arrivals = replay_arrivals::closed});
    CHECK(r.serving->completed == 2);
    CHECK(to_seconds(r.elapsed) == Approx(1.5).epsilon(0.01));
    CHECK(r.serving->counts.hit_blocks_prefix == 1);
}

TEST_CASE("a policy's capacity that the machine cannot give is refused, with what it can") {
    const test::temporary_directory folder;
    options o = small_blocks({std::uint64_t{1} << 40, 10});
    o.cache_dir = folder.path();
    const block_trace trace = random_trace(1, 3);
    block_replay source(trace, {});
    measure::no_observer nobody;
    serving_bench<tier::stack<tier::host, tier::direct_file>, clocks::steady> bench(o);
    const auto report = bench.run_from(source, nobody);
    REQUIRE(!report);
    CHECK(report.error().message.find("it has room for") != std::string::npos);
}

TEST_CASE("a block whose write failed is no hit any more") {
    const test::temporary_directory folder;
    options o = small_blocks({0, 100});
    o.cache_dir = folder.path();
    using failing = tier::stack<tier::host, tier::faulty<tier::direct_file>>;
    typename failing::configs configs;
    std::get<1>(configs).odds.write.error = 1;
    const auto r = run<failing, clocks::steady>(o, trace_of({{0, {0, 1}}, {300, {0, 1}}}), {}, configs);
    CHECK(!r.clean());
    CHECK(r.serving->counts.hit_blocks_prefix == 0);
    CHECK(r.corrupt_sectors == 0);
}

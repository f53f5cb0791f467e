// Whole runs in virtual time, whose figures are known beforehand; and runs on a tier that fails.
#include <kvmark/kvmark.hpp>

#include "engine/scripted.hpp"
#include "support/catch.hpp"
#include "support/toy_model.hpp"

#include <cerrno>
#include <cmath>
#include <unordered_map>

using namespace kvmark;
using measure::run_report;
using test::paced;
using test::request_at;
using test::scripted_source;
using workload::service_class;

namespace {

using tier::tier_role;
using no_launch = launch::none;
using simulation =
    benchmark<exec::serial, no_launch,
              tier::stack<tier::modelled<tier_role::gpu>, tier::modelled<tier_role::cpu>, tier::modelled<>>,
              clocks::virtual_time>;
using instant = benchmark<exec::serial, no_launch,
                          tier::stack<tier::null<tier_role::gpu>, tier::null<tier_role::cpu>, tier::null<>>,
                          clocks::virtual_time>;
using paced_run = benchmark<exec::serial, no_launch, tier::stack<paced>, clocks::virtual_time>;

options small_run() {
    return {.model = test::toy_model,
            .num_users = 50,
            .duration = 60,
            .gpu_mem_gb = 0.05,
            .cpu_mem_gb = 0.1,
            .generation_mode = generation_mode::none,
            .seed = 42,
            .storage_capacity_gb = 0.5};
}

template <class Bench>
run_report run(Bench bench) {
    auto report = bench.run();
    REQUIRE(report.has_value());
    return *std::move(report);
}
template <class Bench>
run_report run(Bench bench, std::vector<workload::request> requests, bool endless = false) {
    scripted_source source(std::move(requests), endless);
    measure::no_observer nobody;
    auto report = bench.run_from(source, nobody);
    REQUIRE(report.has_value());
    return *std::move(report);
}

/// Everything that two equal runs must have in common.
std::vector<std::uint64_t> fingerprint(const run_report& r) {
    const auto& c = r.cache;
    std::vector<std::uint64_t> all{r.requests_completed,
                                   r.tokens_generated.count,
                                   c.hits,
                                   c.misses,
                                   c.turn_hits,
                                   c.turn_misses,
                                   c.system_prompt_hits,
                                   c.chunk_hits,
                                   c.prefill_writes,
                                   c.decode_reads,
                                   static_cast<std::uint64_t>(r.storage_time.count)};
    for (const auto& t : r.tiers)
        all.insert(all.end(), {t.used.count, t.entries, t.evictions, t.demotions_in, t.read.operations,
                               t.write.operations, t.read.moved.count, t.write.moved.count,
                               static_cast<std::uint64_t>(t.read.total.max().count)});
    for (const auto& s : r.classes) all.insert(all.end(), {s.arrived, s.completed, s.queued, s.in_service});
    return all;
}

std::uint64_t sum_over_classes(const run_report& r, std::uint64_t measure::class_stats::*count) {
    std::uint64_t sum = 0;
    for (const auto& c : r.classes) sum += c.*count;
    return sum;
}

} // namespace

TEST_CASE("in virtual time a seed gives the same run twice, and another seed another run") {
    options o = small_run();
    o.enable_rag = true;
    const auto first = fingerprint(run(simulation(o)));
    CHECK(fingerprint(run(simulation(o))) == first);
    o.seed = 43;
    CHECK(fingerprint(run(simulation(o))) != first);
}

TEST_CASE(
    "hits do not depend on the speed of the tiers while requests are admitted in the order of arrival") {
    options o = small_run();
    o.num_users = 500; // as many servers, far more than the rate keeps busy
    o.request_rate = 20;
    o.max_requests = 3000;
    o.duration = 3600;
    const run_report fast = run(instant(o));
    const run_report slow =
        run(simulation(o, {{}, {}, {.read_bytes_per_second = 1e9, .write_bytes_per_second = 1e9}}));
    CHECK(fast.requests_completed == 3000);
    CHECK(slow.requests_completed == 3000);
    CHECK(slow.storage_io.max() > fast.storage_io.max());
    CHECK(fast.cache.hits == slow.cache.hits);
    CHECK(fast.cache.misses == slow.cache.misses);
    CHECK(fast.cache.turn_hits == slow.cache.turn_hits);
    CHECK(fast.cache.misses > 0);
    CHECK(fast.cache.turn_hits > 0);
    for (std::size_t t = 0; t < 3; ++t) {
        CHECK(fast.tiers[t].evictions == slow.tiers[t].evictions);
        CHECK(fast.tiers[t].entries == slow.tiers[t].entries);
        CHECK(fast.tiers[t].read.moved == slow.tiers[t].read.moved);
        CHECK(fast.tiers[t].write.moved == slow.tiers[t].write.moved);
    }
}

TEST_CASE("a run of so many requests completes exactly that many, and ends then") {
    options o = small_run();
    o.max_requests = 777;
    const run_report r = run(simulation(o));
    CHECK(r.requests_completed == 777);
    CHECK(r.elapsed < from_seconds(60));
    CHECK(r.end_to_end.count() == 777);
    CHECK(r.samples.size() == 777);
    CHECK(sum_over_classes(r, &measure::class_stats::arrived) == 777);
}

TEST_CASE("a run ends when its source has ended and all of it is served; else with its window") {
    options o = small_run();
    const run_report r = run(paced_run(o, {{from_seconds(0.5)}}), {request_at(1), request_at(3)});
    CHECK(r.requests_completed == 2);
    CHECK(r.elapsed == from_seconds(3 + 1.5)); // a write and two reads
    const run_report cut =
        run(paced_run(o, {{from_seconds(40)}}), {request_at(1), request_at(59.5), request_at(61)});
    CHECK(cut.requests_completed == 0);
    CHECK(cut.elapsed == from_seconds(60));
    CHECK(sum_over_classes(cut, &measure::class_stats::arrived) == 2);
    CHECK(sum_over_classes(cut, &measure::class_stats::in_service) == 2);
}

TEST_CASE("one request: a write, then a read and one more for each 32 tokens, each counted and timed") {
    options o = small_run();
    o.generation_mode = generation_mode::fast;
    const run_report r = run(paced_run(o, {{from_seconds(0.1)}}), {request_at(2, 100, 65)});
    CHECK(r.cache.hits == 4); // 1 + ceil(65 / 32)
    CHECK(r.cache.misses == 0);
    CHECK(r.cache.decode_reads == 4);
    CHECK(r.cache.prefill_writes == 1);
    const auto& tier = r.tiers[0];
    CHECK(tier.write.operations == 1);
    CHECK(tier.read.operations == 4);
    CHECK(tier.write.moved == bytes(28'672)); // 100 x 256 in whole sectors
    CHECK(tier.read.moved == bytes(4 * 28'672));
    CHECK(tier.used == bytes(28'672));
    CHECK(tier.read.total.max() == from_seconds(0.1));
    CHECK(r.storage_time == from_seconds(0.5));
    CHECK(r.generation_time == from_seconds(65 * 0.002));
    CHECK(r.end_to_end.max() == from_seconds(0.5 + 0.13));
    CHECK(r.prefill.max() == from_seconds(0.1));
    CHECK(r.decode.max() == from_seconds(0.4));
    CHECK(r.tokens_generated == tokens(65));
}

TEST_CASE("latency counts from the intended arrival, so a stalled tier cannot hide its stall") {
    options o = small_run();
    o.num_users = 1; // one server
    std::vector<workload::request> requests;
    for (int i = 0; i < 100; ++i) requests.push_back(request_at(0.01 * i, 16, 1, workload::phase::prefill));
    const run_report r = run(paced_run(o, {{from_seconds(0.001), 10, from_seconds(1)}}), requests);
    REQUIRE(r.samples.size() == 100);
    nanoseconds free{}, longest{};
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const nanoseconds arrival = requests[i].arrival;
        free = (arrival > free ? arrival : free) + from_seconds(i == 10 ? 1.0 : 0.001);
        wrong += std::fabs(r.samples[i].end_to_end_s - to_seconds(free - arrival)) > 1e-6;
        wrong += std::fabs(r.samples[i].storage_s - (i == 10 ? 1.0 : 0.001)) > 1e-6;
        if (free - arrival > longest) longest = free - arrival;
    }
    CHECK(wrong == 0);
    CHECK(r.end_to_end.max() == longest);
    CHECK(r.end_to_end.quantile(0.9) > from_seconds(0.5));
    CHECK(r.storage_io.quantile(0.9) < from_seconds(0.002));
}

TEST_CASE("a free server takes the highest class first, and within a class the first to arrive") {
    options o = small_run();
    o.num_users = 1;
    std::vector<workload::request> requests;
    for (int i = 0; i < 30; ++i) {
        requests.push_back(request_at(i == 0 ? 0 : 0.5, 16, 1, workload::phase::prefill));
        requests.back().service = static_cast<service_class>(i == 0 ? 2 : i % 3);
    }
    const run_report r = run(paced_run(o, {{from_seconds(1)}}), requests);
    REQUIRE(r.requests_completed == 30);
    // The first is served from 0 to 1 s; then 9 or 10 of each class, each for a second.
    for (std::size_t c = 0; c < 3; ++c) {
        const double first = c == 0 ? 1.5 : c == 1 ? 10.5 : 20.5;
        const double last = c == 0 ? 9.5 : c == 1 ? 19.5 : 29.5;
        INFO("class " << c);
        CHECK(r.classes[c].latency.max() == from_seconds(last));
        CHECK(std::fabs(to_seconds(r.classes[c].latency.quantile(c == 2 ? 0.1001 : 0)) - first) <
              0.01 * first);
    }
    std::size_t out_of_order = 0;
    for (std::size_t i = 2; i < r.samples.size(); ++i)
        out_of_order += r.samples[i].end_to_end_s <= r.samples[i - 1].end_to_end_s;
    CHECK(out_of_order == 0);
}

TEST_CASE("what arrived is completed, queued or in service, by class") {
    options o = small_run();
    o.num_users = 800; // served by 500
    const run_report r = run(paced_run(o, {{from_seconds(0.4)}}));
    const workload::source_config c = plan_source(o, 42);
    workload::user_personas source(c);
    std::array<std::uint64_t, 3> arrived{};
    for (auto q = source.next(); q && q->arrival < from_seconds(60); q = source.next())
        ++arrived[static_cast<std::size_t>(q->service)];
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(r.classes[i].arrived == arrived[i]);
        CHECK(r.classes[i].arrived == r.classes[i].completed + r.classes[i].queued + r.classes[i].in_service);
        CHECK(r.classes[i].latency.count() == r.classes[i].completed);
    }
    CHECK(r.classes[2].queued > 0);
    CHECK(sum_over_classes(r, &measure::class_stats::in_service) == 500);
    CHECK(sum_over_classes(r, &measure::class_stats::completed) == r.requests_completed);
}

TEST_CASE("requests beyond those that can be held wait in the source, and the run still ends") {
    options o = small_run();
    o.num_users = 1;
    o.duration = 2;
    const run_report r =
        run(paced_run(o, {{from_seconds(0.25)}}), {request_at(0, 16, 1, workload::phase::prefill)}, true);
    CHECK(r.requests_completed == 8);
    CHECK(r.elapsed == from_seconds(2));
}

TEST_CASE("a request rate is reached: evenly or as a Poisson process") {
    options o = small_run();
    o.request_rate = 200;
    o.duration = 100;
    o.arrivals = arrival_process::fixed;
    const std::uint64_t even = sum_over_classes(run(paced_run(o)), &measure::class_stats::arrived);
    CHECK(even >= 19'999);
    CHECK(even <= 20'000);
    o.arrivals = arrival_process::poisson;
    const auto drawn =
        static_cast<double>(sum_over_classes(run(paced_run(o)), &measure::class_stats::arrived));
    CHECK(std::fabs(drawn - 20'000) < 5 * std::sqrt(20'000));
}

TEST_CASE("what completes in the window counts, whenever it began; what completed in the warm-up does not") {
    options o = small_run();
    o.warmup = 5;
    o.duration = 10;
    const auto write = [](double at) { return request_at(at, 16, 1, workload::phase::prefill); };
    const run_report r =
        run(paced_run(o, {{from_seconds(1)}}), {write(0), write(4.5), write(6), write(14.5), write(16)});
    CHECK(r.elapsed == from_seconds(10));
    CHECK(r.requests_completed == 2);                                // of 4.5 and 6 s
    CHECK(sum_over_classes(r, &measure::class_stats::arrived) == 2); // of 6 and 14.5 s
    CHECK(sum_over_classes(r, &measure::class_stats::in_service) == 1);
    CHECK(r.end_to_end.max() == from_seconds(1));
    CHECK(r.prefill.count() == 2);
    CHECK(r.tiers[0].write.operations == 2);
    CHECK(r.tiers[0].write.moved == bytes(2 * 4096));
    REQUIRE(r.timeline.size() >= 9);
    CHECK(r.timeline.front().at == from_seconds(1));
    CHECK(r.timeline.front().written == bytes(4096));
}

TEST_CASE("a request that began in the warm-up has its whole latency, and the parts that came before") {
    options o = small_run();
    o.warmup = 4;
    o.duration = 10;
    const run_report r = run(paced_run(o, {{from_seconds(1)}}), {request_at(2.5, 100, 65)});
    CHECK(r.prefill.max() == from_seconds(1)); // over at 3.5 s
    CHECK(r.decode.max() == from_seconds(4));
    CHECK(r.end_to_end.max() == from_seconds(5));
    CHECK(r.cache.decode_reads == 4);
    CHECK(r.tiers[0].write.operations == 0);
    CHECK(r.tiers[0].read.operations == 4);
    CHECK(r.tiers[0].entries == 1);
}

TEST_CASE("a queue that was there when the window opened is not what arrived in it") {
    options o = small_run();
    o.num_users = 1; // one server
    o.warmup = 10;
    o.duration = 20;
    std::vector<workload::request> requests;
    for (int i = 0; i < 120; ++i)
        requests.push_back(request_at(0.5 * i + 0.25, 16, 1, workload::phase::prefill));
    const run_report r = run(paced_run(o, {{from_seconds(1)}}), requests);
    CHECK(r.requests_completed == 20);
    CHECK(sum_over_classes(r, &measure::class_stats::arrived) == 40);
    CHECK(sum_over_classes(r, &measure::class_stats::queued) +
              sum_over_classes(r, &measure::class_stats::in_service) ==
          60 - 29); // 20 more than the 20 - 9 of when it opened
    CHECK(r.end_to_end.max() > from_seconds(14));
}

TEST_CASE("a run's window is the sum of a shorter one and of the rest behind a warm-up") {
    options o = small_run();
    const run_report whole = run(simulation(o));
    o.duration = 20;
    const run_report before = run(simulation(o));
    o.duration = 40;
    o.warmup = 20;
    const run_report after = run(simulation(o));
    REQUIRE(before.requests_completed > 0);
    CHECK(whole.requests_completed == before.requests_completed + after.requests_completed);
    CHECK(whole.tokens_generated == before.tokens_generated + after.tokens_generated);
    CHECK(whole.cache.hits == before.cache.hits + after.cache.hits);
    CHECK(whole.cache.misses == before.cache.misses + after.cache.misses);
    CHECK(whole.storage_time == before.storage_time + after.storage_time);
    CHECK(whole.prefill.sum() == Approx(before.prefill.sum() + after.prefill.sum()));
    for (std::size_t t = 0; t < whole.tiers.size(); ++t) {
        const auto &w = whole.tiers[t], &b = before.tiers[t], &a = after.tiers[t];
        CHECK(w.read.moved == b.read.moved + a.read.moved);
        CHECK(w.write.moved == b.write.moved + a.write.moved);
        CHECK(w.read.operations == b.read.operations + a.read.operations);
        CHECK(w.evictions == b.evictions + a.evictions);
        CHECK(w.demotions_in == b.demotions_in + a.demotions_in);
        CHECK(w.entries == a.entries);
    }
    for (std::size_t c = 0; c < 3; ++c) {
        CHECK(whole.classes[c].arrived == before.classes[c].arrived + after.classes[c].arrived);
        CHECK(whole.classes[c].queued == after.classes[c].queued);
        CHECK(whole.classes[c].in_service == after.classes[c].in_service);
    }
}

TEST_CASE("in real time too the bytes of the warm-up are not those of the window") {
    options o = small_run();
    o.warmup = 0.5;
    const benchmark<exec::serial, no_launch, tier::stack<tier::host>> bench(o);
    const auto write = [](double at) { return request_at(at, 16, 1, workload::phase::prefill); };
    const run_report r = run(bench, {write(0), write(0), write(0.6)});
    CHECK(r.requests_completed == 1);
    CHECK(r.tiers[0].write.moved == bytes(4096));
    CHECK(r.tiers[0].write.io.count() == 1);
    CHECK(r.tiers[0].entries == 3);
    CHECK(r.elapsed < from_seconds(30));
}

TEST_CASE("a load that ends within the warm-up ends the run, with nothing counted") {
    options o = small_run();
    o.warmup = 10;
    const run_report r = run(paced_run(o, {{from_seconds(1)}}), {request_at(1)});
    CHECK(r.elapsed == nanoseconds(0));
    CHECK(r.requests_completed == 0);
    CHECK(r.timeline.empty());
}

TEST_CASE("decode-only reads entries that were there before the window, and writes none") {
    options o = small_run();
    o.decode_only = true;
    o.num_users = 20;
    const run_report r = run(simulation(o));
    CHECK(r.requests_completed > 0);
    CHECK(r.cache.misses == r.cache.system_prompt_misses);
    CHECK(r.cache.decode_reads > r.requests_completed);
    CHECK(r.cache.turn_hits + r.cache.turn_misses == 0);
    CHECK(r.cache.prefill_writes == r.cache.system_prompt_misses);
    std::uint64_t entries = 0;
    for (const auto& t : r.tiers) entries += t.entries;
    CHECK(entries >= 200); // ten for each user
}

TEST_CASE("prefill-only writes each request's entry and reads none of them for decode") {
    options o = small_run();
    o.prefill_only = true;
    const run_report r = run(simulation(o));
    CHECK(r.cache.decode_reads == 0);
    CHECK(r.cache.prefill_writes >= r.requests_completed);
    CHECK(r.cache.turn_hits > 0);
    CHECK(r.decode.empty());
}

TEST_CASE("documents are written before the window and found in it") {
    options o = small_run();
    o.enable_rag = true;
    o.storage_capacity_gb = 10;
    const run_report r = run(simulation(o));
    CHECK(r.cache.chunk_hits > 0);
    CHECK(r.cache.chunk_misses == 0);
    const run_report none = run(paced_run(o, {{from_seconds(0.1)}}), {});
    CHECK(none.tiers[0].entries == 0); // the documents are the source's
}

TEST_CASE("preconditioning fills the tiers, then every counter starts at 0") {
    options o = small_run();
    o.precondition = true;
    o.duration = 5;
    const run_report r = run(paced_run(o, {{from_seconds(0.1)}}), {});
    const auto& tier = r.tiers[0];
    CHECK(tier.limit == from_gib(0.5));
    CHECK(tier.used > tier.limit - bytes(2048 * 256));
    CHECK(tier.entries == tier.limit.count / (2048 * 256));
    CHECK(tier.write.operations + tier.read.operations + tier.evictions + tier.demotions_in == 0);
    CHECK(tier.write.moved == bytes(0));
    CHECK(tier.write.total.empty());
    CHECK(r.cache.hits + r.cache.misses == 0);
    CHECK(r.elapsed == from_seconds(5));
}

TEST_CASE("the parts of every latency add up to the whole") {
    const run_report r = run(simulation(small_run()));
    for (const auto& t : r.tiers)
        for (const auto* d : {&t.read, &t.write}) {
            INFO(t.name);
            CHECK(d->operations > 0);
            CHECK(d->total.count() == d->operations);
            const double parts =
                d->queue.mean() + d->submit.mean() + d->device.mean() + d->copy.mean() + d->verify.mean();
            CHECK(std::fabs(parts - d->total.mean()) <= 1e-9 * d->total.mean());
        }
    CHECK(r.queue.count() == r.requests_completed);
    const double parts = r.queue.mean() + r.storage_io.mean() + r.generation.mean();
    CHECK(std::fabs(parts - r.end_to_end.mean()) <= 1e-9 * r.end_to_end.mean());
}

TEST_CASE("the timeline has a row a second, whose tokens are those that were generated") {
    const run_report r = run(simulation(small_run()));
    REQUIRE(r.timeline.size() >= 59);
    double tokens_seen = 0;
    for (std::size_t i = 0; i < r.timeline.size(); ++i) {
        CHECK(r.timeline[i].at == from_seconds(static_cast<double>(i + 1)));
        tokens_seen += r.timeline[i].tokens_per_second;
    }
    CHECK(tokens_seen == static_cast<double>(r.tokens_generated.count));
}

TEST_CASE("the timeline has the latency of each second: its counts are those of the run") {
    const run_report r = run(simulation(small_run()));
    const auto& storage = r.tiers.back();
    measure::recent_latency reads, writes, requests;
    for (const measure::throughput_sample& s : r.timeline) {
        measure::add(reads, s.storage_read);
        measure::add(writes, s.storage_write);
        measure::add(requests, s.end_to_end);
        CHECK(s.ttft.count == 0);
    }
    REQUIRE(storage.write.operations > 0);
    CHECK(reads.count == storage.read.operations);
    CHECK(writes.count == storage.write.operations);
    CHECK(requests.count == r.requests_completed);
    CHECK(requests.p99 <= r.end_to_end.max());
    CHECK(requests.p99 >= r.end_to_end.quantile(0.99)); // the worst second is no better than the whole
}

TEST_CASE("autoscaling changes the load itself") {
    options o = small_run();
    o.enable_autoscaling = true;
    o.duration = 120;
    SECTION("qos adds users while the tiers are fast") {
        const run_report r = run(paced_run(o, {{from_seconds(0.001)}}));
        REQUIRE(r.autoscaling.size() >= 11);
        for (std::size_t i = 1; i < r.autoscaling.size(); ++i)
            CHECK(r.autoscaling[i].users == r.autoscaling[i - 1].users * 12 / 10);
        const double before = r.timeline[8].tokens_per_second + r.timeline[9].tokens_per_second;
        const double after = r.timeline[117].tokens_per_second + r.timeline[118].tokens_per_second;
        CHECK(after > 4 * before); // 1.2^11 is 7.4
        CHECK(r.peak_users == r.autoscaling.back().users);
    }
    SECTION("qos takes users away while latency rises and throughput does not") {
        simulation bench(o, {{}, {}, {.read_bytes_per_second = 3e7, .write_bytes_per_second = 3e7}});
        const run_report r = run(bench);
        std::size_t downs = 0;
        for (std::size_t i = 1; i < r.autoscaling.size(); ++i) {
            if (r.autoscaling[i].action != "scale_down") continue;
            ++downs;
            CHECK(r.autoscaling[i].users == r.autoscaling[i - 1].users * 8 / 10);
        }
        CHECK(downs > 0);
    }
    SECTION("capacity climbs until throughput stays") {
        o.autoscaler_mode = autoscaler_mode::capacity;
        o.duration = 600;
        // One device: what it gives has an end, and it is reached.
        simulation bench(o, {{}, {}, {.read_bytes_per_second = 3e8, .write_bytes_per_second = 3e8}});
        const run_report r = run(bench);
        CHECK(r.autoscaling.front().action == "scale_up");
        CHECK(r.autoscaling.front().users == 70); // 50 + 40 %
        CHECK(r.autoscaling.back().action == "stop");
        CHECK(r.peak_users > 70);
    }
    SECTION("users who are added do not wait behind an arrival that was drawn before them") {
        o.num_users = 1;
        o.duration = 200;
        const run_report r = run(paced_run(o)); // its tier takes no time
        CHECK(r.autoscaling.back().users > 10);
        CHECK(r.queue.max() == nanoseconds(0));
    }
    SECTION("the first figure covers the whole of the first ten seconds") {
        const run_report r = run(paced_run(o, {{from_seconds(0.001)}}));
        double generated = 0;
        for (std::size_t i = 0; i < 10; ++i) generated += r.timeline[i].tokens_per_second;
        CHECK(r.autoscaling.front().tokens_per_second == Approx(generated / 10).epsilon(1e-9));
    }
}

TEST_CASE("a system prompt is written by the first who misses it and shortens the others") {
    options o = small_run();
    std::vector<workload::request> requests;
    for (int i = 0; i < 3; ++i) {
        requests.push_back(request_at(i, 101, 1, workload::phase::prefill));
        requests.back().system_prompt = 1;
        requests.back().system_prompt_tokens = tokens(8);
    }
    o.model.hidden = 4096; // one token is 16 KiB, a whole number of sectors
    o.model.head_dim = 4096;
    const run_report r = run(paced_run(o, {{from_seconds(0.001)}}), requests);
    CHECK(r.cache.system_prompt_misses == 1);
    CHECK(r.cache.system_prompt_hits == 2);
    CHECK(r.cache.system_prompt_bytes_saved == bytes(2 * 8 * 16'384));
    CHECK(r.cache.prefill_writes == 4);
    CHECK(r.tiers[0].write.moved == bytes((8 + 101 + 93 + 93) * 16'384));
}

TEST_CASE("an entry that is read stays, and the one that was not goes") {
    options o = small_run();
    o.storage_capacity_gb = 8192.0 / gib_bytes; // two entries
    std::vector<workload::request> requests;
    for (const auto& [conversation, turn] : {std::pair{1, 1}, {2, 1}, {1, 2}, {1, 3}}) {
        requests.push_back(request_at(static_cast<double>(requests.size()), 16, 1, workload::phase::prefill));
        requests.back().conversation = static_cast<std::uint64_t>(conversation);
        requests.back().turn = static_cast<std::uint32_t>(turn);
    }
    const run_report r = run(paced_run(o), requests);
    CHECK(r.cache.turn_hits == 3); // turn 1 twice, turn 2 once: the second conversation made room
    CHECK(r.cache.turn_misses == 0);
    CHECK(r.tiers[0].evictions == 2);
}

TEST_CASE("what fits no tier is counted, and its decode is a miss") {
    options o = small_run();
    o.storage_capacity_gb = 1.0 / 1024; // 1 MiB, 4096 tokens
    const run_report r = run(paced_run(o), {request_at(0, 5000, 10), request_at(1, 4096, 10)});
    CHECK(r.requests_completed == 2);
    CHECK(r.cache.not_placed == 2); // at prefill and at the miss of decode
    CHECK(r.cache.misses == 1);
    CHECK(r.cache.hits == 2);
}

namespace {

struct failing_config {
    std::uint64_t works = 0; ///< creations before the tier is full for good
    bool at_write = false;   ///< the creation works, the write fails
};

class failing {
public:
    static constexpr std::string_view name = "failing";
    static constexpr tier_role role = tier_role::storage;
    using config = failing_config;

    failing() = default;
    explicit failing(config c) : config_(c) {}
    result<void> open(const tier::tier_setup&) { return {}; }
    tier::io_status create(tier::entry_id e, bytes size) {
        if (created_++ >= config_.works && !config_.at_write) return {ENOSPC};
        held_[e].resize(size.count);
        return {};
    }
    tier::io_status write(tier::entry_id e, bytes offset, std::span<const std::byte> from) {
        if (created_ > config_.works) return {ENOSPC};
        std::copy(from.begin(), from.end(), held_[e].begin() + static_cast<std::ptrdiff_t>(offset.count));
        return {};
    }
    tier::io_status read(tier::entry_id e, bytes offset, std::span<std::byte> into) {
        const auto at = held_.find(e);
        if (at == held_.end() || offset.count + into.size() > at->second.size()) return {EIO};
        std::copy_n(at->second.begin() + static_cast<std::ptrdiff_t>(offset.count), into.size(),
                    into.begin());
        return {};
    }
    tier::io_status erase(tier::entry_id e) {
        held_.erase(e);
        return {};
    }

private:
    config config_{};
    std::uint64_t created_ = 0;
    std::unordered_map<tier::entry_id, std::vector<std::byte>> held_;
};

} // namespace

TEST_CASE(
    "writes that fail: reads of their entries are misses, the entries leave, the run goes on and ends") {
    options o = small_run();
    const bool at_write = GENERATE(false, true);
    benchmark<exec::serial, no_launch, tier::stack<failing>> bench(o, {{.works = 2, .at_write = at_write}});
    std::vector<workload::request> requests;
    for (int i = 0; i < 6; ++i) requests.push_back(request_at(0.01 * i, 500, 64));
    const run_report r = run(bench, requests);
    CHECK(r.requests_completed == 6);
    CHECK(r.cache.hits == 2 * 3);
    CHECK(r.cache.misses == 4 * 3); // of each request its three decode reads
    CHECK(r.cache.decode_reads == 2 * 3);
    CHECK(r.failed_operations == 4);
    CHECK_FALSE(r.clean());
    CHECK(r.corrupt_sectors == 0);
    REQUIRE(r.failures.size() == 4);
    CHECK(r.failures[0].error_number == ENOSPC);
    CHECK(r.failures[0].operation == (at_write ? "write" : "create"));
    CHECK(r.failures[0].key == "req_2");
    CHECK(r.failures[0].tier == "failing");
    CHECK(r.tiers[0].entries == 2);
    CHECK(r.tiers[0].used == bytes(2 * 131'072));
    CHECK(r.tiers[0].write.operations == 2);
    CHECK(r.tiers[0].read.operations == 6);
}

TEST_CASE("a system prompt whose write fails saved nothing to those who found it in the index") {
    options o = small_run();
    benchmark<exec::serial, no_launch, tier::stack<failing>> bench(o, {{.works = 0}});
    workload::request r = request_at(0, 500, 64, workload::phase::prefill);
    r.system_prompt = 1;
    r.system_prompt_tokens = tokens(8);
    const run_report report = run(bench, {r, r});
    CHECK(report.requests_completed == 2);
    CHECK(report.cache.system_prompt_hits == 0);
    CHECK(report.cache.system_prompt_misses == 2);
    CHECK(report.cache.system_prompt_bytes_saved == bytes(0));
}

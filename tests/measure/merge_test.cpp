// The sums of a job: exact where they can be, honest where they cannot.
#include "filled.hpp"
#include "support/catch.hpp"

#include <kvmark/core/random.hpp>

#include <cerrno>
#include <csignal>

using namespace kvmark;
using measure::run_report;

namespace {

constexpr std::uint64_t many = 1'000'000;

run_report merged(const std::vector<run_report>& parts, std::uint64_t max_samples = many) {
    return measure::merge(parts, max_samples);
}

measure::tier_stats named_tier(const char* name, measure::tier_role role) {
    measure::tier_stats t;
    t.name = name;
    t.role = role;
    return t;
}

measure::throughput_sample at_seconds(double s, double rate, std::uint64_t read, std::uint64_t users) {
    return {from_seconds(s), rate, bytes(read), bytes(2 * read), users};
}

measure::delivered_rank complete_rank(std::uint32_t rank, std::uint32_t host, std::uint64_t requests) {
    measure::delivered_rank d;
    d.report.emplace();
    d.report->elapsed = from_seconds(10);
    d.report->seed = 100 + rank;
    d.report->requests_completed = requests;
    for (std::uint64_t i = 0; i < requests; ++i) d.report->storage_io.record(nanoseconds(1000));
    d.report->tiers.push_back(named_tier("direct_file", measure::tier_role::storage));
    d.report->tiers[0].read.moved = bytes(requests);
    d.stats = measure::summarize(*d.report);
    d.stats.rank = rank;
    d.stats.host = host;
    return d;
}

measure::delivered_rank failed_rank(std::uint32_t rank, const char* why) {
    measure::delivered_rank d = complete_rank(rank, 0, 1000);
    d.stats.failure = why;
    return d;
}

measure::machine_facts host_named(const char* name) {
    measure::machine_facts m;
    m.hostname = name;
    return m;
}

measure::delivered_rank silent_rank(std::uint32_t rank) {
    measure::delivered_rank d;
    d.stats.rank = rank;
    return d;
}

} // namespace

TEST_CASE("merge: percentiles of the job are those of one histogram of all samples") {
    random_stream stream(42);
    for (int round = 0; round < 10; ++round) {
        std::vector<run_report> parts(1 + stream.uniform_int(0, 6));
        measure::histogram all;
        for (run_report& part : parts) {
            part.tiers.push_back(named_tier("t", measure::tier_role::storage));
            const double mean = stream.uniform(1e3, 1e8);
            for (std::uint64_t n = stream.uniform_int(0, 3000); n > 0; --n) {
                const nanoseconds d(static_cast<std::int64_t>(stream.exponential(mean)));
                all.record(d);
                for (measure::histogram* h : {&part.end_to_end, &part.decode, &part.classes[1].latency,
                                              &part.tiers[0].read.total, &part.tiers[0].write.device})
                    h->record(d);
            }
        }
        const run_report sum = merged(parts);
        for (const measure::histogram* h : {&sum.end_to_end, &sum.decode, &sum.classes[1].latency,
                                            &sum.tiers[0].read.total, &sum.tiers[0].write.device})
            CHECK((test::listed(*h) == test::listed(all)));
    }
}

TEST_CASE("merge: two equal reports are one with every count doubled") {
    auto cache = test::filled<measure::cache_counters>();
    const auto check_doubled = [](const auto& once, const auto& twice) {
        const auto a = test::listed(once), b = test::listed(twice);
        REQUIRE(a.size() == b.size());
        for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::stoull(b[i]) == 2 * std::stoull(a[i]));
    };
    cache.storage_tokens = cache.storage_tokens_read = 0; // listed by their bits
    auto twice = cache;
    add(twice, cache);
    check_doubled(cache, twice);
    cache.storage_tokens = 1.5;
    cache.storage_tokens_read = 0.5;
    add(twice, cache);
    CHECK(twice.storage_tokens == 1.5);
    CHECK(twice.storage_tokens_read == 0.5);

    auto process = test::filled<measure::process_usage>();
    process.processors = 0;
    auto processes = process;
    add(processes, process);
    check_doubled(process, processes);
    process.processors = 1.5;
    add(processes, process);
    CHECK(processes.processors == 1.5);

    const auto part = test::filled<run_report>();
    const run_report sum = merged({part, part});
    CHECK(sum.requests_completed == 2 * part.requests_completed);
    CHECK(sum.tokens_generated == part.tokens_generated + part.tokens_generated);
    CHECK(sum.peak_users == 2 * part.peak_users);
    CHECK(sum.storage_time == 2 * part.storage_time);
    CHECK(sum.generation_time == 2 * part.generation_time);
    CHECK(sum.io_buffer_bytes == 2 * part.io_buffer_bytes);
    CHECK(sum.process.peak_resident == part.process.peak_resident + part.process.peak_resident);
    CHECK(sum.elapsed == part.elapsed);
    CHECK(sum.virtual_time);
    for (auto h : {&run_report::end_to_end, &run_report::queue, &run_report::storage_io,
                   &run_report::generation, &run_report::prefill, &run_report::decode})
        CHECK((sum.*h).count() == 2 * (part.*h).count());
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(sum.classes[i].arrived == 2 * part.classes[i].arrived);
        CHECK(sum.classes[i].completed == 2 * part.classes[i].completed);
        CHECK(sum.classes[i].queued == 2 * part.classes[i].queued);
        CHECK(sum.classes[i].in_service == 2 * part.classes[i].in_service);
    }
    REQUIRE(sum.tiers.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const measure::tier_stats &s = sum.tiers[i], &p = part.tiers[i];
        CHECK(s.name == p.name);
        CHECK(s.role == p.role);
        CHECK(s.note == p.note);
        CHECK(s.limit == p.limit + p.limit);
        CHECK(s.used == p.used + p.used);
        CHECK(s.entries == 2 * p.entries);
        CHECK(s.demotions_in == 2 * p.demotions_in);
        CHECK(s.evictions == 2 * p.evictions);
        CHECK(s.read.operations == 2 * p.read.operations);
        CHECK(s.write.moved == p.write.moved + p.write.moved);
        for (auto h : {&measure::direction_stats::total, &measure::direction_stats::queue,
                       &measure::direction_stats::submit, &measure::direction_stats::device,
                       &measure::direction_stats::copy, &measure::direction_stats::verify,
                       &measure::direction_stats::host, &measure::direction_stats::io})
            CHECK((s.read.*h).count() == 2 * (p.read.*h).count());
    }
}

TEST_CASE("merge: the longest window, the lowest rank's seed, the first signal") {
    std::vector<run_report> parts(3);
    parts[0].elapsed = from_seconds(9);
    parts[1].elapsed = from_seconds(10);
    parts[0].seed = 42;
    parts[1].seed = 43;
    parts[1].interrupted = true;
    parts[1].stop_signal = SIGTERM;
    parts[2].stop_signal = SIGINT;
    const run_report sum = merged(parts);
    CHECK(sum.elapsed == from_seconds(10));
    CHECK(sum.seed == 42);
    CHECK(sum.interrupted);
    CHECK(sum.stop_signal == SIGTERM);
}

TEST_CASE("merge: a tier without bound stays so") {
    std::vector<run_report> parts(2);
    for (run_report& part : parts) part.tiers.push_back(named_tier("null", measure::tier_role::storage));
    parts[0].tiers[0].limit = parts[1].tiers[0].limit = bytes(~std::uint64_t{0});
    CHECK_FALSE(measure::is_bounded(merged(parts).tiers[0].limit));
}

TEST_CASE("merge: a note that not all ranks have says how many do") {
    std::vector<run_report> parts(3);
    for (run_report& part : parts) part.tiers.push_back(named_tier("host", measure::tier_role::cpu));
    const auto note_of = [&](const char* a, const char* b, const char* c) {
        parts[0].tiers[0].note = a;
        parts[1].tiers[0].note = b;
        parts[2].tiers[0].note = c;
        return merged(parts).tiers[0].note;
    };
    CHECK(note_of("", "", "").empty());
    CHECK(note_of("clamped", "clamped", "clamped") == "clamped");
    CHECK(note_of("", "clamped", "") == "clamped (1 of 3 ranks)");
    CHECK(note_of("clamped", "fell back", "clamped") == "clamped (2 of 3 ranks); fell back (1 of 3 ranks)");
}

TEST_CASE("merge: time series add up on whole seconds, and an early end contributes nothing after") {
    std::vector<run_report> parts(2);
    parts[0].elapsed = from_seconds(3.2);
    parts[0].timeline = {at_seconds(1.001, 10, 100, 5), at_seconds(2.002, 20, 200, 6),
                         at_seconds(3.01, 30, 300, 7)};
    parts[1].elapsed = from_seconds(2);
    parts[1].timeline = {at_seconds(0.999, 1, 1, 50), at_seconds(1.998, 2, 2, 60)};
    const auto rows = merged(parts).timeline;
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].at == from_seconds(1));
    CHECK(rows[0].tokens_per_second == 11);
    CHECK(rows[0].read == bytes(101));
    CHECK(rows[0].written == bytes(202));
    CHECK(rows[0].users == 55);
    CHECK(rows[1].tokens_per_second == 22);
    CHECK(rows[1].users == 66);
    CHECK(rows[2].at == from_seconds(3));
    CHECK(rows[2].tokens_per_second == 30);
    CHECK(rows[2].users == 7);
}

TEST_CASE("merge: a sample that came late counts in the seconds it covers") {
    std::vector<run_report> parts(2);
    parts[0].elapsed = parts[1].elapsed = from_seconds(3);
    parts[0].timeline = {at_seconds(1, 10, 100, 5), at_seconds(3, 10, 201, 5)};
    parts[1].timeline = {at_seconds(1, 10, 100, 5), at_seconds(2, 10, 100, 5), at_seconds(3, 10, 100, 5)};
    const auto rows = merged(parts).timeline;
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].tokens_per_second == 20);
    CHECK(rows[1].read == bytes(200));
    CHECK(rows[2].read == bytes(201));
    CHECK(rows[1].users == 10);
}

TEST_CASE("merge: two samples within one second stay two, and none is after the end") {
    std::vector<run_report> parts(1);
    parts[0].elapsed = from_seconds(2.3);
    parts[0].timeline = {at_seconds(1, 1, 1, 1), at_seconds(2, 2, 2, 1), at_seconds(2.3, 3, 3, 1)};
    const auto rows = merged(parts).timeline;
    REQUIRE(rows.size() == 3);
    CHECK(rows[2].at == from_seconds(2.3));
    CHECK(rows[2].tokens_per_second == 3);
}

TEST_CASE("merge: of a second the slowest rank's latency is told, and the counts add up") {
    const auto took = [](std::uint64_t count, std::int64_t p50, std::int64_t p99) {
        return measure::recent_latency{count, nanoseconds(p50), nanoseconds(p99), nanoseconds(p99)};
    };
    std::vector<run_report> parts(2);
    parts[0].elapsed = parts[1].elapsed = from_seconds(3);
    parts[0].timeline = {at_seconds(1, 1, 1, 1), at_seconds(3, 1, 1, 1)};
    parts[0].timeline[0].storage_read = took(10, 5, 50);
    parts[0].timeline[0].ttft = took(1, 7, 7);
    parts[0].timeline[1].storage_read = took(5, 9, 90); // over two seconds
    parts[0].timeline[1].end_to_end = took(1, 9, 90);
    parts[1].timeline = {at_seconds(1, 1, 1, 1), at_seconds(2, 1, 1, 1), at_seconds(3, 1, 1, 1)};
    parts[1].timeline[0].storage_read = took(20, 6, 40);
    parts[1].timeline[2].storage_write = took(3, 1, 2);
    const auto rows = merged(parts).timeline;
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].storage_read.count == 30);
    CHECK(rows[0].storage_read.p50 == nanoseconds(6));
    CHECK(rows[0].storage_read.p99 == nanoseconds(50));
    CHECK(rows[0].ttft.p50 == nanoseconds(7));
    CHECK(rows[1].storage_read.count + rows[2].storage_read.count == 5);
    CHECK(rows[1].storage_read.p99 == nanoseconds(90));
    CHECK(rows[2].storage_read.p99 == nanoseconds(90));
    // One request that ended in one of two seconds is in one row.
    CHECK(rows[1].end_to_end.count == 0);
    CHECK(rows[1].end_to_end.p99 == nanoseconds(0));
    CHECK(rows[2].end_to_end.count == 1);
    CHECK(rows[2].storage_write.count == 3);
    CHECK(rows[1].storage_write.count == 0);
}

TEST_CASE("merge: rows per request are shared fairly up to the cap") {
    const auto part_of = [](float mark, std::size_t n) {
        run_report r;
        for (std::size_t i = 0; i < n; ++i) r.samples.push_back({mark, static_cast<float>(i), 0, 0, 0});
        return r;
    };
    const std::size_t ranks = GENERATE(1u, 3u, 20u);
    const std::size_t cap = GENERATE(0u, 1u, 7u, 100u, 1'000'000u);
    CAPTURE(ranks, cap);
    std::vector<run_report> parts;
    std::size_t offered = 0;
    for (std::size_t i = 0; i < ranks; ++i) {
        parts.push_back(part_of(static_cast<float>(i), 5 * i + 30));
        offered += parts.back().samples.size();
    }
    const run_report sum = merged(parts, cap);

    std::vector<std::pair<float, float>> expected; // row i of every rank before row i + 1 of any
    for (std::size_t i = 0; i < 5 * ranks + 30; ++i)
        for (const run_report& part : parts)
            if (i < part.samples.size() && expected.size() < cap)
                expected.emplace_back(part.samples[i].end_to_end_s, part.samples[i].storage_s);
    std::vector<std::pair<float, float>> rows;
    for (const auto& s : sum.samples) rows.emplace_back(s.end_to_end_s, s.storage_s);
    CHECK(rows == expected);
    CHECK(sum.samples_capped == (offered > cap));
}

TEST_CASE("merge: the job's autoscaling has all users") {
    std::vector<run_report> parts(2);
    parts[0].autoscaling = {{from_seconds(10), 12, 0.5, 10, 100, "scale_up"},
                            {from_seconds(20), 14, 0.6, 30, 200, "scale_up"},
                            {from_seconds(30), 14, 0.6, 30, 200, "stop"}};
    parts[1].autoscaling = {{from_seconds(10.1), 12, 0.7, 8, 50, "scale_up"},
                            {from_seconds(20.1), 8, 0.2, 8, 50, "scale_down"},
                            {from_seconds(30.1), 8, 0.2, 8, 50, "stop"}};
    const auto events = merged(parts).autoscaling;
    REQUIRE(events.size() == 3);
    CHECK(events[0].users == 24);
    CHECK(events[0].saturation == 0.7);
    CHECK(events[0].read_p95_ms == 10);
    CHECK(events[0].tokens_per_second == 150);
    CHECK(events[0].action == "scale_up");
    CHECK(events[1].action == "scale_down"); // 22 users after 24
    CHECK(events[2].action == "stop");
}

TEST_CASE("merge: the first 16 faults, each with its rank") {
    std::vector<run_report> parts(2);
    for (run_report& part : parts) {
        part.corrupt_sectors = 40;
        part.failed_operations = 10;
        for (int i = 0; i < 10; ++i) {
            part.corruptions.push_back({"k", "direct_file", bytes(0), "a", "b"});
            part.failures.push_back({"k", "direct_file", "read", bytes(0), EIO});
        }
    }
    const run_report sum = merged(parts);
    CHECK(sum.corrupt_sectors == 80);
    CHECK(sum.failed_operations == 20);
    REQUIRE(sum.corruptions.size() == 16);
    CHECK(sum.failures.size() == 16);
    CHECK(sum.corruptions[0].tier == "rank 0: direct_file");
    CHECK(sum.corruptions[10].tier == "rank 1: direct_file");
}

TEST_CASE("merge: a device counts once for the ranks of its host") {
    measure::report_merger merger(many);
    const auto add = [&](std::uint32_t rank, std::uint32_t host, const char* name, std::uint64_t read,
                         std::uint64_t written) {
        run_report r;
        r.device = {name, bytes(read), bytes(written)};
        merger.add(std::move(r), rank, host);
    };
    add(0, 0, "nvme0n1", 100, 10);
    add(1, 0, "nvme0n1", 90, 12);
    add(2, 1, "nvme0n1", 1000, 50);
    add(3, 1, "sda", 5, 5);
    SECTION("with a device on every rank") {
        const run_report sum = std::move(merger).take();
        CHECK(sum.device.name == "nvme0n1, sda");
        CHECK(sum.device.read == bytes(1105));
        CHECK(sum.device.written == bytes(67));
    }
    SECTION("a rank without one leaves the job without, for a part of the bytes is no share of all") {
        run_report in_memory;
        in_memory.device.in_memory = true;
        merger.add(std::move(in_memory), 5, 3);
        add(4, 2, "", 0, 0);
        const run_report sum = std::move(merger).take();
        CHECK(sum.device.name.empty());
        CHECK(sum.device.in_memory);
    }
}

TEST_CASE("merge: a GPU is there once for all ranks of its host, and those of every host are") {
    measure::report_merger merger(many);
    const auto add = [&](std::uint32_t rank, std::uint32_t host, const char* uuid) {
        run_report r;
        r.gpus.push_back({.facts = {.name = "G", .uuid = uuid}}); // each is the first that its process sees
        merger.add(std::move(r), rank, host);
    };
    add(0, 0, "GPU-a");
    add(1, 0, "GPU-b");
    add(2, 0, "GPU-a");
    add(3, 1, "GPU-c");
    const run_report sum = std::move(merger).take();
    REQUIRE(sum.gpus.size() == 3);
    CHECK(sum.gpus[1].facts.uuid == "GPU-b");
    CHECK(sum.gpus[1].host == 0);
    CHECK(sum.gpus[2].facts.uuid == "GPU-c");
    CHECK(sum.gpus[2].host == 1);
}

TEST_CASE("merge: GPUs without a name of their own are told apart by their numbers") {
    std::vector<measure::used_gpu> all;
    for (const std::uint32_t index : {0u, 1u, 0u}) measure::add(all, {.facts = {.index = index}});
    CHECK(all.size() == 2);
}

TEST_CASE("summarize: a rank's row is its report") {
    run_report r = test::filled<run_report>();
    r.job.reset();
    const measure::rank_stats s = measure::summarize(r);
    CHECK(s.delivered);
    CHECK(s.interrupted);
    CHECK(s.seed == r.seed);
    CHECK(s.elapsed == r.elapsed);
    CHECK(s.requests_completed == r.requests_completed);
    CHECK(s.tokens_generated == r.tokens_generated.count);
    CHECK(s.storage_time == r.storage_time);
    CHECK(s.storage_io_p95 == r.storage_io.quantile(0.95));
    REQUIRE(s.tiers.size() == 2);
    CHECK(s.tiers[1].read == r.tiers[1].read.moved);
    CHECK(s.tiers[1].written == r.tiers[1].write.moved);
    CHECK(s.tiers[1].reads == r.tiers[1].read.operations);
    CHECK(s.tiers[1].writes == r.tiers[1].write.operations);
    CHECK(s.tiers[1].entries == r.tiers[1].entries);
    CHECK(s.process.user == r.process.user);
    CHECK(s.device.name == r.device.name);
    CHECK_FALSE(s.complete());
    CHECK(s.failure.find("sectors of 4 KiB did not read back as written") != std::string::npos);
    CHECK(s.failure.find("operations failed") != std::string::npos);

    r.corrupt_sectors = r.failed_operations = 0;
    CHECK(measure::summarize(r).complete()); // though interrupted
}

TEST_CASE("job report: only complete ranks are in the sums, all are in the rows") {
    std::vector<measure::delivered_rank> ranks{silent_rank(2), complete_rank(3, 1, 5),
                                               failed_rank(0, "disk full"), complete_rank(1, 0, 7)};
    ranks[2].report->corrupt_sectors = 2;
    ranks[2].report->interrupted = true;
    ranks[2].report->stop_signal = SIGTERM;
    ranks[1].stats.start_delay = nanoseconds(500);
    ranks[3].stats.start_delay = nanoseconds(-200);
    const run_report r = measure::job_report(ranks, {host_named("h1"), host_named("h2")}, many);
    CHECK(r.requests_completed == 12);
    CHECK(r.storage_io.count() == 12);
    CHECK(r.tiers.at(0).read.moved == bytes(12));
    CHECK(r.seed == 101); // of the lowest complete rank
    CHECK(r.corrupt_sectors == 2);
    CHECK(r.interrupted);
    CHECK(r.stop_signal == SIGTERM);
    REQUIRE(r.job);
    REQUIRE(r.job->ranks.size() == 4);
    for (std::uint32_t i = 0; i < 4; ++i) CHECK(r.job->ranks[i].rank == i);
    CHECK(r.job->partial());
    CHECK_FALSE(r.clean());
    CHECK(r.job->start_skew == nanoseconds(700));
    CHECK(measure::faults(r).at(0) ==
          "2 of 4 ranks are missing from the figures (rank 0 on h1: disk full; rank 2 on "
          "h1: nothing came from it)");
}

TEST_CASE("job report: an interrupted rank is complete") {
    auto d = complete_rank(0, 0, 3);
    d.stats.interrupted = d.report->interrupted = true;
    const run_report r = measure::job_report({d}, {}, many);
    CHECK(r.requests_completed == 3);
    CHECK(r.interrupted);
    CHECK(r.clean());
}

TEST_CASE("job report: a failed rank without a report still counts what went wrong") {
    auto d = failed_rank(1, "corrupt");
    d.report.reset();
    d.stats.corrupt_sectors = 4;
    d.stats.failed_operations = 5;
    const run_report r = measure::job_report({complete_rank(0, 0, 1), d}, {}, many);
    CHECK(r.corrupt_sectors == 4);
    CHECK(r.failed_operations == 5);
    CHECK(r.requests_completed == 1);
}

TEST_CASE("job report: a row that came without its report is no complete rank") {
    auto d = complete_rank(0, 0, 1);
    d.report.reset();
    const run_report r = measure::job_report({d}, {}, many);
    CHECK(r.job->partial());
    CHECK(r.requests_completed == 0);
}

TEST_CASE("job report: without a complete rank there is nothing in it but the rows") {
    const run_report r = measure::job_report({failed_rank(0, "disk full"), silent_rank(1)}, {}, many);
    CHECK(r.elapsed == nanoseconds(0));
    CHECK(r.requests_completed == 0);
    CHECK(r.storage_io.empty());
    CHECK(r.seed == 100);
    REQUIRE(r.tiers.size() == 1);
    CHECK(r.tiers[0].name == "direct_file");
    CHECK(r.tiers[0].read.moved == bytes(0));
    CHECK(r.job->ranks.size() == 2);
}

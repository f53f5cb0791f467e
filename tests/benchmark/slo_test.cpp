// Targets in words, and the figures of a report that they are about.
#include <kvmark/benchmark/slo.hpp>
#include <kvmark/core/random.hpp>

#include "support/catch.hpp"

using namespace kvmark;

namespace {

std::string fault_of(std::string_view text, bool blocks = false) {
    const slo s = parse_slo(text, blocks);
    REQUIRE(s.faults.size() == 1);
    CHECK(s.targets.empty());
    return s.faults[0].message;
}

double exponential(random_stream& draw) { return -std::log(1 - draw.uniform()); }

measure::run_report report_of(const std::vector<double>& seconds) {
    measure::run_report r;
    measure::tier_stats& storage = r.tiers.emplace_back();
    storage.role = tier::tier_role::storage;
    for (const double s : seconds) {
        r.end_to_end.record(from_seconds(s));
        storage.read.total.record(from_seconds(s));
        r.samples.push_back({static_cast<float>(s), 0, 0, 0, 0});
    }
    r.requests_completed = seconds.size();
    return r;
}

} // namespace

TEST_CASE("targets are read in any unit, and several at once") {
    const slo s = parse_slo(
        "p95_read=500ms,mean_end_to_end<=2s,p999_io_write=250us,hit_rate>=80%,max_queue<1.5s", false);
    REQUIRE(s.faults.empty());
    REQUIRE(s.targets.size() == 5);
    CHECK(s.targets[0].name == "p95_read");
    CHECK(s.targets[0].rank == 0.95);
    CHECK(s.targets[0].target.limit == 500);
    CHECK(s.targets[1].rank < 0);
    CHECK(s.targets[1].target.limit == 2000);
    CHECK(s.targets[2].target.limit == Approx(0.25));
    CHECK(s.targets[3].target.limit == Approx(0.8));
    CHECK(s.targets[3].target.at_least);
    CHECK(s.targets[4].rank == 1);
    CHECK(parse_slo("p95_ttft=500ms,p99_read=50ms,hit_rate=0.5", true).faults.empty());
}

TEST_CASE("what is wrong with a target is said, with what there is") {
    CHECK_THAT(fault_of("p95_reed=5ms"), Catch::Contains("no such metric") && Catch::Contains("|read|") &&
                                             Catch::Contains("mean|p50") && Catch::Contains("hit_rate"));
    CHECK_THAT(fault_of("p42_read=5ms"), Catch::Contains("no such metric"));
    CHECK_THAT(fault_of("read=5ms"), Catch::Contains("no such metric"));
    CHECK_THAT(fault_of("p95_read"), Catch::Contains("METRIC=LIMIT"));
    CHECK_THAT(fault_of(""), Catch::Contains("METRIC=LIMIT"));
    for (const char* limit : {"5", "ms", "-5ms", "0ms", "5m", "5 ms", "nanms", "5ms!"})
        CHECK_THAT(fault_of(std::string("p95_read=") + limit), Catch::Contains("us, ms or s"));
    CHECK_THAT(fault_of("p95_read>=5ms"), Catch::Contains("at most"));
    CHECK_THAT(fault_of("hit_rate<=0.5"), Catch::Contains("at least"));
    for (const char* limit : {"0", "1.5", "150%", "5ms"})
        CHECK_THAT(fault_of(std::string("hit_rate=") + limit), Catch::Contains("share"));
    CHECK_THAT(fault_of("p95_ttft=5ms"), Catch::Contains("--trace"));
    CHECK_THAT(fault_of("p95_decode=5ms", true), Catch::Contains("a served trace has none"));
    CHECK(parse_slo("p95_reed=5ms,p95_read=5", false).faults.size() == 2);
}

TEST_CASE("the error of independent requests is that of statistics, and of alike ones it is larger") {
    // A hundred reports of 2,000 exponential times each: how far does the figure move?
    const char* name = GENERATE("mean_end_to_end=1s", "p95_end_to_end=1s", "p99_read=1s");
    const slo_target target = parse_slo(name, false).targets[0];
    const bool alike = GENERATE(false, true);
    random_stream draw(7);
    double sum = 0, squares = 0, stated = 0;
    constexpr int reports = 100;
    for (int i = 0; i < reports; ++i) {
        std::vector<double> seconds;
        while (seconds.size() < 2000) {
            const double s = exponential(draw);
            for (int k = 0; k < (alike ? 10 : 1); ++k) seconds.push_back(s);
        }
        const auto e = measure_target(report_of(seconds), target);
        REQUIRE(e.has_error());
        sum += e.value / reports;
        squares += e.value * e.value / reports;
        stated += e.standard_error / reports;
    }
    const double seen = std::sqrt(squares - sum * sum);
    INFO(name << (alike ? ", ten alike" : "") << ": stated " << stated << ", seen " << seen);
    CHECK(stated > 0.65 * seen);
    CHECK(stated < 1.6 * seen);
}

TEST_CASE("what did not happen keeps a latency, and few requests tell little") {
    CHECK(measure_target({}, parse_slo("p95_read=1ms", false).targets[0]).value == 0);
    const auto few = measure_target(report_of({1, 2, 3}), parse_slo("mean_read=1ms", false).targets[0]);
    CHECK(few.value == Approx(2000).epsilon(0.01));
    CHECK(few.standard_error > 1000);
    CHECK(!measure_target(report_of({1, 2, 3}), parse_slo("max_read=1ms", false).targets[0]).has_error());
}

TEST_CASE("a hit rate is of the accesses, with the error of the requests") {
    measure::run_report r;
    r.cache.hits = 800;
    r.cache.misses = 200;
    r.requests_completed = 100;
    const auto e = measure_target(r, parse_slo("hit_rate>=0.5", false).targets[0]);
    CHECK(e.value == Approx(0.8));
    CHECK(e.standard_error == Approx(0.04));
}

TEST_CASE("more arrivals than answers are an overload when they are too many for chance") {
    const auto over = [](std::uint64_t arrived, std::uint64_t completed) {
        return flow{arrived, completed}.overloaded();
    };
    CHECK(!over(1000, 1000));
    CHECK(!over(1000, 1020));
    CHECK(!over(1000, 950)); // within three standard deviations
    CHECK(over(1000, 850));
    CHECK(!over(1'000'000, 990'000)); // 1 %
    CHECK(over(1'000'000, 970'000));
    CHECK(!over(5, 0)); // a window shorter than a request
    CHECK(over(50, 0));
    CHECK(!over(0, 0));
    measure::run_report r;
    r.classes[0].arrived = 3;
    r.classes[2].arrived = 4;
    r.requests_completed = 5;
    CHECK(flow_of(r).arrived == 7);
    r.serving.emplace();
    r.elapsed = from_seconds(10);
    CHECK(flow_of(r, 2.5).arrived == 25);
}

TEST_CASE("the rate is of storage's bytes, or of tokens where storage moved none") {
    measure::run_report r = report_of({1});
    r.elapsed = from_seconds(20);
    r.tokens_generated = tokens(400);
    for (int i = 1; i <= 20; ++i) r.timeline.push_back({.at = from_seconds(i), .tokens_per_second = 20});
    CHECK(!rate_of(r).of_bytes);
    CHECK(rate_of(r).rate.value == 20);
    CHECK(rate_of(r).rate.standard_error == 0);
    r.tiers[0].read.moved = bytes(3000);
    r.tiers[0].write.moved = bytes(1000);
    CHECK(rate_of(r).of_bytes);
    CHECK(rate_of(r).rate.value == 200);
}

#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/storage_health.hpp>

using namespace kvmark;
using report::assess_storage;

TEST_CASE("the latency profile has the reference's four criteria") {
    const auto health = assess_storage(test::sample_report(), performance_profile::latency);
    REQUIRE(health.criteria.size() == 4);
    CHECK(health.criteria[0].name == "Storage Tier Write Device P95 < 500ms");
    CHECK(health.criteria[1].name == "Storage Tier Read Device P95 < 200ms");
    CHECK(health.criteria[2].name == "CPU RAM P95 < 150ms");
    CHECK(health.criteria[3].name == "Cache Hit Rate > 30%");
    CHECK(health.passed());
    CHECK(health.criteria[1].actual == Approx(95).epsilon(0.02));
    // Of reads up to 100 ms and writes up to 50 ms together.
    CHECK(health.criteria[2].actual == Approx(92.5).epsilon(0.02));
}

TEST_CASE("a criterion without samples is left out, and each can fail") {
    measure::run_report r;
    CHECK(assess_storage(r, performance_profile::latency).criteria.empty());

    r = test::sample_report();
    r.tiers[2].read.device = test::milliseconds_up_to(1000);
    r.cache.misses = 1000;
    const auto health = assess_storage(r, performance_profile::latency);
    CHECK(!health.passed());
    CHECK(health.passed_count() == 2);
}

TEST_CASE("the throughput profile asks for any bandwidth in the directions that were used") {
    measure::run_report r = test::sample_report();
    CHECK(assess_storage(r, performance_profile::throughput).criteria.size() == 2);
    r.tiers[2].read.moved = {};
    const auto writes = assess_storage(r, performance_profile::throughput);
    REQUIRE(writes.criteria.size() == 1);
    CHECK(writes.criteria[0].name == "Storage KV Write Bandwidth");
    CHECK(report::two_digits(writes.criteria[0].actual) == "0.30");
    r.tiers[2].write.moved = {};
    const auto nothing = assess_storage(r, performance_profile::throughput);
    CHECK(nothing.criteria.size() == 2);
    CHECK(nothing.passed_count() == 0);
}

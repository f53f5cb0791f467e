#include "support/catch.hpp"

#include <kvmark/exec/assemble.hpp>

using namespace kvmark;
using namespace kvmark::exec;

namespace {

/// Of a rank that completed `requests`, on the host that `leader` stands for.
rank_part part_of(std::uint32_t rank, std::uint32_t leader, const std::string& host, std::uint64_t requests) {
    measure::run_report r;
    r.elapsed = from_seconds(1);
    r.requests_completed = requests;
    for (std::uint64_t i = 0; i < requests; ++i) r.storage_io.record(nanoseconds(1'000'000));
    measure::rank_stats row = measure::summarize(r);
    row.rank = rank;
    row.host = leader;
    measure::job_stats& job = r.job.emplace();
    job.ranks.push_back(row);
    measure::machine_facts& facts = job.hosts.emplace_back();
    facts.hostname = host;
    facts.kernel = "Linux of " + host;
    return {r, leader, host, {}};
}

} // namespace

TEST_CASE("assemble: ranks of a host share its row, hosts come in the order of their lowest rank") {
    const auto job = assemble({part_of(0, 0, "a", 3), part_of(1, 1, "b", 4), part_of(2, 0, "a", 5)});
    CHECK(job.requests_completed == 12);
    REQUIRE(job.job);
    REQUIRE(job.job->hosts.size() == 2);
    CHECK(job.job->hosts[0].hostname == "a");
    CHECK(job.job->hosts[1].kernel == "Linux of b");
    CHECK(job.job->ranks[2].host == 0);
    CHECK_FALSE(job.job->partial());
}

TEST_CASE("assemble: a lost rank is named with its host, which another rank of it describes") {
    std::vector<rank_part> parts{{{}, 0, "a", no_answer}, part_of(1, 1, "b", 4), part_of(2, 0, "a", 5)};
    const auto job = assemble(std::move(parts));
    CHECK(job.requests_completed == 9);
    CHECK(job.job->partial());
    CHECK(job.job->ranks[0].failure == no_answer);
    CHECK_FALSE(job.job->ranks[0].delivered);
    CHECK(job.job->hosts[job.job->ranks[0].host].kernel == "Linux of a");
}

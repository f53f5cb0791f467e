// What came of the ranks of a job, put together.
#pragma once

#include <kvmark/measure/job_report.hpp>

#include <algorithm>

namespace kvmark::exec {

/// What became of one rank.
struct rank_part {
    std::optional<measure::run_report> report; ///< its own, with its row and its machine in `job`
    std::uint32_t leader = 0;                  ///< the lowest rank of its host, which stands for the host
    std::string host{};                        ///< its name
    std::string missing{};                     ///< why there is no report
};

inline constexpr const char* no_answer = "it did not answer: killed, or its host is out of reach";

/// The job's report; `parts` by rank.
[[nodiscard]] KVMARK_COLD measure::run_report assemble(std::vector<rank_part> parts) {
    std::vector<measure::delivered_rank> ranks;
    std::vector<measure::machine_facts> hosts;
    std::vector<std::uint32_t> leaders;
    std::uint64_t samples = 0;
    for (rank_part& part : parts) {
        const auto known = std::find(leaders.begin(), leaders.end(), part.leader);
        const auto host = static_cast<std::uint32_t>(known - leaders.begin());
        if (known == leaders.end()) {
            leaders.push_back(part.leader);
            hosts.emplace_back().hostname = part.host;
        }
        measure::delivered_rank d;
        if (part.report && part.report->job && !part.report->job->ranks.empty()) {
            d.stats = std::move(part.report->job->ranks.front());
            // Of the ranks of a host any may be lost: the first that is there describes it.
            if (hosts[host].kernel.empty() && !part.report->job->hosts.empty())
                hosts[host] = std::move(part.report->job->hosts.front());
            part.report->job.reset();
            samples = std::max<std::uint64_t>(samples, part.report->samples.size());
            d.report = std::move(part.report);
        } else {
            d.stats.failure = part.missing;
        }
        d.stats.rank = static_cast<std::uint32_t>(ranks.size());
        d.stats.host = host;
        ranks.push_back(std::move(d));
    }
    return measure::job_report(std::move(ranks), std::move(hosts), samples);
}

} // namespace kvmark::exec

// From what the ranks delivered to the report of the job.
#pragma once

#include <kvmark/measure/faults.hpp>
#include <kvmark/measure/merge.hpp>

namespace kvmark::measure {

/// What came from one rank; nothing but its number and host where nothing came.
struct delivered_rank {
    rank_stats stats;
    std::optional<run_report> report;
};

/// What a rank's report knows of the rank. Number, host, users, cache directory and clocks are the caller's
/// to set. A rank whose data were corrupt or whose operations failed is not complete; one that a signal ended
/// is.
[[nodiscard]] KVMARK_COLD rank_stats summarize(const run_report& r) {
    rank_stats s;
    s.delivered = true;
    for (const std::string& fault : faults(r)) s.failure += (s.failure.empty() ? "" : "; ") + fault;
    s.interrupted = r.interrupted;
    s.seed = r.seed;
    s.elapsed = r.elapsed;
    s.requests_completed = r.requests_completed;
    s.tokens_generated = r.tokens_generated.count;
    s.storage_time = r.storage_time;
    s.storage_io_p95 = r.storage_io.quantile(0.95);
    for (const tier_stats& t : r.tiers)
        s.tiers.push_back({t.read.moved, t.write.moved, t.read.operations, t.write.operations, t.entries});
    s.corrupt_sectors = r.corrupt_sectors;
    s.failed_operations = r.failed_operations;
    s.process = r.process;
    s.device = r.device;
    return s;
}

/// Between the first and the last of the ranks whose window opened.
[[nodiscard]] KVMARK_COLD nanoseconds spread_of(const job_stats& job, nanoseconds rank_stats::*member) {
    const rank_stats* first = nullptr;
    const rank_stats* last = nullptr;
    for (const rank_stats& r : job.ranks) {
        if (!r.delivered || r.elapsed.count == 0) continue;
        if (first == nullptr || r.*member < first->*member) first = &r;
        if (last == nullptr || r.*member > last->*member) last = &r;
    }
    return first == nullptr ? nanoseconds() : last->*member - first->*member;
}

/// The job's report: the sums over its complete ranks, and a row for every rank. Corrupt sectors, failed
/// operations and interruptions are those of all ranks that delivered. Without a complete rank all counts are
/// 0, all histograms empty, and the tiers known by name alone.
[[nodiscard]] KVMARK_COLD run_report job_report(std::vector<delivered_rank> ranks,
                                                std::vector<machine_facts> hosts, std::uint64_t max_samples) {
    std::vector<delivered_rank*> by_rank;
    for (delivered_rank& d : ranks) {
        by_rank.push_back(&d);
        for (std::size_t i = by_rank.size() - 1; i > 0 && by_rank[i - 1]->stats.rank > d.stats.rank; --i)
            std::swap(by_rank[i - 1], by_rank[i]);
    }

    report_merger merger(max_samples);
    run_report unsummed; // what is known of the stack and the seed where no rank is complete
    bool any_complete = false, any_delivered = false;
    job_stats job;
    for (delivered_rank* d : by_rank) {
        rank_stats& s = d->stats;
        if (s.complete() && !d->report) s.failure = "its report did not arrive";
        if (s.delivered && !any_delivered) unsummed.seed = s.seed;
        any_delivered |= s.delivered;
        if (d->report && unsummed.tiers.empty())
            for (const tier_stats& t : d->report->tiers) {
                unsummed.tiers.emplace_back();
                unsummed.tiers.back().name = t.name;
                unsummed.tiers.back().role = t.role;
            }
        if (s.complete()) {
            any_complete = true;
            merger.add(std::move(*d->report), s.rank, s.host);
        } else if (d->report) {
            merger.add_faults(*d->report, s.rank);
            merger.add_gpus(s.host, d->report->gpus);
        } else if (s.delivered) {
            run_report counts;
            counts.interrupted = s.interrupted;
            counts.corrupt_sectors = s.corrupt_sectors;
            counts.failed_operations = s.failed_operations;
            merger.add_faults(counts, s.rank);
        }
        job.ranks.push_back(std::move(s));
    }
    run_report sum = std::move(merger).take();
    if (!any_complete) {
        sum.seed = unsummed.seed;
        sum.tiers = std::move(unsummed.tiers);
    }
    job.hosts = std::move(hosts);
    job.start_skew = spread_of(job, &rank_stats::start_delay);
    job.barrier_skew = spread_of(job, &rank_stats::left_barrier);
    sum.job = std::move(job);
    return sum;
}

} // namespace kvmark::measure

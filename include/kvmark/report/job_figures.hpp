// What the rows of a job say about its ranks and hosts: rates, shares, who is slowest.
#pragma once

#include <kvmark/report/tier_totals.hpp>

#include <optional>

namespace kvmark::report {

struct rates {
    double read = 0; ///< GiB/s
    double write = 0;

    [[nodiscard]] double both() const { return read + write; }
};

/// Shares, 0..1, are among the complete ranks; a rank that is not complete has none.
struct rank_figures {
    rates moved; ///< of the tiers that job_figures::of_storage tells
    double cores_used = 0;
    std::optional<double> share_of_time{};      ///< of the storage time of all
    std::optional<double> share_of_bandwidth{}; ///< read and write together
};

struct host_figures {
    std::vector<std::uint32_t> ranks;
    std::size_t complete = 0;
    std::size_t delivered = 0;
    rates moved;              ///< of its complete ranks
    std::vector<rates> tiers; ///< likewise, in stack order
    double cores_used = 0;    ///< by the ranks that delivered
    std::uint32_t logical_cpus = 0;

    /// More than 90 % of the host: then the processor is measured, and not the storage.
    [[nodiscard]] bool cores_saturated() const {
        return logical_cpus != 0 && cores_used > 0.9 * static_cast<double>(logical_cpus);
    }
};

struct straggler {
    std::size_t index = 0;    ///< into the list it is of
    double share_of_mean = 0; ///< its bandwidth per rank against the mean over all complete ranks
};

struct job_figures {
    bool of_storage = true; ///< bandwidths are of the storage tiers; false: those moved nothing, so of all
    std::vector<rank_figures> ranks;         ///< in the order of job_stats::ranks
    std::vector<host_figures> hosts;         ///< in the order of job_stats::hosts
    std::optional<straggler> slowest_rank{}; ///< of two complete ranks or more
    std::optional<straggler> slowest_host{}; ///< of two hosts or more that have complete ranks
};

namespace detail {

[[nodiscard]] inline rates rates_of(const measure::rank_tier& t, nanoseconds elapsed) {
    return {gib_per_second(t.read, elapsed), gib_per_second(t.written, elapsed)};
}

inline void add(rates& to, const rates& r) {
    to.read += r.read;
    to.write += r.write;
}

/// Keeps the lower one.
inline void keep_slowest(std::optional<straggler>& slowest, std::size_t index, double share_of_mean) {
    if (!slowest || share_of_mean < slowest->share_of_mean) slowest = straggler{index, share_of_mean};
}

inline void find_stragglers(job_figures& f, const measure::job_stats& job) {
    double bandwidth = 0, storage_time = 0;
    std::size_t complete = 0, hosts = 0;
    for (std::size_t i = 0; i < job.ranks.size(); ++i) {
        if (!job.ranks[i].complete()) continue;
        bandwidth += f.ranks[i].moved.both();
        storage_time += to_seconds(job.ranks[i].storage_time);
        ++complete;
    }
    for (const host_figures& h : f.hosts) hosts += h.complete != 0 ? 1 : 0;
    const double mean = ratio(bandwidth, static_cast<double>(complete));
    for (std::size_t i = 0; i < job.ranks.size(); ++i) {
        rank_figures& r = f.ranks[i];
        if (!job.ranks[i].complete()) continue;
        if (storage_time > 0) r.share_of_time = to_seconds(job.ranks[i].storage_time) / storage_time;
        if (bandwidth > 0) r.share_of_bandwidth = r.moved.both() / bandwidth;
        if (bandwidth > 0 && complete > 1) keep_slowest(f.slowest_rank, i, r.moved.both() / mean);
    }
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        const host_figures& h = f.hosts[i];
        if (h.complete == 0 || hosts < 2 || !(bandwidth > 0)) continue;
        keep_slowest(f.slowest_host, i, h.moved.both() / static_cast<double>(h.complete) / mean);
    }
}

} // namespace detail

/// Precondition: r.job.
[[nodiscard]] inline job_figures figures_of_job(const measure::run_report& r) {
    const measure::job_stats& job = *r.job;
    const measure::tier_stats storage = role_totals(r, measure::tier_role::storage);
    job_figures f;
    f.of_storage = storage.read.moved.count + storage.write.moved.count != 0;
    f.hosts.resize(job.hosts.size());
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        f.hosts[i].logical_cpus = job.hosts[i].logical_cpus;
        f.hosts[i].tiers.resize(r.tiers.size());
    }
    for (const measure::rank_stats& s : job.ranks) {
        rank_figures& rank = f.ranks.emplace_back();
        host_figures unknown_host;
        host_figures& host = s.host < f.hosts.size() ? f.hosts[s.host] : unknown_host;
        unknown_host.tiers.resize(r.tiers.size());
        host.ranks.push_back(s.rank);
        if (!s.delivered) continue;
        ++host.delivered;
        host.complete += s.complete() ? 1 : 0;
        rank.cores_used = ratio(to_seconds(s.process.user + s.process.system), to_seconds(s.elapsed));
        if (!r.virtual_time) host.cores_used += rank.cores_used;
        for (std::size_t i = 0; i < s.tiers.size() && i < r.tiers.size(); ++i) {
            const rates moved = detail::rates_of(s.tiers[i], s.elapsed);
            const bool counts = !f.of_storage || r.tiers[i].role == measure::tier_role::storage;
            if (counts) detail::add(rank.moved, moved);
            if (s.complete()) detail::add(host.tiers[i], moved);
            if (s.complete() && counts) detail::add(host.moved, moved);
        }
    }
    detail::find_stragglers(f, job);
    return f;
}

} // namespace kvmark::report

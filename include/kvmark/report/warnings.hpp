// What a reader must know before trusting a report.
#pragma once

#include <kvmark/measure/faults.hpp>
#include <kvmark/report/context.hpp>
#include <kvmark/report/job_figures.hpp>
#include <kvmark/report/storage_health.hpp>

#include <cstring>

namespace kvmark::report {

/// Device bytes against the bytes that the run asked of the storage tier.
struct device_share {
    bytes asked{};
    bytes device{};

    /// 1 means that every byte came from, or went to, the device.
    [[nodiscard]] double share() const {
        return ratio(static_cast<double>(device.count), static_cast<double>(asked.count));
    }
    /// Less than 95 % of a quantity large enough to judge (64 MiB): the page cache served the rest.
    [[nodiscard]] bool falls_short() const { return asked.count >= 64 * mib_bytes && share() < 0.95; }
};

/// Has the run met a block device whose counters could be read?
[[nodiscard]] inline bool has_device(const measure::run_report& r) {
    return !r.virtual_time && !r.device.name.empty();
}

[[nodiscard]] inline device_share device_reads(const measure::run_report& r) {
    return {role_totals(r, measure::tier_role::storage).read.moved, r.device.read};
}

[[nodiscard]] inline device_share device_writes(const measure::run_report& r) {
    return {role_totals(r, measure::tier_role::storage).write.moved, r.device.written};
}

struct request_counts {
    std::uint64_t arrived = 0;
    std::uint64_t unfinished = 0;
};

[[nodiscard]] inline request_counts count_requests(const measure::run_report& r) {
    request_counts sum;
    for (const measure::class_stats& c : r.classes) {
        sum.arrived += c.arrived;
        sum.unfinished += c.queued + c.in_service;
    }
    return sum;
}

/// The hosts of a job whose processors were busy.
[[nodiscard]] inline std::vector<std::string> saturation_texts(const measure::run_report& r) {
    std::vector<std::string> all;
    if (!r.job || r.virtual_time) return all;
    const job_figures f = figures_of_job(r);
    for (std::size_t i = 0; i < f.hosts.size(); ++i)
        if (f.hosts[i].cores_saturated())
            all.push_back("cores saturated on " + r.job->host_name(static_cast<std::uint32_t>(i)) +
                          ": its ranks used " + two_digits(f.hosts[i].cores_used) + " of " +
                          std::to_string(f.hosts[i].logical_cpus) +
                          ", so the figures may be those of the processor and not of the storage");
    return all;
}

/// One sentence each, the gravest first; empty when there is nothing to say.
[[nodiscard]] inline std::vector<std::string> warnings(const measure::run_report& r,
                                                       const run_context& context) {
    std::vector<std::string> all = measure::faults(r);
    if (r.interrupted)
        all.push_back("interrupted after " + two_digits(to_seconds(r.elapsed)) +
                      " s: the figures cover that time alone");
    else if (r.elapsed.count == 0)
        all.push_back("the load ended before the measured window opened, so nothing was counted: shorten "
                      "--warmup");
    if (has_device(r)) {
        const auto check = [&](const device_share& d, const char* direction, const char* advice) {
            if (d.falls_short())
                all.push_back("the device " + std::string(direction) + " " + two_digits(100 * d.share()) +
                              " % of the bytes asked of storage: the page cache served the rest. " + advice);
        };
        check(device_reads(r), "read", "Use --storage-tier direct_file to measure the device.");
        check(device_writes(r), "wrote", "Some bytes were still in memory when the window closed.");
    }
    for (std::string& text : saturation_texts(r)) all.push_back(std::move(text));
    const request_counts requests = count_requests(r);
    if (requests.unfinished * 10 > requests.arrived)
        all.push_back(std::to_string(requests.unfinished) + " of " + std::to_string(requests.arrived) +
                      " requests were unfinished when the window closed: the latencies are those of the "
                      "requests that finished, and the service was overloaded");
    for (const measure::tier_stats& t : r.tiers)
        if (!t.note.empty()) all.push_back(tier_label(r, t) + " tier: " + t.note);
    if (r.job) all.insert(all.end(), r.job->notes.begin(), r.job->notes.end());
    all.insert(all.end(), context.notes.begin(), context.notes.end());
    return all;
}

} // namespace kvmark::report

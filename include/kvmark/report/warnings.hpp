// What a reader must know before trusting a report.
#pragma once

#include <kvmark/measure/faults.hpp>
#include <kvmark/report/context.hpp>
#include <kvmark/report/storage_metrics.hpp>

#include <cstring>

namespace kvmark::report {

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
    for (const std::string& text : saturation_texts(r))
        all.push_back(text + ", so the figures may be those of the processor and not of the storage");
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

/// What is said of a run beside its figures.
struct run_remarks {
    std::string version; ///< of the kvmark that measured
    std::vector<std::string> warnings;
    std::vector<storage_limit> limited_by; ///< why its storage figures are not those of the storage
};

/// Of a run that has just ended here.
[[nodiscard]] inline run_remarks remarks_of(const measure::run_report& r, const run_context& context) {
    return {KVMARK_VERSION, warnings(r, context), storage_metrics_of(r).limited_by};
}

} // namespace kvmark::report

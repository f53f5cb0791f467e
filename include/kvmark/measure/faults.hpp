// What makes a run fail, in words.
#pragma once

#include <kvmark/measure/run_report.hpp>

#include <cstring>

namespace kvmark::measure {

[[nodiscard]] KVMARK_COLD std::string corruption_text(const corruption& c) {
    return c.tier + " tier, entry " + c.key + ", offset " + std::to_string(c.offset.count) + ": expected " +
           c.expected + ", found " + c.found;
}

[[nodiscard]] KVMARK_COLD std::string failure_text(const io_failure& f) {
    return f.tier + " tier, entry " + f.key + ", " + f.operation + " at offset " +
           std::to_string(f.offset.count) + ": " + std::strerror(f.error_number);
}

/// Why the figures of a rank are not in the job's; empty where they are.
[[nodiscard]] KVMARK_COLD std::string missing_text(const rank_stats& rank) {
    return rank.complete() ? "" : rank.failure.empty() ? "nothing came from it" : rank.failure;
}

/// Which ranks the job's figures lack, and why; empty where they lack none. Names the first four.
[[nodiscard]] KVMARK_COLD std::string missing_ranks_text(const job_stats& job) {
    std::size_t missing = 0;
    std::string names;
    for (const rank_stats& r : job.ranks) {
        if (r.complete() || ++missing > 4) continue;
        names += (missing > 1 ? "; rank " : "rank ") + std::to_string(r.rank) + " on " +
                 job.host_name(r.host) + ": " + missing_text(r);
    }
    if (missing == 0) return "";
    if (missing > 4) names += "; and " + std::to_string(missing - 4) + " more";
    return std::to_string(missing) + " of " + std::to_string(job.ranks.size()) +
           " ranks are missing from the figures (" + names + ")";
}

/// One sentence each; empty when the run is clean.
[[nodiscard]] KVMARK_COLD std::vector<std::string> faults(const run_report& r) {
    std::vector<std::string> all;
    if (r.job && r.job->partial()) all.push_back(missing_ranks_text(*r.job));
    if (r.corrupt_sectors != 0)
        all.push_back(std::to_string(r.corrupt_sectors) +
                      " sectors of 4 KiB did not read back as written; the first: " +
                      (r.corruptions.empty() ? "unknown" : corruption_text(r.corruptions.front())));
    if (r.failed_operations != 0)
        all.push_back(std::to_string(r.failed_operations) + " operations failed; the first: " +
                      (r.failures.empty() ? "unknown" : failure_text(r.failures.front())));
    return all;
}

} // namespace kvmark::measure

// What a run on many ranks adds to its report: the ranks one by one, and the machines they ran on.
#pragma once

#include <kvmark/measure/host_facts.hpp>
#include <kvmark/measure/machine_facts.hpp>

#include <vector>

namespace kvmark::measure {

/// What one rank moved to and from one tier in its window.
struct rank_tier {
    bytes read{}, written{};
    std::uint64_t reads = 0, writes = 0; ///< whole entries
    std::uint64_t entries = 0;           ///< at the end
};

/// One rank. Its figures are in the job's only where it is complete.
struct rank_stats {
    std::uint32_t rank = 0;
    std::uint32_t host = 0;   ///< index into job_stats::hosts
    std::string failure;      ///< what went wrong on this rank alone; empty: complete
    bool delivered = false;   ///< false: nothing is known of it but its number and host
    bool interrupted = false; ///< a signal ended its window
    std::uint64_t seed = 0;
    std::uint64_t users = 0;
    std::string cache_dir;
    nanoseconds clock_offset{};      ///< of its host's clock against rank 0's
    nanoseconds clock_uncertainty{}; ///< half of the shortest round trip it was measured with
    nanoseconds left_barrier{};      ///< when it left the barrier before it, counted from the common start
    nanoseconds start_delay{};       ///< its window opened so long after the common start
    nanoseconds elapsed{};
    std::uint64_t requests_completed = 0;
    std::uint64_t tokens_generated = 0;
    nanoseconds storage_time{};   ///< summed over completed requests
    nanoseconds storage_io_p95{}; ///< of its completed requests
    std::vector<rank_tier> tiers; ///< in stack order
    std::uint64_t corrupt_sectors = 0;
    std::uint64_t failed_operations = 0;
    process_usage process;
    device_usage device;

    [[nodiscard]] bool complete() const { return delivered && failure.empty(); }
};

struct job_stats {
    std::vector<machine_facts> hosts; ///< in the order of their lowest rank
    std::vector<rank_stats> ranks;    ///< by rank
    nanoseconds start_skew{};         ///< between the first and the last window to open
    nanoseconds barrier_skew{};       ///< between the first and the last rank to leave the barrier before it
    std::vector<std::string> notes;   ///< what the reader must know of the job, one sentence each

    /// Some rank's figures are missing from the job's.
    [[nodiscard]] bool partial() const {
        for (const rank_stats& r : ranks)
            if (!r.complete()) return true;
        return false;
    }
    /// The name of the host that a rank ran on, "host 2" where it is not known.
    [[nodiscard]] std::string host_name(std::uint32_t host) const {
        const bool known = host < hosts.size() && !hosts[host].hostname.empty();
        return known ? hosts[host].hostname : "host " + std::to_string(host);
    }
};

} // namespace kvmark::measure

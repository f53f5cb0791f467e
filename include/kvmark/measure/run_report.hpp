// What a run measured: plain data, filled by the engine, printed by report/.
#pragma once

#include <kvmark/gpu/gpu_facts.hpp>
#include <kvmark/measure/block_layer.hpp>
#include <kvmark/measure/histogram.hpp>
#include <kvmark/measure/job_stats.hpp>
#include <kvmark/measure/recent_latency.hpp>
#include <kvmark/measure/serving_stats.hpp>
#include <kvmark/tier/storage_tier.hpp>
#include <kvmark/workload/request.hpp>

#include <optional>
#include <string>
#include <vector>

namespace kvmark::measure {

using tier::tier_role;

/// One direction of one tier. Counts what completed inside the measured window.
struct direction_stats {
    std::uint64_t operations = 0; ///< whole entries
    bytes moved{};                ///< entry bytes of the I/Os that completed, those of unfinished entries too
    histogram total;              ///< an entry from ready to done
    // total = queue + submit + device + copy + verify, operation by operation.
    histogram queue;  ///< until its first I/O began
    histogram submit; ///< I/Os prepared, and not yet handed to the kernel
    histogram device; ///< inside the device or the file system
    histogram copy;   ///< filling and stamping, and the copies of a tier made of memory
    histogram verify; ///< checking what was read
    histogram host;   ///< submit + copy + verify, which the reference calls host
    histogram io;     ///< one I/O (`io_chunk` bytes) inside the tier
};

struct tier_stats {
    std::string name;
    tier_role role = tier_role::storage;
    bytes limit{}; ///< 0: no tier
    bytes used{};  ///< at the end of the window
    std::uint64_t entries = 0;
    std::uint64_t demotions_in = 0; ///< entries that arrived from the tier above
    std::uint64_t evictions = 0;    ///< entries that left for lack of room: moved down or dropped
    direction_stats read{};
    direction_stats write{};
    std::string note{}; ///< what the reader must know of it: a clamped limit, a fallback
};

struct cache_counters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t system_prompt_hits = 0;
    std::uint64_t system_prompt_misses = 0;
    bytes system_prompt_bytes_saved{};
    std::uint64_t turn_hits = 0; ///< earlier turns of the conversation
    std::uint64_t turn_misses = 0;
    std::uint64_t chunk_hits = 0;
    std::uint64_t chunk_misses = 0;
    std::uint64_t user_hits = 0; ///< the request's own entry, and document chunks
    std::uint64_t prefill_writes = 0;
    std::uint64_t decode_reads = 0;
    std::uint64_t not_placed = 0;   ///< entries that fitted no tier
    double storage_tokens = 0;      ///< tokens whose cache went to or came from the storage tier
    double storage_tokens_read = 0; ///< of them, those whose cache came from it
};

/// By class of service.
struct class_stats {
    std::uint64_t arrived = 0;    ///< in the window
    std::uint64_t completed = 0;  ///< in the window, those among them that arrived before it
    std::uint64_t queued = 0;     ///< at the end of the window, not yet taken by a server
    std::uint64_t in_service = 0; ///< at the end of the window
    histogram latency;            ///< of the completed: intended arrival to last I/O, generation included
};

/// A sector that did not read back as written.
struct corruption {
    std::string key;
    std::string tier;
    bytes offset{}; ///< in the entry, of the 4 KiB sector
    std::string expected;
    std::string found;
};

/// An operation that the operating system failed.
struct io_failure {
    std::string key;
    std::string tier;
    std::string operation;
    bytes offset{};
    int error_number = 0;
};

struct throughput_sample {
    nanoseconds at{};
    double tokens_per_second = 0;
    bytes read{}; ///< of the storage tier, since the sample before
    bytes written{};
    std::uint64_t users = 0;
    // Of what completed since the sample before.
    recent_latency storage_read{};  ///< whole entries, from ready to done
    recent_latency storage_write{}; ///< likewise
    recent_latency end_to_end{};    ///< requests, from intended arrival to the end of the answer
    recent_latency ttft{};          ///< of a served run, to the first token
};

struct autoscale_event {
    nanoseconds at{};
    std::uint64_t users = 0;
    double saturation = 0; ///< 0..1, qos mode
    double read_p95_ms = 0;
    double tokens_per_second = 0;
    std::string action; ///< "scale_up", "scale_down", "hold", "stop"
};

/// Per completed request, in order of completion; capped by options::max_samples.
struct request_sample {
    float end_to_end_s, storage_s, generation_s;
    float prefill_s, decode_s; ///< parts of storage_s; 0 where the request had no such part
};

/// A GPU that some tier is made of.
struct used_gpu {
    std::uint32_t host = 0; ///< index into job_stats::hosts; 0 of a run on one process
    gpu::gpu_facts facts{};
};

struct run_report {
    nanoseconds elapsed{}; ///< the measured window
    bool interrupted = false;
    int stop_signal = 0; ///< the signal that interrupted it
    bool virtual_time = false;
    std::uint64_t seed = 0;
    std::uint64_t peak_users = 0;

    std::uint64_t requests_completed = 0;
    tokens tokens_generated{};
    nanoseconds storage_time{};    ///< summed over completed requests
    nanoseconds generation_time{}; ///< likewise
    histogram end_to_end, queue, storage_io, generation, prefill, decode;
    std::array<class_stats, 3> classes;
    cache_counters cache;
    std::vector<tier_stats> tiers; ///< in stack order

    std::vector<request_sample> samples;
    bool samples_capped = false;
    std::vector<throughput_sample> timeline;
    std::vector<autoscale_event> autoscaling;

    std::uint64_t corrupt_sectors = 0;
    std::vector<corruption> corruptions; ///< the first 16
    std::uint64_t failed_operations = 0;
    std::vector<io_failure> failures; ///< the first 16

    std::vector<used_gpu> gpus; ///< of all tiers, each once

    device_usage device;   ///< the block device behind the cache directory, by the kernel's counters
    process_usage process; ///< this process over the window
    std::uint64_t io_buffer_bytes = 0;

    std::optional<block_layer_stats> block_layer; ///< where it was traced, of a run on one process
    std::optional<serving_stats> serving;         ///< of a run over prefix blocks
    std::optional<job_stats> job; ///< of a run on several ranks, whose figures above are the sums
    bool primary = true;          ///< false where another process of the job reports to the user

    /// No corruption, no failed operation, no rank missing; an interrupted run can be clean.
    [[nodiscard]] bool clean() const {
        return corrupt_sectors == 0 && failed_operations == 0 && !(job && job->partial());
    }
};

} // namespace kvmark::measure

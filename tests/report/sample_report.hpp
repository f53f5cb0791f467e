// A report with every kind of figure in it, and one with none.
#pragma once

#include <kvmark/measure/run_report.hpp>

namespace kvmark::test {

/// 1 ms, 2 ms, ... n ms.
inline measure::histogram milliseconds_up_to(int n) {
    measure::histogram h;
    for (int i = 1; i <= n; ++i) h.record(nanoseconds(i * 1'000'000));
    return h;
}

inline measure::direction_stats sample_direction(std::uint64_t gib, int slowest_ms) {
    measure::direction_stats d;
    d.operations = static_cast<std::uint64_t>(slowest_ms);
    d.moved = bytes(gib * gib_bytes);
    d.total = d.queue = d.submit = d.device = d.copy = d.verify = d.host = d.io =
        milliseconds_up_to(slowest_ms);
    return d;
}

inline measure::tier_stats sample_tier(const char* name, measure::tier_role role, std::uint64_t gib) {
    measure::tier_stats t;
    t.name = name;
    t.role = role;
    t.limit = bytes(100 * gib_bytes);
    t.used = bytes(gib * gib_bytes);
    t.entries = gib;
    t.read = sample_direction(10 * gib, 100);
    t.write = sample_direction(gib, 50);
    return t;
}

/// Ten seconds: 30 requests, a stack of three tiers, all its bytes from and to the device.
inline measure::run_report sample_report() {
    using measure::tier_role;
    measure::run_report r;
    r.elapsed = from_seconds(10);
    r.seed = 42;
    r.requests_completed = 30;
    r.tokens_generated = tokens(5000);
    r.storage_time = from_seconds(2);
    r.generation_time = from_seconds(4);
    r.end_to_end = r.queue = r.storage_io = r.generation = r.prefill = r.decode = milliseconds_up_to(30);
    for (measure::class_stats& c : r.classes) {
        c.arrived = 11;
        c.completed = 10;
        c.queued = 1;
        c.latency = milliseconds_up_to(10);
    }
    r.cache.hits = 90;
    r.cache.misses = 10;
    r.cache.turn_hits = 3;
    r.cache.turn_misses = 1;
    r.tiers = {sample_tier("modelled", tier_role::gpu, 1), sample_tier("host", tier_role::cpu, 2),
               sample_tier("direct_file", tier_role::storage, 3)};
    for (int i = 0; i < 30; ++i) r.samples.push_back({0.1f, 0.05f, 0.025f, 0.01f, 0.02f});
    r.timeline.push_back({from_seconds(5), 500.0, bytes(1), bytes(2), 10});
    r.timeline.back().storage_read = {40, from_seconds(0.001), from_seconds(0.002), from_seconds(0.003)};
    r.autoscaling.push_back({from_seconds(5), 12, 0.5, 10.0, 500.0, "scale_up"});
    r.device = {"nvme0n1", bytes(30 * gib_bytes), bytes(3 * gib_bytes)};
    r.process = {from_seconds(5), from_seconds(10), bytes(gib_bytes)};
    return r;
}

/// One that tells all of itself.
inline gpu::gpu_facts sample_gpu() {
    return {.index = 0,
            .name = "NVIDIA H200",
            .uuid = "GPU-00112233-4455-6677-8899-aabbccddee01",
            .pci_address = "0000:1b:00.0",
            .driver_version = "580.159.04",
            .cuda_version = "13.0",
            .compute = "9.0",
            .memory = bytes(150'019'768'320),
            .memory_free = bytes(149'000'000'000),
            .processors = 132,
            .memory_bandwidth = 4.8e12,
            .link_generation = 5,
            .link_width = 16,
            .link_generation_max = 5,
            .link_width_max = 16,
            .copy_engines = 3};
}

/// Rank `rank` of a job: ten seconds, `mib` MiB/s read from storage and a tenth of that written.
inline measure::rank_stats sample_rank(std::uint32_t rank, std::uint32_t host, std::uint64_t mib) {
    measure::rank_stats s;
    s.rank = rank;
    s.host = host;
    s.delivered = true;
    s.seed = 42 + rank;
    s.users = 25;
    s.cache_dir = "/mnt/kv/rank_" + std::to_string(rank);
    s.clock_offset = nanoseconds(rank * 1000);
    s.clock_uncertainty = nanoseconds(500);
    s.start_delay = nanoseconds(rank * 2000);
    s.elapsed = from_seconds(10);
    s.requests_completed = 30;
    s.tokens_generated = 5000;
    s.storage_time = from_seconds(2);
    s.storage_io_p95 = from_seconds(0.010 * (rank + 1));
    s.tiers.resize(3);
    s.tiers[2] = {bytes(mib * mib_bytes * 10), bytes(mib * mib_bytes), 100, 10, 7};
    s.process = {from_seconds(5), from_seconds(5), bytes(gib_bytes)};
    return s;
}

/// A job of `ranks` ranks, two on a host of four processors; rank r reads 1024 - 64 r MiB/s.
inline measure::run_report sample_job(std::uint32_t ranks) {
    measure::run_report r = sample_report();
    r.job.emplace();
    r.job->start_skew = nanoseconds(6000);
    r.job->barrier_skew = nanoseconds(43'000);
    for (std::uint32_t i = 0; i < ranks; ++i) {
        if (i % 2 == 0) {
            r.job->hosts.emplace_back();
            r.job->hosts.back().hostname = "h" + std::to_string(i / 2 + 1);
            r.job->hosts.back().logical_cpus = 4;
        }
        r.job->ranks.push_back(sample_rank(i, i / 2, i < 16 ? 1024 - 64 * i : 1024));
    }
    return r;
}

} // namespace kvmark::test

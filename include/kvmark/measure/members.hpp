// The members of everything that ranks send to one another, named once for both directions.
#pragma once

#include <kvmark/measure/job_report.hpp>

#include <concepts>

namespace kvmark::measure {

/// T or const T.
template <class T, class U>
concept either = std::same_as<std::remove_const_t<T>, U>;

// Each hands all members to the archive, in order. The bindings are there so that a member more in a struct
// does not compile until it is named here.

template <class Archive, either<network_interface> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, megabits_per_second] = x;
    archive(name, megabits_per_second);
}

template <class Archive, either<block_device_facts> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, model, scheduler, size, hardware_queues, queue_requests, rotational] = x;
    archive(name, model, scheduler, size, hardware_queues, queue_requests, rotational);
}

template <class Archive, either<machine_facts> T>
void visit_members(Archive& archive, T& x) {
    auto& [hostname, kernel, os, cpu_model, sockets, cores, logical_cpus, numa_nodes, memory,
           transparent_hugepage, virtualization, file_system, mount_point, mount_options, device, networks,
           mpi_library] = x;
    archive(hostname, kernel, os, cpu_model, sockets, cores, logical_cpus, numa_nodes, memory,
            transparent_hugepage, virtualization, file_system, mount_point, mount_options, device, networks,
            mpi_library);
}

template <class Archive, either<device_usage> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, read, written, in_memory] = x;
    archive(name, read, written, in_memory);
}

template <class Archive, either<process_usage> T>
void visit_members(Archive& archive, T& x) {
    auto& [user, system, peak_resident, thread, processors] = x;
    archive(user, system, peak_resident, thread, processors);
}

template <class Archive, either<rank_tier> T>
void visit_members(Archive& archive, T& x) {
    auto& [read, written, reads, writes, entries] = x;
    archive(read, written, reads, writes, entries);
}

template <class Archive, either<rank_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [rank, host, failure, delivered, interrupted, seed, users, cache_dir, clock_offset,
           clock_uncertainty, left_barrier, start_delay, elapsed, requests_completed, tokens_generated,
           storage_time, storage_io_p95, tiers, corrupt_sectors, failed_operations, process, device] = x;
    archive(rank, host, failure, delivered, interrupted, seed, users, cache_dir, clock_offset,
            clock_uncertainty, left_barrier, start_delay, elapsed, requests_completed, tokens_generated,
            storage_time, storage_io_p95, tiers, corrupt_sectors, failed_operations, process, device);
}

template <class Archive, either<job_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [hosts, ranks, start_skew, barrier_skew, notes] = x;
    archive(hosts, ranks, start_skew, barrier_skew, notes);
}

template <class Archive, either<direction_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [operations, moved, total, queue, submit, device, copy, verify, host, io] = x;
    archive(operations, moved, total, queue, submit, device, copy, verify, host, io);
}

template <class Archive, either<tier_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, role, limit, used, entries, demotions_in, evictions, read, write, note] = x;
    archive(name, role, limit, used, entries, demotions_in, evictions, read, write, note);
}

template <class Archive, either<cache_counters> T>
void visit_members(Archive& archive, T& x) {
    auto& [hits, misses, system_prompt_hits, system_prompt_misses, system_prompt_bytes_saved, turn_hits,
           turn_misses, chunk_hits, chunk_misses, user_hits, prefill_writes, decode_reads, not_placed,
           storage_tokens, storage_tokens_read] = x;
    archive(hits, misses, system_prompt_hits, system_prompt_misses, system_prompt_bytes_saved, turn_hits,
            turn_misses, chunk_hits, chunk_misses, user_hits, prefill_writes, decode_reads, not_placed,
            storage_tokens, storage_tokens_read);
}

template <class Archive, either<class_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [arrived, completed, queued, in_service, latency] = x;
    archive(arrived, completed, queued, in_service, latency);
}

template <class Archive, either<corruption> T>
void visit_members(Archive& archive, T& x) {
    auto& [key, tier, offset, expected, found] = x;
    archive(key, tier, offset, expected, found);
}

template <class Archive, either<io_failure> T>
void visit_members(Archive& archive, T& x) {
    auto& [key, tier, operation, offset, error_number] = x;
    archive(key, tier, operation, offset, error_number);
}

template <class Archive, either<recent_latency> T>
void visit_members(Archive& archive, T& x) {
    auto& [count, p50, p95, p99] = x;
    archive(count, p50, p95, p99);
}

template <class Archive, either<throughput_sample> T>
void visit_members(Archive& archive, T& x) {
    auto& [at, tokens_per_second, read, written, users, storage_read, storage_write, end_to_end, ttft] = x;
    archive(at, tokens_per_second, read, written, users, storage_read, storage_write, end_to_end, ttft);
}

template <class Archive, either<autoscale_event> T>
void visit_members(Archive& archive, T& x) {
    auto& [at, users, saturation, read_p95_ms, tokens_per_second, action] = x;
    archive(at, users, saturation, read_p95_ms, tokens_per_second, action);
}

template <class Archive, either<request_sample> T>
void visit_members(Archive& archive, T& x) {
    auto& [end_to_end_s, storage_s, generation_s, prefill_s, decode_s] = x;
    archive(end_to_end_s, storage_s, generation_s, prefill_s, decode_s);
}

} // namespace kvmark::measure

namespace kvmark::cache { // where a call finds them by their argument

template <class Archive, measure::either<replay_counts::tier> T>
void visit_members(Archive& archive, T& x) {
    auto& [read, written, demoted, dropped] = x;
    archive(read, written, demoted, dropped);
}

template <class Archive, measure::either<replay_counts> T>
void visit_members(Archive& archive, T& x) {
    auto& [requests, block_refs, hit_blocks_prefix, hit_blocks_any, recomputed_blocks, measured_tokens,
           hit_tokens, tiers] = x;
    archive(requests, block_refs, hit_blocks_prefix, hit_blocks_any, recomputed_blocks, measured_tokens,
            hit_tokens, tiers);
}

} // namespace kvmark::cache

namespace kvmark::gpu {

template <class Archive, measure::either<gpu_facts> T>
void visit_members(Archive& archive, T& x) {
    auto& [index, name, uuid, pci_address, driver_version, cuda_version, compute, memory, memory_free,
           processors, memory_bandwidth, link_generation, link_width, link_generation_max, link_width_max,
           copy_engines] = x;
    archive(index, name, uuid, pci_address, driver_version, cuda_version, compute, memory, memory_free,
            processors, memory_bandwidth, link_generation, link_width, link_generation_max, link_width_max,
            copy_engines);
}

} // namespace kvmark::gpu

namespace kvmark::measure {

template <class Archive, either<serving_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [counts, block, block_tokens, completed, ttft, queue, load, prefill, inter_token] = x;
    archive(counts, block, block_tokens, completed, ttft, queue, load, prefill, inter_token);
}

template <class Archive, either<block_request_bucket> T>
void visit_members(Archive& archive, T& x) {
    auto& [low, high, count] = x;
    archive(low, high, count);
}

template <class Archive, either<block_request_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [latency_us, size] = x;
    archive(latency_us, size);
}

template <class Archive, either<block_layer_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [devices, begin, end, read, write] = x;
    archive(devices, begin, end, read, write);
}

template <class Archive, either<used_gpu> T>
void visit_members(Archive& archive, T& x) {
    auto& [host, facts] = x;
    archive(host, facts);
}

template <class Archive, either<run_report> T>
void visit_members(Archive& archive, T& x) {
    auto& [elapsed, interrupted, stop_signal, virtual_time, seed, peak_users, requests_completed,
           tokens_generated, storage_time, generation_time, end_to_end, queue, storage_io, generation,
           prefill, decode, classes, cache, tiers, samples, samples_capped, timeline, autoscaling,
           corrupt_sectors, corruptions, failed_operations, failures, gpus, device, process, io_buffer_bytes,
           block_layer, serving, job, primary] = x;
    archive(elapsed, interrupted, stop_signal, virtual_time, seed, peak_users, requests_completed,
            tokens_generated, storage_time, generation_time, end_to_end, queue, storage_io, generation,
            prefill, decode, classes, cache, tiers, samples, samples_capped, timeline, autoscaling,
            corrupt_sectors, corruptions, failed_operations, failures, gpus, device, process, io_buffer_bytes,
            block_layer, serving, job, primary);
}

template <class Archive, either<delivered_rank> T>
void visit_members(Archive& archive, T& x) {
    auto& [stats, report] = x;
    archive(stats, report);
}

} // namespace kvmark::measure

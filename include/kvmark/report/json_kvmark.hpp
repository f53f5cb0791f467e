// The "kvmark" member of the result file: what the reference does not say.
#pragma once

#include <kvmark/measure/steady_state.hpp>
#include <kvmark/report/gpus.hpp>
#include <kvmark/report/json_distribution.hpp>
#include <kvmark/report/json_host.hpp>
#include <kvmark/report/json_job.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/json_serving.hpp>
#include <kvmark/report/json_storage.hpp>
#include <kvmark/report/warnings.hpp>

namespace kvmark::report {

/// Of the "kvmark" member; goes up when a key changes its meaning.
inline constexpr int json_schema = 1;

namespace detail {

[[nodiscard]] inline json::object direction_json(const measure::direction_stats& d, nanoseconds elapsed) {
    return {{"operations", d.operations},
            {"bytes", d.moved.count},
            {"gib_per_s", gib_per_second(d.moved, elapsed)},
            {"total", distribution_json(d.total)},
            {"queue", distribution_json(d.queue)},
            {"submit", distribution_json(d.submit)},
            {"device", distribution_json(d.device)},
            {"copy", distribution_json(d.copy)},
            {"verify", distribution_json(d.verify)},
            {"host", distribution_json(d.host)},
            {"io", distribution_json(d.io)}};
}

[[nodiscard]] inline json::array tiers_json(const measure::run_report& r) {
    json::array all;
    for (const measure::tier_stats& t : r.tiers)
        all.push_back(
            {{"name", t.name},
             {"role", role_name(t.role)},
             {"limit_bytes", is_bounded(t.limit) ? json::value(t.limit.count) : json::value(nullptr)},
             {"used_bytes", t.used.count},
             {"entries", t.entries},
             {"demotions_in", t.demotions_in},
             {"evictions", t.evictions},
             {"note", text_or_null(t.note)},
             {"read", direction_json(t.read, r.elapsed)},
             {"write", direction_json(t.write, r.elapsed)}});
    return all;
}

[[nodiscard]] inline json::object classes_json(const measure::run_report& r) {
    json::object all;
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const measure::class_stats& c = r.classes[i];
        all[workload::service_class_names[i]] = {{"arrived", c.arrived},
                                                 {"completed", c.completed},
                                                 {"queued", c.queued},
                                                 {"in_service", c.in_service},
                                                 {"latency", distribution_json(c.latency)}};
    }
    return all;
}

[[nodiscard]] inline json::object cache_json(const measure::cache_counters& c) {
    return {{"hits", c.hits},
            {"misses", c.misses},
            {"system_prompt_hits", c.system_prompt_hits},
            {"system_prompt_misses", c.system_prompt_misses},
            {"turn_hits", c.turn_hits},
            {"turn_misses", c.turn_misses},
            {"chunk_hits", c.chunk_hits},
            {"chunk_misses", c.chunk_misses},
            {"user_hits", c.user_hits},
            {"not_placed", c.not_placed}};
}

/// Null where no block device stands behind the cache directory, or time was virtual.
[[nodiscard]] inline json::value device_json(const measure::run_report& r) {
    if (!has_device(r)) return nullptr;
    const device_share reads = device_reads(r), writes = device_writes(r);
    return {{"name", r.device.name},
            {"read_bytes", reads.device.count},
            {"read_bytes_asked", reads.asked.count},
            {"read_share", reads.share()},
            {"write_bytes", writes.device.count},
            {"write_bytes_asked", writes.asked.count},
            {"write_share", writes.share()},
            {"page_cache_suspected", reads.falls_short() || writes.falls_short()}};
}

/// Null in virtual time, where the processor's seconds are those of the simulation.
[[nodiscard]] inline json::value process_json(const measure::run_report& r) {
    if (r.virtual_time) return nullptr;
    const double cpu = to_seconds(r.process.user + r.process.system);
    return {{"user_s", to_seconds(r.process.user)},
            {"system_s", to_seconds(r.process.system)},
            {"cores_used", ratio(cpu, to_seconds(r.elapsed))},
            {"cpu_s_per_gib", ratio(cpu, to_gib(all_reads(r).moved + all_writes(r).moved))},
            {"peak_resident_bytes", r.process.peak_resident.count},
            {"io_buffer_bytes", r.io_buffer_bytes}};
}

[[nodiscard]] inline json::object integrity_json(const measure::run_report& r, const options& o) {
    json::array corruptions, failures;
    for (const measure::corruption& c : r.corruptions)
        corruptions.push_back({{"key", c.key},
                               {"tier", c.tier},
                               {"offset", c.offset.count},
                               {"expected", c.expected},
                               {"found", c.found}});
    for (const measure::io_failure& f : r.failures)
        failures.push_back({{"key", f.key},
                            {"tier", f.tier},
                            {"operation", f.operation},
                            {"offset", f.offset.count},
                            {"errno", f.error_number},
                            {"message", std::strerror(f.error_number)}});
    return {{"clean", r.clean()},
            {"verify", name_of(o.verify)},
            {"corrupt_sectors", r.corrupt_sectors},
            {"corruptions", std::move(corruptions)},
            {"failed_operations", r.failed_operations},
            {"failures", std::move(failures)}};
}

/// Null where nothing completed.
[[nodiscard]] inline json::value recent_json(const measure::recent_latency& l) {
    if (l.count == 0) return nullptr;
    return {{"count", l.count},
            {"p50", to_milliseconds(l.p50)},
            {"p95", to_milliseconds(l.p95)},
            {"p99", to_milliseconds(l.p99)}};
}

[[nodiscard]] inline json::array timeline_json(const measure::run_report& r) {
    json::array all;
    for (const measure::throughput_sample& s : r.timeline)
        all.push_back({{"at_s", to_seconds(s.at)},
                       {"tokens_per_s", s.tokens_per_second},
                       {"storage_read_bytes", s.read.count},
                       {"storage_write_bytes", s.written.count},
                       {"users", s.users},
                       {"storage_read_ms", recent_json(s.storage_read)},
                       {"storage_write_ms", recent_json(s.storage_write)},
                       {"end_to_end_ms", recent_json(s.end_to_end)},
                       {"ttft_ms", recent_json(s.ttft)}});
    return all;
}

/// Null where the run was too short to tell.
[[nodiscard]] inline json::value steady_state_json(const measure::run_report& r) {
    const measure::steadiness s = measure::steadiness_of(r);
    if (!s.known) return nullptr;
    return {{"steady", s.steady}, {"cut_s", s.cut}};
}

/// The inherited names that say something else than they hold.
[[nodiscard]] inline json::object units_json() {
    return {{"*_gb", "GiB (2^30 bytes)"},
            {"*_gbps", "GiB/s over the measured window"},
            {"read_iops, write_iops", "operations on whole entries, a count and no rate"},
            {"*_latencies", "seconds"},
            {"*_ms", "milliseconds"},
            {"total_storage_io_latency, total_generation_latency", "seconds, summed over completed requests"},
            {"histogram_ns", "[lowest, highest, count] in nanoseconds"}};
}

} // namespace detail

/// What docs/json.md documents under `kvmark`.
[[nodiscard]] inline json::object kvmark_json(const measure::run_report& r, const options& o,
                                              const run_context& context) {
    using namespace detail;
    json::array scaling;
    for (const measure::autoscale_event& e : r.autoscaling) scaling.push_back(autoscale_event_json(e, o));
    return {{"schema", json_schema},
            {"version", KVMARK_VERSION},
            {"compiler", "gcc " __VERSION__},
            {"argv", json::value_from(context.argv)},
            {"started", text_or_null(context.started)},
            {"finished", text_or_null(context.finished)},
            {"interrupted", r.interrupted},
            {"virtual_time", r.virtual_time},
            {"warnings", json::value_from(warnings(r, context))},
            {"host", host_json(context.host)},
            {"units", units_json()},
            {"options", options_json(o)},
            {"peak_users", r.peak_users},
            {"job", job_json(r)},
            {"serving", r.serving ? json::value(serving_json(r)) : json::value(nullptr)},
            {"integrity", integrity_json(r, o)},
            {"storage", storage_json(r)},
            {"device", device_json(r)},
            {"gpus", gpus_json(r)},
            {"block_layer", block_layer_json(r)},
            {"process", process_json(r)},
            {"cache", cache_json(r.cache)},
            {"classes", classes_json(r)},
            {"latency",
             {{"end_to_end", distribution_json(r.end_to_end)},
              {"queue", distribution_json(r.queue)},
              {"storage_io", distribution_json(r.storage_io)},
              {"generation", distribution_json(r.generation)},
              {"prefill", distribution_json(r.prefill)},
              {"decode", distribution_json(r.decode)}}},
            {"tiers", tiers_json(r)},
            {"samples",
             {{"kept", r.samples.size()}, {"completed", r.requests_completed}, {"capped", r.samples_capped}}},
            {"autoscaling", std::move(scaling)},
            {"steady_state", steady_state_json(r)},
            {"timeline", timeline_json(r)}};
}

} // namespace kvmark::report

// `summary.cache_stats` of the result file, key by key as the reference names them.
#pragma once

#include <kvmark/report/json_text.hpp>
#include <kvmark/report/storage_health.hpp>

namespace kvmark::report {

/// A quantile and the suffix of its key.
struct percentile {
    std::string_view name;
    double rank;
};

inline constexpr std::array<percentile, 5> percentiles{
    {{"p50", 0.50}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}}};

[[nodiscard]] inline json::object storage_health_json(const measure::run_report& r,
                                                      performance_profile profile) {
    const storage_health health = assess_storage(r, profile);
    json::array criteria;
    for (const criterion& c : health.criteria) {
        json::object o{{"name", c.name}};
        if (profile == performance_profile::throughput) { // texts there, numbers elsewhere
            o["target"] = ">0";
            o["actual"] = two_digits(c.actual);
        } else {
            o["target"] = c.target;
            o["actual"] = c.actual;
        }
        o["unit"] = c.unit;
        o["passed"] = c.passed;
        criteria.push_back(std::move(o));
    }
    return {{"overall_status", health.passed() ? "PASS" : "FAIL"},
            {"criteria", std::move(criteria)},
            {"passed_count", health.passed_count()},
            {"total_count", health.criteria.size()}};
}

namespace detail {

/// `<prefix>_p50_ms` and the rest; nothing where there are no samples, as the reference does.
inline void add_percentiles(json::object& o, const std::string& prefix, const measure::histogram& h) {
    if (h.empty()) return;
    for (const percentile& p : percentiles)
        o[prefix + "_" + std::string(p.name) + "_ms"] = to_milliseconds(h.quantile(p.rank));
}

} // namespace detail

/// What docs/json.md documents under `summary.cache_stats`. `*_gb` and `*_gbps` are GiB and GiB/s;
/// `read_iops` and `write_iops` are counts of whole entries: the names are inherited.
[[nodiscard]] inline json::object cache_stats_json(const measure::run_report& r,
                                                   performance_profile profile) {
    using measure::tier_role;
    const std::array<measure::tier_stats, 3> roles{
        role_totals(r, tier_role::gpu), role_totals(r, tier_role::cpu), role_totals(r, tier_role::storage)};
    const auto& [gpu, cpu, storage] = roles;
    const moved_totals reads = all_reads(r), writes = all_writes(r);

    json::object o{{"cache_hit_rate", hit_rate(r.cache.hits, r.cache.misses)},
                   {"cache_hits", r.cache.hits},
                   {"cache_misses", r.cache.misses},
                   {"gpu_entries", gpu.entries},
                   {"cpu_entries", cpu.entries},
                   {"storage_entries", storage.entries},
                   {"gpu_memory_used_gb", to_gib(gpu.used)},
                   {"cpu_memory_used_gb", to_gib(cpu.used)},
                   {"offloads_cpu", cpu.write.operations},
                   {"offloads_storage", storage.write.operations},
                   {"storage_health", storage_health_json(r, profile)},
                   {"prefill_writes", r.cache.prefill_writes},
                   {"decode_reads", r.cache.decode_reads}};
    for (const auto& t : roles) o["tier_" + t.name + "_kv_bytes_written_gb"] = to_gib(t.write.moved);
    for (const auto& t : roles) o["tier_" + t.name + "_kv_bytes_read_gb"] = to_gib(t.read.moved);
    for (const auto& t : roles) {
        o["tier_" + t.name + "_read_bandwidth_gbps"] = gib_per_second(t.read.moved, r.elapsed);
        o["tier_" + t.name + "_write_bandwidth_gbps"] = gib_per_second(t.write.moved, r.elapsed);
    }
    o["system_prompt_hits"] = r.cache.system_prompt_hits;
    o["common_phrase_hits"] = 0; // the reference's workload has none either
    o["user_cache_hits"] = r.cache.user_hits;
    o["multi_turn_hits"] = r.cache.turn_hits;
    o["total_read_bytes"] = reads.moved.count;
    o["total_write_bytes"] = writes.moved.count;
    o["total_read_gb"] = to_gib(reads.moved);
    o["total_write_gb"] = to_gib(writes.moved);
    o["read_write_ratio"] = static_cast<double>(reads.moved.count) /
                            static_cast<double>(std::max<std::uint64_t>(writes.moved.count, 1));
    o["read_iops"] = reads.operations;
    o["write_iops"] = writes.operations;
    o["storage_tokens_processed"] = r.cache.storage_tokens;

    for (const auto& t : roles) {
        detail::add_percentiles(o, t.name + "_read", t.read.total);
        detail::add_percentiles(o, t.name + "_write", t.write.total);
    }
    detail::add_percentiles(o, "storage_read_device", storage.read.device);
    detail::add_percentiles(o, "storage_read_host", storage.read.host);
    detail::add_percentiles(o, "storage_write_device", storage.write.device);
    detail::add_percentiles(o, "storage_write_host", storage.write.host);
    return o;
}

} // namespace kvmark::report

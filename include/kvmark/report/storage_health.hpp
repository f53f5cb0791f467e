// The reference's verdict on the storage: a few criteria, each only where it has samples.
#pragma once

#include <kvmark/benchmark/options.hpp>
#include <kvmark/report/tier_totals.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace kvmark::report {

struct criterion {
    std::string name;
    double target = 0;
    double actual = 0;
    std::string_view unit; ///< "ms", "ratio" (0..1) or "GB/s" (the reference's spelling of GiB/s)
    bool passed = false;
};

struct storage_health {
    std::vector<criterion> criteria;

    [[nodiscard]] std::size_t passed_count() const {
        std::size_t n = 0;
        for (const criterion& c : criteria) n += c.passed ? 1 : 0;
        return n;
    }
    [[nodiscard]] bool passed() const { return passed_count() == criteria.size(); }
};

/// Names, limits and order are the reference's, so that its readers find them. Under the latency profile:
/// P95 of the time inside the storage tier below 500 ms (write) and 200 ms (read), P95 of the CPU tier over
/// reads and writes below 150 ms, hit rate above 30 %. Under the throughput profile: any bandwidth at all in
/// the directions that were used, or in both when neither was.
[[nodiscard]] inline storage_health assess_storage(const measure::run_report& r,
                                                   performance_profile profile) {
    storage_health health;
    const auto add = [&](std::string name, double target, double actual, std::string_view unit, bool passed) {
        health.criteria.push_back({std::move(name), target, actual, unit, passed});
    };
    const measure::tier_stats storage = role_totals(r, measure::tier_role::storage);

    if (profile == performance_profile::throughput) {
        const double read = gib_per_second(storage.read.moved, r.elapsed);
        const double write = gib_per_second(storage.write.moved, r.elapsed);
        if (read > 0 || write == 0) add("Storage KV Read Bandwidth", 0, read, "GB/s", read > 0);
        if (write > 0 || read == 0) add("Storage KV Write Bandwidth", 0, write, "GB/s", write > 0);
        return health;
    }

    const auto add_p95 = [&](std::string name, double limit_ms, const measure::histogram& h) {
        if (h.empty()) return;
        const double p95 = to_milliseconds(h.quantile(0.95));
        add(std::move(name), limit_ms, p95, "ms", p95 < limit_ms);
    };
    add_p95("Storage Tier Write Device P95 < 500ms", 500, storage.write.device);
    add_p95("Storage Tier Read Device P95 < 200ms", 200, storage.read.device);
    measure::tier_stats cpu = role_totals(r, measure::tier_role::cpu);
    cpu.read.total.merge(cpu.write.total);
    add_p95("CPU RAM P95 < 150ms", 150, cpu.read.total);
    if (r.cache.hits + r.cache.misses > 0) {
        const double rate = hit_rate(r.cache.hits, r.cache.misses);
        add("Cache Hit Rate > 30%", 0.3, rate, "ratio", rate > 0.3);
    }
    return health;
}

/// Two digits after the point, as the reference writes a bandwidth.
[[nodiscard]] inline std::string two_digits(double v) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f", v);
    return text;
}

} // namespace kvmark::report

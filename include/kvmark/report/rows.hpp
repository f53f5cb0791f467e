// A report as rows of (scope, metric, unit, value): what CSV and spreadsheets are made of.
#pragma once

#include <kvmark/report/aggregate.hpp>
#include <kvmark/report/job_figures.hpp>
#include <kvmark/report/json_cache_stats.hpp>
#include <kvmark/report/warnings.hpp>

namespace kvmark::report {

struct row {
    std::string scope; ///< run, cache, class.<name>, tier.<label>.read or .write, storage, device,
                       ///< block_layer.read or .write, process, job, rank.<number>, host.<index>
    std::string metric;
    std::string unit;
    double value = 0;
};

namespace detail {

class row_collector {
public:
    void add(std::string scope, std::string metric, std::string unit, double value) {
        rows_.push_back({std::move(scope), std::move(metric), std::move(unit), value});
    }
    void add(std::string scope, std::string metric, std::uint64_t count) {
        add(std::move(scope), std::move(metric), "count", static_cast<double>(count));
    }
    /// Nothing where there are no samples.
    void add(const std::string& scope, const std::string& metric, const measure::histogram& h) {
        if (h.empty()) return;
        add(scope, metric + "_mean", "ms", h.mean() * 1e-6);
        for (const percentile& p : percentiles)
            add(scope, metric + "_" + std::string(p.name), "ms", to_milliseconds(h.quantile(p.rank)));
        add(scope, metric + "_max", "ms", to_milliseconds(h.max()));
    }
    void add(const std::string& scope, const measure::direction_stats& d, nanoseconds elapsed) {
        add(scope, "operations", d.operations);
        add(scope, "moved", "bytes", static_cast<double>(d.moved.count));
        add(scope, "bandwidth", "GiB/s", gib_per_second(d.moved, elapsed));
        add(scope, "total", d.total);
        add(scope, "queue", d.queue);
        add(scope, "submit", d.submit);
        add(scope, "device", d.device);
        add(scope, "copy", d.copy);
        add(scope, "verify", d.verify);
        add(scope, "host", d.host);
        add(scope, "io", d.io);
    }
    [[nodiscard]] std::vector<row> take() && { return std::move(rows_); }

private:
    std::vector<row> rows_;
};

inline void add_storage(row_collector& c, const storage_metrics& m) {
    c.add("storage", "read_bandwidth", "GiB/s", m.read_gib_per_s);
    c.add("storage", "write_bandwidth", "GiB/s", m.write_gib_per_s);
    c.add("storage", "cached_tokens_per_second", "1/s", m.cached_tokens_per_s);
    c.add("storage", "mean_in_flight", "I/Os", m.in_flight);
    c.add("storage", "read_entry_device", m.read.device);
    c.add("storage", "write_entry_device", m.write.device);
    c.add("storage", "read_io_device", m.read.io);
    c.add("storage", "write_io_device", m.write.io);
    c.add("storage", "ranks_storage", m.ranks_storage() ? std::uint64_t{1} : 0);
    for (const storage_limit& l : m.limited_by)
        c.add("storage", "limited_by_" + std::string(l.name), std::uint64_t{1});
}

/// A row for each bucket, named by its upper end.
inline void add_block_layer(row_collector& c, const char* scope, const measure::block_request_stats& s) {
    c.add(scope, "requests", s.count());
    for (const auto& b : s.latency_us) c.add(scope, "latency_to_" + std::to_string(b.high) + "_us", b.count);
    for (const auto& b : s.size) c.add(scope, "size_to_" + std::to_string(b.high) + "_bytes", b.count);
}

inline void add_serving(row_collector& c, const measure::serving_stats& s) {
    c.add("serving", "requests", s.counts.requests);
    c.add("serving", "completed", s.completed);
    c.add("serving", "block_refs", s.counts.block_refs);
    c.add("serving", "hit_blocks_prefix", s.counts.hit_blocks_prefix);
    c.add("serving", "hit_blocks_any", s.counts.hit_blocks_any);
    c.add("serving", "measured_tokens", s.counts.measured_tokens);
    c.add("serving", "hit_tokens", s.counts.hit_tokens);
    c.add("serving", "ttft", s.ttft);
    c.add("serving", "queue", s.queue);
    c.add("serving", "load", s.load);
    c.add("serving", "prefill", s.prefill);
    c.add("serving", "inter_token", s.inter_token);
}

inline void add_job(row_collector& c, const measure::run_report& r) {
    const measure::job_stats& job = *r.job;
    const job_figures f = figures_of_job(r);
    const std::vector<rank_row> trial = rank_rows(r);
    const aggregate a = aggregate_trials({&trial, 1});
    const auto add_known = [&](const char* metric, const char* unit, const std::optional<double>& v) {
        if (v) c.add("job", metric, unit, *v);
    };
    c.add("job", "ranks", job.ranks.size());
    c.add("job", "missing_ranks", a.missing.size());
    c.add("job", "start_skew", "us", static_cast<double>(job.start_skew.count) / 1e3);
    c.add("job", "barrier_skew", "us", static_cast<double>(job.barrier_skew.count) / 1e3);
    add_known("aggregated_read_bandwidth", "GiB/s", a.read_gib_per_s);
    add_known("aggregated_write_bandwidth", "GiB/s", a.write_gib_per_s);
    add_known("aggregated_avg_throughput", "tokens/s", a.tokens_per_s);
    add_known("aggregated_storage_throughput", "tokens/s", a.storage_tokens_per_s);
    add_known("aggregated_p95_latency", "ms", a.p95_ms);
    for (std::size_t i = 0; i < job.ranks.size(); ++i) {
        const measure::rank_stats& s = job.ranks[i];
        const std::string scope = "rank." + std::to_string(s.rank);
        c.add(scope, "host", std::uint64_t{s.host});
        c.add(scope, "complete", s.complete() ? std::uint64_t{1} : 0);
        if (!s.delivered) continue;
        c.add(scope, "elapsed", "s", to_seconds(s.elapsed));
        c.add(scope, "requests_completed", s.requests_completed);
        c.add(scope, "tokens_generated", s.tokens_generated);
        c.add(scope, "read_bandwidth", "GiB/s", f.ranks[i].moved.read);
        c.add(scope, "write_bandwidth", "GiB/s", f.ranks[i].moved.write);
        if (s.requests_completed != 0)
            c.add(scope, "storage_io_p95", "ms", to_milliseconds(s.storage_io_p95));
        if (!r.virtual_time) c.add(scope, "cores_used", "cores", f.ranks[i].cores_used);
    }
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        const std::string scope = "host." + std::to_string(i);
        c.add(scope, "ranks", f.hosts[i].ranks.size());
        c.add(scope, "complete_ranks", f.hosts[i].complete);
        if (f.hosts[i].complete != 0) {
            c.add(scope, "read_bandwidth", "GiB/s", f.hosts[i].moved.read);
            c.add(scope, "write_bandwidth", "GiB/s", f.hosts[i].moved.write);
        }
        if (f.hosts[i].delivered != 0 && !r.virtual_time)
            c.add(scope, "cores_used", "cores", f.hosts[i].cores_used);
    }
}

} // namespace detail

/// Figures that do not exist (a latency of nothing, a device without counters) have no row.
[[nodiscard]] inline std::vector<row> report_rows(const measure::run_report& r,
                                                  const storage_metrics& storage) {
    detail::row_collector c;
    const double elapsed = to_seconds(r.elapsed);
    const request_counts requests = count_requests(r);
    c.add("run", "elapsed", "s", elapsed);
    c.add("run", "interrupted", r.interrupted ? std::uint64_t{1} : 0);
    c.add("run", "requests_arrived", requests.arrived);
    c.add("run", "requests_completed", r.requests_completed);
    c.add("run", "requests_unfinished", requests.unfinished);
    c.add("run", "requests_per_second", "1/s", ratio(static_cast<double>(r.requests_completed), elapsed));
    c.add("run", "tokens_generated", r.tokens_generated.count);
    c.add("run", "tokens_per_second", "1/s", ratio(static_cast<double>(r.tokens_generated.count), elapsed));
    c.add("run", "end_to_end", r.end_to_end);
    c.add("run", "queue", r.queue);
    c.add("run", "storage_io", r.storage_io);
    c.add("run", "generation", r.generation);
    c.add("run", "prefill", r.prefill);
    c.add("run", "decode", r.decode);
    c.add("run", "corrupt_sectors", r.corrupt_sectors);
    c.add("run", "failed_operations", r.failed_operations);
    c.add("cache", "hits", r.cache.hits);
    c.add("cache", "misses", r.cache.misses);
    c.add("cache", "hit_rate", "ratio", hit_rate(r.cache.hits, r.cache.misses));
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const std::string scope = "class." + std::string(workload::service_class_names[i]);
        c.add(scope, "arrived", r.classes[i].arrived);
        c.add(scope, "completed", r.classes[i].completed);
        c.add(scope, "queued", r.classes[i].queued);
        c.add(scope, "in_service", r.classes[i].in_service);
        c.add(scope, "latency", r.classes[i].latency);
    }
    for (const measure::tier_stats& t : r.tiers) {
        const std::string scope = "tier." + tier_label(r, t);
        if (is_bounded(t.limit)) c.add(scope, "limit", "bytes", static_cast<double>(t.limit.count));
        c.add(scope, "used", "bytes", static_cast<double>(t.used.count));
        c.add(scope, "entries", t.entries);
        c.add(scope, "evictions", t.evictions);
        c.add(scope + ".read", t.read, r.elapsed);
        c.add(scope + ".write", t.write, r.elapsed);
    }
    detail::add_storage(c, storage);
    if (has_device(r)) {
        c.add("device", "read", "bytes", static_cast<double>(r.device.read.count));
        c.add("device", "written", "bytes", static_cast<double>(r.device.written.count));
        c.add("device", "read_share", "ratio", device_reads(r).share());
        c.add("device", "write_share", "ratio", device_writes(r).share());
    }
    if (r.block_layer) {
        detail::add_block_layer(c, "block_layer.read", r.block_layer->read);
        detail::add_block_layer(c, "block_layer.write", r.block_layer->write);
    }
    if (!r.virtual_time) {
        c.add("process", "user", "s", to_seconds(r.process.user));
        c.add("process", "system", "s", to_seconds(r.process.system));
        c.add("process", "peak_resident", "bytes", static_cast<double>(r.process.peak_resident.count));
    }
    if (r.serving) detail::add_serving(c, *r.serving);
    if (r.job) detail::add_job(c, r);
    return std::move(c).take();
}

[[nodiscard]] inline std::vector<row> report_rows(const measure::run_report& r) {
    return report_rows(r, storage_metrics_of(r));
}

} // namespace kvmark::report

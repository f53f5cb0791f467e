// The summary of a run on the terminal.
#pragma once

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/report/gpus.hpp>
#include <kvmark/report/job_table.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/terminal.hpp>
#include <kvmark/report/warnings.hpp>

#include <iterator>

namespace kvmark::report {

namespace detail {

class summary_writer {
public:
    summary_writer(const measure::run_report& r, const options& o, const palette& p) : r_(r), o_(o), p_(p) {}

    void write_what_ran(std::string_view version) {
        const std::string program = p_.bold("kvmark " + std::string(version));
        const std::string time = fmt::format("{} s{}", two_digits(to_seconds(r_.elapsed)),
                                             r_.virtual_time ? " of virtual time" : "");
        if (r_.serving)
            line("{}  {}, prefix blocks, {}", program, o_.model.name, time);
        else
            line("{}  {}, {} users, {}, generation {}, seed {}", program, o_.model.name,
                 grouped(static_cast<std::uint64_t>(o_.num_users)), time, name_of(o_.generation_mode),
                 r_.seed);
        std::string stack;
        for (const measure::tier_stats& t : r_.tiers) {
            if (t.limit.count == 0) continue;
            stack += fmt::format("{}{} {}", stack.empty() ? "" : ", then ", tier_label(r_, t),
                                 is_bounded(t.limit) ? size_text(t.limit) : "without bound");
        }
        if (!stack.empty()) line("  cache: {}{}{}", stack, o_.cache_dir.empty() ? "" : " in ", o_.cache_dir);
        line("");
    }

    void write_requests() {
        const request_counts counts = count_requests(r_);
        const double elapsed = to_seconds(r_.elapsed);
        line("{}   {} arrived, {} completed ({:.2f}/s), {} unfinished at the end", p_.bold("Requests"),
             grouped(counts.arrived), grouped(r_.requests_completed),
             ratio(static_cast<double>(r_.requests_completed), elapsed), grouped(counts.unfinished));
        line("{}     {} generated, {:.1f} tokens/s", p_.bold("Tokens"), grouped(r_.tokens_generated.count),
             ratio(static_cast<double>(r_.tokens_generated.count), elapsed));
        const measure::cache_counters& c = r_.cache;
        line("{}   {} of {} lookups", p_.bold("Hit rate"), percent_text(hit_rate(c.hits, c.misses)),
             grouped(c.hits + c.misses));
        line("           earlier turns {}, system prompts {}, documents {}", rate(c.turn_hits, c.turn_misses),
             rate(c.system_prompt_hits, c.system_prompt_misses), rate(c.chunk_hits, c.chunk_misses));
        const double reads = static_cast<double>(all_reads(r_).operations);
        std::string served;
        for (const measure::tier_stats& t : r_.tiers)
            if (reads > 0 && t.limit.count != 0)
                served += fmt::format("{}{} {}", served.empty() ? "" : ", ", tier_label(r_, t),
                                      percent_text(static_cast<double>(t.read.operations) / reads));
        if (!served.empty()) line("           entries read from {}", served);
        line("");
    }

    void write_tiers() {
        line("{}", p_.bold(fmt::format("{:<17}{:<6}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}", "Tier", "", "GiB",
                                       "GiB/s", "entries", "P50 ms", "P95 ms", "P99 ms")));
        for (const measure::tier_stats& t : r_.tiers) {
            write_direction(tier_label(r_, t), "read", t.read);
            write_direction("", "write", t.write);
        }
        line("  latencies are of whole entries, from the request for one to its last byte");
        line("");
    }

    /// In place of requests and classes, where prefix blocks were served.
    void write_serving() {
        const measure::serving_stats& s = *r_.serving;
        const cache::replay_counts& c = s.counts;
        line("{}   {} of {} answered ({:.2f}/s)", p_.bold("Requests"), grouped(s.completed),
             grouped(c.requests), ratio(static_cast<double>(s.completed), to_seconds(r_.elapsed)));
        line("{}   {} of {} prompt tokens", p_.bold("Hit rate"),
             percent_text(ratio(static_cast<double>(c.hit_tokens), static_cast<double>(c.measured_tokens))),
             grouped(c.measured_tokens));
        std::string served;
        for (std::size_t t = 0; t < r_.tiers.size(); ++t)
            if (r_.tiers[t].limit.count != 0)
                served += fmt::format("{}{} {}", served.empty() ? "" : ", ", tier_label(r_, r_.tiers[t]),
                                      grouped(c.tiers[t].read));
        line("           {} of {} blocks of {} tokens ({}) loaded: {}", grouped(c.hit_blocks_prefix),
             grouped(c.block_refs), s.block_tokens.count, size_text(s.block), served);
        if (c.recomputed_blocks != 0)
            line("           {} more were cached, and computed sooner than loaded",
                 grouped(c.recomputed_blocks));
        line("");
        line("{}", p_.bold(fmt::format("{:<28}{:>10}{:>10}{:>10}", "Latency of a request", "P50 ms", "P95 ms",
                                       "P99 ms")));
        write_latency("time to first token", s.ttft);
        write_latency("  waiting for a slot", s.queue);
        write_latency("  loading cached blocks", s.load);
        write_latency("  computing the rest", s.prefill);
        write_latency("between further tokens", s.inter_token);
        line("");
    }

    void write_job() { out_ += job_table(r_, p_); }

    void write_classes() {
        line("{}", p_.bold(fmt::format("{:<12}{:>10}{:>11}{:>10}{:>10}{:>10}{:>8}", "Class", "completed",
                                       "unfinished", "P50 ms", "P95 ms", "P99 ms", "target")));
        for (std::size_t i = 0; i < r_.classes.size(); ++i) {
            const measure::class_stats& c = r_.classes[i];
            const double target = o_.workload.targets[i].p95_ms;
            const bool met = to_milliseconds(c.latency.quantile(0.95)) <= target;
            line("{:<12}{:>10}{:>11}{:>10}{:>10}{:>10}{:>8}{}", workload::service_class_names[i],
                 grouped(c.completed), grouped(c.queued + c.in_service), quantile(c.latency, 0.50),
                 quantile(c.latency, 0.95), quantile(c.latency, 0.99), fmt::format("{:.0f}", target),
                 c.latency.empty() ? ""
                 : met             ? "  " + p_.green("met")
                                   : "  " + p_.red("missed"));
        }
        line("  arrival to answer, waiting included, of completed requests; target: P95 in ms");
        line("");
    }

    void write_gpus() {
        constexpr std::size_t most = 16;
        for (std::size_t i = 0; i < r_.gpus.size() && i < most; ++i) {
            const measure::used_gpu& g = r_.gpus[i];
            const std::string where = r_.job ? " of " + r_.job->host_name(g.host) : "";
            line("{} {}", p_.bold(fmt::format("GPU {}{}:", g.facts.index, where)), gpu_text(g.facts));
        }
        if (r_.gpus.size() > most) line("  and {} more GPUs", r_.gpus.size() - most);
    }

    void write_machine() {
        write_gpus();
        if (has_device(r_)) {
            const device_share reads = device_reads(r_), writes = device_writes(r_);
            line("{}     {}: {} read, {} of the bytes asked of storage", p_.bold("Device"), r_.device.name,
                 size_text(reads.device), percent_text(reads.share()));
            line("           {} written, {}", size_text(writes.device), percent_text(writes.share()));
        }
        if (!r_.virtual_time) {
            const double cpu = to_seconds(r_.process.user + r_.process.system);
            line("{}  {:.2f} cores used, {:.3f} s per GiB moved, {} resident at most", p_.bold("Processor"),
                 ratio(cpu, to_seconds(r_.elapsed)),
                 ratio(cpu, to_gib(all_reads(r_).moved + all_writes(r_).moved)),
                 size_text(r_.process.peak_resident));
        }
        const storage_health health = assess_storage(r_, o_.performance_profile);
        line("{}    {}, {} of {} criteria of the {} profile", p_.bold("Storage"),
             health.passed() ? p_.green("PASS") : p_.red("FAIL"), health.passed_count(),
             health.criteria.size(), name_of(o_.performance_profile));
        for (const criterion& c : health.criteria)
            if (!c.passed) line("           {}: {} {}", c.name, two_digits(c.actual), c.unit);
    }

    void write_ranking(const std::vector<storage_limit>& limited_by) {
        storage_metrics m = storage_metrics_of(r_);
        m.limited_by = limited_by;
        for (const storage_limit& l : m.limited_by)
            line("{}    {} {}", p_.bold("Ranking"), p_.yellow("not a storage figure:"), l.reason);
        if (!m.ranks_storage()) return;
        line("{}    {:.2f} GiB/s read, {:.2f} GiB/s written, {} cached tokens/s", p_.bold("Ranking"),
             m.read_gib_per_s, m.write_gib_per_s,
             grouped(static_cast<std::uint64_t>(m.cached_tokens_per_s + 0.5)));
        line("           P99 ms in the device: read {} of an entry, {} of an I/O;",
             quantile(m.read.device, 0.99), quantile(m.read.io, 0.99));
        line("           written {} and {}", quantile(m.write.device, 0.99), quantile(m.write.io, 0.99));
    }

    /// Bounds of buckets: the tracer counts in powers of two.
    void write_block_layer() {
        if (!r_.block_layer) return;
        const measure::block_layer_stats& b = *r_.block_layer;
        const auto direction = [&](const char* name, const measure::block_request_stats& s) {
            if (s.count() == 0) return;
            line("           {} {}, half within {} us, 99 % within {} us; half up to {}", grouped(s.count()),
                 name, grouped(measure::quantile_bound(s.latency_us, 0.5)),
                 grouped(measure::quantile_bound(s.latency_us, 0.99)),
                 size_text(bytes(measure::quantile_bound(s.size, 0.5))));
        };
        line("{}      {}, seen by bpftrace from {} s to {} s", p_.bold("Kernel"), b.devices,
             two_digits(to_seconds(b.begin)), two_digits(to_seconds(b.end)));
        direction("reads", b.read);
        direction("writes", b.write);
    }

    void write_warnings(const std::vector<std::string>& all) {
        for (const std::string& w : all) line("{} {}", p_.yellow("warning:"), w);
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }

    void write_direction(std::string_view name, std::string_view direction,
                         const measure::direction_stats& d) {
        line("{:<17}{:<6}{:>9.2f}{:>8.2f}{:>10}{:>10}{:>10}{:>10}", name, direction, to_gib(d.moved),
             gib_per_second(d.moved, r_.elapsed), grouped(d.operations), quantile(d.total, 0.50),
             quantile(d.total, 0.95), quantile(d.total, 0.99));
    }

    void write_latency(std::string_view name, const measure::histogram& h) {
        line("{:<28}{:>10}{:>10}{:>10}", name, quantile(h, 0.50), quantile(h, 0.95), quantile(h, 0.99));
    }

    static std::string quantile(const measure::histogram& h, double rank) {
        return h.empty() ? "-" : ms_text(h.quantile(rank));
    }
    static std::string rate(std::uint64_t hits, std::uint64_t misses) {
        return hits + misses == 0 ? "none" : percent_text(hit_rate(hits, misses));
    }

    const measure::run_report& r_;
    const options& o_;
    const palette& p_;
    std::string out_;
};

} // namespace detail

/// What a person wants to know of a run, within 80 columns but for names, paths and warnings; ends in a
/// newline. GiB are 2^30 bytes.
[[nodiscard]] inline std::string summary_with_remarks(const measure::run_report& r, const options& o,
                                                      const run_remarks& remarks, const palette& colors) {
    detail::summary_writer w(r, o, colors);
    w.write_what_ran(remarks.version);
    if (r.serving)
        w.write_serving();
    else
        w.write_requests();
    w.write_tiers();
    w.write_job();
    if (!r.serving) w.write_classes();
    w.write_machine();
    w.write_block_layer();
    w.write_ranking(remarks.limited_by);
    w.write_warnings(remarks.warnings);
    return std::move(w).text();
}

/// The same of a run that has just ended here.
[[nodiscard]] inline std::string summary_text(const measure::run_report& r, const options& o,
                                              const run_context& context, const palette& colors) {
    return summary_with_remarks(r, o, remarks_of(r, context), colors);
}

} // namespace kvmark::report

// The ranks of a job on the terminal.
#pragma once

#include <kvmark/measure/faults.hpp>
#include <kvmark/report/job_figures.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/terminal.hpp>

#include <iterator>

namespace kvmark::report {

namespace detail {

class job_table_writer {
public:
    /// More ranks than this have a row for each host in place of one for each rank.
    static constexpr std::size_t most_rows = 16;

    job_table_writer(const measure::run_report& r, const palette& p)
        : job_(*r.job), f_(figures_of_job(r)), p_(p) {}

    void write_heading(bool by_rank) {
        line("{}        {} {} on {} {}", p_.bold("Job"), job_.ranks.size(),
             job_.ranks.size() == 1 ? "rank" : "ranks", job_.hosts.size(),
             job_.hosts.size() == 1 ? "host" : "hosts");
        line("           their windows opened within {:.0f} us, the barrier before within {:.0f} us",
             microseconds_of(job_.start_skew), microseconds_of(job_.barrier_skew));
        line("{}", p_.bold(row("Host", by_rank ? "rank" : "ranks", "read", "write", "requests", "P95 ms",
                               "seconds", "  state")));
    }

    void write_ranks() {
        for (std::size_t i = 0; i < job_.ranks.size(); ++i) {
            const measure::rank_stats& s = job_.ranks[i];
            const std::string host = job_.host_name(s.host), rank = std::to_string(s.rank);
            if (!s.delivered) {
                line("{}", row(host, rank, "-", "-", "-", "-", "-", "  " + p_.red("missing")));
                continue;
            }
            const std::string state = !s.complete()   ? p_.red("failed")
                                      : s.interrupted ? p_.yellow("interrupted")
                                                      : "ok";
            line("{}", row(host, rank, two(f_.ranks[i].moved.read), two(f_.ranks[i].moved.write),
                           grouped(s.requests_completed),
                           s.requests_completed != 0 ? ms_text(s.storage_io_p95) : "-",
                           two(to_seconds(s.elapsed)), "  " + state));
        }
    }

    void write_hosts() {
        for (std::size_t i = 0; i < f_.hosts.size(); ++i) {
            const host_figures& h = f_.hosts[i];
            std::uint64_t requests = 0;
            nanoseconds p95{}, elapsed{};
            bool interrupted = false;
            for (const measure::rank_stats& s : job_.ranks) {
                if (s.host != i || !s.complete()) continue;
                requests += s.requests_completed;
                p95 = s.storage_io_p95 > p95 ? s.storage_io_p95 : p95;
                elapsed = s.elapsed > elapsed ? s.elapsed : elapsed;
                interrupted |= s.interrupted;
            }
            const std::size_t lost = h.ranks.size() - h.complete;
            const std::string state = lost != 0     ? p_.red(std::to_string(lost) + " missing")
                                      : interrupted ? p_.yellow("interrupted")
                                                    : "ok";
            const bool any = h.complete != 0;
            line("{}", row(job_.host_name(static_cast<std::uint32_t>(i)), std::to_string(h.ranks.size()),
                           any ? two(h.moved.read) : "-", any ? two(h.moved.write) : "-",
                           any ? grouped(requests) : "-", requests != 0 ? ms_text(p95) : "-",
                           any ? two(to_seconds(elapsed)) : "-", "  " + state));
        }
    }

    void write_verdict(bool by_rank) {
        line("  GiB/s of {}; P95 of a request's storage time{}",
             f_.of_storage ? "the storage tiers" : "all tiers", by_rank ? "" : ", the highest of its ranks");
        if (f_.slowest_rank) {
            const measure::rank_stats& s = job_.ranks[f_.slowest_rank->index];
            line("  slowest: rank {} on {}, {:.0f} % of the mean bandwidth", s.rank, job_.host_name(s.host),
                 100 * f_.slowest_rank->share_of_mean);
        }
        if (f_.slowest_host)
            line("  slowest host: {}, {:.0f} % of the mean bandwidth of a rank",
                 job_.host_name(static_cast<std::uint32_t>(f_.slowest_host->index)),
                 100 * f_.slowest_host->share_of_mean);
        std::size_t lost = 0;
        for (const measure::rank_stats& s : job_.ranks) {
            if (s.complete() || ++lost > most_rows) continue;
            line("  {}", p_.red(fmt::format("partial: rank {} on {} is not in the figures: {}", s.rank,
                                            job_.host_name(s.host), measure::missing_text(s))));
        }
        if (lost > most_rows) line("  {}", p_.red(fmt::format("partial: and {} more", lost - most_rows)));
        line("");
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }

    static std::string row(std::string_view host, std::string_view rank, std::string_view read,
                           std::string_view write, std::string_view requests, std::string_view p95,
                           std::string_view elapsed, std::string_view state) {
        return fmt::format("{:<16}{:>5}{:>9}{:>9}{:>10}{:>9}{:>9}{}", host, rank, read, write, requests, p95,
                           elapsed, state);
    }
    static std::string two(double v) { return fmt::format("{:.2f}", v); }
    static double microseconds_of(nanoseconds d) { return static_cast<double>(d.count) / 1e3; }

    const measure::job_stats& job_;
    job_figures f_;
    const palette& p_;
    std::string out_;
};

} // namespace detail

/// One row for each rank, or for each host where the ranks are more than 16; then who is slowest and who is
/// missing. Ends in an empty line; nothing for a run on one process.
[[nodiscard]] inline std::string job_table(const measure::run_report& r, const palette& colors) {
    if (!r.job) return "";
    const bool by_rank = r.job->ranks.size() <= detail::job_table_writer::most_rows;
    detail::job_table_writer w(r, colors);
    w.write_heading(by_rank);
    if (by_rank)
        w.write_ranks();
    else
        w.write_hosts();
    w.write_verdict(by_rank);
    return std::move(w).text();
}

} // namespace kvmark::report

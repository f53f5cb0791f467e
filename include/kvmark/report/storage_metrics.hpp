// The figures that rank storage and nothing else, and whether this run's may be used for it. docs/metrics.md
// defines each.
#pragma once

#include <kvmark/report/job_figures.hpp>
#include <kvmark/report/storage_health.hpp>

namespace kvmark::report {

/// Device bytes against the bytes that the run asked of the storage tier.
struct device_share {
    bytes asked{};
    bytes device{};

    /// 1 means that every byte came from, or went to, the device.
    [[nodiscard]] double share() const {
        return ratio(static_cast<double>(device.count), static_cast<double>(asked.count));
    }
    /// Less than 95 % of a quantity large enough to judge (64 MiB): the page cache served the rest.
    [[nodiscard]] bool falls_short() const { return asked.count >= 64 * mib_bytes && share() < 0.95; }
};

/// Has the run met a block device whose counters could be read?
[[nodiscard]] inline bool has_device(const measure::run_report& r) {
    return !r.virtual_time && !r.device.name.empty();
}

[[nodiscard]] inline device_share device_reads(const measure::run_report& r) {
    return {role_totals(r, measure::tier_role::storage).read.moved, r.device.read};
}

[[nodiscard]] inline device_share device_writes(const measure::run_report& r) {
    return {role_totals(r, measure::tier_role::storage).write.moved, r.device.written};
}

/// Why the storage figures of a run are not those of the storage.
struct storage_limit {
    std::string_view name; ///< "unfinished_preparation", "simulated", "faults", "host_memory", "page_cache",
                           ///< "processor" or "load"
    std::string reason;    ///< a phrase
};

/// Of the storage tiers, over the measured window.
struct storage_metrics {
    double read_gib_per_s = 0;
    double write_gib_per_s = 0;
    double cached_tokens_per_s = 0; ///< tokens whose cache came from storage
    double in_flight = 0;           ///< I/Os inside the tier, mean over the window
    measure::direction_stats read;  ///< `device`: of a whole entry; `io`: of one I/O
    measure::direction_stats write;
    std::vector<storage_limit> limited_by; ///< the gravest first

    [[nodiscard]] bool ranks_storage() const { return limited_by.empty(); }
};

namespace detail {

/// The sum of all samples, seconds.
[[nodiscard]] inline double seconds_in(const measure::histogram& h) {
    return h.mean() * static_cast<double>(h.count()) * 1e-9;
}

/// A process that used more than 90 % of the processors it may use, or whose engine was on a processor for
/// more than 90 % of the window: there is one engine, so more processors would not help it.
inline void add_process_limits(std::vector<std::string>& to, const measure::process_usage& p,
                               nanoseconds elapsed, const std::string& whose) {
    const double window = to_seconds(elapsed), used = ratio(to_seconds(p.user + p.system), window);
    const double engine = ratio(to_seconds(p.thread), window);
    if (p.processors > 0 && used > 0.9 * p.processors)
        to.push_back(whose + " used " + two_digits(used) + " of the " + two_digits(p.processors) +
                     " processors it may use");
    else if (engine > 0.9)
        to.push_back(whose + "'s engine thread was on a processor for " + two_digits(100 * engine) +
                     " % of the window");
}

} // namespace detail

/// In what way the processors were busy enough to be what was measured; empty where they were not.
[[nodiscard]] inline std::vector<std::string> saturation_texts(const measure::run_report& r) {
    std::vector<std::string> all;
    if (r.virtual_time) return all;
    if (!r.job) {
        detail::add_process_limits(all, r.process, r.elapsed, "kvmark");
        return all;
    }
    const job_figures f = figures_of_job(r);
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        const std::string host = r.job->host_name(static_cast<std::uint32_t>(i));
        if (f.hosts[i].cores_saturated()) {
            all.push_back("cores saturated on " + host + ": its ranks used " +
                          two_digits(f.hosts[i].cores_used) + " of " +
                          std::to_string(f.hosts[i].logical_cpus));
            continue;
        }
        for (const measure::rank_stats& s : r.job->ranks)
            if (s.host == i && s.complete())
                detail::add_process_limits(all, s.process, s.elapsed,
                                           "rank " + std::to_string(s.rank) + " on " + host);
    }
    return all;
}

namespace detail {

/// "x", or "x and 2 more".
[[nodiscard]] inline std::string first_of(const std::vector<std::string>& all) {
    return all.front() + (all.size() > 1 ? " and " + std::to_string(all.size() - 1) + " more" : "");
}

[[nodiscard]] inline std::string page_cache_text(const measure::run_report& r, const storage_metrics& m) {
    if (r.device.in_memory) return "the cache directory is memory (tmpfs or ramfs)";
    if (has_device(r)) {
        std::string text;
        const auto check = [&](const device_share& d, const char* did) {
            if (d.falls_short())
                text += (text.empty() ? "the device " : " and ") + std::string(did) + " " +
                        two_digits(100 * d.share()) + " %";
        };
        check({m.read.moved, r.device.read}, "read");
        check({m.write.moved, r.device.written}, "wrote");
        return text.empty() ? text : text + " of the bytes asked of storage, the page cache served the rest";
    }
    for (const measure::tier_stats& t : r.tiers)
        if (t.role == measure::tier_role::storage && (t.name == "file" || t.name == "mapped_file"))
            return "the tier " + t.name +
                   " goes through the page cache, and there is no device whose counters would show what it "
                   "served";
    return "";
}

/// Where more of an entry's time in service went into software than into the device, the device waited.
[[nodiscard]] inline std::string software_text(const storage_metrics& m) {
    const double host = seconds_in(m.read.host) + seconds_in(m.write.host);
    const double device = seconds_in(m.read.device) + seconds_in(m.write.device);
    if (host <= device) return "";
    return two_digits(100 * host / (host + device)) + " % of the time in service went into submitting, "
                                                      "copying and verifying, and the rest into the device";
}

} // namespace detail

/// The figures, and what forbids to read them as those of the storage. A run that is none of these may still
/// not have been the hardest for its storage: another depth or size of I/O can give more.
[[nodiscard]] inline storage_metrics storage_metrics_of(const measure::run_report& r) {
    measure::tier_stats storage = role_totals(r, measure::tier_role::storage);
    storage_metrics m;
    const double window = to_seconds(r.elapsed);
    m.read_gib_per_s = gib_per_second(storage.read.moved, r.elapsed);
    m.write_gib_per_s = gib_per_second(storage.write.moved, r.elapsed);
    m.cached_tokens_per_s = ratio(r.cache.storage_tokens_read, window);
    m.in_flight = ratio(detail::seconds_in(storage.read.io) + detail::seconds_in(storage.write.io), window);
    m.read = std::move(storage.read);
    m.write = std::move(storage.write);

    const auto limit = [&](std::string_view name, std::string reason) {
        if (!reason.empty()) m.limited_by.push_back({name, std::move(reason)});
    };
    if (r.elapsed.count == 0) {
        limit("unfinished_preparation", "the run ended before its window opened");
        return m;
    }
    if (r.virtual_time) limit("simulated", "the time was virtual and no device was used");
    if (!r.clean()) limit("faults", "data came back wrong, operations failed or ranks are missing");
    if (m.read.moved.count + m.write.moved.count == 0) {
        limit("host_memory", "storage moved nothing: memory held all that was asked for");
        return m;
    }
    if (r.virtual_time) return m;
    limit("page_cache", detail::page_cache_text(r, m));
    const std::vector<std::string> saturated = saturation_texts(r);
    const std::string busy = saturated.empty() ? detail::software_text(m) : detail::first_of(saturated);
    limit("processor", busy);
    // A tier with n I/Os inside it on average was in use for n of the window at most.
    const bool timed = !m.read.io.empty() || !m.write.io.empty();
    if (busy.empty() && timed && m.in_flight < 0.5)
        limit("load", "storage had nothing to do for " + two_digits(100 * (1 - m.in_flight)) +
                          " % of the window or more, so the bandwidths are those of the load");
    return m;
}

} // namespace kvmark::report

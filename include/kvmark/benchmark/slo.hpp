// Targets of a service in words, as p95_ttft=500ms,p99_read=50ms, and what a run's report says of them.
#pragma once

#include <kvmark/benchmark/load_trials.hpp>
#include <kvmark/measure/run_report.hpp>

#include <charconv>

namespace kvmark {

/// What a target can be about, and which runs know it.
struct slo_metric {
    std::string_view name;
    std::string_view help;
    bool of_users = true;  ///< runs of conversations' entries
    bool of_blocks = true; ///< runs of prefix blocks
};

inline constexpr slo_metric slo_metrics[]{
    {"ttft", "intended arrival to first token", false},
    {"inter_token", "mean gap of a request's further tokens", false},
    {"end_to_end", "intended arrival to the last token"},
    {"queue", "intended arrival to admission"},
    {"storage_io", "a request's time in the tiers"},
    {"prefill", "a request's time in prefill"},
    {"decode", "a request's reads for decode", true, false},
    {"read", "an entry read from storage, from ready to done"},
    {"write", "an entry written to storage"},
    {"device_read", "of a read, the time inside the device"},
    {"device_write", "of a write"},
    {"io_read", "one I/O of a read"},
    {"io_write", "one I/O of a write"},
};

struct slo_statistic {
    std::string_view name;
    double rank = 0; ///< 0..1; below 0: the mean
};
inline constexpr slo_statistic slo_statistics[]{
    {"mean", -1},  {"p50", 0.50},   {"p75", 0.75},     {"p90", 0.90}, {"p95", 0.95},
    {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}, {"max", 1},
};

struct slo_target {
    std::string name;                   ///< as p95_ttft, or hit_rate
    const slo_metric* metric = nullptr; ///< null: hit_rate
    double rank = -1;
    load_target target{}; ///< milliseconds at most, or a share at least
};

struct slo {
    std::vector<slo_target> targets;
    std::vector<error> faults{}; ///< each names the part, and what there is
};

namespace detail {

[[nodiscard]] KVMARK_COLD std::string known_metrics(bool blocks) {
    std::string text;
    for (const slo_statistic& s : slo_statistics) (text += text.empty() ? "" : "|") += s.name;
    text += ", then _, then ";
    bool first = true;
    for (const slo_metric& m : slo_metrics) {
        if (!(blocks ? m.of_blocks : m.of_users)) continue;
        (text += first ? "" : "|") += m.name;
        first = false;
    }
    return text + "; or hit_rate";
}

/// Milliseconds, or nothing.
[[nodiscard]] KVMARK_COLD std::optional<double> parse_time(std::string_view text) {
    constexpr struct {
        std::string_view name;
        double ms;
    } units[]{{"us", 1e-3}, {"ms", 1}, {"s", 1e3}};
    double value = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || !(value > 0) || value > 1e15) return {};
    const std::string_view unit = text.substr(static_cast<std::size_t>(stop - text.data()));
    for (const auto& u : units)
        if (u.name == unit) return value * u.ms;
    return {};
}

/// 0.8 or 80%.
[[nodiscard]] KVMARK_COLD std::optional<double> parse_share(std::string_view text) {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    double value = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || stop != text.data() + text.size()) return {};
    if (percent) value /= 100;
    return value > 0 && value <= 1 ? std::optional(value) : std::nullopt;
}

KVMARK_COLD void parse_target(std::string_view part, bool blocks, slo& into) {
    const auto refuse = [&](const std::string& why) {
        into.faults.push_back({error_kind::invalid_argument, "'" + std::string(part) + "': " + why});
    };
    const std::size_t sign = part.find_first_of("=<>");
    if (sign == std::string_view::npos)
        return refuse("must be METRIC=LIMIT, as p95_" + std::string(blocks ? "ttft" : "read") + "=50ms");
    slo_target t{.name = std::string(part.substr(0, sign))};
    std::string_view limit = part.substr(sign);
    const bool above = limit.front() == '>', below = limit.front() == '<';
    limit.remove_prefix(limit.size() > 1 && limit[0] != '=' && limit[1] == '=' ? 2 : 1);

    if (t.name == "hit_rate") {
        const auto share = parse_share(limit);
        if (below) return refuse("a hit rate is to be kept at least: write hit_rate>=0.8");
        if (!share) return refuse("must be a share above 0, up to 1 or 100%, as hit_rate>=0.8");
        t.target = {.limit = *share, .at_least = true};
        into.targets.push_back(std::move(t));
        return;
    }
    const std::size_t bar = t.name.find('_');
    const std::string_view statistic = std::string_view(t.name).substr(0, bar);
    const std::string_view metric =
        bar == std::string::npos ? std::string_view() : std::string_view(t.name).substr(bar + 1);
    const slo_statistic* how = nullptr;
    for (const slo_statistic& s : slo_statistics)
        if (s.name == statistic) how = &s;
    for (const slo_metric& m : slo_metrics)
        if (m.name == metric) t.metric = &m;
    if (!how || !t.metric) return refuse("there is no such metric; there are " + known_metrics(blocks));
    if (!(blocks ? t.metric->of_blocks : t.metric->of_users))
        return refuse(blocks ? "a served trace has none; there are " + known_metrics(true)
                             : "is of a served trace (--trace); runs of users have " + known_metrics(false));
    const auto ms = parse_time(limit);
    if (above) return refuse("a latency is to be kept at most: write " + t.name + "<=50ms");
    if (!ms) return refuse("its limit must be a time above 0 with its unit, us, ms or s, as 50ms");
    t.rank = how->rank;
    t.target = {.limit = *ms, .at_least = false};
    into.targets.push_back(std::move(t));
}

[[nodiscard]] KVMARK_COLD measure::histogram of_storage(const measure::run_report& r,
                                                        measure::direction_stats measure::tier_stats::*way,
                                                        measure::histogram measure::direction_stats::*what) {
    measure::histogram all;
    for (const measure::tier_stats& t : r.tiers)
        if (t.role == tier::tier_role::storage) all.merge(t.*way.*what);
    return all;
}

[[nodiscard]] KVMARK_COLD measure::histogram histogram_of(const measure::run_report& r,
                                                          std::string_view name) {
    using measure::direction_stats, measure::tier_stats;
    if (name == "read") return of_storage(r, &tier_stats::read, &direction_stats::total);
    if (name == "write") return of_storage(r, &tier_stats::write, &direction_stats::total);
    if (name == "device_read") return of_storage(r, &tier_stats::read, &direction_stats::device);
    if (name == "device_write") return of_storage(r, &tier_stats::write, &direction_stats::device);
    if (name == "io_read") return of_storage(r, &tier_stats::read, &direction_stats::io);
    if (name == "io_write") return of_storage(r, &tier_stats::write, &direction_stats::io);
    if (name == "ttft" && r.serving) return r.serving->ttft;
    if (name == "inter_token" && r.serving) return r.serving->inter_token;
    if (name == "queue") return r.serving ? r.serving->queue : r.queue;
    if (name == "prefill") return r.serving ? r.serving->prefill : r.prefill;
    if (name == "decode") return r.decode;
    return name == "storage_io" ? r.storage_io : r.end_to_end;
}

/// The variance of a mean over that of as many independent values, where nothing tells it: wide enough that
/// more trials are asked for near a target, whose own spread then counts.
inline constexpr double assumed_dependence = 25;

/// The same from the requests in the order of their completion: neighbours in a queue have waited alike.
/// `of` is what the mean is taken of, `variance` that of one value.
template <class Of>
[[nodiscard]] double dependence(const measure::run_report& r, double variance, Of&& of) {
    const double error = measure::batch_error(r.samples, of);
    if (error < 0) return assumed_dependence;
    if (!(variance > 0)) return 1;
    const double ratio = error * error * static_cast<double>(r.samples.size()) / variance;
    return ratio > 1 ? ratio : 1;
}

[[nodiscard]] KVMARK_COLD measure::estimate latency_of(const measure::run_report& r,
                                                       const measure::histogram& h, double rank) {
    constexpr double ms = 1e-6;
    const auto n = static_cast<double>(h.count());
    if (h.empty()) return {};
    const auto seconds = [](const measure::request_sample& s) { return double{s.end_to_end_s}; };
    if (rank < 0) {
        const double own = deviation_of(h), request = deviation_of(r.end_to_end) * 1e-9;
        const double factor = dependence(r, request * request, seconds);
        return {h.mean() * ms, own * std::sqrt(factor / n) * ms};
    }
    const double value = static_cast<double>(h.quantile(rank).count) * ms;
    if (rank == 1) return {value, -1};
    const double bound = to_seconds(r.end_to_end.quantile(rank)), variance = rank * (1 - rank);
    const double factor =
        dependence(r, variance, [&](const auto& s) { return seconds(s) <= bound ? 1.0 : 0.0; });
    return {value, measure::quantile_error(h, rank, std::sqrt(variance * factor / n)) * ms};
}

} // namespace detail

/// Parts are split by commas. `blocks`: of a served trace.
[[nodiscard]] KVMARK_COLD slo parse_slo(std::string_view text, bool blocks) {
    slo all;
    for (;;) {
        const std::size_t comma = text.find(',');
        detail::parse_target(text.substr(0, comma), blocks, all);
        if (comma == std::string_view::npos) return all;
        text.remove_prefix(comma + 1);
    }
}

/// What the run says of a target: milliseconds or a share, with a standard error. Requests that queue are no
/// independent samples, so the error counts with how alike those are that completed side by side (Conway
/// 1963, batch means), as the run's samples tell.
[[nodiscard]] KVMARK_COLD measure::estimate measure_target(const measure::run_report& r,
                                                           const slo_target& target) {
    if (target.metric)
        return detail::latency_of(r, detail::histogram_of(r, target.metric->name), target.rank);
    const auto hits = static_cast<double>(r.cache.hits), all = hits + static_cast<double>(r.cache.misses);
    if (all == 0) return {1, 0}; // nothing was asked for in vain
    const double share = hits / all;
    const double requests = static_cast<double>(r.requests_completed > 0 ? r.requests_completed : 1);
    return {share, std::sqrt(share * (1 - share) / requests)};
}

/// Requests that came and those that were answered, in the window.
struct flow {
    std::uint64_t arrived = 0;
    std::uint64_t completed = 0;

    /// Whether more came than were answered, by 2 % and by more than chance (3 standard deviations of a
    /// Poisson process) makes of a stable queue. Then every latency depends on when the run ended, and those
    /// of the completed are the survivors'.
    [[nodiscard]] bool overloaded() const {
        if (completed >= arrived) return false;
        const auto grown = static_cast<double>(arrived - completed), all = static_cast<double>(arrived);
        return grown > 0.02 * all && grown > 3 * std::sqrt(all);
    }
};

/// `offered`: requests per second that the run was to get where the report cannot know it (prefix blocks).
[[nodiscard]] KVMARK_COLD flow flow_of(const measure::run_report& r, double offered = 0) {
    flow f{.completed = r.requests_completed};
    for (const measure::class_stats& c : r.classes) f.arrived += c.arrived;
    if (r.serving) f.arrived = static_cast<std::uint64_t>(offered * to_seconds(r.elapsed));
    return f;
}

/// The rate that a plateau is looked for in: bytes/s of storage, read and written; tokens/s in a run whose
/// storage moved none.
struct service_rate {
    measure::estimate rate;
    bool of_bytes = false;
};
[[nodiscard]] KVMARK_COLD service_rate rate_of(const measure::run_report& r) {
    const double seconds = to_seconds(r.elapsed);
    service_rate found;
    double moved = 0;
    for (const measure::tier_stats& t : r.tiers)
        if (t.role == tier::tier_role::storage)
            moved += static_cast<double>((t.read.moved + t.write.moved).count);
    found.of_bytes = moved > 0;
    if (seconds <= 0) return found;
    const double total = found.of_bytes ? moved : static_cast<double>(r.tokens_generated.count);
    const double error = measure::batch_error(r.timeline, [&](const measure::throughput_sample& s) {
        return found.of_bytes ? static_cast<double>((s.read + s.written).count) : s.tokens_per_second;
    });
    found.rate = {total / seconds, error};
    return found;
}

} // namespace kvmark

#include "document_figures.hpp"

#include <kvmark/report/json_members.hpp>
#include <kvmark/report/read_report.hpp>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using report::number_at;
using figure = std::optional<double>;

figure in_summary(const result_document& d, std::string_view key) {
    return number_at(d.json, {"summary", key});
}
figure in_cache_stats(const result_document& d, std::string_view key) {
    return number_at(d.json, {"summary", "cache_stats", key});
}
figure in_serving(const result_document& d, std::string_view distribution, std::string_view percentile) {
    return number_at(d.json, {"kvmark", "serving", distribution, "latency_ms", percentile});
}

figure hit_rate(const result_document& d) {
    const figure served = number_at(d.json, {"kvmark", "serving", "hit_token_ratio"});
    return served ? served : in_cache_stats(d, "cache_hit_rate");
}

template <std::size_t N>
struct literal { // a text as a template's argument
    char text[N];
    constexpr literal(const char (&t)[N]) {
        for (std::size_t i = 0; i < N; ++i) text[i] = t[i];
    }
};

template <literal Key>
figure summary_figure(const result_document& d) {
    return in_summary(d, Key.text);
}
template <literal Key>
figure cache_figure(const result_document& d) {
    return in_cache_stats(d, Key.text);
}
template <literal Role, literal Direction>
figure bandwidth(const result_document& d) {
    return role_bandwidth(d, Role.text, Direction.text);
}
template <literal Percentile>
figure end_to_end(const result_document& d) {
    return number_at(d.json, {"summary", "end_to_end_latency_ms", Percentile.text});
}
template <literal Percentile>
figure ttft(const result_document& d) {
    return in_serving(d, "ttft", Percentile.text);
}
template <literal Key>
figure storage_figure(const result_document& d) {
    return number_at(d.json, {"kvmark", "storage", Key.text});
}

constexpr headline_figure figures[]{
    {"window", "s", false, summary_figure<"elapsed_time">},
    {"requests", "1/s", true, summary_figure<"requests_per_second">},
    {"tokens", "1/s", true, summary_figure<"avg_throughput_tokens_per_sec">},
    {"hit rate", "ratio", true, hit_rate},
    {"gpu read", "GiB/s", false, bandwidth<"gpu", "read">},
    {"gpu write", "GiB/s", false, bandwidth<"gpu", "write">},
    {"cpu read", "GiB/s", false, bandwidth<"cpu", "read">},
    {"cpu write", "GiB/s", false, bandwidth<"cpu", "write">},
    {"peer read", "GiB/s", false, bandwidth<"peer", "read">},
    {"peer write", "GiB/s", false, bandwidth<"peer", "write">},
    {"storage read", "GiB/s", true, bandwidth<"storage", "read">},
    {"storage write", "GiB/s", true, bandwidth<"storage", "write">},
    {"cached tokens", "1/s", false, storage_figure<"cached_tokens_per_s">},
    {"TTFT P50", "ms", false, ttft<"p50">},
    {"TTFT P95", "ms", false, ttft<"p95">},
    {"TTFT P99", "ms", false, ttft<"p99">},
    {"end to end P50", "ms", false, end_to_end<"p50">},
    {"end to end P95", "ms", true, end_to_end<"p95">},
    {"end to end P99", "ms", false, end_to_end<"p99">},
    {"storage read device P50", "ms", false, cache_figure<"storage_read_device_p50_ms">},
    {"storage read device P95", "ms", true, cache_figure<"storage_read_device_p95_ms">},
    {"storage read device P99", "ms", false, cache_figure<"storage_read_device_p99_ms">},
    {"storage write device P50", "ms", false, cache_figure<"storage_write_device_p50_ms">},
    {"storage write device P95", "ms", false, cache_figure<"storage_write_device_p95_ms">},
    {"storage write device P99", "ms", false, cache_figure<"storage_write_device_p99_ms">},
};

std::string_view unit_of(std::string_view key) {
    constexpr std::pair<std::string_view, std::string_view> endings[]{
        {"_ms", "ms"},       {"_us", "us"},          {"gib_per_s", "GiB/s"}, {"bandwidth_gbps", "GiB/s"},
        {"_per_s", "1/s"},   {"_per_second", "1/s"}, {"per_sec", "1/s"},     {"_s", "s"},
        {"_time", "s"},      {"_gib", "GiB"},        {"_gb", "GiB"},         {"_bytes", "bytes"},
        {"_ratio", "ratio"}, {"_rate", "ratio"},     {"_blocks", "count"},   {"_tokens", "count"}};
    for (const auto& [ending, unit] : endings)
        if (key.ends_with(ending)) return unit;
    return "";
}

bool is_series(const json::array& a) { return a.empty() || !a.front().is_object(); }

void flatten(const json::object& o, const std::string& scope, std::string_view unit,
             std::vector<report::row>& rows) {
    const auto below = [&](std::string_view key) {
        return scope.empty() ? std::string(key) : scope + "." + std::string(key);
    };
    for (const auto& member : o) {
        const std::string_view key = member.key();
        const std::string_view own = unit_of(key).empty() ? unit : unit_of(key);
        if (const json::object* in = member.value().if_object()) {
            flatten(*in, below(key), own, rows);
        } else if (const json::array* a = member.value().if_array(); a != nullptr && !is_series(*a)) {
            for (std::size_t i = 0; i < a->size(); ++i)
                if (const json::object* element = (*a)[i].if_object())
                    flatten(*element, below(key) + "." + std::to_string(i), own, rows);
        } else if (const auto number = number_at(o, {key})) {
            rows.push_back({scope.empty() ? "file" : scope, std::string(key), std::string(own), *number});
        }
    }
}

} // namespace

std::span<const headline_figure> headline_figures() { return figures; }

std::optional<double> role_bandwidth(const result_document& d, std::string_view role,
                                     std::string_view direction) {
    const json::object* ours = d.kvmark();
    if (ours == nullptr)
        return in_cache_stats(d,
                              "tier_" + std::string(role) + "_" + std::string(direction) + "_bandwidth_gbps");
    figure sum;
    report::for_each_object(report::array_at(*ours, {"tiers"}), [&](const json::object& t) {
        const figure rate = number_at(t, {direction, "gib_per_s"});
        const bool there = number_at(t, {"limit_bytes"}) != 0.0; // null: without bound
        if (report::text_at(t, {"role"}) == role && rate && there) sum = sum.value_or(0) + *rate;
    });
    return sum;
}

std::vector<report::row> document_rows(const result_document& d) {
    if (d.is_run() && d.kvmark() != nullptr) {
        const report::read_run run = report::read_report(d.json);
        return report::report_rows(run.report, run.storage());
    }
    std::vector<report::row> rows;
    flatten(d.json, "", "", rows);
    return rows;
}

} // namespace kvmark::cli

#include "document_text.hpp"

#include "document_figures.hpp"
#include "text_table.hpp"

#include <kvmark/report/json_members.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/read_report.hpp>
#include <kvmark/report/summary.hpp>

#include <algorithm>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using report::number_at;
using report::text_at;

constexpr std::size_t most_columns = 4;

std::string count_text(const json::object& o, std::string_view key) {
    return report::grouped(report::count_at(o, {key}));
}
std::string bytes_text(const json::object& o, std::string_view key) {
    return report::size_text(bytes(report::count_at(o, {key})));
}
std::string text(const json::object& o, std::initializer_list<std::string_view> keys, std::string_view unit) {
    return figure_text(number_at(o, keys), unit);
}

/// A number, a text, or several of one of them with + between.
std::string any_text(const json::value* v) {
    if (v == nullptr || v->is_null()) return "-";
    if (const json::array* a = v->if_array()) {
        std::string all;
        for (const json::value& element : *a) (all += all.empty() ? "" : "+") += any_text(&element);
        return all;
    }
    if (v->is_string()) return std::string(v->get_string());
    if (!v->is_number()) return "-";
    const double d = v->to_number<double>();
    return v->is_double() ? figure_text(d, "") : report::grouped(static_cast<std::uint64_t>(d));
}

/// The paths without the folders that all of them begin with.
std::vector<std::string> short_names(std::span<const result_document> documents) {
    std::vector<std::string> names;
    for (const result_document& d : documents) names.push_back(d.path);
    std::size_t common = names.front().rfind('/') + 1; // 0 where there is none
    for (const std::string& name : names) {
        const auto differ =
            std::mismatch(names.front().begin(), names.front().end(), name.begin(), name.end());
        const auto same = static_cast<std::size_t>(differ.first - names.front().begin());
        common = std::min(common, name.substr(0, same).rfind('/') + 1);
    }
    for (std::string& name : names) name.erase(0, common);
    return names;
}

std::string reference_text(const result_document& d) {
    std::string out = d.path + ": a result of kv-cache.py, " +
                      report::grouped(report::count_at(d.json, {"requests_completed"})) +
                      " requests completed\n";
    if (report::object_at(d.json, {"summary"}).empty())
        return out += "It has no summary, as the reference writes none when nothing completed\n";
    return out + "\n" + headline_table({&d, 1});
}

std::string trace_line(const json::object& o) {
    return std::string(text_at(o, {"trace"})) + ": blocks of " + count_text(o, "block_tokens") + " tokens, " +
           count_text(o, "distinct_blocks") + " of them distinct\n\n";
}

/// Means, and the parts that add up to them.
std::string budget_text(const measure::run_report& r, const report::palette& colors) {
    const auto share = [](const measure::histogram& part, const measure::histogram& whole) {
        return report::percent_text(report::ratio(part.sum(), whole.sum()));
    };
    std::vector<table_row> rows{{"", "", "mean ms", "queue", "submit", "device", "copy", "verify"}};
    for (const measure::tier_stats& t : r.tiers)
        for (const auto& [name, d] : {std::pair("read", &t.read), std::pair("write", &t.write)}) {
            if (d->total.empty()) continue;
            rows.push_back({report::tier_label(r, t), name, figure_text(d->total.mean() * 1e-6, "ms"),
                            share(d->queue, d->total), share(d->submit, d->total), share(d->device, d->total),
                            share(d->copy, d->total), share(d->verify, d->total)});
        }
    if (rows.size() == 1) return "";
    std::string out = "\n" + colors.bold("Latency budget") + "   of an entry\n" + text_table(rows, 2);
    if (r.serving || r.end_to_end.empty()) return out;
    rows = {{"", "mean ms", "queue", "storage", "generation"}};
    rows.push_back({"request", figure_text(r.end_to_end.mean() * 1e-6, "ms"), share(r.queue, r.end_to_end),
                    share(r.storage_io, r.end_to_end), share(r.generation, r.end_to_end)});
    return out + text_table(rows, 1);
}

/// One simulation, or each point of a sweep.
std::string simulation_text(const json::object& o) {
    std::vector<const json::object*> points;
    report::for_each_object(report::array_at(o, {"points"}),
                            [&](const json::object& p) { points.push_back(&p); });
    if (!o.contains("points")) points.push_back(&o);
    std::vector<table_row> rows{
        {"policy", "capacity", "hit tokens", "hit blocks", "of blocks", "TTFT P50 ms", "P95 ms", "P99 ms"}};
    for (const json::object* p : points)
        rows.push_back({any_text(p->if_contains("policy")), any_text(p->if_contains("capacity_blocks")),
                        text(*p, {"hit_token_ratio"}, "ratio"), count_text(*p, "hit_blocks_prefix"),
                        count_text(*p, "block_refs"), text(*p, {"ttft", "latency_ms", "p50"}, "ms"),
                        text(*p, {"ttft", "latency_ms", "p95"}, "ms"),
                        text(*p, {"ttft", "latency_ms", "p99"}, "ms")});
    return trace_line(o) + text_table(rows, 2);
}

std::string curve_text(const json::object& o) {
    std::vector<table_row> rows{{"capacity", "size GiB", "hit blocks", "hit tokens", "of the ceiling"}};
    report::for_each_object(report::array_at(o, {"points"}), [&](const json::object& p) {
        rows.push_back({count_text(p, "capacity_blocks"), text(p, {"capacity_gib"}, ""),
                        text(p, {"hit_ratio_blocks"}, "ratio"), text(p, {"hit_ratio_tokens"}, "ratio"),
                        text(p, {"share_of_ceiling"}, "ratio")});
    });
    std::string out = trace_line(o) + text_table(rows, 0);
    const json::object& plan = report::object_at(o, {"plan"});
    if (plan.empty()) return out;
    out += "\nTarget: P" + text(plan, {"ttft_percentile"}, "") + " of the TTFT at most " +
           text(plan, {"ttft_target_ms"}, "ms") +
           " ms: " + (report::flag_at(plan, {"meets_target"}) ? "met with " : "NOT MET; the fastest has ") +
           text(plan, {"ttft_ms"}, "ms") + " ms, at a price of " + text(plan, {"price"}, "") + "\n";
    rows = {{"tier", "blocks", "GiB", "price"}};
    report::for_each_object(report::array_at(plan, {"tiers"}), [&](const json::object& t) {
        rows.push_back({std::string(text_at(t, {"tier"})), count_text(t, "capacity_blocks"),
                        text(t, {"capacity_gib"}, ""), text(t, {"price"}, "")});
    });
    return out + text_table(rows, 1);
}

std::string tiers_text(const json::object& o) {
    std::vector<table_row> rows{{"backend", "block", "depth", "read %", "GiB/s", "lowest", "highest", "IOPS",
                                 "P50 us", "P99 us", "fio GiB/s", "ratio"}};
    report::for_each_object(report::array_at(o, {"results"}), [&](const json::object& r) {
        rows.push_back({std::string(text_at(r, {"backend"})), bytes_text(r, "block_bytes"),
                        count_text(r, "depth"), count_text(r, "read_percent"),
                        text(r, {"gib_per_s", "median"}, ""), text(r, {"gib_per_s", "min"}, ""),
                        text(r, {"gib_per_s", "max"}, ""), text(r, {"iops"}, ""),
                        text(r, {"latency_us", "p50"}, ""), text(r, {"latency_us", "p99"}, ""),
                        text(r, {"fio_gib_per_s", "median"}, ""), text(r, {"ratio", "median"}, "")});
    });
    const json::object& gpus = report::object_at(o, {"gpu"});
    std::string out = rows.size() > 1 || gpus.empty() ? text_table(rows, 1) : "";
    if (gpus.empty()) return out;
    rows = {{"GPU", "way", "by", "memory", "block", "depth", "GiB/s", "lowest", "highest", "P50 us", "P99 us",
             "us/op", "ratio"}};
    report::for_each_object(report::array_at(gpus, {"results"}), [&](const json::object& r) {
        const std::string to = any_text(r.if_contains("to_gpu"));
        rows.push_back(
            {count_text(r, "gpu"), std::string(text_at(r, {"way"})) + (to == "-" ? "" : " " + to),
             std::string(text_at(r, {"by"})) + (report::flag_at(r, {"checked"}) ? ", checked" : ""),
             any_text(r.if_contains("memory")), bytes_text(r, "block_bytes"), count_text(r, "depth"),
             text(r, {"gib_per_s", "median"}, ""), text(r, {"gib_per_s", "min"}, ""),
             text(r, {"gib_per_s", "max"}, ""), text(r, {"latency_us", "p50"}, ""),
             text(r, {"latency_us", "p99"}, ""), text(r, {"cpu_us_per_op"}, ""),
             text(r, {"ratio", "median"}, "")});
    });
    return out + (out.empty() ? "" : "\n") + text_table(rows, 4);
}

std::string mlperf_text(const json::object& o) {
    std::string out = "MLPerf sequence of " + std::string(text_at(o, {"run_datetime"})) + ": " +
                      count_text(o, "total_ranks") + " ranks, " + count_text(o, "trials_per_option") +
                      " trials of each option\n\n";
    std::vector<table_row> rows{{"option", "trials", "ranks", "read GiB/s", "write GiB/s", "tokens/s",
                                 "storage tokens/s", "highest P95 ms", ""}};
    for (const auto& member : report::object_at(o, {"options"})) {
        const json::object* option = member.value().if_object();
        if (option == nullptr) continue;
        rows.push_back({std::string(member.key()), count_text(*option, "trial_count"),
                        count_text(*option, "rank_count"),
                        text(*option, {"aggregated_read_bandwidth_gbps"}, ""),
                        text(*option, {"aggregated_write_bandwidth_gbps"}, ""),
                        text(*option, {"aggregated_avg_throughput_tokens_per_sec"}, ""),
                        text(*option, {"aggregated_storage_throughput_tokens_per_sec"}, ""),
                        text(*option, {"aggregated_p95_latency_ms"}, "ms"),
                        report::flag_at(*option, {"partial_failure"}) ? "PARTIAL" : ""});
    }
    return out + text_table(rows, 1);
}

/// The answer, and the loads that were tried on the way to it.
std::string search_text(const json::object& o) {
    std::vector<table_row> rows{{std::string(text_at(o, {"search", "load"})), "trials", "verdict"}};
    report::for_each_object(report::array_at(o, {"path"}), [&](const json::object& p) {
        auto& row = rows.emplace_back(table_row{any_text(p.if_contains("load")),
                                                std::to_string(report::array_at(p, {"trials"}).size()),
                                                any_text(p.if_contains("verdict"))});
        report::for_each_object(report::array_at(p, {"figures"}), [&](const json::object& f) {
            const std::string_view unit = text_at(f, {"unit"});
            if (rows[0].size() <= row.size())
                rows[0].push_back(std::string(text_at(f, {"metric"})) + " " + std::string(unit));
            row.push_back(text(f, {"mean"}, unit) + " (" + text(f, {"low"}, unit) + ".." +
                          text(f, {"high"}, unit) + ")");
        });
    });
    return std::string(text_at(o, {"search", "answer"})) + "\n\n" + text_table(rows, 0);
}

std::string warnings_text(const json::object& o, const report::palette& colors) {
    std::string out;
    for (const json::value& w : report::array_at(o, {"warnings"}))
        if (w.is_string()) out += colors.yellow("warning:") + " " + std::string(w.get_string()) + "\n";
    return out;
}

} // namespace

std::string figure_text(std::optional<double> value, std::string_view unit) {
    if (!value) return "-";
    if (unit == "ratio") return report::percent_text(*value);
    const double size = std::abs(*value);
    if (size >= 9999.5)
        return (*value < 0 ? "-" : "") + report::grouped(static_cast<std::uint64_t>(size + 0.5));
    return fmt::format("{:.{}f}", *value,
                       size == 0      ? 0
                       : size < 0.095 ? 4
                       : size < 9.995 ? 3
                       : size < 99.95 ? 2
                                      : 1);
}

std::string document_text(const result_document& d, const report::palette& colors) {
    switch (d.kind) {
    case document_kind::run:
    case document_kind::serving: {
        if (d.kvmark() == nullptr) return reference_text(d);
        const report::read_run run = report::read_report(d.json);
        return report::summary_with_remarks(run.report, run.settings, run.remarks, colors) +
               budget_text(run.report, colors);
    }
    case document_kind::simulation:
    case document_kind::sweep:
        return simulation_text(d.json);
    case document_kind::curve:
        return curve_text(d.json);
    case document_kind::tiers:
        return tiers_text(d.json) + warnings_text(d.json, colors);
    case document_kind::mlperf:
        return mlperf_text(d.json);
    case document_kind::search:
        return search_text(d.json);
    }
    return "";
}

std::string headline_table(std::span<const result_document> runs) {
    const bool columns = runs.size() <= most_columns;
    const std::vector<std::string> names = short_names(runs);
    std::vector<table_row> rows;
    if (columns) {
        rows.push_back({"", ""});
        rows[0].insert(rows[0].end(), names.begin(), names.end());
    } else {
        rows.push_back({""});
        for (const std::string& name : names) rows.push_back({name});
    }
    for (const headline_figure& f : headline_figures()) {
        const bool any = std::any_of(runs.begin(), runs.end(),
                                     [&](const result_document& d) { return f.value(d).has_value(); });
        if (!any || (!columns && !f.brief)) continue;
        const std::string unit(f.unit == "ratio" ? "" : f.unit);
        if (columns) {
            auto& row = rows.emplace_back(table_row{std::string(f.name), unit});
            for (const result_document& d : runs) row.push_back(figure_text(f.value(d), f.unit));
        } else {
            rows[0].push_back(std::string(f.name) + (unit.empty() ? "" : " " + unit));
            for (std::size_t i = 0; i < runs.size(); ++i)
                rows[i + 1].push_back(figure_text(f.value(runs[i]), f.unit));
        }
    }
    return text_table(rows, columns ? 2 : 1);
}

} // namespace kvmark::cli

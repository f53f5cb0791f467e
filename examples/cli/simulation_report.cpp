#include "simulation_report.hpp"

#include "text_table.hpp"

#include <kvmark/measure/host_facts.hpp>
#include <kvmark/report/csv.hpp>
#include <kvmark/report/json_serving.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>

#include <boost/json/value_from.hpp>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

/// The names of the tiers that a list of capacities is for.
std::vector<std::string> tier_names(std::size_t tiers) {
    const std::vector<std::string> all{"gpu", "host", "storage"};
    if (tiers >= 3) return all;
    return {all.begin() + 1, all.begin() + 1 + static_cast<std::ptrdiff_t>(tiers)};
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& p : parts) (text += text.empty() ? "" : "+") += p;
    return text;
}

std::string policy_text(const settings& s) {
    return s.options.serving.policies.empty() ? "lru" : joined(s.options.serving.policies);
}

std::string capacity_text(const settings& s) {
    std::vector<std::string> parts;
    for (const std::uint64_t blocks : s.options.serving.capacity_blocks)
        parts.push_back(std::to_string(blocks));
    return joined(parts);
}

double share(std::uint64_t part, std::uint64_t whole) {
    return report::ratio(static_cast<double>(part), static_cast<double>(whole));
}

json::object case_json(const simulated_case& c) {
    const serving_options& o = c.what.s.options.serving;
    json::object all{{"policy", policy_text(c.what.s)},
                     {"capacity_blocks", o.capacity_blocks.size() == 1 ? json::value(o.capacity_blocks[0])
                                                                       : json::value_from(o.capacity_blocks)},
                     {"warmup_requests", o.warmup_requests}};
    for (const auto& [key, value] : c.what.keys)
        if (key != "policy" && key != "capacity") all[key] = value;
    json::object figures =
        c.result->timed ? report::serving_json(*c.result->timed)
                        : report::hit_counts_json(c.result->counts, tier_names(o.capacity_blocks.size()));
    for (auto& [key, value] : figures) all[key] = std::move(value);
    all["simulation_s"] = c.result->seconds;
    all["references_per_s"] =
        report::ratio(static_cast<double>(c.result->counts.block_refs), c.result->seconds);
    if (c.result->timed) all["virtual_s"] = to_seconds(c.result->timed->elapsed);
    return all;
}

/// The columns of a table or of a CSV file.
struct column {
    std::string name;
    std::string (*text)(const simulated_case&);
};

template <class H>
std::string quantile(const simulated_case& c, H measure::serving_stats::*h, double rank) {
    const measure::histogram& of = (*c.result->timed->serving).*h;
    return of.empty() ? "-" : report::ms_text(of.quantile(rank));
}

std::vector<column> columns(const std::vector<simulated_case>& cases) {
    using stats = measure::serving_stats;
    std::vector<column> all{
        {"hit tokens",
         [](const simulated_case& c) {
             return report::percent_text(
                 share(c.result->counts.hit_tokens, c.result->counts.measured_tokens));
         }},
        {"hit blocks",
         [](const simulated_case& c) { return std::to_string(c.result->counts.hit_blocks_prefix); }},
        {"any block",
         [](const simulated_case& c) { return std::to_string(c.result->counts.hit_blocks_any); }},
        {"of blocks", [](const simulated_case& c) { return std::to_string(c.result->counts.block_refs); }},
    };
    if (!cases.front().result->timed) return all;
    all.push_back({"TTFT P50 ms", [](const simulated_case& c) { return quantile(c, &stats::ttft, 0.50); }});
    all.push_back({"P95 ms", [](const simulated_case& c) { return quantile(c, &stats::ttft, 0.95); }});
    all.push_back({"P99 ms", [](const simulated_case& c) { return quantile(c, &stats::ttft, 0.99); }});
    all.push_back({"queue P95", [](const simulated_case& c) { return quantile(c, &stats::queue, 0.95); }});
    all.push_back({"load P95", [](const simulated_case& c) { return quantile(c, &stats::load, 0.95); }});
    all.push_back(
        {"ITL P50 ms", [](const simulated_case& c) { return quantile(c, &stats::inter_token, 0.50); }});
    return all;
}

/// What sets the cases apart: policy and capacity first, then what else a sweep varies.
std::vector<std::pair<std::string, std::string>> labels(const simulated_case& c) {
    std::vector<std::pair<std::string, std::string>> all{{"policy", policy_text(c.what.s)},
                                                         {"capacity", capacity_text(c.what.s)}};
    for (const auto& key : c.what.keys)
        if (key.first != "policy" && key.first != "capacity") all.push_back(key);
    return all;
}

} // namespace

std::string simulation_json(const settings& s, const workload::block_trace& trace,
                            const std::vector<simulated_case>& cases) {
    json::object all{{"trace", s.serving.trace},
                     {"block_tokens", trace.block_tokens().count},
                     {"distinct_blocks", trace.distinct_blocks()},
                     {"peak_resident_bytes", measure::read_process_usage().peak_resident.count}};
    if (s.serving.sweep.empty()) {
        for (auto& [key, value] : case_json(cases.front())) all[key] = std::move(value);
    } else {
        json::array points;
        for (const simulated_case& c : cases) points.push_back(case_json(c));
        all["points"] = std::move(points);
    }
    return report::json_text(all);
}

std::string simulation_table(const settings& s, const workload::block_trace& trace,
                             const std::vector<simulated_case>& cases) {
    std::string out =
        fmt::format("{}: {} requests, {} blocks of {} tokens, {} of them distinct\n\n", s.serving.trace,
                    report::grouped(trace.requests()), report::grouped(trace.references()),
                    trace.block_tokens().count, report::grouped(trace.distinct_blocks()));
    std::vector<table_row> rows(1);
    for (const auto& [key, value] : labels(cases.front())) rows[0].push_back(key);
    const std::size_t first_figure = rows[0].size();
    for (const column& c : columns(cases)) rows[0].push_back(c.name);
    for (const simulated_case& c : cases) {
        auto& row = rows.emplace_back();
        for (const auto& [key, value] : labels(c)) row.push_back(value);
        for (const column& figure : columns(cases)) row.push_back(figure.text(c));
    }
    return out + text_table(rows, first_figure);
}

std::string simulation_csv(const std::vector<simulated_case>& cases) {
    std::string out;
    for (const auto& [key, value] : labels(cases.front()))
        (out += out.empty() ? "" : ",") += report::csv_field(key);
    for (const column& c : columns(cases)) (out += ',') += report::csv_field(c.name);
    for (const simulated_case& c : cases) {
        out += '\n';
        std::string row;
        for (const auto& [key, value] : labels(c))
            (row += row.empty() ? "" : ",") += report::csv_field(value);
        for (const column& figure : columns(cases)) (row += ',') += report::csv_field(figure.text(c));
        out += row;
    }
    return out += '\n';
}

} // namespace kvmark::cli

#include "capacity_plan_report.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/measure/host_facts.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

double gib(const capacity_findings& f, std::uint64_t blocks) {
    return static_cast<double>(blocks) * to_gib(f.block);
}
std::string size(const capacity_findings& f, std::uint64_t blocks) {
    return report::size_text(f.block * blocks);
}

/// 1, 2 and 5 times the powers of ten in the last three decades, the marks, the end, and what was asked for.
/// A sample knows nothing of caches smaller than the distance between two of its blocks.
std::vector<std::uint64_t> shown_capacities(const settings& s, const capacity_findings& f) {
    const std::uint64_t end = f.blocks().largest_useful();
    const std::uint64_t least = f.sampled ? static_cast<std::uint64_t>(1 / f.sampled->rate) : 1;
    std::vector<std::uint64_t> all = s.options.serving.capacity_blocks;
    for (std::uint64_t decade = 1; decade <= end; decade *= 10)
        for (const std::uint64_t digit : {1u, 2u, 5u})
            if (digit * decade < end && digit * decade >= std::max(end / 1000, least))
                all.push_back(digit * decade);
    if (end > 0) {
        for (const int mark : ceiling_marks) all.push_back(f.blocks().capacity_for(mark / 100.0));
        all.push_back(end);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::string mark_at(const capacity_findings& f, std::uint64_t capacity) {
    std::string text;
    for (const int mark : ceiling_marks)
        if (f.blocks().ceiling() > 0 && f.blocks().capacity_for(mark / 100.0) == capacity)
            text += fmt::format("{}{} %", text.empty() ? "  <- " : ", ", mark);
    return text;
}

std::string table(const settings& s, const capacity_findings& f) {
    std::string out;
    const auto line = [&](const auto&... cells) {
        fmt::format_to(std::back_inserter(out), "{:>14}{:>12}{:>13}{:>13}{:>16}{}\n", cells...);
    };
    line("capacity", "size", "hit blocks", "hit tokens", "of the ceiling", f.sampled ? "     error" : "");
    for (const std::uint64_t c : shown_capacities(s, f)) {
        const std::string error = f.sampled ? fmt::format("  +-{:4.1f} %", 100 * f.sampled->error(c)) : "";
        line(report::grouped(c), size(f, c), report::percent_text(f.blocks().hit_ratio(c)),
             report::percent_text(f.tokens().hit_ratio(c)),
             report::percent_text(f.blocks().share_of_ceiling(c)), error + mark_at(f, c));
    }
    return out;
}

/// Hit ratio of tokens over the capacity, which grows by the same factor from column to column.
std::string plot(const capacity_findings& f, std::size_t width) {
    constexpr int rows = 10;
    const cache::miss_ratio_curve& curve = f.tokens();
    const std::uint64_t end = curve.largest_useful();
    if (end < 2) return {};
    const std::size_t columns = std::clamp<std::size_t>(width, 40, 100) - 10;
    // From half of where it begins to rise, within three decades.
    const auto rises = static_cast<double>(curve.capacity_for(0.01));
    const double factor = std::clamp(2 * static_cast<double>(end) / rises, 2.0, 1000.0);
    const auto capacity_at = [&](std::size_t column) {
        const double part = static_cast<double>(column) / static_cast<double>(columns - 1);
        return static_cast<std::uint64_t>(static_cast<double>(end) * std::pow(factor, part - 1) + 0.5);
    };
    const double top = curve.hit_ratio(end);
    std::string out = "\nhit tokens over capacity\n";
    for (int row = rows; row > 0; --row) {
        out += fmt::format("{:>6.1f} % |", 100 * top * row / rows);
        std::string line;
        for (std::size_t c = 0; c < columns; ++c) {
            const double height = curve.hit_ratio(capacity_at(c)) / top * rows;
            line += height >= row ? ':' : height > row - 0.5 ? '.' : ' ';
        }
        const std::size_t last = line.find_last_not_of(' ');
        (out += line.substr(0, last == std::string::npos ? 0 : last + 1)) += '\n';
    }
    out += std::string(9, ' ') + '+' + std::string(columns, '-') + '\n';
    const std::string low = size(f, capacity_at(0)), middle = size(f, capacity_at(columns / 2)),
                      high = size(f, end);
    const std::size_t gap = columns / 2 - middle.size() / 2 - low.size();
    const std::size_t rest = columns - low.size() - gap - middle.size();
    return out += fmt::format("{:10}{}{:>{}}{}{:>{}}\n", "", low, "", gap, middle, high, rest);
}

std::string simulate_command(const settings& s, const cache::stack_plan& p) {
    std::string command = "kvmark simulate --trace " + quote(s.serving.trace) + " --capacity-blocks ";
    for (std::size_t t = 0; t < p.capacity.size(); ++t)
        command += (t == 0 ? "" : ",") + std::to_string(p.capacity[t]);
    const serving_options& o = s.options.serving;
    command += " --ttft --prefill-rate " + std::string(launch::real_text(o.prefill_rate));
    if (o.kv_bytes_per_token > 0)
        command += " --kv-bytes-per-token " + std::to_string(o.kv_bytes_per_token);
    else
        command += " --model " + quote(s.model_name);
    for (const std::string& c : s.serving.calibrations) command += " --calibration " + quote(c);
    if (o.warmup_requests > 0) command += " --warmup-requests " + std::to_string(o.warmup_requests);
    return command;
}

std::string plan_text(const settings& s, const capacity_findings& f) {
    const cache::stack_plan& p = *f.plan;
    std::string out = fmt::format("\nTarget: P{:g} of the TTFT at most {:g} ms, queueing left out\n",
                                  s.serving.ttft_percentile, s.serving.ttft_target_ms);
    std::uint64_t blocks = 0;
    for (const std::uint64_t n : p.capacity) blocks += n;
    const std::string reached = fmt::format("P{:g} of the TTFT: {} ms by the model\n",
                                            s.serving.ttft_percentile, report::ms_text(p.ttft));
    if (blocks == 0)
        return out += (p.meets_target ? "It is met without a cache.\n"
                                      : "NO STACK MEETS IT, and none is faster than no cache at all.\n") +
                      reached;
    out += p.meets_target ? "The cheapest stack that meets it:\n"
                          : "NO STACK MEETS IT. The cheapest of the fastest ones:\n";
    std::uint64_t loaded = 0;
    for (const std::uint64_t n : p.read) loaded += n;
    const auto line = [&](const auto&... cells) {
        fmt::format_to(std::back_inserter(out), "{:<10}{:>14}{:>12}{:>14}{:>16}\n", cells...);
    };
    line("tier", "blocks", "size", "price", "of the loads");
    for (std::size_t t = 0; t < p.capacity.size(); ++t) {
        if (s.serving.prices[t] == 0) {
            line(planned_tier_names[t], "-", "-", "not offered", "");
            continue;
        }
        const double share = loaded > 0 ? static_cast<double>(p.read[t]) / static_cast<double>(loaded) : 0;
        line(planned_tier_names[t], report::grouped(p.capacity[t]), size(f, p.capacity[t]),
             fmt::format("{:.2f}", gib(f, p.capacity[t]) * s.serving.prices[t]), report::percent_text(share));
    }
    out += fmt::format("{:<10}{:>14}{:>12}{:>14.2f}\n", "all", "", "", p.price);
    return out += reached + "\nWith queues, and in virtual time:\n  " + simulate_command(s, p) + "\n";
}

json::object plan_json(const settings& s, const capacity_findings& f) {
    const cache::stack_plan& p = *f.plan;
    json::array tiers;
    for (std::size_t t = 0; t < p.capacity.size(); ++t) {
        const double price = s.serving.prices[t];
        tiers.push_back({{"tier", planned_tier_names[t]},
                         {"offered", price > 0},
                         {"capacity_blocks", p.capacity[t]},
                         {"capacity_gib", gib(f, p.capacity[t])},
                         {"price_per_gib", price},
                         {"price", gib(f, p.capacity[t]) * price},
                         {"loaded_blocks", p.read[t]}});
    }
    return {{"ttft_target_ms", s.serving.ttft_target_ms},
            {"ttft_percentile", s.serving.ttft_percentile},
            {"prefill_tokens_per_s", s.options.serving.prefill_rate},
            {"meets_target", p.meets_target},
            {"ttft_ms", to_milliseconds(p.ttft)},
            {"price", p.price},
            {"tiers", std::move(tiers)},
            {"check", simulate_command(s, p)}};
}

json::object point_json(const capacity_findings& f, std::uint64_t capacity) {
    json::object point{{"capacity_blocks", capacity},
                       {"capacity_gib", gib(f, capacity)},
                       {"hit_blocks_prefix", f.blocks().hits(capacity)},
                       {"hit_blocks_any", f.any().hits(capacity)},
                       {"hit_tokens", f.tokens().hits(capacity)},
                       {"hit_ratio_blocks", f.blocks().hit_ratio(capacity)},
                       {"hit_ratio_tokens", f.tokens().hit_ratio(capacity)},
                       {"share_of_ceiling", f.blocks().share_of_ceiling(capacity)}};
    if (f.sampled) {
        point["hit_blocks_prefix"] = nullptr;
        point["error"] = f.sampled->error(capacity);
    }
    return point;
}

} // namespace

std::string capacity_text(const settings& s, const capacity_findings& f, std::size_t width) {
    std::string out = fmt::format("{}: {} requests, {} blocks of {} tokens, {} of them distinct\n"
                                  "LRU of every size in one pass; a block is {}\n",
                                  s.serving.trace, report::grouped(f.trace.requests()),
                                  report::grouped(f.trace.references()), f.trace.block_tokens().count,
                                  report::grouped(f.trace.distinct_blocks()), report::size_text(f.block));
    if (f.sampled)
        out +=
            fmt::format("A sample (SHARDS) of {} blocks, {:.3g} % of all: nineteen of twenty hit ratios of "
                        "blocks are within the error\n",
                        report::grouped(f.followed), 100 * f.sampled->rate);
    out += fmt::format("An unbounded cache hits {} of the blocks and {} of the tokens\n\n",
                       report::percent_text(f.blocks().hit_ratio(UINT64_MAX)),
                       report::percent_text(f.tokens().hit_ratio(UINT64_MAX)));
    if (f.blocks().ceiling() == 0)
        out += "No block comes twice: a cache of any size has nothing to hit\n";
    else
        out += table(s, f) + plot(f, width);
    if (f.plan) out += plan_text(s, f);
    return out;
}

std::string capacity_json(const settings& s, const capacity_findings& f) {
    json::array marks, points;
    for (const int mark : ceiling_marks) {
        const std::uint64_t capacity = f.blocks().capacity_for(mark / 100.0);
        marks.push_back({{"share_of_ceiling", mark / 100.0},
                         {"capacity_blocks", capacity},
                         {"capacity_gib", gib(f, capacity)}});
    }
    for (const std::uint64_t c : shown_capacities(s, f)) points.push_back(point_json(f, c));
    json::object all{
        {"trace", s.serving.trace},
        {"requests", f.trace.requests()},
        {"block_tokens", f.trace.block_tokens().count},
        {"block_bytes", f.block.count},
        {"distinct_blocks", f.trace.distinct_blocks()},
        {"warmup_requests", s.options.serving.warmup_requests},
        {"block_refs", f.blocks().references()},
        {"measured_tokens", f.tokens().references()},
        {"sample", nullptr},
        {"ceiling", point_json(f, f.blocks().largest_useful())},
        {"marks", std::move(marks)},
        {"points", std::move(points)},
        {"plan", nullptr},
        {"curve_s", f.seconds},
        {"references_per_s", f.seconds > 0 ? static_cast<double>(f.trace.references()) / f.seconds : 0},
        {"peak_resident_bytes", measure::read_process_usage().peak_resident.count}};
    if (f.sampled)
        all["sample"] = {
            {"rate", f.sampled->rate}, {"blocks", f.followed}, {"references", f.sampled->sampled_references}};
    if (f.plan) all["plan"] = plan_json(s, f);
    return report::json_text(all);
}

std::string capacity_csv(const capacity_findings& f) {
    std::string out = "capacity_blocks,capacity_gib,hit_blocks_prefix,hit_blocks_any,hit_tokens\n";
    for (const cache::miss_ratio_curve::step& step : f.any().steps()) {
        fmt::format_to(std::back_inserter(out), "{},{},", step.capacity,
                       std::string_view(launch::real_text(gib(f, step.capacity))));
        if (!f.sampled) out += std::to_string(f.blocks().hits(step.capacity));
        fmt::format_to(std::back_inserter(out), ",{},{}\n", step.hits, f.tokens().hits(step.capacity));
    }
    return out;
}

} // namespace kvmark::cli

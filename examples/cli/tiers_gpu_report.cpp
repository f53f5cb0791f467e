// The rows of GPUs as a table, as CSV and as JSON.
#include "tiers_gpu_report.hpp"

#include "tiers_report.hpp"

#include <kvmark/report/gpus.hpp>
#include <kvmark/report/numbers.hpp>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

constexpr const char* ways[]{"host_to_device", "device_to_host", "device_to_device", "peer"};

tiers_totals totals(const gpu_row& row) { return {row.block, row.rounds, row.plain}; }

bool from_host(const gpu_row& row) { return row.way == copy_way::host_to_device; }
bool uses_host(const gpu_row& row) { return from_host(row) || row.way == copy_way::device_to_host; }

std::string memory_of(const gpu_row& row) {
    return !uses_host(row) ? "" : row.pinned ? "pinned" : "pageable";
}

std::string way_text(const gpu_row& row) {
    if (row.by_tier)
        return std::string(from_host(row) ? "cuda write" : "cuda read") + (row.checked ? ", checked" : "");
    switch (row.way) {
    case copy_way::host_to_device:
        return "host to device";
    case copy_way::device_to_host:
        return "device to host";
    case copy_way::device_to_device:
        return "device to device";
    case copy_way::peer:
        break;
    }
    return "to GPU " + std::to_string(row.to) + (row.direct ? "" : ", by host");
}

json::object row_json(const gpu_row& row) {
    const tiers_totals t = totals(row);
    json::array rounds;
    for (std::size_t i = 0; i < row.rounds.size(); ++i) {
        const block_result& r = row.rounds[i];
        rounds.push_back(
            {{"elapsed_s", to_seconds(r.elapsed)},
             {"copied_bytes", (r.read + r.written).count},
             {"operations", r.operations()},
             {"cpu_s", to_seconds(r.processor.user + r.processor.system)},
             {"plain_bytes_per_s", i < row.plain.size() ? json::value(row.plain[i]) : json::value()}});
    }
    json::object o{
        {"gpu", row.gpu},
        {"way", ways[static_cast<std::size_t>(row.way)]},
        {"to_gpu", row.way == copy_way::peer ? json::value(row.to) : json::value()},
        {"direct", row.way == copy_way::peer ? json::value(row.direct) : json::value()},
        {"by", row.by_tier ? "cuda" : "copies"},
        {"checked", row.checked},
        {"memory", uses_host(row) ? json::value(memory_of(row)) : json::value()},
        {"streams", row.by_tier ? json::value() : json::value(row.streams)},
        {"block_bytes", row.block.count},
        {"depth", row.depth},
    };
    t.add_to(o);
    o["plain_gib_per_s"] = row.by_tier ? json::value(spread_json(t.peer_gib_per_s)) : json::value();
    o["ratio"] = row.by_tier ? json::value(spread_json(t.ratio)) : json::value();
    o["errors"] = t.errors;
    o["corrupt_sectors"] = t.corrupt_sectors;
    o["note"] = row.note;
    o["rounds"] = std::move(rounds);
    return o;
}

} // namespace

std::string gpu_row_name(const gpu_row& row) {
    const std::string memory = memory_of(row);
    return fmt::format("GPU {}: {}{}{}, {} x {}", row.gpu, way_text(row),
                       row.by_tier || memory.empty() ? "" : ", ", row.by_tier ? "" : memory,
                       report::size_text(row.block), row.depth);
}

std::vector<std::string> gpu_warnings(const gpu_figures& all) {
    std::vector<std::string> lines;
    for (const gpu_row& row : all.rows) {
        const tiers_totals t = totals(row);
        add_row_warnings(lines, gpu_row_name(row), t);
        const std::string note = "GPU " + std::to_string(row.gpu) + ": cuda: " + row.note;
        if (!row.note.empty() && std::find(lines.begin(), lines.end(), note) == lines.end())
            lines.push_back(note);
    }
    return lines;
}

std::string gpu_table(const gpu_figures& all) {
    std::string out;
    const auto line = std::back_inserter(out);
    for (const gpu::gpu_facts& g : all.devices) {
        fmt::format_to(line, "{}GPU {}: {}\n", out.empty() ? "" : "\n", g.index, report::gpu_text(g));
        fmt::format_to(line, "{:<22}{:>10}{:>7}  {:<9}{:>9}  {:<16}{:>9}{:>10}{:>8}{:>7}  {}\n", "way",
                       "block", "depth", "memory", "GiB/s", "(spread)", "P50", "P99", "us/op", "ratio",
                       "(spread)");
        for (const gpu_row& row : all.rows) {
            if (row.gpu != g.index) continue;
            const tiers_totals t = totals(row);
            fmt::format_to(line, "{:<22}{:>10}{:>7}  {:<9}{:>9.3f}  {:<16}{:>9}{:>10}{:>8.1f}", way_text(row),
                           report::size_text(row.block), row.depth, memory_of(row), t.gib_per_s.median,
                           spread_text(t.gib_per_s), us_text(t.latency.quantile(0.5)),
                           us_text(t.latency.quantile(0.99)), t.cpu_us_per_op.median);
            if (row.by_tier) fmt::format_to(line, "{:>7.3f}  {}", t.ratio.median, spread_text(t.ratio));
            out += '\n';
        }
    }
    return out +
           "  medians over the rounds; latencies of one copy in us, over all of them; us/op is processor "
           "time; ratio: the\n  tier over plain pinned copies of the same round\n";
}

std::string gpu_csv(const gpu_figures& all) {
    std::string out;
    for (const gpu_row& row : all.rows) {
        const char* const read_percent = from_host(row) ? "0" : uses_host(row) ? "100" : "";
        std::string name = "gpu" + std::to_string(row.gpu) + " " + (row.by_tier ? "cuda" : "") +
                           (row.checked ? " checked" : "");
        if (!row.by_tier) name += ways[static_cast<std::size_t>(row.way)];
        if (row.way == copy_way::peer) name += " gpu" + std::to_string(row.to);
        if (!row.by_tier && uses_host(row)) name += " " + memory_of(row);
        out += csv_line(name, row.block, row.depth, read_percent, row.rounds.size(), totals(row), {},
                        row.by_tier);
    }
    return out;
}

json::object gpu_json(const gpu_figures& all) {
    json::array devices, rows;
    for (const gpu::gpu_facts& g : all.devices) devices.push_back(report::gpu_json(g));
    for (const gpu_row& row : all.rows) rows.push_back(row_json(row));
    return {{"devices", std::move(devices)}, {"results", std::move(rows)}};
}

} // namespace kvmark::cli

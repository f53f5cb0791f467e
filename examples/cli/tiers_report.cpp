// The rows of backends as a table, as CSV and as JSON.
#include "tiers_report.hpp"

#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

tiers_totals totals(const tiers_row& row) { return {row.what.block, row.rounds, row.fio}; }

std::string direction_text(const block_case& c) {
    return c.read_percent == 100 ? "read"
           : c.read_percent == 0 ? "write"
                                 : "mix " + std::to_string(c.read_percent);
}

std::string name_of(const tiers_row& row) {
    return row.backend + " " + report::size_text(row.what.block) + " x " + std::to_string(row.what.depth) +
           " " + direction_text(row.what);
}

} // namespace

void add_row_warnings(std::vector<std::string>& lines, const std::string& name, const tiers_totals& t) {
    if (t.errors > 0) lines.push_back(name + ": " + std::to_string(t.errors) + " I/Os failed");
    if (t.corrupt_sectors > 0)
        lines.push_back(name + ": " + std::to_string(t.corrupt_sectors) + " sectors came back changed");
    if (t.gib_per_s.spread() > 1.25)
        lines.push_back(fmt::format("{}: wide spread over the rounds, {:.2f} to {:.2f} GiB/s", name,
                                    t.gib_per_s.low, t.gib_per_s.high));
}

std::vector<std::string> tiers_warnings(const std::vector<tiers_row>& rows) {
    std::vector<std::string> all;
    for (const tiers_row& row : rows) {
        const tiers_totals t = totals(row);
        if (!row.note.empty()) {
            const std::string line = row.backend + ": " + row.note;
            if (std::find(all.begin(), all.end(), line) == all.end()) all.push_back(line);
        }
        add_row_warnings(all, name_of(row), t);
        const bool on_device =
            row.backend != "host" && !row.rounds.empty() && !row.rounds[0].device.name.empty();
        const double share =
            t.moved.count > 0 ? static_cast<double>(t.device.count) / static_cast<double>(t.moved.count) : 1;
        if (on_device && (share < 0.95 || share > 1.25))
            all.push_back(fmt::format("{}: the device moved {:.0f} % of the bytes asked for: {}",
                                      name_of(row), 100 * share,
                                      share < 1 ? "the rest is the page cache's" : "somebody else uses it"));
    }
    return all;
}

std::string tiers_table(const std::vector<tiers_row>& rows) {
    const bool beside_fio =
        std::any_of(rows.begin(), rows.end(), [](const tiers_row& row) { return !row.fio.empty(); });
    std::string out =
        fmt::format("{:<8}{:>10}{:>7}{:>9}{:>8}  {:<14}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>8}{:>9}",
                    "backend", "block", "depth", "io", "GiB/s", "(spread)", "IOPS", "mean us", "P50", "P99",
                    "P99.9", "P99.99", "us/op", "s/GiB");
    if (beside_fio) out += fmt::format("{:>8}{:>7}  {}", "fio", "ratio", "(spread)");
    out += '\n';
    for (const tiers_row& row : rows) {
        const tiers_totals t = totals(row);
        fmt::format_to(
            std::back_inserter(out),
            "{:<8}{:>10}{:>7}{:>9}{:>8.3f}  {:<14}{:>9.0f}{:>10}{:>10}{:>10}{:>10}{:>10}{:>8.1f}{:>9.3f}",
            row.backend, report::size_text(row.what.block), row.what.depth, direction_text(row.what),
            t.gib_per_s.median, spread_text(t.gib_per_s), t.iops,
            us_text(nanoseconds(static_cast<std::int64_t>(t.latency.mean()))),
            us_text(t.latency.quantile(0.5)), us_text(t.latency.quantile(0.99)),
            us_text(t.latency.quantile(0.999)), us_text(t.latency.quantile(0.9999)), t.cpu_us_per_op.median,
            t.cpu_s_per_gib.median);
        if (!row.fio.empty())
            fmt::format_to(std::back_inserter(out), "{:>8.3f}{:>7.3f}  {}", t.peer_gib_per_s.median,
                           t.ratio.median, spread_text(t.ratio));
        out += '\n';
    }
    out += "  medians over the rounds; latencies of one I/O in us, over all of them; us/op and s/GiB are "
           "processor time\n";
    return out;
}

std::string csv_line(std::string_view backend, bytes block, std::uint32_t depth,
                     std::string_view read_percent, std::size_t rounds, const tiers_totals& t,
                     std::optional<double> fio_gib_per_s, bool compared) {
    std::string out;
    const auto field = std::back_inserter(out);
    fmt::format_to(field, "{},{},{},{},{},{},{},{},{},{}", backend, block.count, depth, read_percent, rounds,
                   t.gib_per_s.median, t.gib_per_s.low, t.gib_per_s.high, t.iops, t.latency.mean() / 1e3);
    for (const auto& [name, q] : tiers_percentiles)
        fmt::format_to(field, ",{}", static_cast<double>(t.latency.quantile(q).count) / 1e3);
    fmt::format_to(field, ",{},{},", t.cpu_us_per_op.median, t.cpu_s_per_gib.median);
    if (fio_gib_per_s) fmt::format_to(field, "{}", *fio_gib_per_s);
    if (compared)
        fmt::format_to(field, ",{},{},{}", t.ratio.median, t.ratio.low, t.ratio.high);
    else
        out += ",,,";
    fmt::format_to(field, ",{},{}\n", t.errors, t.corrupt_sectors);
    return out;
}

std::string tiers_csv(const std::vector<tiers_row>& rows) {
    std::string out =
        "backend,block_bytes,depth,read_percent,rounds,gib_per_s,gib_per_s_min,gib_per_s_max,iops,"
        "mean_us,p50_us,p95_us,p99_us,p999_us,p9999_us,cpu_us_per_op,cpu_s_per_gib,fio_gib_per_s,"
        "ratio,ratio_min,ratio_max,errors,corrupt_sectors\n";
    for (const tiers_row& row : rows) {
        const tiers_totals t = totals(row);
        const bool beside_fio = !row.fio.empty();
        out += csv_line(row.backend, row.what.block, row.what.depth, std::to_string(row.what.read_percent),
                        row.rounds.size(), t,
                        beside_fio ? std::optional(t.peer_gib_per_s.median) : std::nullopt, beside_fio);
    }
    return out;
}

json::object tiers_json(const std::vector<tiers_row>& rows, const std::vector<std::string>& warnings,
                        bool interrupted) {
    json::array all;
    for (const tiers_row& row : rows) {
        const tiers_totals t = totals(row);
        json::array rounds;
        for (std::size_t i = 0; i < row.rounds.size(); ++i) {
            const block_result& r = row.rounds[i];
            rounds.push_back(
                {{"elapsed_s", to_seconds(r.elapsed)},
                 {"read_bytes", r.read.count},
                 {"written_bytes", r.written.count},
                 {"operations", r.operations()},
                 {"cpu_s", to_seconds(r.processor.user + r.processor.system)},
                 {"device_read_bytes", r.device.read.count},
                 {"device_written_bytes", r.device.written.count},
                 {"fio_bytes_per_s", i < row.fio.size() ? json::value(row.fio[i]) : json::value()}});
        }
        json::object& o = all.emplace_back(json::object{{"backend", row.backend},
                                                        {"block_bytes", row.what.block.count},
                                                        {"depth", row.what.depth},
                                                        {"read_percent", row.what.read_percent}})
                              .get_object();
        t.add_to(o);
        o["fio_gib_per_s"] = row.fio.empty() ? json::value() : json::value(spread_json(t.peer_gib_per_s));
        o["ratio"] = row.fio.empty() ? json::value() : json::value(spread_json(t.ratio));
        o["errors"] = t.errors;
        o["corrupt_sectors"] = t.corrupt_sectors;
        o["note"] = row.note;
        o["rounds"] = std::move(rounds);
    }
    return {{"kvmark_version", KVMARK_VERSION},
            {"interrupted", interrupted},
            {"warnings", json::value_from(warnings)},
            {"results", std::move(all)}};
}

} // namespace kvmark::cli

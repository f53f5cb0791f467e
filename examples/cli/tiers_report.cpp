// Medians and spreads over rounds, percentiles over all of their I/Os.
#include "tiers_report.hpp"

#include <kvmark/report/json.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/spread.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

/// What all rounds of a row come to.
struct totals {
    explicit totals(const tiers_row& row) {
        std::vector<double> rates, ratios, micros, seconds;
        for (std::size_t i = 0; i < row.rounds.size(); ++i) {
            const block_result& r = row.rounds[i];
            rates.push_back(r.bytes_per_second() / static_cast<double>(gib_bytes));
            if (i < row.fio.size() && row.fio[i] > 0) ratios.push_back(r.bytes_per_second() / row.fio[i]);
            const double cpu = to_seconds(r.processor.user + r.processor.system);
            if (r.operations() > 0) {
                micros.push_back(cpu * 1e6 / static_cast<double>(r.operations()));
                seconds.push_back(cpu / to_gib(r.read + r.written));
            }
            latency.merge(r.read_latency);
            latency.merge(r.write_latency);
            errors += r.errors;
            corrupt_sectors += r.corrupt_sectors;
            device += r.device.read + r.device.written;
            moved += r.read + r.written;
        }
        std::vector<double> fio_rates = row.fio;
        for (double& rate : fio_rates) rate /= static_cast<double>(gib_bytes);
        gib_per_s = report::summarise(rates);
        ratio = report::summarise(ratios);
        fio_gib_per_s = report::summarise(fio_rates);
        cpu_us_per_op = report::summarise(micros);
        cpu_s_per_gib = report::summarise(seconds);
        iops = gib_per_s.median * static_cast<double>(gib_bytes) / static_cast<double>(row.what.block.count);
    }

    report::median_and_spread gib_per_s, fio_gib_per_s, ratio, cpu_us_per_op, cpu_s_per_gib;
    double iops = 0;
    measure::histogram latency;
    std::uint64_t errors = 0, corrupt_sectors = 0;
    bytes device{}, moved{};
};

std::string direction_text(const block_case& c) {
    return c.read_percent == 100 ? "read"
           : c.read_percent == 0 ? "write"
                                 : "mix " + std::to_string(c.read_percent);
}

std::string name_of(const tiers_row& row) {
    return row.backend + " " + report::size_text(row.what.block) + " x " + std::to_string(row.what.depth) +
           " " + direction_text(row.what);
}

std::string us_text(nanoseconds n) {
    const double us = static_cast<double>(n.count) / 1e3;
    return fmt::format("{:.{}f}", us, us < 99.95 ? 1 : 0);
}

json::object spread_json(const report::median_and_spread& m) {
    return {{"median", m.median}, {"min", m.low}, {"max", m.high}};
}

constexpr std::array<std::pair<const char*, double>, 5> percentiles{
    {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}}};

} // namespace

std::vector<std::string> tiers_warnings(const std::vector<tiers_row>& rows) {
    std::vector<std::string> all;
    for (const tiers_row& row : rows) {
        const totals t(row);
        if (!row.note.empty()) {
            const std::string line = row.backend + ": " + row.note;
            if (std::find(all.begin(), all.end(), line) == all.end()) all.push_back(line);
        }
        if (t.errors > 0) all.push_back(name_of(row) + ": " + std::to_string(t.errors) + " I/Os failed");
        if (t.corrupt_sectors > 0)
            all.push_back(name_of(row) + ": " + std::to_string(t.corrupt_sectors) +
                          " sectors came back changed");
        const bool on_device =
            row.backend != "host" && !row.rounds.empty() && !row.rounds[0].device.name.empty();
        const double share =
            t.moved.count > 0 ? static_cast<double>(t.device.count) / static_cast<double>(t.moved.count) : 1;
        if (on_device && (share < 0.95 || share > 1.25))
            all.push_back(fmt::format("{}: the device moved {:.0f} % of the bytes asked for: {}",
                                      name_of(row), 100 * share,
                                      share < 1 ? "the rest is the page cache's" : "somebody else uses it"));
        if (t.gib_per_s.spread() > 1.25)
            all.push_back(fmt::format("{}: wide spread over the rounds, {:.2f} to {:.2f} GiB/s", name_of(row),
                                      t.gib_per_s.low, t.gib_per_s.high));
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
        const totals t(row);
        fmt::format_to(
            std::back_inserter(out),
            "{:<8}{:>10}{:>7}{:>9}{:>8.3f}  {:<14}{:>9.0f}{:>10}{:>10}{:>10}{:>10}{:>10}{:>8.1f}{:>9.3f}",
            row.backend, report::size_text(row.what.block), row.what.depth, direction_text(row.what),
            t.gib_per_s.median, fmt::format("({:.2f}-{:.2f})", t.gib_per_s.low, t.gib_per_s.high), t.iops,
            us_text(nanoseconds(static_cast<std::int64_t>(t.latency.mean()))),
            us_text(t.latency.quantile(0.5)), us_text(t.latency.quantile(0.99)),
            us_text(t.latency.quantile(0.999)), us_text(t.latency.quantile(0.9999)), t.cpu_us_per_op.median,
            t.cpu_s_per_gib.median);
        if (!row.fio.empty())
            fmt::format_to(std::back_inserter(out), "{:>8.3f}{:>7.3f}  ({:.2f}-{:.2f})",
                           t.fio_gib_per_s.median, t.ratio.median, t.ratio.low, t.ratio.high);
        out += '\n';
    }
    out += "  medians over the rounds; latencies of one I/O in us, over all of them; us/op and s/GiB are "
           "processor time\n";
    return out;
}

std::string tiers_csv(const std::vector<tiers_row>& rows) {
    std::string out =
        "backend,block_bytes,depth,read_percent,rounds,gib_per_s,gib_per_s_min,gib_per_s_max,iops,"
        "mean_us,p50_us,p95_us,p99_us,p999_us,p9999_us,cpu_us_per_op,cpu_s_per_gib,fio_gib_per_s,"
        "ratio,ratio_min,ratio_max,errors,corrupt_sectors\n";
    for (const tiers_row& row : rows) {
        const totals t(row);
        fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{}", row.backend,
                       row.what.block.count, row.what.depth, row.what.read_percent, row.rounds.size(),
                       t.gib_per_s.median, t.gib_per_s.low, t.gib_per_s.high, t.iops, t.latency.mean() / 1e3);
        for (const auto& [name, q] : percentiles)
            fmt::format_to(std::back_inserter(out), ",{}",
                           static_cast<double>(t.latency.quantile(q).count) / 1e3);
        fmt::format_to(std::back_inserter(out), ",{},{}", t.cpu_us_per_op.median, t.cpu_s_per_gib.median);
        if (row.fio.empty())
            out += ",,,,";
        else
            fmt::format_to(std::back_inserter(out), ",{},{},{},{}", t.fio_gib_per_s.median, t.ratio.median,
                           t.ratio.low, t.ratio.high);
        fmt::format_to(std::back_inserter(out), ",{},{}\n", t.errors, t.corrupt_sectors);
    }
    return out;
}

json::object tiers_json(const std::vector<tiers_row>& rows, const std::vector<std::string>& warnings,
                        bool interrupted) {
    json::array all;
    for (const tiers_row& row : rows) {
        const totals t(row);
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
        json::object latency{{"mean", t.latency.mean() / 1e3}};
        for (const auto& [name, q] : percentiles)
            latency[name] = static_cast<double>(t.latency.quantile(q).count) / 1e3;
        all.push_back(
            {{"backend", row.backend},
             {"block_bytes", row.what.block.count},
             {"depth", row.what.depth},
             {"read_percent", row.what.read_percent},
             {"gib_per_s", spread_json(t.gib_per_s)},
             {"iops", t.iops},
             {"latency_us", std::move(latency)},
             {"histogram_ns", report::histogram_json(t.latency)},
             {"cpu_us_per_op", t.cpu_us_per_op.median},
             {"cpu_s_per_gib", t.cpu_s_per_gib.median},
             {"fio_gib_per_s", row.fio.empty() ? json::value() : json::value(spread_json(t.fio_gib_per_s))},
             {"ratio", row.fio.empty() ? json::value() : json::value(spread_json(t.ratio))},
             {"errors", t.errors},
             {"corrupt_sectors", t.corrupt_sectors},
             {"note", row.note},
             {"rounds", std::move(rounds)}});
    }
    return {{"kvmark_version", KVMARK_VERSION},
            {"interrupted", interrupted},
            {"warnings", json::value_from(warnings)},
            {"results", std::move(all)}};
}

} // namespace kvmark::cli

// Sums over the rounds of a row, and the texts that its figures become.
#include "tiers_totals.hpp"

#include <kvmark/report/json.hpp>

#include <fmt/format.h>

namespace kvmark::cli {

tiers_totals::tiers_totals(bytes block, std::span<const block_result> rounds, std::span<const double> peer) {
    std::vector<double> rates, ratios, micros, seconds, peer_rates;
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        const block_result& r = rounds[i];
        rates.push_back(r.bytes_per_second() / static_cast<double>(gib_bytes));
        if (i < peer.size() && peer[i] > 0) ratios.push_back(r.bytes_per_second() / peer[i]);
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
    for (const double rate : peer) peer_rates.push_back(rate / static_cast<double>(gib_bytes));
    gib_per_s = report::summarise(std::move(rates));
    ratio = report::summarise(std::move(ratios));
    peer_gib_per_s = report::summarise(std::move(peer_rates));
    cpu_us_per_op = report::summarise(std::move(micros));
    cpu_s_per_gib = report::summarise(std::move(seconds));
    iops = gib_per_s.median * static_cast<double>(gib_bytes) / static_cast<double>(block.count);
}

void tiers_totals::add_to(boost::json::object& o) const {
    boost::json::object us{{"mean", latency.mean() / 1e3}};
    for (const auto& [name, q] : tiers_percentiles)
        us[name] = static_cast<double>(latency.quantile(q).count) / 1e3;
    o["gib_per_s"] = spread_json(gib_per_s);
    o["iops"] = iops;
    o["latency_us"] = std::move(us);
    o["histogram_ns"] = report::histogram_json(latency);
    o["cpu_us_per_op"] = cpu_us_per_op.median;
    o["cpu_s_per_gib"] = cpu_s_per_gib.median;
}

boost::json::object spread_json(const report::median_and_spread& m) {
    return {{"median", m.median}, {"min", m.low}, {"max", m.high}};
}

std::string spread_text(const report::median_and_spread& m) {
    return fmt::format("({:.2f}-{:.2f})", m.low, m.high);
}

std::string us_text(nanoseconds n) {
    const double us = static_cast<double>(n.count) / 1e3;
    return fmt::format("{:.{}f}", us, us < 99.95 ? 1 : 0);
}

} // namespace kvmark::cli

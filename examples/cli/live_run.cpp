// Totals become rates over the time since the progress before.
#include "live_run.hpp"

#include <algorithm>

namespace kvmark::cli {

namespace {

void keep(std::deque<double>& series, double value) {
    series.push_back(value);
    if (series.size() > live_run::history) series.pop_front();
}

} // namespace

void live_run::take(const measure::progress& p) {
    // A stage counts from 0.
    const bool continues = stage == p.stage && tiers.size() == p.tiers.size() && p.elapsed >= elapsed;
    const double seconds = to_seconds(continues ? p.elapsed - elapsed : p.elapsed);
    const auto rate = [&](std::uint64_t later, std::uint64_t earlier) {
        const std::uint64_t base = continues ? earlier : 0;
        return seconds > 0 && later > base ? static_cast<double>(later - base) / seconds : 0;
    };
    const auto gib_rate = [&](bytes later, bytes earlier) {
        return rate(later.count, earlier.count) / static_cast<double>(gib_bytes);
    };
    stage = p.stage;
    requests_per_s = rate(p.completed, completed);
    tokens_per_s = rate(p.tokens, tokens);
    tiers.resize(p.tiers.size());
    double moved = 0;
    measure::recent_latency slowest;
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        const measure::tier_progress& from = p.tiers[i];
        live_tier& to = tiers[i];
        to.read = {from.read, gib_rate(from.read, to.read.moved), from.read_latency};
        to.write = {from.written, gib_rate(from.written, to.write.moved), from.write_latency};
        to.name = from.name;
        to.role = from.role;
        to.used = from.used;
        to.limit = from.limit;
        to.entries = from.entries;
        if (to.role != tier::tier_role::storage) continue;
        moved += to.read.gib_per_s + to.write.gib_per_s;
        measure::add(slowest, from.read_latency);
    }
    hosts.resize(p.hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const measure::host_progress& from = p.hosts[i];
        hosts[i] = {std::string(from.name), from.ranks, from.moved, gib_rate(from.moved, hosts[i].moved)};
    }
    elapsed = p.elapsed;
    window = p.window;
    fraction = std::clamp(p.fraction, 0.0, 1.0);
    users = p.users;
    completed = p.completed;
    queued = p.queued;
    tokens = p.tokens;
    hit_rate = p.hit_rate;
    end_to_end = p.end_to_end;
    ttft = p.ttft;
    keep(bandwidth, moved);
    keep(read_p95, to_milliseconds(slowest.p95));
}

void live_run::say(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    lines.emplace_back(line);
    if (lines.size() > kept_lines) lines.pop_front();
}

double live_run::seconds_left() const {
    if (is_running() && window.count > 0) return std::max(0.0, to_seconds(window - elapsed));
    if (fraction < 0.01) return -1;
    return to_seconds(elapsed) * (1 - fraction) / fraction;
}

} // namespace kvmark::cli

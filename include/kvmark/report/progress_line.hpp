// One line of progress: time left, tokens/s, hit rate, and what each tier moves just now.
#pragma once

#include <kvmark/measure/progress.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvmark::report {

/// Turns the totals of measure::progress into rates over the time since the line before.
class progress_line {
public:
    /// Without a newline, what matters most first: a terminal may cut it. GiB/s are read + written.
    [[nodiscard]] std::string text(const measure::progress& p) {
        const bool running = p.stage == "running";
        std::string out;
        if (running && p.window.count > 0)
            put(out, "{:.0f} s left", std::max(0.0, to_seconds(p.window - p.elapsed)));
        else
            put(out, "{} {:.0f} %", p.stage, 100 * p.fraction);
        if (running) append_rates(out, p);
        before_ = p;
        return out;
    }

private:
    template <class... Args>
    static void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    }

    void append_rates(std::string& out, const measure::progress& p) const {
        const bool continues = before_.stage == p.stage && before_.tiers.size() == p.tiers.size();
        const measure::progress nothing;
        const measure::progress& base = continues ? before_ : nothing;
        const double seconds = to_seconds(p.elapsed - base.elapsed);
        const auto rate = [&](double later, double earlier) {
            return seconds > 0 ? (later - earlier) / seconds : 0;
        };
        put(out, " | {:.0f} tokens/s | hit {:.0f} %",
            rate(static_cast<double>(p.tokens), static_cast<double>(base.tokens)), 100 * p.hit_rate);
        for (std::size_t i = 0; i < p.tiers.size(); ++i) {
            const measure::tier_progress earlier = continues ? base.tiers[i] : measure::tier_progress{};
            put(out, "{}{} {:.1f}+{:.1f}", i == 0 ? " | " : ", ", label(p, i),
                rate(to_gib(p.tiers[i].read), to_gib(earlier.read)),
                rate(to_gib(p.tiers[i].written), to_gib(earlier.written)));
        }
        put(out, "{} | {} users, {} done, {} queued", p.tiers.empty() ? "" : " GiB/s", p.users,
            grouped(p.completed), grouped(p.queued));
    }

    /// A tier's name, and its place where another tier has that name too.
    static std::string label(const measure::progress& p, std::size_t i) {
        std::size_t same = 0;
        for (const measure::tier_progress& t : p.tiers) same += t.name == p.tiers[i].name ? 1 : 0;
        return std::string(p.tiers[i].name) + (same == 1 ? "" : std::to_string(i + 1));
    }

    measure::progress before_;
};

} // namespace kvmark::report

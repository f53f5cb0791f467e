// Numbers as people read them.
#pragma once

#include <kvmark/core/units.hpp>

#include <fmt/format.h>

#include <array>
#include <string>

namespace kvmark::report {

/// 1234567 as 1,234,567.
[[nodiscard]] inline std::string grouped(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

/// Three significant digits with a binary unit: 512 B, 24.0 KiB, 1.50 GiB.
[[nodiscard]] inline std::string size_text(bytes b) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (b.count < 1024) return std::to_string(b.count) + " B";
    double v = static_cast<double>(b.count) / 1024;
    std::size_t unit = 0;
    while (v >= 1000 && unit + 1 < units.size()) v /= 1024, ++unit;
    return fmt::format("{:.{}f} {}", v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0, units[unit]);
}

/// Milliseconds with three significant digits, grouped from 10,000 on.
[[nodiscard]] inline std::string ms_text(nanoseconds d) {
    const double ms = static_cast<double>(d.count) / 1e6;
    if (ms >= 9999.5) return grouped(static_cast<std::uint64_t>(ms + 0.5));
    return fmt::format("{:.{}f}", ms, ms < 0.09995 ? 4 : ms < 9.995 ? 2 : ms < 99.95 ? 1 : 0);
}

/// Of a network link: 2.5 Gbit/s, 100 Mbit/s; decimal units.
[[nodiscard]] inline std::string link_speed_text(std::int64_t megabits_per_second) {
    return megabits_per_second < 1000
               ? fmt::format("{} Mbit/s", megabits_per_second)
               : fmt::format("{} Gbit/s", static_cast<double>(megabits_per_second) / 1000);
}

[[nodiscard]] inline std::string percent_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

} // namespace kvmark::report

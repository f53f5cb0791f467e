// A row of an Azure LLM inference trace (csv; Patel et al., "Splitwise", ISCA 2024). Opt-in.
#pragma once

#include <kvmark/core/units.hpp>
#include <kvmark/workload/reader/csv_rows.hpp>

namespace kvmark::workload {

/// `YYYY-MM-DD hh:mm:ss`, a fraction of up to nine digits, and `Z` or `+hh:mm` or nothing: nanoseconds since
/// 1970 in UTC. Empty for all else. The years are 1970 to 2261, which 64 bits hold.
[[nodiscard]] inline std::optional<nanoseconds> parse_date_time(std::string_view text) {
    std::size_t at = 0;
    const auto number = [&](std::size_t digits, std::int64_t low, std::int64_t high, std::int64_t& value) {
        if (text.size() < at + digits || text[at] == '-') return false;
        const bool read = parse_number(text.substr(at, digits), value);
        at += digits;
        return read && low <= value && value <= high;
    };
    const auto sign = [&](char c) { return at < text.size() && text[at++] == c; };
    std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (!(number(4, 1970, 2261, year) && sign('-') && number(2, 1, 12, month) && sign('-') &&
          number(2, 1, 31, day) && (sign(' ') || text[at - 1] == 'T') && number(2, 0, 23, hour) &&
          sign(':') && number(2, 0, 59, minute) && sign(':') && number(2, 0, 60, second)))
        return {};
    std::int64_t fraction = 0;
    if (at < text.size() && text[at] == '.') {
        std::int64_t unit = 100'000'000;
        for (++at; at < text.size() && '0' <= text[at] && text[at] <= '9'; ++at, unit /= 10)
            fraction += (text[at] - '0') * unit;
    }
    std::int64_t offset = 0; // of the zone, in seconds
    if (at < text.size() && text[at] == 'Z') {
        ++at;
    } else if (at < text.size()) {
        const std::int64_t east = text[at] == '+' ? 1 : text[at] == '-' ? -1 : 0;
        std::int64_t hours = 0, minutes = 0;
        ++at;
        if (east == 0 || !number(2, 0, 14, hours) || !sign(':') || !number(2, 0, 59, minutes)) return {};
        offset = east * (hours * 3600 + minutes * 60);
    }
    if (at != text.size()) return {};
    // Days since 1970: years are counted from March on, so that a leap day is a year's last.
    const std::int64_t y = month > 2 ? year : year - 1;
    const std::int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    const std::int64_t days =
        365 * y + y / 4 - y / 100 + y / 400 + (153 * month_from_march + 2) / 5 + day - 1 - 719'468;
    const std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second - offset;
    return nanoseconds(seconds * 1'000'000'000 + fraction);
}

struct azure_row {
    static constexpr std::array<csv_column, 3> columns{
        {{"TIMESTAMP"}, {"ContextTokens"}, {"GeneratedTokens"}}};
    static constexpr std::string_view expected = "an Azure LLM trace (csv)";

    nanoseconds at{};
    std::uint32_t request_tokens = 0;
    std::uint32_t response_tokens = 0;

    std::optional<csv_misfit> read(const std::array<csv_field, 3>& fields) {
        const std::optional<nanoseconds> time = parse_date_time(fields[0].text);
        if (!time) return csv_misfit{0, "a time as 2023-11-16 18:15:46.68"};
        at = *time;
        if (!parse_number(fields[1].text, request_tokens)) return csv_misfit{1, "a count of tokens"};
        if (!parse_number(fields[2].text, response_tokens)) return csv_misfit{2, "a count of tokens"};
        return {};
    }

    [[nodiscard]] nanoseconds arrival() const { return at; }
};

} // namespace kvmark::workload

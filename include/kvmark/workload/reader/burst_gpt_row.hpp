// A row of a BurstGPT file (csv; Wang et al., "BurstGPT", KDD 2025). Opt-in.
#pragma once

#include <kvmark/core/units.hpp>
#include <kvmark/workload/reader/csv_rows.hpp>

#include <cmath>

namespace kvmark::workload {

/// Other columns, `Total tokens` among them, are not used.
struct burst_gpt_row {
    static constexpr std::array<csv_column, 3> columns{
        {{"Timestamp", "Timestamp (s)"}, {"Request tokens"}, {"Response tokens"}}};
    static constexpr std::string_view expected = "a BurstGPT csv";

    double seconds = 0;
    std::uint32_t request_tokens = 0;
    std::uint32_t response_tokens = 0;

    std::optional<csv_misfit> read(const std::array<csv_field, 3>& fields) {
        if (!(parse_number(fields[0].text, seconds) && seconds >= 0 && std::isfinite(seconds)))
            return csv_misfit{0, "a time in seconds"};
        if (!parse_number(fields[1].text, request_tokens)) return csv_misfit{1, "a count of tokens"};
        if (!parse_number(fields[2].text, response_tokens)) return csv_misfit{2, "a count of tokens"};
        return {};
    }

    [[nodiscard]] nanoseconds arrival() const {
        constexpr double end_of_time = 9e9; // 285 years in seconds
        return from_seconds(seconds < end_of_time ? seconds : end_of_time);
    }
};

} // namespace kvmark::workload

// The report as comma-separated values.
#pragma once

#include <kvmark/launch/text_writer.hpp>
#include <kvmark/report/rows.hpp>

namespace kvmark::report {

/// A field as RFC 4180 has it: quoted where it holds a comma, a quote or a line break.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted += '"';
}

/// `scope,metric,unit,value` and the end of the line. Doubles read back to the same bits.
[[nodiscard]] inline std::string csv_line(const row& line) {
    std::string out;
    for (const std::string* field : {&line.scope, &line.metric, &line.unit})
        (out += csv_field(*field)) += ',';
    const bool whole = line.unit == "count" || line.unit == "bytes";
    out += std::string_view(whole ? launch::integer_text(static_cast<std::int64_t>(line.value))
                                  : launch::real_text(line.value));
    return out += '\n';
}

/// One row per figure under the header `scope,metric,unit,value`.
[[nodiscard]] inline std::string csv_text(const measure::run_report& r) {
    std::string out = "scope,metric,unit,value\n";
    for (const row& line : report_rows(r)) out += csv_line(line);
    return out;
}

} // namespace kvmark::report

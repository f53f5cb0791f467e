// The report as a spreadsheet, where libxlsxwriter was there when kvmark was built.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/measure/run_report.hpp>

namespace kvmark::cli {

extern const bool xlsx_is_available;

/// One sheet with the rows of report/rows.hpp. The file appears under its name when it is complete.
[[nodiscard]] result<void> write_xlsx(const std::string& path, const measure::run_report& report);

} // namespace kvmark::cli

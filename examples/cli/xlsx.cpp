// The spreadsheet, or the word that there is none.
#include "xlsx.hpp"

#ifdef KVMARK_WITH_XLSX

#include <kvmark/report/file.hpp>
#include <kvmark/report/rows.hpp>

#include <xlsxwriter.h>

#include <cstdio>

namespace kvmark::cli {

const bool xlsx_is_available = true;

result<void> write_xlsx(const std::string& path, const measure::run_report& report) {
    const std::string target = link_target(path), partial = target + ".partial";
    lxw_workbook* book = workbook_new(partial.c_str());
    lxw_worksheet* sheet = workbook_add_worksheet(book, "kvmark");
    lxw_format* bold = workbook_add_format(book);
    format_set_bold(bold);
    lxw_col_t column = 0;
    for (const char* title : {"scope", "metric", "unit", "value"})
        worksheet_write_string(sheet, 0, column++, title, bold);
    worksheet_set_column(sheet, 0, 1, 24, nullptr);
    worksheet_set_column(sheet, 3, 3, 18, nullptr);
    worksheet_freeze_panes(sheet, 1, 0);
    lxw_row_t line = 1;
    for (const report::row& r : report::report_rows(report)) {
        worksheet_write_string(sheet, line, 0, r.scope.c_str(), nullptr);
        worksheet_write_string(sheet, line, 1, r.metric.c_str(), nullptr);
        worksheet_write_string(sheet, line, 2, r.unit.c_str(), nullptr);
        worksheet_write_number(sheet, line, 3, r.value, nullptr);
        ++line;
    }
    const lxw_error failure = workbook_close(book);
    if (failure == LXW_NO_ERROR && std::rename(partial.c_str(), target.c_str()) == 0) return {};
    std::remove(partial.c_str());
    return error{error_kind::system, "cannot write " + path + ": " + lxw_strerror(failure)};
}

} // namespace kvmark::cli

#else

namespace kvmark::cli {

const bool xlsx_is_available = false;

result<void> write_xlsx(const std::string& path, const measure::run_report&) {
    return error{error_kind::unsupported, "cannot write " + path + ": built without libxlsxwriter"};
}

} // namespace kvmark::cli

#endif

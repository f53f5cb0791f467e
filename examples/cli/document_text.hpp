// Result files as people read them on a terminal.
#pragma once

#include "result_document.hpp"

#include <kvmark/report/terminal.hpp>

#include <optional>
#include <span>

namespace kvmark::cli {

/// A figure with its unit in mind: four significant digits, shares in percent; "-" where there is none.
[[nodiscard]] std::string figure_text(std::optional<double> value, std::string_view unit);

/// One file: of a run what the run printed, of others their tables. Ends in a newline.
[[nodiscard]] std::string document_text(const result_document& d, const report::palette& colors);

/// Runs side by side: a column for each where they are few, else a row. The files are named by what sets
/// their paths apart.
[[nodiscard]] std::string headline_table(std::span<const result_document> runs);

} // namespace kvmark::cli

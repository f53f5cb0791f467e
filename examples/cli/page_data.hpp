// What of result files goes into a page: everything that is drawn, and nothing that grows with the run.
#pragma once

#include "result_document.hpp"

#include <span>

namespace kvmark::cli {

/// {"documents": [...], "comparison": ...}. A document keeps its keys, with these changes: "file" is its path
/// and "kind" its kind; per-request lists and the histograms that no chart shows are left out; other
/// histograms have buckets of 1/32 decade; a timeline is an object of columns in place of a list of rows,
/// with six digits and at most 600 rows, those of all documents together at most 2400. `comparison`: may be
/// null.
[[nodiscard]] boost::json::object page_data(std::span<const result_document> documents,
                                            const boost::json::object* comparison);

/// `text` as the content of a <script>: nothing in it can end the element.
[[nodiscard]] std::string script_text(std::string text);

} // namespace kvmark::cli

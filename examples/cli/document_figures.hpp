// What a result file says, figure by figure.
#pragma once

#include "result_document.hpp"

#include <kvmark/report/rows.hpp>

#include <optional>
#include <span>

namespace kvmark::cli {

/// A figure that stands beside those of other files.
struct headline_figure {
    std::string_view name;
    std::string_view unit;
    bool brief = false; ///< among the few that are shown where there are many files
    std::optional<double> (*value)(const result_document&) = nullptr; ///< nothing where it has none
};

/// Of runs, of kvmark and of the reference. GiB/s, ms, 1/s; shares are 0..1.
[[nodiscard]] std::span<const headline_figure> headline_figures();

/// Read and write bandwidth of the tiers of one role, GiB/s; nothing where it has no such tier.
[[nodiscard]] std::optional<double> role_bandwidth(const result_document& d, std::string_view role,
                                                   std::string_view direction);

/// Every figure as a row: those of a run as `kvmark run --csv` has them; of other files each number, by its
/// place in the file. Series and histograms are left out.
[[nodiscard]] std::vector<report::row> document_rows(const result_document& d);

} // namespace kvmark::cli

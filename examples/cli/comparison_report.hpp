// Two sets of trials and what is different between them, as JSON, as a table, as CSV.
#pragma once

#include "compared_trials.hpp"

#include <kvmark/report/terminal.hpp>

namespace kvmark::cli {

struct comparison {
    const trial_set& a;
    const trial_set& b;
    report::comparison_rules rules;
    std::vector<report::compared_metric> metrics;
    std::vector<report::metric_comparison> found; ///< of each metric
    std::vector<std::string> warnings;

    [[nodiscard]] std::size_t count(report::verdict v) const;
};

/// Precondition: the sets outlive it.
[[nodiscard]] comparison compare_sets(const trial_set& a, const trial_set& b,
                                      const report::comparison_rules& rules);

/// docs/json.md documents its keys.
[[nodiscard]] boost::json::object comparison_json(const comparison& c);
[[nodiscard]] std::string comparison_text(const comparison& c, const report::palette& colors);
[[nodiscard]] std::string comparison_csv(const comparison& c);

} // namespace kvmark::cli

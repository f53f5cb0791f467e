// Two sets of trials, as --compare takes them.
#pragma once

#include "result_document.hpp"

#include <kvmark/report/comparison.hpp>

namespace kvmark::cli {

/// One launch: a run, or the result files of its ranks.
using trial_files = std::vector<const result_document*>;

struct trial_set {
    std::string name; ///< as it was given
    std::vector<result_document> documents;

    /// In the order of their paths. Files rank_R/... of one folder are one trial, since its ranks ran
    /// together.
    [[nodiscard]] std::vector<trial_files> trials() const;
};

/// The runs of what `what` names; other results beside them (a summary) are left out. Errors: those of
/// load_documents(), and no run.
[[nodiscard]] result<trial_set> load_trials(const std::string& what);

/// The figures of both sides. Left out is what neither side has, and what is 0 in every trial.
[[nodiscard]] std::vector<report::compared_metric> compared_metrics(const trial_set& a, const trial_set& b);

/// What makes the comparison less than it seems, one sentence each: other options, hosts or seeds, and runs
/// that say of themselves that they did not measure the storage.
[[nodiscard]] std::vector<std::string> comparison_warnings(const trial_set& a, const trial_set& b);

} // namespace kvmark::cli

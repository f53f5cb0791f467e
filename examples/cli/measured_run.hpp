// One run, wherever it takes place, without files and without a word about its result.
#pragma once

#include "console.hpp"

#include <kvmark/measure/run_report.hpp>
#include <kvmark/report/context.hpp>

namespace kvmark::cli {

/// Runs what the settings say: in this process, or as the ranks of a job. Settles in `s` what was left open
/// (seed, cache directory, path of the result), fills `context` in, and shows progress on `out`. May be
/// called again, each time with settings of its own. Where the settings ask for own_reports, those of the
/// ranks of a launch are appended to `own`. Precondition: resolve() found no fault. Errors: those of the
/// benchmark and of the launch.
[[nodiscard]] result<measure::run_report> measure_run(settings& s, console& out, report::run_context& context,
                                                      std::vector<measure::run_report>* own = nullptr);

} // namespace kvmark::cli

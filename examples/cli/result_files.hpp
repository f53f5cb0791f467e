// Where a run's results go: a run directory of its own, and the files that were asked for.
#pragma once

#include "settings.hpp"

#include <kvmark/core/result.hpp>
#include <kvmark/measure/run_report.hpp>
#include <kvmark/report/context.hpp>

namespace kvmark::cli {

/// A run directory and the datetime that is its name.
struct reserved_directory {
    std::string path, datetime;
};

/// Makes `<parent>/<datetime>`. The directory itself is made by one exclusive mkdir, so two runs never share
/// one; a collision takes the next second, ten times at most.
[[nodiscard]] result<reserved_directory> reserve_directory(const std::string& parent);

/// The same for `<results_dir>/kv_cache/run/<datetime>`, entered into the options.
[[nodiscard]] result<void> reserve_run_directory(settings& s);

/// The names of a run directory's files, as the reference's wrapper has them.
struct run_files {
    explicit run_files(const options& o);
    std::string metadata, stdout_log, stderr_log;
};

struct written_files {
    std::string result; ///< empty: none was asked for
    std::vector<std::string> others;
};

/// Result JSON, CSV and spreadsheet, each whole or not there.
[[nodiscard]] result<written_files> write_results(const settings& s, const measure::run_report& report,
                                                  const report::run_context& context);

/// The run directory's metadata; `report` may be null. Does nothing where there is no run directory.
[[nodiscard]] result<void> write_metadata(const settings& s, double runtime_s,
                                          const measure::run_report* report);

} // namespace kvmark::cli

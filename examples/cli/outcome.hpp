// The end of a run, wherever it took place: files, summary, exit code.
#pragma once

#include "console.hpp"
#include "run_command.hpp"

#include <kvmark/measure/run_report.hpp>
#include <kvmark/report/context.hpp>

namespace kvmark::cli {

/// From the start of a run to its end.
struct run_course {
    /// Now, with the command that the settings stand for.
    explicit run_course(const settings& s);

    report::run_context context;
    nanoseconds begun{};
};

/// What a command that failed with `e` exits with: 2 where the user asked for what cannot be, else 1.
[[nodiscard]] exit_code exit_code_of(const error& e);

/// Says it, below the line of progress, and returns that.
[[nodiscard]] int report_failure(console& out, const error& e);

/// Writes what was asked for, tells the user, and returns the exit code.
[[nodiscard]] int conclude(const settings& s, console& out, run_course& course,
                           const result<measure::run_report>& report);

} // namespace kvmark::cli

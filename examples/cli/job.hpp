// Runs on several ranks: the launch of a job, and what a rank knows of itself.
#pragma once

#include "console.hpp"

#include <kvmark/measure/run_report.hpp>

namespace kvmark::cli {

/// Launches the ranks of a run and returns what they measured together. Those that the settings bring home
/// one by one (settings::own_reports) are appended to `own`, if there is one.
[[nodiscard]] result<measure::run_report> launch_run(const settings& s, console& out,
                                                     std::vector<measure::run_report>* own = nullptr);

/// What the launcher of the settings says of its version, its first line; empty where it cannot be asked.
[[nodiscard]] std::string launcher_version(const settings& s);

/// Of a rank: whether it is the one that tells what came of the job. Enters the job.
[[nodiscard]] result<bool> speaks_for_job();

/// Ends the job of which this process is a rank, all ranks of it.
[[noreturn]] void abandon_job();

/// What the machines of the job are, gathered by this rank and the others; of this machine alone outside a
/// job.
[[nodiscard]] result<measure::run_report> survey_job(const settings& s);

/// Launches ranks that run `kvmark cluster`, and returns what rank 0 gathered.
[[nodiscard]] result<measure::run_report> launch_survey(const settings& s, console& out);

} // namespace kvmark::cli

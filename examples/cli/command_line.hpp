// The command that a run stands for: what a launch executes, and what a dry run shows.
#pragma once

#include "settings.hpp"

#include <kvmark/exec/job_order.hpp>
#include <kvmark/launch/argv.hpp>

namespace kvmark::cli {

/// The launch of a job of kvmark's own ranks. Precondition, as of all here: resolve() found no fault.
[[nodiscard]] exec::job_order job_order_of(const settings& s);

/// Where kvmark's own ranks are to be launched and nothing says how the launcher is spoken to, asks it for
/// its version. It stays Open MPI 4's way where there is no answer.
void ask_launcher(settings& s);

/// The command of a job in that dialect.
[[nodiscard]] argv job_command(const settings& s, const exec::job_order& order, const launch::dialect* words,
                               const exec::launch_extras& extras);

/// What is executed: the launcher's words under `--exec-type mpi`, the program, the library's options, and
/// the tool's own where the program is a kvmark.
[[nodiscard]] argv executed_command(const settings& s);

/// The same, as texts.
[[nodiscard]] std::vector<std::string> words_of(const argv& command);

} // namespace kvmark::cli

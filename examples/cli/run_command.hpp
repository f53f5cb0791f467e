// `kvmark run`.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// The tool's exit codes; docs/cli.md and --help list them.
enum exit_code : int {
    exit_ok = 0,
    exit_failed = 1, ///< no run took place, data came back wrong, or an operation failed
    exit_bad_arguments = 2,
    exit_worse = 3,         ///< `kvmark report --fail-if-worse`: B is worse than A
    exit_interrupted = 130, ///< 128 + SIGINT; results were still written
    exit_terminated = 143,  ///< 128 + SIGTERM, likewise
};

/// Runs what the settings say and returns the exit code. Precondition: resolve() found no fault.
[[nodiscard]] int run(settings s);

} // namespace kvmark::cli

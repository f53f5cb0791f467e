// The command that a run stands for: what a launch executes, and what a dry run shows.
#pragma once

#include "settings.hpp"

#include <kvmark/launch/argv.hpp>

namespace kvmark::cli {

/// The launcher's words under `--exec-type mpi`, the program, the library's options, and the tool's own where
/// the program is a kvmark. Precondition: resolve() found no fault.
[[nodiscard]] argv executed_command(const settings& s);

/// The same, as texts.
[[nodiscard]] std::vector<std::string> words_of(const argv& command);

} // namespace kvmark::cli

// `kvmark run --dry-run`: the command and the plan, and nothing else.
#pragma once

#include "settings.hpp"

namespace kvmark::cli {

/// One JSON object with `argv` (what would be executed), `display` (the same for a POSIX shell) and `plan`;
/// or the last two as text. Precondition: resolve() found no fault.
[[nodiscard]] std::string dry_run_text(const settings& s);

} // namespace kvmark::cli

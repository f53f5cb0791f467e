// `kvmark history`.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// What the command needs beyond its options.
void resolve_for_history(settings& s, fault_list& faults);

/// Does it, and returns the exit code. Precondition: resolve_for_history() found no fault.
[[nodiscard]] int show_history(const settings& s);

} // namespace kvmark::cli

// `kvmark report`.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// What the command needs beyond its options.
void resolve_for_report(settings& s, fault_list& faults);

/// Does it, and returns the exit code. Precondition: resolve_for_report() found no fault.
[[nodiscard]] int report_results(const settings& s);

} // namespace kvmark::cli

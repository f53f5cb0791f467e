// `kvmark mlperf`.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// What the command needs beyond its options.
void resolve_for_mlperf(settings& s, fault_list& faults);

/// Does it, and returns the exit code. Precondition: resolve_for_mlperf() found no fault.
[[nodiscard]] int run_mlperf(const settings& s);

} // namespace kvmark::cli

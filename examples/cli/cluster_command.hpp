// `kvmark cluster`.
#pragma once

#include "settings.hpp"

namespace kvmark::cli {

/// Prints what the hosts of the settings are, gathered by one rank on each; of this machine without hosts.
/// Returns the exit code. Precondition: resolve_launch() found no fault.
[[nodiscard]] int show_cluster(const settings& s);

} // namespace kvmark::cli

// The reference's YAML configuration -> workload parameters, models and site limits.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// Reads the file into `into`. Faults carry `file:line`: a key that is not known (with the nearest that is),
/// a value of the wrong kind or out of range. A known key that means nothing in kvmark leaves a note. Nothing
/// is changed when the file cannot be read or parsed.
void read_config(const std::string& path, settings& into, fault_list& faults);

} // namespace kvmark::cli

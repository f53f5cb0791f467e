// `kvmark tiers`: backends on one path, block by block, in interleaved rounds.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

extern const std::string_view tiers_closing; ///< of the help

/// Fills in what was not given, and looks the model up; every fault of what was.
void resolve_tiers(settings& s, fault_list& faults);

/// Measures, prints, and writes the files asked for; the exit code.
[[nodiscard]] int measure_tiers(const settings& s);

} // namespace kvmark::cli

// `kvmark simulate`: a trace against a cache, without its bytes.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// Everything that is wrong with the settings; touches nothing.
void resolve_for_simulate(settings& s, fault_list& faults);

/// The whole course of the command; its exit code.
[[nodiscard]] int simulate(const settings& s);

} // namespace kvmark::cli

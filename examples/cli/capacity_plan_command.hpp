// `kvmark plan`: the cache sizes that a trace needs.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// Everything that is wrong with the settings; touches nothing.
void resolve_for_plan_capacity(settings& s, fault_list& faults);

/// The whole course of the command; its exit code.
[[nodiscard]] int plan_capacity(const settings& s);

} // namespace kvmark::cli

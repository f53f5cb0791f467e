// `kvmark trace`: looks into traces, converts and makes them.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// Everything that is wrong with the settings; touches nothing.
void resolve_for_trace_files(settings& s, fault_list& faults);

/// The whole course of the command; its exit code.
[[nodiscard]] int trace_files(const settings& s);

} // namespace kvmark::cli

// `kvmark calibrate`: measures a device for the simulator.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// Everything that is wrong with the settings; touches nothing.
void resolve_for_calibrate(settings& s, fault_list& faults);

/// The whole course of the command; its exit code.
[[nodiscard]] int calibrate(const settings& s);

} // namespace kvmark::cli

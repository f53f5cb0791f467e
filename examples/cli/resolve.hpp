// Settings as they were given -> settings that can be acted on, or everything that is wrong with them.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// What a run needs beyond its options: the configuration read, the model looked up, the program to start,
/// the run directory named. Gathers the faults of the tool's own options and those of kvmark::validate().
/// Reads files and touches none. `datetime`: of the run directory, YYYYMMDD_HHMMSS.
void resolve(settings& s, const std::string& datetime, fault_list& faults);

/// Reads the configuration and looks up the model: the part that `datasize` and `models` need too.
void resolve_model(settings& s, fault_list& faults);

/// Whether this process is a rank, and how ranks are started: the part that `cluster` needs too.
void resolve_launch(settings& s, fault_list& faults);

/// What `cluster` needs.
void resolve_for_cluster(settings& s, fault_list& faults);

/// The same for `datasize`, whose numbers must make a size.
void resolve_for_datasize(settings& s, fault_list& faults);

/// Ten seconds of tiny-1b on a bounded part of the disk.
void choose_demo(settings& s);

/// Local time as the reference names its run directories.
[[nodiscard]] std::string datetime_now(int seconds_later = 0);

} // namespace kvmark::cli

#include "simulate_command.hpp"

namespace kvmark::cli {

void resolve_for_simulate(settings&, fault_list& faults) { faults.add("not there yet"); }

int simulate(const settings&) { return 1; }

} // namespace kvmark::cli

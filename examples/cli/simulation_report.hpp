// What simulations came to: as a table, as JSON, as CSV.
#pragma once

#include "simulation_run.hpp"
#include "simulation_sweep.hpp"

namespace kvmark::cli {

struct simulated_case {
    simulation_case what;
    std::optional<simulation_result> result;
    std::optional<error> failure;
};

/// Precondition of all three: every case has a result. One object for a single case; of a sweep an object
/// with `points`.
[[nodiscard]] std::string simulation_json(const settings& s, const workload::block_trace& trace,
                                          const std::vector<simulated_case>& cases);
[[nodiscard]] std::string simulation_table(const settings& s, const workload::block_trace& trace,
                                           const std::vector<simulated_case>& cases);
[[nodiscard]] std::string simulation_csv(const std::vector<simulated_case>& cases);

} // namespace kvmark::cli

// All combinations of options that `--sweep` names.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// One point of a sweep: the settings, and what sets it apart from the others.
struct simulation_case {
    settings s;
    std::vector<std::pair<std::string, std::string>> keys;
};

/// `capacity=1000:2000,policy=lru:arc` into four cases, the last key running fastest; one case where no sweep
/// was asked for. A key is an option of `kvmark simulate`, or `capacity` for capacity-blocks. Within a value
/// + stands between tiers.
[[nodiscard]] std::vector<simulation_case> cases_of_sweep(const settings& s, fault_list& faults);

} // namespace kvmark::cli

// A trace served by a cache of prefix blocks: on real tiers, or on modelled ones in virtual time.
#pragma once

#include "faults.hpp"
#include "run_stack.hpp"

#include <kvmark/workload/block_replay.hpp>

namespace kvmark::cli {

/// What is wrong with the trace's, the cache's and the accelerator's options: of `run --trace`, and of
/// `simulate`. Touches nothing.
void check_serving(const settings& s, fault_list& faults);

/// How the settings have a trace played.
[[nodiscard]] workload::replay_config replay_of(const settings& s);

/// Whether a policy among them is one of prefixes: the trace is then played by the nodes of its trie
/// (workload/prefix_nodes.hpp). Precondition: their names are known.
[[nodiscard]] bool keeps_prefixes(const serving_options& o);

/// `kvmark run --trace`: reads the trace and plays it on the tiers that the settings name.
[[nodiscard]] run_result serve_trace(const settings& s, console& out, progress_observer& observer);

/// The same in virtual time, of a trace that is there: what `kvmark simulate` does for each of its cases.
/// Lists by tier are for gpu, host and storage. Several may run at once.
[[nodiscard]] run_result serve_modelled(const settings& s, const workload::block_trace& trace);

/// A list by tier spread over `tiers` of them: one value is host's, two are host's and storage's, three gpu's
/// too. `absent` stands where none is given.
template <class T>
[[nodiscard]] std::vector<T> by_stack(const std::vector<T>& given, std::size_t tiers, const T& absent) {
    std::vector<T> all(tiers, absent);
    const std::size_t first = given.size() >= tiers ? 0 : tiers - 2;
    for (std::size_t i = 0; i < given.size() && first + i < tiers; ++i) all[first + i] = given[i];
    return all;
}

} // namespace kvmark::cli

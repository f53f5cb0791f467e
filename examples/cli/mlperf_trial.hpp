// One trial of the sequence: the launch, and the directory with what came of it.
#pragma once

#include "mlperf_tree.hpp"
#include "stop_watch.hpp"

#include <kvmark/measure/machine_facts.hpp>

namespace kvmark::cli {

/// What the sequence has to know of a trial that was run.
struct trial_end {
    bool interrupted = false; ///< what was measured lies in the `.partial` directory
    bool started = true;      ///< false: no rank ran, and nothing was recorded
    std::string failure{};    ///< why there is no result; empty: there is one
    std::vector<measure::machine_facts> hosts{};
    std::string cluster_from{}; ///< how the hosts were asked: mpi or local
};

/// Runs it. Its directory appears whole: files of every rank that has a result, the merged result, and
/// kvmark_trial.json, which says what became of each rank. With `may_fail` a trial without a result is
/// recorded as failed; else nothing is. One that ends early by itself, at a deadline, is incomplete; one that
/// `watch` saw a signal end is interrupted. Errors: the directory cannot be written.
[[nodiscard]] result<trial_end> run_trial(const mlperf_plan& plan, const mlperf_paths& paths,
                                          std::size_t option, std::int64_t trial, bool may_fail,
                                          stop_watch& watch, console& out);

} // namespace kvmark::cli

// What the files of a sequence come to: the run summary, the metadata and the table on the terminal.
#pragma once

#include "mlperf_tree.hpp"

#include <kvmark/measure/machine_facts.hpp>
#include <kvmark/report/mlperf_figures.hpp>
#include <kvmark/report/terminal.hpp>

namespace kvmark::cli {

/// The result files in the directory of a rank, below the run directory, by name; one is right.
[[nodiscard]] std::vector<std::string> rank_files(const std::string& directory, std::int64_t option,
                                                  std::int64_t trial, std::int64_t rank);

/// What the files of a trial say, rank by rank: of several files of a rank the last by name.
[[nodiscard]] report::trial_figures read_trial(const std::string& directory, std::int64_t option,
                                               std::int64_t trial, std::int64_t ranks);

/// All that a summary has a hash of: the files of the trials, the metadata and the cluster; below the run
/// directory, by name.
[[nodiscard]] std::vector<std::string> hashed_files(const std::string& directory);

/// Of the options that the plan names, by the files that are there.
struct mlperf_outcome {
    boost::json::object summary; ///< kvcache_run_summary_*.json
    std::vector<report::option_figures> options;

    [[nodiscard]] bool all_ok() const {
        for (const report::option_figures& o : options)
            if (o.status != report::option_status::ok) return false;
        return true;
    }
};

/// Reads the tree and makes the summary, hashes of what it has read among it.
[[nodiscard]] mlperf_outcome summarize_sequence(const mlperf_plan& plan, const held_sequence& held);

/// kv_cache_cluster_info.json. `method`: mpi or local.
[[nodiscard]] boost::json::object mlperf_cluster_json(std::span<const measure::machine_facts> hosts,
                                                      const std::string& method);

/// kv_cache_*_metadata.json.
[[nodiscard]] boost::json::object mlperf_metadata_json(const mlperf_plan& plan, const held_sequence& held,
                                                       const boost::json::value& cluster);

/// The table of the options.
[[nodiscard]] std::string mlperf_outcome_text(const mlperf_plan& plan, const mlperf_outcome& outcome,
                                              const report::palette& colors);

} // namespace kvmark::cli

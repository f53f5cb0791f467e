// One simulation: a trace against a cache, its decisions alone or in virtual time.
#pragma once

#include "settings.hpp"

#include <kvmark/cache/next_use.hpp>
#include <kvmark/cache/replay.hpp>
#include <kvmark/measure/run_report.hpp>

#include <memory>
#include <mutex>

namespace kvmark::cli {

/// The trace of all the simulations of a command, in the forms that their policies ask for. Each is made
/// once, when it is first wanted; several threads may ask.
class simulated_trace {
public:
    explicit simulated_trace(workload::block_trace trace) : trace_(std::move(trace)) {}

    [[nodiscard]] const workload::block_trace& blocks() const { return trace_; }
    /// Its blocks as nodes of the trie of prefixes.
    [[nodiscard]] const workload::block_trace& nodes();
    /// When each reference's block is used again, of `trace`, which is one of those two.
    [[nodiscard]] result<std::span<const std::uint32_t>> next_uses(const workload::block_trace& trace,
                                                                   cache::next_use_unit unit);

private:
    struct future {
        const workload::block_trace* trace;
        cache::next_use_unit unit;
        std::vector<std::uint32_t> uses;
    };

    workload::block_trace trace_;
    std::mutex mutex_;
    std::unique_ptr<const workload::block_trace> nodes_;
    std::vector<std::unique_ptr<future>> futures_;
};

struct simulation_result {
    cache::replay_counts counts;
    std::optional<measure::run_report> timed; ///< with --ttft
    double seconds = 0;                       ///< that the simulation took
};

/// Error: what the trace or this machine cannot give. Precondition: resolve found no fault.
[[nodiscard]] result<simulation_result> simulate_one(const settings& s, simulated_trace& trace);

} // namespace kvmark::cli

// One benchmark type, run with the source of requests that the settings name.
#pragma once

#include "request_source.hpp"
#include "run_executor.hpp"
#include "run_stack.hpp"
#include "stack_configs.hpp"

#include <kvmark/benchmark/benchmark.hpp>

namespace kvmark::cli {

/// Opens what the settings name, for a rank that runs `o`. Errors: those of the reader.
[[nodiscard]] inline result<request_source> open_source(const settings& s, const options& o) {
    const workload::source_config config = plan_source(o, static_cast<std::uint64_t>(*o.seed));
    if (s.use_burst_trace) {
        auto trace = workload::burst_gpt::open(
            s.burst_trace_path, config, {s.trace_speedup, static_cast<std::uint64_t>(s.replay_cycles)});
        if (!trace) return trace.error();
        return request_source(*std::move(trace));
    }
    if (!s.dataset_path.empty()) {
        auto recorded =
            workload::sharegpt::open(s.dataset_path, config, static_cast<std::size_t>(s.max_conversations));
        if (!recorded) return recorded.error();
        return request_source(*std::move(recorded));
    }
    return request_source(workload::user_personas(config));
}

/// Precondition: the settings resolved without a fault.
template <class Benchmark, class Observer>
[[nodiscard]] run_result run_from_settings(const settings& s, Observer& observer) {
    Benchmark bench(s.options, stack_configs<typename Benchmark::stack_type>::all(s));
    std::optional<request_source> source;
    run_result report = bench.run_with(
        [&](const options& of_rank) -> result<request_source*> {
            auto opened = open_source(s, of_rank);
            if (!opened) return opened.error();
            return &source.emplace(*std::move(opened));
        },
        observer);
    if (source)
        if (const std::optional<error> failure = source->failure()) return *failure;
    return report;
}

} // namespace kvmark::cli

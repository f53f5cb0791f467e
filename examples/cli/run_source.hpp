// One benchmark type, run with the source of requests that the settings name.
#pragma once

#include "request_source.hpp"
#include "run_executor.hpp"
#include "run_stack.hpp"

#include <kvmark/benchmark/benchmark.hpp>
#include <kvmark/tier/modelled.hpp>

namespace kvmark::cli {

/// What stands for a tier that is modelled: orders of magnitude of an HBM3 GPU, of DDR5 read by one thread,
/// of memory behind a 100 Gbit/s network card, and of a data-center NVMe drive, which is modelled_config's
/// own default.
[[nodiscard]] inline tier::modelled_config modelled_device(tier::tier_role role) {
    switch (role) {
    case tier::tier_role::gpu:
        return {.read_latency = nanoseconds(2'000),
                .write_latency = nanoseconds(2'000),
                .read_bytes_per_second = 2e12,
                .write_bytes_per_second = 2e12,
                .queue_depth = 64};
    case tier::tier_role::cpu:
        return {.read_latency = nanoseconds(1'000),
                .write_latency = nanoseconds(1'000),
                .read_bytes_per_second = 2e10,
                .write_bytes_per_second = 2e10,
                .queue_depth = 16};
    case tier::tier_role::peer:
        return {.read_latency = nanoseconds(5'000),
                .write_latency = nanoseconds(5'000),
                .read_bytes_per_second = 1.2e10,
                .write_bytes_per_second = 1.2e10,
                .queue_depth = 16};
    case tier::tier_role::storage:
        break;
    }
    return {};
}

template <class Stack>
struct stack_configs;

template <class... Tiers>
struct stack_configs<tier::stack<Tiers...>> {
    template <class T>
    static tier::config_of<T> make(const settings& s) {
        if constexpr (std::is_same_v<tier::config_of<T>, tier::modelled_config>) {
            const auto& calibrated = s.calibrated[static_cast<std::size_t>(T::role)];
            return calibrated ? *calibrated : modelled_device(T::role);
        } else {
            return {};
        }
    }
    static typename tier::stack<Tiers...>::configs all(const settings& s) { return {make<Tiers>(s)...}; }
};

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

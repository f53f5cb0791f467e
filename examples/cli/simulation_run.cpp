#include "simulation_run.hpp"

#include "serving_run.hpp"

#include <kvmark/benchmark/plan_serving.hpp>
#include <kvmark/cache/policy_names.hpp>
#include <kvmark/cache/selected_policy.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/workload/block_replay.hpp>
#include <kvmark/workload/prefix_nodes.hpp>

namespace kvmark::cli {

namespace {

/// Plays the trace as often as was asked, and no more requests than that.
template <class Policy>
cache::replay_counts play(const settings& s, const workload::block_trace& trace,
                          std::span<const std::uint32_t> next_uses, std::vector<Policy> policies) {
    const serving_options& o = s.options.serving;
    cache::block_cache_config config = plan_cache(o);
    config.capacity = o.capacity_blocks;
    cache::block_cache<Policy> cache(config, trace.distinct_blocks(), std::move(policies));
    const auto warmup = static_cast<std::uint64_t>(o.warmup_requests);
    workload::replay_config replay = replay_of(s);
    // Without a clock no answer is ever complete, so the order is the trace's.
    if (replay.arrivals == workload::replay_arrivals::closed)
        replay.arrivals = workload::replay_arrivals::trace;
    workload::block_replay source(trace, replay);
    const auto next = [&](workload::block_request& r) {
        const auto taken = source.next();
        if (taken) r = *taken;
        return taken.has_value();
    };
    return cache::replay(next, trace.block_tokens(), cache, warmup, next_uses);
}

/// The one policy of all tiers; empty: they differ.
std::string common_policy(const serving_options& o) {
    if (o.policies.empty()) return "lru";
    for (const std::string& name : o.policies)
        if (name != o.policies.front()) return {};
    return o.policies.front();
}

result<cache::replay_counts> decide(const settings& s, simulated_trace& traces) {
    const serving_options& o = s.options.serving;
    const workload::block_trace& trace = keeps_prefixes(o) ? traces.nodes() : traces.blocks();
    const std::string policy = common_policy(o);
    if (policy.empty()) {
        std::vector<cache::selected_policy> each;
        for (std::size_t t = 0; t < o.capacity_blocks.size(); ++t) {
            auto named = cache::selected_policy::named(o.policies[std::min(t, o.policies.size() - 1)]);
            if (!named) return named.error();
            each.push_back(*std::move(named));
        }
        return play(s, trace, {}, std::move(each));
    }
    const auto future = traces.next_uses(trace, cache::find_policy(policy)->next_use);
    if (!future) return future.error();
    cache::replay_counts counts;
    cache::with_policy(policy, [&]<class P>(std::type_identity<P>) {
        counts = play(s, trace, *future, std::vector<P>(o.capacity_blocks.size()));
    });
    return counts;
}

} // namespace

const workload::block_trace& simulated_trace::nodes() {
    if (trace_.header().prefix_unique != 0) return trace_;
    const std::lock_guard lock(mutex_);
    if (!nodes_) nodes_ = std::make_unique<const workload::block_trace>(workload::as_prefix_nodes(trace_));
    return *nodes_;
}

result<std::span<const std::uint32_t>> simulated_trace::next_uses(const workload::block_trace& trace,
                                                                  cache::next_use_unit unit) {
    using uses = std::span<const std::uint32_t>;
    if (unit == cache::next_use_unit::none) return uses();
    const std::lock_guard lock(mutex_);
    for (const auto& known : futures_)
        if (known->trace == &trace && known->unit == unit) return uses(known->uses);
    auto made = cache::next_uses(trace, unit);
    if (!made) return made.error();
    futures_.push_back(std::make_unique<future>(future{&trace, unit, *std::move(made)}));
    return uses(futures_.back()->uses);
}

result<simulation_result> simulate_one(const settings& s, simulated_trace& trace) {
    const nanoseconds begun = clocks::monotonic_now();
    simulation_result out;
    if (s.serving.ttft) {
        const bool nodes = keeps_prefixes(s.options.serving);
        auto report = serve_modelled(s, nodes ? trace.nodes() : trace.blocks());
        if (!report) return report.error();
        out.counts = report->serving->counts;
        out.timed = *std::move(report);
    } else {
        auto counts = decide(s, trace);
        if (!counts) return counts.error();
        out.counts = *counts;
    }
    out.seconds = to_seconds(clocks::monotonic_now() - begun);
    return out;
}

} // namespace kvmark::cli

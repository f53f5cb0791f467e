// Options -> what the engine of a serving cache is told.
#pragma once

#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/engine/serving_config.hpp>

namespace kvmark {

/// The size of a block of `block` tokens, whole sectors.
[[nodiscard]] constexpr bytes block_size(const options& o, tokens block) {
    const std::int64_t given = o.serving.kv_bytes_per_token;
    const bytes per_token = given > 0 ? bytes(static_cast<std::uint64_t>(given)) : per_token_of(o);
    return round_up(per_token * block.count, tier::sector_size);
}

/// Bytes per second that the tier, not yet open, is known to load with; 0: not known.
template <class T>
[[nodiscard]] double load_rate(const options& o, std::size_t tier, const T& t,
                               const tier::tier_setup& setup) {
    const std::vector<double>& given = o.serving.load_rates;
    if (tier < given.size() && given[tier] > 0) return given[tier];
    if constexpr (requires { t.saturated_rate(tier::direction::read); }) {
        T probe(t);
        if (probe.open(setup)) return probe.saturated_rate(tier::direction::read);
    }
    return 0;
}

/// How the cache decides; capacities, and what is computed anew, are the stack's.
[[nodiscard]] KVMARK_COLD cache::block_cache_config plan_cache(const serving_options& s) {
    return {.writes = s.writes,
            .promotion = s.promotion,
            .promote_at = static_cast<std::uint32_t>(s.promote_at),
            .demotes = !s.no_demotion,
            .pinned_blocks = static_cast<std::uint32_t>(s.pinned_blocks),
            .time_to_live = from_seconds(s.time_to_live)};
}

/// The plan of a run of blocks of `block` tokens. Error: a capacity in blocks that this machine cannot give.
template <class Stack>
[[nodiscard]] KVMARK_COLD result<engine::serving_config>
plan_serving(const options& o, Stack& tiers, tokens block, std::uint64_t seed, exec::placement place = {}) {
    const serving_options& s = o.serving;
    engine::serving_config c{.run = plan_engine(o, tiers, seed, place)};
    c.block = block_size(o, block);
    if (s.to_the_end) c.run.duration = engine::serving_config::to_the_end;
    c.accelerator = {s.prefill_rate, s.decode_rate};
    c.batch_slots = static_cast<std::uint64_t>(s.batch_slots);
    c.warmup_requests = static_cast<std::uint64_t>(s.warmup_requests);
    c.cache = plan_cache(s);

    error refusal;
    tiers.for_each([&]<class T>(std::size_t i, T& t) {
        tier::tier_setup& setup = c.run.tiers[i];
        const bytes footprint = round_up(c.block, tier::granule_of(t, setup));
        if (i < s.capacity_blocks.size()) {
            const std::uint64_t blocks = s.capacity_blocks[i];
            const bytes most = blocks > 0 ? own_capacity(t, setup) : bytes();
            if (blocks > most.count / footprint.count)
                refusal = {error_kind::invalid_argument, std::string(T::name) +
                                                             " tier: " + std::to_string(blocks) +
                                                             " blocks of " + std::to_string(footprint.count) +
                                                             " bytes are more than this machine can give; "
                                                             "it has room for " +
                                                             std::to_string(most.count / footprint.count)};
            setup.limit = footprint * blocks;
            c.run.notes[i].clear();
        }
        c.cache.capacity.push_back(setup.limit.count / footprint.count);
        const double rate = load_rate(o, i, t, setup);
        const double computing = s.prefill_rate > 0 ? static_cast<double>(block.count) / s.prefill_rate : 0;
        c.cache.recomputes.push_back(s.recompute && rate > 0 &&
                                     static_cast<double>(c.block.count) / rate > computing);
    });
    if (!refusal.message.empty()) return refusal;
    return c;
}

/// The eviction policy of each tier. Error: a name that the policy, where it is chosen at run time, does not
/// know.
template <class Policy>
[[nodiscard]] KVMARK_COLD result<std::vector<Policy>> plan_policies(const options& o, std::size_t tiers) {
    std::vector<Policy> policies(tiers);
    if constexpr (requires { Policy::named(std::string_view()); }) {
        const std::vector<std::string>& names = o.serving.policies;
        for (std::size_t t = 0; t < tiers && !names.empty(); ++t) {
            auto named = Policy::named(names[t < names.size() ? t : names.size() - 1]);
            if (!named) return named.error();
            policies[t] = *std::move(named);
        }
    }
    return policies;
}

} // namespace kvmark

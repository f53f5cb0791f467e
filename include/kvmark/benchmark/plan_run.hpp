// Options -> what the source, the tiers and the engine are told.
#pragma once

#include <kvmark/benchmark/options.hpp>
#include <kvmark/engine/engine_config.hpp>
#include <kvmark/engine/turn_entries.hpp>
#include <kvmark/exec/executor.hpp>
#include <kvmark/tier/stack.hpp>
#include <kvmark/workload/source_config.hpp>

#include <cstdlib>
#include <unistd.h>

namespace kvmark {

/// Where a run without --cache-dir keeps its entries: below the run directory, or in $TMPDIR, or in /var/tmp,
/// which unlike /tmp is seldom made of memory.
[[nodiscard]] KVMARK_COLD std::string effective_cache_dir(const options& o) {
    if (!o.cache_dir.empty()) return o.cache_dir;
    if (!o.run_directory.empty()) return o.run_directory + "/kvcache_data";
    const char* temporary = std::getenv("TMPDIR");
    return std::string(temporary && *temporary ? temporary : "/var/tmp") + "/kvmark-cache";
}

[[nodiscard]] constexpr bytes per_token_of(const options& o) {
    return o.model.per_token() / static_cast<std::uint64_t>(o.tensor_parallel);
}

/// A seed that no other run is likely to have.
[[nodiscard]] KVMARK_COLD std::uint64_t fresh_seed() {
    timespec t;
    ::clock_gettime(CLOCK_REALTIME, &t);
    const auto moment =
        static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
    return mix(moment ^ static_cast<std::uint64_t>(::getpid()) << 40) >> 32;
}

/// What one rank of a job runs: its own seed and cache directory, and its share of the users where they are
/// the job's. `base_seed` is the job's. Alone, nothing changes but the seed.
[[nodiscard]] KVMARK_COLD options options_of_rank(options o, const exec::placement& place,
                                                  std::uint64_t base_seed) {
    o.seed = static_cast<std::int64_t>(base_seed + place.rank);
    if (place.ranks == 1) return o;
    if (o.raw_device.empty()) o.cache_dir = effective_cache_dir(o) + "/rank_" + std::to_string(place.rank);
    if (o.users_per == users_per_kind::job) {
        const auto ranks = static_cast<std::int64_t>(place.ranks);
        const std::int64_t share = o.num_users / ranks + (place.rank < o.num_users % ranks);
        o.num_users = share > 0 ? share : 1;
    }
    return o;
}

/// How long a job may take from start to end: what the options say, or warm-up and window, two minutes to
/// start and end, and an hour more where something is written before the window opens.
[[nodiscard]] constexpr nanoseconds job_deadline(const options& o) {
    if (o.job_timeout > 0) return from_seconds(static_cast<double>(o.job_timeout));
    const bool prepares = o.precondition || o.decode_only || o.enable_rag;
    return from_seconds(o.warmup + static_cast<double>(o.duration) + 120 + (prepares ? 3600 : 0));
}

[[nodiscard]] KVMARK_COLD workload::source_config plan_source(const options& o, std::uint64_t seed) {
    return {.seed = seed,
            .users = static_cast<std::uint64_t>(o.num_users),
            .request_rate = o.request_rate,
            .arrivals = o.arrivals,
            .arrival_shape = o.arrival_shape,
            .model = o.model,
            .bytes_per_token = per_token_of(o),
            .multi_turn = !o.disable_multi_turn,
            .prefix_caching = !o.disable_prefix_caching,
            .rag = o.enable_rag,
            .rag_documents = static_cast<std::uint32_t>(o.rag_num_docs),
            .prefill_only = o.prefill_only,
            .decode_only = o.decode_only,
            .parameters = o.workload};
}

[[nodiscard]] KVMARK_COLD engine::turn_entries_config plan_access(const options& o) {
    const auto prepared = static_cast<std::uint64_t>(o.num_users) * o.workload.prepared_per_user;
    return {.decode_batch = o.workload.decode_batch,
            .reads_decode = !o.prefill_only,
            .writes_prefill = !o.decode_only,
            .prepared_entries = o.decode_only ? prepared : 0};
}

/// What the options ask of a tier of that role, whatever the machine can give; all ones: no bound.
[[nodiscard]] constexpr bytes asked_limit(const options& o, tier::tier_role role) {
    switch (role) {
    case tier::tier_role::gpu:
        return from_gib(o.gpu_mem_gb.value * static_cast<double>(o.num_gpus));
    case tier::tier_role::cpu:
        return from_gib(o.cpu_mem_gb.value);
    case tier::tier_role::peer:
        return from_gib(o.peer_mem_gb.value);
    case tier::tier_role::storage:
        break;
    }
    return o.storage_capacity_gb > 0 ? from_gib(o.storage_capacity_gb) : bytes(~std::uint64_t{0});
}

/// Whether storage was asked for where there is none to give: a full disk is an error, not a stack without
/// storage.
[[nodiscard]] constexpr bool no_room(const options& o, tier::tier_role role, const tier::tier_setup& setup) {
    return role == tier::tier_role::storage && setup.limit.count == 0 && asked_limit(o, role).count != 0;
}

/// The most that this process may take of a tier; all ones: no bound.
template <class T>
[[nodiscard]] KVMARK_COLD bytes own_capacity(const T& t, const tier::tier_setup& setup) {
    const bytes capacity = tier::capacity_of(t, setup);
    if (capacity == bytes(~std::uint64_t{0}) || tier::has_own_capacity<T>) return capacity;
    return capacity / setup.local_ranks;
}

/// The plan of a run on `tiers`, whose limits are cut to what the machine can hold, with a note where they
/// were; ranks of one host share it.
template <class Stack>
[[nodiscard]] KVMARK_COLD engine::engine_config plan_engine(const options& o, Stack& tiers,
                                                            std::uint64_t seed, exec::placement place = {}) {
    engine::engine_config c{
        .parameters = o.workload,
        .io = {.chunk = bytes(static_cast<std::uint64_t>(o.io_chunk)),
               .salt = mix(seed ^ fresh_seed()),
               .verify = o.verify != verify_mode::none,
               .verify_payload = o.verify == verify_mode::full},
        .per_token = per_token_of(o),
        .warmup = from_seconds(o.warmup),
        .duration = from_seconds(static_cast<double>(o.duration)),
        .max_requests = static_cast<std::uint64_t>(o.max_requests),
        .users = static_cast<std::uint64_t>(o.num_users),
        .generation_per_token =
            from_seconds(o.workload.seconds_per_token[static_cast<std::size_t>(o.generation_mode)]),
        .max_writers = static_cast<std::uint64_t>(o.max_concurrent_allocs),
        .max_samples = static_cast<std::uint64_t>(o.max_samples),
        .seed = seed,
        .prepared_entries = plan_access(o).prepared_entries,
        .scaling = !o.enable_autoscaling                       ? engine::scaling_mode::off
                   : o.autoscaler_mode == autoscaler_mode::qos ? engine::scaling_mode::qos
                                                               : engine::scaling_mode::capacity,
        .target_saturation = o.target_saturation,
    };
    if (o.precondition_threads > 0)
        c.precondition_writers = static_cast<std::uint64_t>(o.precondition_threads);

    tiers.for_each([&]<class T>(std::size_t i, T& t) {
        tier::tier_setup setup{.limit = asked_limit(o, T::role),
                               .io_chunk = c.io.chunk,
                               .queue_depth = static_cast<std::uint32_t>(o.queue_depth),
                               .cache_dir = effective_cache_dir(o),
                               .layout = o.layout,
                               .raw_device = o.raw_device,
                               .strict = o.strict,
                               .local_rank = place.local_rank,
                               .local_ranks = place.local_ranks};
        const bytes capacity = own_capacity(t, setup);
        std::string note;
        if (setup.limit > capacity) {
            if (setup.limit != bytes(~std::uint64_t{0}))
                note = "limit lowered from " + std::to_string(to_gib(setup.limit)) + " to " +
                       std::to_string(to_gib(capacity)) + " GiB, the most this machine can give now";
            setup.limit = capacity;
        }
        if (i + 1 == Stack::size && o.precondition)
            c.precondition = o.precondition_size_gb > 0 ? from_gib(o.precondition_size_gb) : setup.limit * 2;
        c.tiers.push_back(setup);
        c.notes.push_back(note);
    });
    return c;
}

/// I/Os in flight by tier, and who keeps them so. Asks the tiers, which are not open yet, for their queues.
template <class Stack>
[[nodiscard]] KVMARK_COLD exec::crew_setup<Stack> plan_crew(const options& o, const engine::engine_config& c,
                                                            engine::io_path<Stack>& path) {
    exec::crew_setup<Stack> setup{
        .path = path, .io = c.io, .queue_workers = static_cast<std::uint32_t>(o.io_workers)};
    path.tiers().for_each([&]<class T>(std::size_t i, T& t) {
        if (!tier::blocking_tier<T> || c.tiers[i].limit.count == 0) return;
        setup.depths[i] = tier::depth_of(t, c.tiers[i]);
        if constexpr (tier::queued_tier<T>) setup.queued[i] = t.can_queue(c.tiers[i]);
    });
    return setup;
}

/// The bounds that placement keeps: every tier but the last is filled to a share of its limit.
template <class Stack>
[[nodiscard]] KVMARK_COLD std::vector<cache::tier_bounds> plan_bounds(const engine::engine_config& c,
                                                                      Stack& tiers) {
    std::vector<cache::tier_bounds> bounds;
    tiers.for_each([&]<class T>(std::size_t i, T& t) {
        const bool last = i + 1 == Stack::size;
        bounds.push_back({.limit = c.tiers[i].limit,
                          .granule = tier::granule_of(t, c.tiers[i]),
                          .target = last ? 1.0 : c.parameters.tier_target,
                          .largest = last ? 1.0 : c.parameters.large_entry});
    });
    return bounds;
}

} // namespace kvmark

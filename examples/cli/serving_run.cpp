#include "serving_run.hpp"

#include "load_trace.hpp"
#include "serve_stack.hpp"
#include "storage_engine.hpp"

#include <kvmark/cache/policy_names.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/workload/prefix_nodes.hpp>

#include <cstring>
#include <unistd.h>

namespace kvmark::cli {

namespace {

struct serving_stack {
    std::string_view storage;
    /// Null: the stack with a GPU serves without one too, as a tier that takes nothing.
    run_result (*run)(const settings&, workload::block_replay&, progress_observer&);
    run_result (*run_with_gpu_model)(const settings&, workload::block_replay&, progress_observer&) = nullptr;
    run_result (*run_with_gpu)(const settings&, workload::block_replay&, progress_observer&) = nullptr;
};
constexpr serving_stack serving_stacks[]{
#ifdef KVMARK_WITH_URING
    {"uring_file", serve_host_uring_file, serve_gpu_host_uring_file, serve_cuda_host_uring_file},
#endif
    {"direct_file", serve_host_direct_file, serve_gpu_host_direct_file, serve_cuda_host_direct_file},
    {"file", serve_host_file},
    {"gds_file", nullptr, nullptr, serve_cuda_host_gds_file},
};

/// The settings with every list by tier as long as the stack.
settings for_stack(settings s, std::size_t tiers) {
    serving_options& o = s.options.serving;
    if (o.policies.size() > 1) o.policies = by_stack(o.policies, tiers, std::string("lru"));
    if (!o.capacity_blocks.empty()) o.capacity_blocks = by_stack(o.capacity_blocks, tiers, std::uint64_t{0});
    for (std::size_t t = 3 - tiers; t < 3; ++t) // gpu, host, storage
        o.load_rates.push_back(s.calibrated[t] ? s.calibrated[t]->read_bytes_per_second : 0);
    return s;
}

} // namespace

workload::replay_config replay_of(const settings& s) {
    return {.arrivals = s.serving.arrivals,
            .speedup = s.trace_speedup,
            .rate = s.options.request_rate,
            .shape = s.options.arrival_shape,
            .sessions = static_cast<std::uint64_t>(s.serving.sessions),
            .seed = static_cast<std::uint64_t>(s.options.seed.value_or(0)),
            .max_requests = static_cast<std::uint64_t>(s.options.max_requests),
            .cycles = s.replay_cycles > 0 ? static_cast<std::uint64_t>(s.replay_cycles) : 1};
}

bool keeps_prefixes(const serving_options& o) {
    for (const std::string& name : o.policies)
        if (cache::find_policy(name)->keeps_prefixes) return true;
    return false;
}

void check_serving(const settings& s, fault_list& faults) {
    const serving_options& o = s.options.serving;
    if (::access(s.serving.trace.c_str(), R_OK) != 0)
        faults.add("--trace " + quote(s.serving.trace) + ": " + std::strerror(errno));
    std::vector<std::string_view> known;
    for (const cache::policy_info& p : cache::known_policies) known.push_back(p.name);
    for (const std::string& policy : o.policies)
        if (cache::find_policy(policy) == nullptr)
            faults.add("--policy " + quote(policy) + ": must be " + listed(known) +
                       suggestion(policy, known));
    for (const error& e : workload::replay_faults(replay_of(s))) faults.add("--trace-arrivals: " + e.message);
    const auto within = [&](const char* option, std::int64_t value, std::int64_t low, std::int64_t high) {
        if (value < low || value > high)
            faults.add(std::string(option) + " " + std::to_string(value) + ": must be " +
                       std::to_string(low) + ".." + std::to_string(high));
    };
    within("--promote-at", o.promote_at, 1, 255);
    within("--pin-blocks", o.pinned_blocks, 0, INT32_MAX);
    within("--batch-slots", o.batch_slots, 1, 1'000'000);
    within("--warmup-requests", o.warmup_requests, 0, INT64_MAX);
    within("--kv-bytes-per-token", o.kv_bytes_per_token, 0, std::int64_t{1} << 30);
    within("--sessions", s.serving.sessions, 0, INT32_MAX);
    check_trace_options(s, faults);
    const auto positive = [&](const char* option, double value) {
        if (!(value >= 0)) faults.add(std::string(option) + ": must be 0 or more");
    };
    positive("--ttl", o.time_to_live);
    positive("--prefill-rate", o.prefill_rate);
    positive("--decode-rate", o.decode_rate);
}

run_result serve_trace(const settings& s, console& out, progress_observer& observer) {
    const auto trace = load_trace(s, out);
    if (!trace) return trace.error();
    const bool nodes = keeps_prefixes(s.options.serving);
    workload::block_replay source(nodes ? workload::as_prefix_nodes(*trace) : *trace, replay_of(s));
    if (s.clock == clock_kind::virtual_time) return serve_simulated(for_stack(s, 3), source, observer);
    const bool gpu = s.options.gpu_mem_gb.value > 0;
    for (const serving_stack& stack : serving_stacks) {
        if (stack.storage != storage_tier_of(s)) continue;
        if (stack.run_with_gpu && (!stack.run || (gpu && s.gpu == gpu_tier_kind::cuda)))
            return stack.run_with_gpu(for_stack(s, 3), source, observer);
        if (gpu && stack.run_with_gpu_model)
            return stack.run_with_gpu_model(for_stack(s, 3), source, observer);
        return stack.run(for_stack(s, 2), source, observer);
    }
    return error{error_kind::unsupported, "--trace: not with this storage tier; give --io-engine auto, "
                                          "uring, pread or gds, or --storage-tier file"};
}

run_result serve_modelled(const settings& s, const workload::block_trace& trace) {
    workload::block_replay source(trace, replay_of(s));
    settings quiet = for_stack(s, 3);
    quiet.quiet = true;
    quiet.level = log_level::error;
    console silent(quiet);
    progress_observer nobody(silent);
    return serve_simulated(quiet, source, nobody);
}

} // namespace kvmark::cli

// The plan of a run: tiers, sizes and places.
#include "plan.hpp"

#include "storage_engine.hpp"

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/core/path.hpp>
#include <kvmark/launch/hosts.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/tier_totals.hpp>

#include <cmath>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

/// Mean of the context that one request draws, over the three personas: a user's length is uniform in the
/// persona's range, a request's uniform in [length / 4, length].
double mean_context_tokens(const workload::parameters& w) {
    double sum = 0;
    for (const workload::persona& p : w.personas)
        sum += 0.625 * 0.5 *
               (static_cast<double>(p.context_tokens.low) + static_cast<double>(p.context_tokens.high));
    return sum / static_cast<double>(w.personas.size());
}

bytes scaled(bytes b, double factor) {
    return bytes(static_cast<std::uint64_t>(static_cast<double>(b.count) * factor));
}

planned_load plan_load(const options& o) {
    planned_load load;
    const bytes per_token = per_token_of(o);
    load.mean_entry_tokens = mean_context_tokens(o.workload);
    load.mean_entry = scaled(per_token, load.mean_entry_tokens);
    std::uint32_t longest = 0;
    for (const workload::persona& p : o.workload.personas) longest = std::max(longest, p.context_tokens.high);
    load.largest_entry = per_token * longest;
    load.entries_per_conversation = mean_turns(o);
    load.per_user = scaled(load.mean_entry, load.entries_per_conversation);
    load.all_users = scaled(load.per_user, static_cast<double>(o.num_users));
    return load;
}

/// Names and order of the stack that run_command.cpp picks for these settings.
std::vector<planned_tier> plan_tiers(const settings& s, const std::string& cache_dir) {
    using tier::tier_role;
    const options& o = s.options;
    const bool traced = !s.io_trace_log.empty(), simulated = s.clock == clock_kind::virtual_time;
    const std::string stand_in = traced ? "null" : simulated ? "modelled" : "";
    const auto name = [&](std::string_view real) { return stand_in.empty() ? std::string(real) : stand_in; };

    std::vector<planned_tier> tiers;
    const bytes gpu = asked_limit(o, tier_role::gpu), cpu = asked_limit(o, tier_role::cpu);
    if (gpu.count > 0 && (traced || s.gpu != gpu_tier_kind::none))
        tiers.push_back({name(s.gpu == gpu_tier_kind::cuda ? "cuda" : "modelled"), tier_role::gpu, gpu, ""});
    if (cpu.count > 0) tiers.push_back({name("host"), tier_role::cpu, cpu, ""});
    if (const bytes peer = asked_limit(o, tier_role::peer); peer.count > 0)
        tiers.push_back({name("peer"), tier_role::peer, peer, "in the memory of other ranks"});
    planned_tier storage{name(storage_tier_of(s)), tier_role::storage, asked_limit(o, tier_role::storage),
                         ""};
    if (o.storage_capacity_gb == 0) {
        storage.limit = stand_in.empty() ? scaled(free_space(cache_dir), 0.95) : bytes{};
        storage.note = stand_in.empty() ? "95 % of the free space" : "without bound";
    }
    tiers.push_back(std::move(storage));
    return tiers;
}

std::string source_text(const settings& s) {
    if (s.use_burst_trace) return "BurstGPT trace " + s.burst_trace_path;
    if (!s.dataset_path.empty()) return "ShareGPT conversations of " + s.dataset_path;
    if (s.options.request_rate > 0) return "simulated users at a given rate";
    return "simulated users";
}

} // namespace

double mean_turns(const options& o) {
    if (o.disable_multi_turn) return 1;
    const double end = o.workload.end_conversation_probability;
    if (end <= 0) return o.workload.max_turns;
    return (1 - std::pow(1 - end, o.workload.max_turns)) / end;
}

run_plan make_plan(const settings& s) {
    const options& o = s.options;
    run_plan plan;
    plan.cache_dir = effective_cache_dir(o);
    plan.output = !o.output.empty() ? o.output
                  : !o.run_directory.empty()
                      ? o.run_directory + "/kvcache_results_" + o.run_datetime + ".json"
                      : "";
    plan.tiers = plan_tiers(s, plan.cache_dir);
    plan.load = plan_load(o);
    plan.source = source_text(s);
    if (s.executor == executor_kind::mpi) {
        const launch::host_plan hosts(o.hosts, o.num_processes);
        plan.processes = hosts.processes();
        for (const launch::host_share& h : hosts.hosts())
            if (h.slots > 0)
                plan.hosts +=
                    (plan.hosts.empty() ? "" : ",") + std::string(h.name) + ":" + std::to_string(h.slots);
        plan.notes = launch::launch_warnings(hosts);
    }
    plan.notes.insert(plan.notes.end(), s.notes.begin(), s.notes.end());
    return plan;
}

json::object plan_json(const run_plan& plan, const settings& s) {
    const options& o = s.options;
    json::array tiers;
    for (const planned_tier& t : plan.tiers)
        tiers.push_back(
            {{"name", t.name},
             {"role", report::role_name(t.role)},
             {"limit_bytes", t.limit.count != 0 ? json::value(t.limit.count) : json::value(nullptr)},
             {"note", report::text_or_null(t.note)}});
    return {{"program", o.program.path},
            {"exec_type", executor_names[static_cast<std::size_t>(s.executor)]},
            {"processes", plan.processes},
            {"hosts", report::text_or_null(plan.hosts)},
            {"model", report::model_json(o.model)},
            {"users", o.num_users},
            {"duration_s", o.duration},
            {"generation_mode", name_of(o.generation_mode)},
            {"requests_from", plan.source},
            {"clock", clock_names[static_cast<std::size_t>(s.clock)]},
            {"tiers", std::move(tiers)},
            {"entry",
             {{"mean_tokens", plan.load.mean_entry_tokens},
              {"mean_bytes", plan.load.mean_entry.count},
              {"largest_bytes", plan.load.largest_entry.count}}},
            {"entries_per_conversation", plan.load.entries_per_conversation},
            {"per_user_bytes", plan.load.per_user.count},
            {"all_users_bytes", plan.load.all_users.count},
            {"cache_dir", plan.cache_dir},
            {"output", report::text_or_null(plan.output)},
            {"run_directory", report::text_or_null(o.run_directory)},
            {"notes", json::value_from(plan.notes)}};
}

std::string plan_text(const run_plan& plan, const settings& s) {
    using report::size_text;
    const options& o = s.options;
    std::string out;
    const auto line = [&](std::string_view name, const std::string& text) {
        fmt::format_to(std::back_inserter(out), "  {:<9} {}\n", name, text);
    };
    line("where", s.executor == executor_kind::local || plan.hosts.empty()
                      ? "this machine, one process"
                      : fmt::format("{} processes on {}", plan.processes, plan.hosts));
    line("model",
         fmt::format("{}, {} bytes per token", o.model.name, report::grouped(per_token_of(o).count)));
    const bool each = plan.processes > 1 && o.users_per == users_per_kind::rank;
    line("load", fmt::format("{} users{} for {} s from {}, generation {}, {} clock", o.num_users,
                             each ? " on each rank" : "", o.duration, plan.source, name_of(o.generation_mode),
                             clock_names[static_cast<std::size_t>(s.clock)]));
    for (const planned_tier& t : plan.tiers)
        line(&t == plan.tiers.data() ? "tiers" : "",
             fmt::format("{} ({}){}{}", t.name, report::role_name(t.role),
                         t.limit.count != 0 ? ", " + size_text(t.limit) : "",
                         t.note.empty() ? "" : ", " + t.note));
    line("data", fmt::format("entries of {} on average, {} at most", size_text(plan.load.mean_entry),
                             size_text(plan.load.largest_entry)));
    line("", fmt::format("{} per user in a conversation of {:.1f} turns, {} for all users",
                         size_text(plan.load.per_user), plan.load.entries_per_conversation,
                         size_text(plan.load.all_users)));
    line("cache", plan.cache_dir);
    line("result", plan.output.empty() ? "on the terminal alone" : plan.output);
    for (const std::string& note : plan.notes) line("note", note);
    return out;
}

} // namespace kvmark::cli

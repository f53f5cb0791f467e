// kvmark::benchmark: executor, launcher, tiers and policies composed at compile time.
#pragma once

#include <kvmark/benchmark/command.hpp>
#include <kvmark/benchmark/job_command.hpp>
#include <kvmark/benchmark/plan_serving.hpp>
#include <kvmark/benchmark/policies.hpp>
#include <kvmark/benchmark/validate.hpp>
#include <kvmark/engine/engine.hpp>
#include <kvmark/engine/known_arenas.hpp>
#include <kvmark/engine/serving.hpp>
#include <kvmark/exec/serial.hpp>
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/host.hpp>

namespace kvmark {

/// A benchmark of a stack of storage tiers. Every part is a type: there is no virtual call and no type
/// erasure between run() and a tier's read or write, and build_command() is a constant expression where its
/// options are. `Policies` are at most one each of eviction policy, access model, source and clock, in any
/// order.
template <class Executor = exec::serial, class Launcher = launch::none,
          class TierStack = tier::stack<tier::host, tier::direct_file>, class... Policies>
class benchmark {
    using policies = policy_set<Policies...>;
    static_assert(policies::sorted);
    static_assert(launch::launcher<Launcher>,
                  "kvmark: a launcher needs static members `name`, `starts_ranks` and "
                  "`write_prefix(text_writer&, const launcher_request&, const host_plan&)`");

public:
    using stack_type = TierStack;
    using tier_configs = typename TierStack::configs;

    /// By reference: g++ 12 cannot move a string with a short text within a constant expression.
    constexpr explicit benchmark(const options& o = {}, const tier_configs& tiers = {})
        : options_(o), tiers_(tiers) {
        exec::check_executor<Executor>();
    }

    [[nodiscard]] constexpr const options& settings() const { return options_; }

    /// Everything that is wrong with the options; empty when they can be run.
    [[nodiscard]] std::vector<error> validate() const { return kvmark::validate(options_); }

    /// The arguments that start this benchmark: the launcher's words first where the executor uses one and
    /// there are hosts. Empty when the hosts do not validate; validate() says why.
    [[nodiscard]] KVMARK_INLINE constexpr argv build_command() const {
        return kvmark::build_command(Executor::uses_launcher, Launcher{}, options_);
    }

    /// Runs the workload and returns what was measured. An error means that no run took place; what went
    /// wrong during a run is in the report (run_report::clean). Over several processes every one of them
    /// comes here, and the job's report is in the one whose report is `primary`.
    result<measure::run_report> run() {
        measure::no_observer nobody;
        return run(nobody);
    }

    /// The same, watched.
    template <measure::observer Observer>
    result<measure::run_report> run(Observer& observer) {
        using source_type = typename policies::source;
        static_assert(!engine::is_prefix_blocks<access>,
                      "kvmark: prefix_blocks plays a trace: give a workload::block_replay to run_from()");
        static_assert(std::is_constructible_v<source_type, const workload::source_config&>,
                      "kvmark: a source needs a constructor from workload::source_config, or an object given "
                      "to run_from()");
        return run_with(
            [](const options& o) -> result<source_type> {
                return source_type(plan_source(o, static_cast<std::uint64_t>(*o.seed)));
            },
            observer);
    }

    /// The same with the requests of a source that is already there, a trace's for instance. With
    /// engine::prefix_blocks it is a workload::block_source.
    template <class Source, measure::observer Observer>
    result<measure::run_report> run_from(Source& source, Observer& observer) {
        return run_with([&](const options&) -> result<Source*> { return &source; }, observer);
    }

    /// The same with a source that is made once this process knows its place: `make_source(options)` is told
    /// what this rank runs, with a seed of its own, and returns result<Source> or result<Source*>.
    template <class MakeSource, measure::observer Observer>
    result<measure::run_report> run_with(MakeSource&& make_source, Observer& observer) {
        static_assert(
            !requires { crew_type::missing; },
            "kvmark: run() of this executor needs its own header: include <kvmark/exec/local.hpp> for "
            "exec::local, <kvmark/exec/mpi.hpp> for exec::mpi");
        static_assert(exec::io_crew<typename crew_type::type>);
        job_type job;
        if constexpr (job_type::launches) {
            if (!job.inside() && launch::host_plan(options_.hosts, options_.num_processes).used() > 0)
                return start_job(job, observer);
        }
        if (auto inside = job.join(); !inside) return inside.error();
        if (job.skips()) return not_this_run();
        const options o = options_of_rank(options_, job.place(), job.agree(choose_seed()));
        job.describe(effective_cache_dir(o), static_cast<std::uint64_t>(o.num_users));
        if (const auto faults = kvmark::validate(o); !faults.empty()) return job.refuse(joined(faults));
        auto source = make_source(o);
        if (!source) return job.refuse(source.error());
        auto&& watcher = job.watched(observer);
        if constexpr (std::is_pointer_v<std::remove_reference_t<decltype(*source)>>)
            return run_here(job, o, **source, watcher);
        else
            return run_here(job, o, *source, watcher);
    }

private:
    using crew_type = exec::crew_of<Executor, TierStack>;
    using job_type = typename exec::job_of<Executor>::type;
    using clock = typename policies::clock;
    using access = typename policies::access;
    static_assert(
        !clock::is_virtual || TierStack::all_timed,
        "kvmark: a virtual clock needs tiers that model their own time (tier::modelled, tier::null)");

    [[nodiscard]] std::uint64_t choose_seed() const {
        return options_.seed ? static_cast<std::uint64_t>(*options_.seed) : fresh_seed();
    }

    [[nodiscard]] static access make_access(const options& o) {
        if constexpr (std::is_constructible_v<access, const engine::turn_entries_config&>)
            return access(plan_access(o));
        else
            return access();
    }

    [[nodiscard]] KVMARK_COLD static measure::run_report not_this_run() {
        measure::run_report nothing;
        nothing.primary = false;
        return nothing;
    }

    /// Starts the ranks through the launcher: the program that the options name, or this same program with
    /// the arguments it was given.
    template <class Observer>
    result<measure::run_report> start_job(job_type& job, Observer& observer) {
        if (const auto faults = validate(); !faults.empty()) return joined(faults);
        options o = options_;
        if (o.program.path.empty() && o.program.words.empty()) o.program.words = exec::this_command();
        const exec::job_order order = job_order_of<Launcher>(o, job.next_run());
        return job.launch(
            order,
            [&](const launch::dialect* words, const exec::launch_extras& extras) {
                const launch::launcher_request request = job_request(o, order.launcher, extras);
                return words != nullptr ? kvmark::build_command(*words, request, o)
                                        : command::build(Launcher{}, request, o);
            },
            observer);
    }

    template <class Source, class Observer>
    result<measure::run_report> run_here(job_type& job, const options& o, Source& source,
                                         Observer& observer) {
        if constexpr (serves_blocks)
            workload::check_block_source<Source>();
        else
            workload::check_source<Source>();
        TierStack tiers(tiers_);
        const auto planned = plan(o, tiers, source, job.place());
        if (!planned) return job.refuse(planned.error());
        const engine::engine_config& config = run_part(*planned);
        // The hands first: they listen to signals, and opening a tier may take seconds.
        engine::io_window window;
        engine::io_path<TierStack> path(tiers, config.io, window);
        auto hands = make_crew(plan_crew(o, config, path), job);
        error refusal;
        tiers.for_each([&]<class T>(std::size_t i, T& t) {
            if (!refusal.message.empty()) return;
            if (!serves_blocks && no_room(o, T::role, config.tiers[i])) {
                refusal = {error_kind::system,
                           std::string(T::name) + " tier: no space left in " + config.tiers[i].cache_dir};
                return;
            }
            if (auto opened = t.open(config.tiers[i]); !opened) refusal = opened.error();
        });
        if (!refusal.message.empty()) return job.refuse(refusal);
        if (auto ready = job.ready(tiers); !ready) return job.refuse(ready.error());
        const engine::known_arenas<TierStack> arenas(tiers);
        if (auto started = hands.start(); !started) return job.refuse(started.error(), tiers);

        measure::run_report own = drive(o, *planned, tiers, source, hands, path, window, observer);
        if constexpr (requires { observer.on_own_report(own, o, job.place().rank); })
            if (job.place().ranks > 1) observer.on_own_report(own, o, job.place().rank);
        return job.conclude(std::move(own), tiers);
    }

    // The two engines: entries of turns, or blocks of prefixes.

    static constexpr bool serves_blocks = engine::is_prefix_blocks<access>;

    template <class Source>
    [[nodiscard]] static auto plan(const options& o, TierStack& tiers, const Source& source,
                                   exec::placement place) {
        const auto seed = static_cast<std::uint64_t>(*o.seed);
        if constexpr (serves_blocks) {
            const auto named = plan_policies<typename access::eviction>(o, TierStack::size);
            if (!named) return result<engine::serving_config>(named.error());
            return plan_serving(o, tiers, source.block_tokens(), seed, place);
        } else
            return result<engine::engine_config>(plan_engine(o, tiers, seed, place));
    }
    [[nodiscard]] static const engine::engine_config& run_part(const engine::engine_config& c) { return c; }
    [[nodiscard]] static const engine::engine_config& run_part(const engine::serving_config& c) {
        return c.run;
    }

    template <class Config, class Source, class Crew, class Observer>
    static measure::run_report drive(const options& o, const Config& config, TierStack& tiers, Source& source,
                                     Crew& hands, engine::io_path<TierStack>& path, engine::io_window& window,
                                     Observer& observer) {
        const auto bounds = plan_bounds(run_part(config), tiers);
        if constexpr (serves_blocks) {
            using policy = typename access::eviction;
            engine::serving<clock, TierStack, policy, Source, Crew, Observer> engine(
                config, tiers, bounds, *plan_policies<policy>(o, TierStack::size), source, hands, path,
                window, observer);
            return engine.run();
        } else {
            engine::engine<clock, TierStack, typename policies::eviction, access, Source, Crew, Observer>
                engine(config, tiers, bounds, make_access(o), source, hands, path, window, observer);
            return engine.run();
        }
    }

    [[nodiscard]] static auto make_crew(const exec::crew_setup<TierStack>& setup,
                                        [[maybe_unused]] job_type& job) {
        using crew = typename crew_type::type;
        if constexpr (std::is_constructible_v<crew, const exec::crew_setup<TierStack>&, job_type&>)
            return crew(setup, job);
        else
            return crew(setup);
    }

    [[nodiscard]] KVMARK_COLD static error joined(const std::vector<error>& faults) {
        error all = faults.front();
        for (std::size_t i = 1; i < faults.size(); ++i) all.message += "\n" + faults[i].message;
        return all;
    }

    options options_;
    tier_configs tiers_;
};

} // namespace kvmark

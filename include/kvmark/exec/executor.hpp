// The executor concept: whose hands move the bytes, and whether a launcher starts the program.
#pragma once

#include <kvmark/engine/io_path.hpp>
#include <kvmark/measure/run_report.hpp>

namespace kvmark::exec {

/// What the engine needs of the hands of a run. They listen to signals from their construction on. submit()
/// and the rest are called on the engine's thread.
template <class C>
concept io_crew = requires(C crew, std::uint8_t lane, engine::io_op& op, nanoseconds t) {
    { crew.start() } -> std::same_as<result<void>>;  ///< once the tiers are open, before anything else
    { crew.submit(lane, op) } -> std::same_as<void>; ///< do every unit of its stage, on the tier `lane`
    { crew.reap() } -> std::same_as<engine::io_op*>; ///< one whose stage is done, or null
    { crew.wait(t) } -> std::same_as<void>;          ///< until something is done, or that much time is over
    { crew.stop_requested() } -> std::same_as<bool>; ///< a signal, or the caller, wants the run to end
    { crew.stop_signal() } -> std::same_as<int>;     ///< which signal, or 0
    crew.for_each_worker([](engine::io_worker&) {});
    { crew.halt() } -> std::same_as<void>; ///< begin nothing more; returns when no I/O is under way
};

/// What a crew is made from.
template <class Stack>
struct crew_setup {
    engine::io_path<Stack>& path;
    engine::io_settings io;
    std::array<std::uint32_t, Stack::size> depths{}; ///< I/Os in flight by tier; 0: the tier has no lane
    std::array<bool, Stack::size> queued{};          ///< they go through the tier's queue, if the crew can
    std::uint32_t queue_workers = 0; ///< threads that share a tier's depth; 0: as many as suit
};

/// An executor is a tag: it says how a run is started, and names the crew that does its I/O. Its crew may
/// live in a header of its own (exec/local.hpp), so that build_command() needs none of what run() needs.
template <class E>
concept executor = requires {
    { E::name } -> std::convertible_to<std::string_view>;
    { E::uses_launcher } -> std::convertible_to<bool>; ///< build_command() begins with the launcher's words
};

/// One sentence for whoever writes an executor and forgets a member.
template <class E>
constexpr void check_executor() {
    static_assert(
        requires {
            { E::name } -> std::convertible_to<std::string_view>;
        },
        "kvmark: an executor needs a static member `name` (std::string_view)");
    static_assert(
        requires {
            { E::uses_launcher } -> std::convertible_to<bool>;
        },
        "kvmark: an executor needs a static member `uses_launcher` (bool)");
}

/// The crew of an executor for a stack: specialised in the executor's header. It is made from a crew_setup,
/// and from the job too if it takes one. It may have three members more: await_ranks() and await_start(),
/// which return when every process of the job is ready and when the measured window should open, and
/// window_closed().
template <class Executor, class Stack>
struct crew_of {
    static constexpr bool missing = true;
};

/// This process's place among those of a job.
struct placement {
    std::uint32_t rank = 0;
    std::uint32_t ranks = 1;
    std::uint32_t local_rank = 0; ///< among the ranks of this host
    std::uint32_t local_ranks = 1;
};

/// The job of an executor whose run is one process: nothing to join, nothing to gather. An executor over
/// several processes has a job of its own, with these members, in its header.
struct alone {
    /// Whether launch() can start a run in other processes.
    static constexpr bool launches = false;

    static result<void> join() { return {}; }                       ///< before all that follows
    [[nodiscard]] static constexpr bool skips() { return false; }   ///< this run() is not for this job
    [[nodiscard]] static constexpr placement place() { return {}; } ///< after join()
    static void describe(const std::string& /*cache_dir*/, std::uint64_t /*users*/) {} ///< for the report
    /// A value that all processes take, where each has its own.
    [[nodiscard]] static constexpr std::uint64_t agree(std::uint64_t own) { return own; }
    /// Who is told of the progress of this process.
    template <class Observer>
    [[nodiscard]] static Observer& watched(Observer& o) {
        return o;
    }
    /// The tiers are open. All processes come here, or to refuse(), before any I/O.
    template <class Stack>
    static result<void> ready(Stack&) {
        return {};
    }
    /// This process cannot take part, and says why; the others go on.
    static result<measure::run_report> refuse(error why) { return why; }
    /// The same after ready().
    template <class Stack>
    static result<measure::run_report> refuse(error why, Stack&) {
        return why;
    }
    /// The run is over, the tiers are still there. What the caller is told.
    template <class Stack>
    static result<measure::run_report> conclude(measure::run_report own, Stack&) {
        return own;
    }
};

template <class Executor>
struct job_of {
    using type = alone;
};

/// Worker threads, signals and timers on Boost.Asio; run() needs <kvmark/exec/local.hpp>.
struct local {
    static constexpr std::string_view name = "local";
    static constexpr std::string_view header = "<kvmark/exec/local.hpp>";
    static constexpr bool uses_launcher = false;
};

/// Ranks under an MPI launcher; run() needs <kvmark/exec/mpi.hpp>.
struct mpi {
    static constexpr std::string_view name = "mpi";
    static constexpr std::string_view header = "<kvmark/exec/mpi.hpp>";
    static constexpr bool uses_launcher = true;
};

} // namespace kvmark::exec

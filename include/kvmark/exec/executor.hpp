// The executor concept: whose hands move the bytes, and whether a launcher starts the program.
#pragma once

#include <kvmark/engine/io_path.hpp>

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

/// The crew of an executor for a stack: specialised in the executor's header.
template <class Executor, class Stack>
struct crew_of {
    static constexpr bool missing = true;
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

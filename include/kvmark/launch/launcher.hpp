// The launcher concept, and the launchers.
#pragma once

#include <kvmark/launch/argv.hpp>
#include <kvmark/launch/prefix.hpp>

#include <concepts>

namespace kvmark::launch {

/// A launcher is a type with
/// - `name`: the program, as a text;
/// - `starts_ranks`: false when it puts nothing in front of the program;
/// - `write_prefix(writer, request, plan)`: its arguments up to where the program begins. Called for a plan
///   without a fault that uses at least one host, twice for each command: it must write the same both times.
///   constexpr, and KVMARK_INLINE on it and on every function it calls.
template <class L>
concept launcher = requires(text_writer& writer, const launcher_request& request, const host_plan& plan) {
    { L::name } -> std::convertible_to<std::string_view>;
    { L::starts_ranks } -> std::convertible_to<bool>;
    { L::write_prefix(writer, request, plan) } -> std::same_as<void>;
};

/// The program runs by itself.
struct none {
    static constexpr std::string_view name = "none";
    static constexpr bool starts_ranks = false;

    KVMARK_INLINE static constexpr void write_prefix(text_writer&, const launcher_request&,
                                                     const host_plan&) {}
};

/// A launcher that speaks the dialect `Words`, an object with static storage.
template <const dialect& Words>
struct speaks {
    static constexpr const dialect& words = Words;
    static constexpr std::string_view name = Words.program;
    static constexpr bool starts_ranks = true;

    KVMARK_INLINE static constexpr void write_prefix(text_writer& writer, const launcher_request& request,
                                                     const host_plan& plan) {
        launch::write_prefix(writer, Words, request, plan);
    }
};

namespace dialects {
inline constexpr dialect open_mpi_4_mpiexec = with_program(open_mpi_4, "mpiexec");
}

/// Open MPI 4's, the reference's default.
struct mpirun : speaks<dialects::open_mpi_4> {};
/// Open MPI's second name for mpirun.
struct mpiexec : speaks<dialects::open_mpi_4_mpiexec> {};
struct open_mpi_5 : speaks<dialects::open_mpi_5> {};
/// MPICH's and Intel MPI's.
struct hydra : speaks<dialects::hydra> {};
/// HPE Cray's mpiexec.
struct pals : speaks<dialects::pals> {};
/// Slurm's.
struct srun : speaks<dialects::srun> {};

static_assert(launcher<none> && launcher<mpirun> && launcher<mpiexec> && launcher<open_mpi_5> &&
              launcher<hydra> && launcher<pals> && launcher<srun>);

} // namespace kvmark::launch

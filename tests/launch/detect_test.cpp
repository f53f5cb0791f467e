#include <kvmark/launch/detect.hpp>

#include "support/catch.hpp"

namespace launch = kvmark::launch;
namespace dialects = kvmark::launch::dialects;
using launch::dialect_of_version;
using launch::find_dialect;

// Not static_assert: g++ 12 under -fsanitize does not take the address of an object for a constant (bug
// 71962).
TEST_CASE("a launcher's version text names its dialect") {
    // Printed by the programs themselves, but for Intel MPI and PALS.
    CHECK(dialect_of_version("mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/\n") ==
          &dialects::open_mpi_4);
    CHECK(dialect_of_version("mpiexec (OpenRTE) 4.1.4\n") == &dialects::open_mpi_4);
    CHECK(dialect_of_version("mpirun.openmpi (Open MPI) 5.0.7\n\nReport bugs to\n") == &dialects::open_mpi_5);
    CHECK(dialect_of_version("prterun (PRRTE) 3.0.8\n") == &dialects::open_mpi_5);
    CHECK(
        dialect_of_version("HYDRA build details:\n    Version:                                 4.0.2\n"
                           "    Launchers available:                     ssh rsh fork slurm ll lsf sge\n") ==
        &dialects::hydra);
    CHECK(dialect_of_version("slurm-wlm 24.11.5\n") == &dialects::srun);

    CHECK(dialect_of_version("slurm 22.05.8") == &dialects::srun);
    CHECK(dialect_of_version("Intel(R) MPI Library for Linux* OS, Version 2021.8 Build 20221129 (id: 33)\n"
                             "Copyright 2003-2022, Intel Corporation.\n") == &dialects::hydra);
    CHECK(dialect_of_version("mpiexec version 1.8.0 revision 1a2b3c") == &dialects::pals);
    CHECK(dialect_of_version("mpiexec (PALS) 1.2.12") == &dialects::pals);
    CHECK(dialect_of_version("PALS 1.2.12") == &dialects::pals);

    CHECK(dialect_of_version("mpirun (Open MPI) 3.1.3") == &dialects::open_mpi_4);
    CHECK(dialect_of_version("mpirun (Open MPI) 6.0.0a1") == &dialects::open_mpi_5);
    CHECK(dialect_of_version("mpirun (Open MPI) 10.0.0") == &dialects::open_mpi_5);

    // Warnings may stand in front.
    CHECK(dialect_of_version("hwloc/linux: failed to find sysfs cpu topology directory\n"
                             "mpirun (Open MPI) 5.0.7\n") == &dialects::open_mpi_5);

    CHECK(dialect_of_version("") == nullptr);
    CHECK(dialect_of_version("\n\n") == nullptr);
    CHECK(dialect_of_version("mpirun: command not found") == nullptr);
    CHECK(dialect_of_version("mpirun (IBM Spectrum MPI) 10.3.1.03rtm0") == nullptr);
    CHECK(dialect_of_version("mpiexec (Open MPI) unknown") == nullptr);
    CHECK(dialect_of_version("no slurm 22 here") == nullptr);
    CHECK(dialect_of_version("slurm: error: no controller") == nullptr);

    CHECK(find_dialect("openmpi4") == &dialects::open_mpi_4);
    CHECK(find_dialect("srun") == &dialects::srun);
    CHECK(find_dialect("mpirun") == nullptr);
    CHECK(find_dialect("") == nullptr);
}

TEST_CASE("every dialect is found by its name") {
    CHECK(launch::dialect_names() == "openmpi4, openmpi5, hydra, pals, srun");
    for (const launch::dialect* words : dialects::all) CHECK(find_dialect(words->name) == words);
}

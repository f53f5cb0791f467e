// Did an MPI launcher start this process? What its environment says.
#pragma once

#include <kvmark/core/config.hpp>

#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace kvmark::exec {

/// The variables by which a launcher tells a process which rank it is, and of how many.
struct launcher_variables {
    std::string_view launcher;
    const char* rank;
    const char* size;
};

/// The more specific ones first: Open MPI's launcher sets PMIx's too, and a step of Slurm may run under PMI.
/// Sources: mpirun(1) of Open MPI, "Environment variables"; the PMIx standard, PMIx_Init; the Hydra process
/// manager; srun(1), "Output environment variables"; the PALS user guide of HPE.
inline constexpr std::array<launcher_variables, 5> job_variables{{
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PALS", "PALS_RANKID", "PALS_NRANKS"},
    {"PMI", "PMI_RANK", "PMI_SIZE"},
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    {"PMIx", "PMIX_RANK", "PMIX_SIZE"},
}};

/// `variable(name)` is the value of an environment variable, or null. The launcher whose rank this process
/// is, or nothing. A shell within an allocation of Slurm has SLURM_PROCID but is no rank: only a step has
/// more than one task, or a task of a step that PMIx or PMI serves.
template <class Variable>
[[nodiscard]] std::optional<std::string_view> launcher_of(Variable&& variable) {
    for (const launcher_variables& v : job_variables) {
        if (variable(v.rank) == nullptr) continue;
        const char* size = variable(v.size);
        if (v.launcher == "Slurm" && (size == nullptr || std::string_view(size) == "1")) continue;
        return v.launcher;
    }
    return std::nullopt;
}

/// Whether this process is a rank of an MPI job.
[[nodiscard]] KVMARK_COLD bool inside_job() {
    return launcher_of([](const char* name) { return std::getenv(name); }).has_value();
}

} // namespace kvmark::exec

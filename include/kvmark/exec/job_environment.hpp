// Did an MPI launcher start this process? What its environment says.
#pragma once

#include <kvmark/core/config.hpp>

#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace kvmark::exec {

/// The variable by which a launcher tells a process which rank it is.
struct launcher_variable {
    std::string_view launcher;
    const char* rank;
    const char* tasks = nullptr; ///< set: a variable that must count more than one, or the process is no rank
};

/// The more specific ones first: Open MPI's launcher sets PMIx's too, and a step of Slurm may run under PMI.
/// A shell within an allocation of Slurm has SLURM_PROCID and is no rank: only a step has several tasks, or a
/// task that PMIx or PMI serves. Sources: mpirun(1) of Open MPI, "Environment variables"; the PMIx standard,
/// PMIx_Init; the Hydra process manager; srun(1), "Output environment variables"; the PALS user guide of HPE.
inline constexpr std::array<launcher_variable, 5> job_variables{{
    {"Open MPI", "OMPI_COMM_WORLD_RANK"},
    {"PALS", "PALS_RANKID"},
    {"PMI", "PMI_RANK"},
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    {"PMIx", "PMIX_RANK"},
}};

/// `variable(name)` is the value of an environment variable, or null. The launcher whose rank this process
/// is, or nothing.
template <class Variable>
[[nodiscard]] std::optional<std::string_view> launcher_of(Variable&& variable) {
    for (const launcher_variable& v : job_variables) {
        if (variable(v.rank) == nullptr) continue;
        const char* tasks = v.tasks != nullptr ? variable(v.tasks) : nullptr;
        if (v.tasks != nullptr && (tasks == nullptr || std::string_view(tasks) == "1")) continue;
        return v.launcher;
    }
    return std::nullopt;
}

/// Whether this process is a rank of an MPI job.
[[nodiscard]] KVMARK_COLD bool inside_job() {
    return launcher_of([](const char* name) { return std::getenv(name); }).has_value();
}

} // namespace kvmark::exec

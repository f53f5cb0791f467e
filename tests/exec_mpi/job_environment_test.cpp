#include "support/catch.hpp"

#include <kvmark/exec/job_environment.hpp>

#include <map>
#include <string>

using namespace kvmark::exec;

namespace {

std::string launcher_in(const std::map<std::string, std::string>& environment) {
    const auto found = launcher_of([&](const char* name) {
        const auto at = environment.find(name);
        return at == environment.end() ? nullptr : at->second.c_str();
    });
    return std::string(found.value_or("none"));
}

} // namespace

TEST_CASE("job environment: a rank of each launcher is known as one") {
    CHECK(launcher_in({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}, {"PMIX_RANK", "0"}}) ==
          "Open MPI");
    CHECK(launcher_in({{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}}) == "PMI");
    CHECK(launcher_in({{"PMIX_RANK", "1"}}) == "PMIx");
    CHECK(launcher_in({{"PALS_RANKID", "0"}}) == "PALS");
    CHECK(launcher_in({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}}) == "Slurm");
    CHECK(launcher_in({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"PMIX_RANK", "0"}}) == "PMIx");
}

TEST_CASE("job environment: a shell is no rank, also within an allocation of Slurm") {
    CHECK(launcher_in({}) == "none");
    CHECK(launcher_in({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "64"}}) == "none");
    CHECK(launcher_in({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "64"}, {"SLURM_STEP_NUM_TASKS", "1"}}) ==
          "none");
}

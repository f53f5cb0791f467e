// The executor over many hosts: a run outside an MPI job launches one, a run inside it is a rank.
#pragma once

#include <kvmark/exec/launch_job.hpp>
#include <kvmark/exec/mpi_crew.hpp>

namespace kvmark::exec {

/// The job of exec::mpi, which also starts its ranks.
class launched_job : public mpi_job {
public:
    static constexpr bool launches = true;

    /// From outside a job. `build(dialect, extras)` gives the command of the ranks.
    template <class Build, class Observer>
    KVMARK_COLD static result<measure::run_report> launch(const job_order& order, Build&& build,
                                                          Observer& observer) {
        return launch_job(order, build, observer, print_lines());
    }
};

template <class Stack>
struct crew_of<mpi, Stack> {
    using type = mpi_crew<Stack>;
};

template <>
struct job_of<mpi> {
    using type = launched_job;
};

} // namespace kvmark::exec

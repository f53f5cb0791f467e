// Whose hands the tool's runs have: with MPI one executor serves runs of one process and the ranks of a job,
// which the tool launches by itself (job.cpp).
#pragma once

#ifdef KVMARK_WITH_MPI

#include <kvmark/exec/mpi_crew.hpp>

namespace kvmark {

namespace cli {
struct run_executor {
    static constexpr std::string_view name = "mpi";
    static constexpr bool uses_launcher = false;
};
} // namespace cli

template <class Stack>
struct exec::crew_of<cli::run_executor, Stack> {
    using type = mpi_crew<Stack>;
};
template <>
struct exec::job_of<cli::run_executor> {
    using type = mpi_job;
};

} // namespace kvmark

#else

#include <kvmark/exec/local.hpp>

namespace kvmark::cli {
using run_executor = exec::local;
}

#endif

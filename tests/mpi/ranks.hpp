// What a test that runs on several ranks asks of MPI: who am I, how many are we, are all here.
//
// Every rank runs every test case, in the same order. A REQUIRE that fails on one rank leaves the others
// waiting in the next collective call until mpirun's --timeout: CHECK is for what may differ between ranks.
#pragma once

#include <kvmark/core/mpi.hpp>

#include <mutex>

namespace kvmark::test {

/// The program's one turn.
inline mpi_turn turn;

inline int rank() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}
inline int ranks() {
    int ranks = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return ranks;
}

/// Waits for all ranks, and lets other threads call MPI meanwhile.
inline void barrier() {
    MPI_Request all_here = MPI_REQUEST_NULL;
    {
        const std::lock_guard mine(turn);
        MPI_Ibarrier(MPI_COMM_WORLD, &all_here);
    }
    for (int here = 0; here == 0; ::sched_yield()) {
        const std::lock_guard mine(turn);
        MPI_Test(&all_here, &here, MPI_STATUS_IGNORE);
    }
}

} // namespace kvmark::test

// mpi.h without its C++ bindings (37,000 lines), and whose turn it is to call it.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <kvmark/core/config.hpp>

#include <atomic>
#include <sched.h>

namespace kvmark {

/// kvmark asks MPI for MPI_THREAD_SERIALIZED, which one-sided operations over TCP need in Open MPI 4
/// (osc/pt2pt refuses MPI_THREAD_MULTIPLE): one thread at a time calls MPI, and none keeps the turn while it
/// waits for another rank. For std::lock_guard.
class mpi_turn {
public:
    KVMARK_INLINE void lock() {
        while (taken_.exchange(true, std::memory_order_acquire)) ::sched_yield();
    }
    KVMARK_INLINE void unlock() { taken_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> taken_{false};
};

} // namespace kvmark

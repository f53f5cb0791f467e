// The crew of a rank: local hands, and a start in common with the other ranks.
#pragma once

#include <kvmark/exec/local.hpp>
#include <kvmark/exec/mpi_job.hpp>

namespace kvmark::exec {

/// SIGUSR1 is a further signal that ends the run: launchers pass it on to their ranks. Outside a job it is
/// local_crew.
template <class Stack>
class mpi_crew : public local_crew<Stack> {
public:
    KVMARK_COLD mpi_crew(const crew_setup<Stack>& setup, mpi_job& job) : local_crew<Stack>(setup), job_(job) {
        if (!job.inside()) return;
        this->listen_for(SIGUSR1);
        job.listen([this] {
            this->wait({});
            return this->stop_signal();
        });
    }
    KVMARK_COLD ~mpi_crew() { job_.listen({}); }

    KVMARK_COLD void await_ranks() {
        job_.await_ranks([this](nanoseconds t) { this->wait(t); }, [this] { return this->stop_requested(); });
    }
    KVMARK_COLD void await_start(nanoseconds window) { job_.await_start(window); }
    KVMARK_COLD void window_closed() { job_.window_closed(); }

private:
    mpi_job& job_;
};

} // namespace kvmark::exec

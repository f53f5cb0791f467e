// Options -> the launch of a job: who starts it, for how long, and the command that is really executed.
#pragma once

#include <kvmark/benchmark/command.hpp>
#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/exec/job_order.hpp>

namespace kvmark {

/// How a launcher type is spoken to; null for one without a dialect of kvmark's.
template <class Launcher>
[[nodiscard]] constexpr const launch::dialect* usual_words() {
    if constexpr (requires { Launcher::words; })
        return &Launcher::words;
    else
        return nullptr;
}

/// `run` counts the runs of the program, from 1.
template <class Launcher>
[[nodiscard]] KVMARK_COLD exec::job_order job_order_of(const options& o, std::uint32_t run) {
    const launch::host_plan plan(o.hosts, o.num_processes);
    return {.launcher = o.mpi_bin.empty() ? std::string(Launcher::name) : o.mpi_bin,
            .usual = usual_words<Launcher>(),
            .deadline = job_deadline(o),
            .ranks = static_cast<std::uint32_t>(plan.processes()),
            .run = run};
}

/// What an executed launch asks of `launcher`. It holds views into all three.
[[nodiscard]] KVMARK_COLD launch::launcher_request job_request(const options& o, const std::string& launcher,
                                                               const exec::launch_extras& extras) {
    launch::launcher_request request = launch_request(o);
    request.path = launcher;
    request.timeout_s = extras.timeout_s;
    request.tag_output = extras.tag_output;
    request.environment = extras.environment;
    return request;
}

} // namespace kvmark

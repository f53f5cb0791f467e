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

/// build_command() with what an executed launch adds. `words` null: the launcher type's own prefix.
template <class Launcher>
[[nodiscard]] KVMARK_COLD argv executed_command(const launch::dialect* words,
                                                const exec::launch_extras& extras, const options& o) {
    launch::launcher_request request = launch_request(o);
    if (request.path.empty()) request.path = Launcher::name; // whatever dialect it turned out to speak
    request.timeout_s = extras.timeout_s;
    request.tag_output = extras.tag_output;
    request.environment = extras.environment;
    if (words != nullptr) return build_command(*words, request, o);
    return command::build(Launcher{}, request, o);
}

} // namespace kvmark

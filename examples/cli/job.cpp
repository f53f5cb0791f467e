// Jobs by the library's MPI executor; without MPI there are none.
#include "job.hpp"

#include "command_line.hpp"
#include "observers.hpp"

#include <kvmark/benchmark/job_command.hpp>
#ifdef KVMARK_WITH_MPI
#include <kvmark/exec/launch_job.hpp>
#include <kvmark/exec/mpi_job.hpp>
#endif
#include <kvmark/launch/quote.hpp>
#include <kvmark/measure/read_machine.hpp>

#include <cstdlib>

namespace kvmark::cli {

#ifdef KVMARK_WITH_MPI

namespace {

/// The ranks' lines go where ours do, each with its rank.
struct console_lines {
    console& out;

    void operator()(std::int64_t rank, bool is_stderr, std::string_view text) const {
        out.relay(exec::line_label(rank), is_stderr, text);
    }
};

/// Also keeps what each rank measured by itself.
class launch_observer : public progress_observer {
public:
    launch_observer(console& out, std::vector<measure::run_report>* own)
        : progress_observer(out), own_(own) {}

    void on_rank_report(const measure::run_report& own) {
        if (own_ != nullptr) own_->push_back(own);
    }

private:
    std::vector<measure::run_report>* own_;
};

} // namespace

std::string launcher_version(const settings& s) {
    const auto told = exec::version_of(job_order_of(s).launcher);
    return told ? told->substr(0, told->find('\n')) : "";
}

result<measure::run_report> launch_run(const settings& s, console& out,
                                       std::vector<measure::run_report>* own) {
    const exec::job_order order = job_order_of(s);
    launch_observer observer(out, own);
    return exec::launch_job(
        order,
        [&](const launch::dialect* words, const exec::launch_extras& extras) {
            const argv command = job_command(s, order, words, extras);
            out.note(display(command));
            return command;
        },
        observer, console_lines{out});
}

result<bool> speaks_for_job() {
    const auto session = exec::mpi_session::enter();
    if (!session) return session.error();
    return (*session)->place().rank == exec::mpi_session::root && !exec::mpi_job::launched();
}

void abandon_job() {
    ::MPI_Abort(MPI_COMM_WORLD, 1);
    std::abort(); // MPI_Abort does not return
}

result<measure::run_report> survey_job(const settings& s) {
    exec::mpi_job job;
    return job.survey(effective_cache_dir(s.options));
}

result<measure::run_report> launch_survey(const settings& s, console& out) {
    const exec::job_order order = job_order_of(s);
    options o = s.options;
    o.program.words = {o.program.path, "cluster", "--cache-dir", effective_cache_dir(o)};
    measure::no_observer nobody;
    return exec::launch_job(
        order,
        [&](const launch::dialect* words, const exec::launch_extras& extras) {
            return build_command(*words, job_request(o, order.launcher, extras), o);
        },
        nobody, console_lines{out});
}

#else

namespace {
error no_mpi() { return {error_kind::unsupported, "this kvmark was built without MPI"}; }
} // namespace

result<measure::run_report> launch_run(const settings&, console&, std::vector<measure::run_report>*) {
    return no_mpi();
}
std::string launcher_version(const settings&) { return ""; }
result<bool> speaks_for_job() { return no_mpi(); }
void abandon_job() { std::abort(); }
result<measure::run_report> launch_survey(const settings&, console&) { return no_mpi(); }

result<measure::run_report> survey_job(const settings& s) {
    measure::run_report own;
    own.job.emplace().hosts.push_back(measure::read_machine(effective_cache_dir(s.options)));
    return own;
}

#endif

} // namespace kvmark::cli

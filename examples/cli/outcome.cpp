// Result files, the summary on the terminal, the exit code.
#include "outcome.hpp"

#include "command_line.hpp"
#include "result_files.hpp"

#include <kvmark/core/clock.hpp>
#include <kvmark/measure/faults.hpp>
#include <kvmark/report/summary.hpp>
#include <kvmark/report/warnings.hpp>

#include <csignal>

namespace kvmark::cli {

namespace {

int exit_code_of_run(const measure::run_report& report) {
    if (!report.clean()) return exit_failed;
    if (!report.interrupted) return exit_ok;
    if (report.stop_signal == SIGTERM) return exit_terminated;
    return report.stop_signal == SIGINT ? exit_interrupted : exit_failed; // a job at its deadline
}

} // namespace

exit_code exit_code_of(const error& e) {
    return e.kind == error_kind::invalid_argument ? exit_bad_arguments : exit_failed;
}

int report_failure(console& out, const error& e) {
    out.end_progress();
    out.fail(e.message);
    return exit_code_of(e);
}

run_course::run_course(const settings& s) : begun(clocks::monotonic_now()) {
    context.argv = words_of(executed_command(s));
    context.started = report::utc_now();
}

int conclude(const settings& s, console& out, run_course& course, const result<measure::run_report>& report) {
    out.end_progress();
    course.context.finished = report::utc_now();
    const double runtime = to_seconds(clocks::monotonic_now() - course.begun);
    if (!report) {
        out.fail(report.error().message);
        if (auto written = write_metadata(s, runtime, nullptr); !written) out.fail(written.error().message);
        return exit_code_of(report.error());
    }
    if (report->job && !report->job->hosts.empty()) course.context.host = report->job->hosts.front();

    int code = exit_code_of_run(*report);
    const auto files = write_results(s, *report, course.context);
    const auto metadata = write_metadata(s, runtime, &*report);
    if (s.quiet) {
        for (const std::string& fault : measure::faults(*report)) out.fail(fault);
        if (report->job)
            for (const std::string& note : report->job->notes) out.fail(note);
    } else {
        const report::palette colors(out.color()), none(false);
        out.print(report::summary_text(*report, s.options, course.context, colors),
                  report::summary_text(*report, s.options, course.context, none));
        if (files && !files->result.empty()) {
            const std::string line = "Result     " + files->result + "\n";
            out.print(line, line);
        }
    }
    for (const error* failure : {files ? nullptr : &files.error(), metadata ? nullptr : &metadata.error()}) {
        if (failure == nullptr) continue;
        out.fail(failure->message);
        code = exit_failed;
    }
    return code;
}

} // namespace kvmark::cli

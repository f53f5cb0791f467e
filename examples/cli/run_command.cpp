// The course of `kvmark run`, from the settings to the exit code.
#include "run_command.hpp"

#include "command_line.hpp"
#include "command_record.hpp"
#include "dry_run.hpp"
#include "job.hpp"
#include "measured_run.hpp"
#include "outcome.hpp"
#include "result_files.hpp"

#include <kvmark/launch/quote.hpp>

#include <cstring>
#include <unistd.h>

namespace kvmark::cli {

namespace {

/// Replaces this process by the program of a launch.
int execute(const settings& s, console& out) {
    const argv command = executed_command(s);
    if (auto written = write_metadata(s, 0, nullptr); !written) {
        out.fail(written.error().message);
        return exit_failed;
    }
    out.note(display(command));
    std::fflush(nullptr);
    std::vector<char*> words = command.pointers();
    ::execvp(words[0], words.data());
    out.fail("cannot start " + quote(words[0]) + ": " + std::strerror(errno));
    return exit_failed;
}

int measure_and_conclude(settings& s, console& out) {
    command_record record("run");
    run_course course(s);
    const auto report = measure_run(s, out, course.context);
    const int code = conclude(s, out, course, report);
    if (!report || s.is_rank) return code;
    record.add(*report, s.options.output);
    return record.finish(code);
}

/// The directory of --results-dir and, for a run of kvmark's own, its logs.
result<void> prepare_run_directory(settings& s, console& out) {
    if (s.results_dir.empty()) return {};
    if (auto reserved = reserve_run_directory(s); !reserved) return reserved;
    if (!s.runs_kvmark()) return {};
    const run_files files(s.options);
    return out.open_logs(files.stdout_log, files.stderr_log);
}

/// A rank that another process speaks for. What goes wrong is in the job's report: an exit code would make
/// the launcher end the others.
int run_silently(settings& s) {
    s.quiet = true;
    console silent(s);
    run_course course(s);
    static_cast<void>(measure_run(s, silent, course.context));
    return exit_ok;
}

} // namespace

int run(settings s) {
    console out(s);
    ask_launcher(s);
    if (s.dry_run != dry_run_form::off) {
        const std::string text = dry_run_text(s);
        out.print(text, text);
        return exit_ok;
    }
    if (s.is_rank) {
        const auto speaks = speaks_for_job();
        if (!speaks) return out.fail(speaks.error().message), exit_failed;
        if (!*speaks) return run_silently(s);
    }
    if (auto prepared = prepare_run_directory(s, out); !prepared) {
        out.fail(prepared.error().message);
        if (s.is_rank) abandon_job();
        return exit_failed;
    }
    if (!s.runs_kvmark()) return execute(s, out);
    return measure_and_conclude(s, out);
}

} // namespace kvmark::cli

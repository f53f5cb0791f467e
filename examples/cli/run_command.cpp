// The course of `kvmark run`, from the settings to the exit code.
#include "run_command.hpp"

#include "command_line.hpp"
#include "dry_run.hpp"
#include "plan.hpp"
#include "result_files.hpp"
#include "run_stack.hpp"
#include "storage_engine.hpp"

#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/measure/read_machine.hpp>
#include <kvmark/report/summary.hpp>
#include <kvmark/report/warnings.hpp>

#include <csignal>

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

struct storage_stack {
    std::string_view storage;
    run_result (*run)(const settings&, progress_observer&);
    run_result (*run_with_gpu)(const settings&, progress_observer&) = nullptr;
};
constexpr storage_stack storage_stacks[]{
#ifdef KVMARK_WITH_URING
    {"uring_file", run_host_uring_file, run_gpu_host_uring_file},
#endif
#ifdef KVMARK_WITH_ASIO_FILE
    {"asio_file", run_host_asio_file},
#endif
    {"mapped_file", run_host_mapped_file},
    {"direct_file", run_host_direct_file, run_gpu_host_direct_file},
    {"file", run_host_file, run_gpu_host_file},
};

run_result run_stack(const settings& s, console& out, io_trace* trace) {
    if (trace != nullptr) {
        trace_observer observer(out, *trace);
        return s.clock == clock_kind::virtual_time ? run_null_virtual(s, observer) : run_null(s, observer);
    }
    progress_observer observer(out);
    if (s.clock == clock_kind::virtual_time) return run_modelled(s, observer);
    const bool gpu = s.options.gpu_mem_gb.value > 0;
    for (const storage_stack& stack : storage_stacks)
        if (stack.storage == storage_tier_of(s))
            return (gpu && stack.run_with_gpu ? stack.run_with_gpu : stack.run)(s, observer);
    return error{error_kind::unsupported, "no such stack was built"}; // resolve() refuses it before
}

run_result run_traced(const settings& s, console& out) {
    if (s.io_trace_log.empty()) return run_stack(s, out, nullptr);
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const bool simulated = s.clock == clock_kind::virtual_time; // reproducible to the last byte
    auto trace = io_trace::open(s.io_trace_log, simulated ? 0.0
                                                          : static_cast<double>(now.tv_sec) +
                                                                static_cast<double>(now.tv_nsec) * 1e-9);
    if (!trace) return trace.error();
    run_result report = run_stack(s, out, &*trace);
    if (!report) return report;
    if (auto closed = trace->close(); !closed) return closed.error();
    out.end_progress();
    out.note("I/O trace of " + report::grouped(trace->rows()) + " operations in " + s.io_trace_log);
    return report;
}

int exit_code_of(const measure::run_report& report) {
    if (!report.clean()) return exit_failed;
    if (!report.interrupted) return exit_ok;
    return report.stop_signal == SIGTERM ? exit_terminated : exit_interrupted;
}

/// What a run in this process decides before it starts.
void settle(settings& s, report::run_context& context) {
    options& o = s.options;
    context.notes = make_plan(s).notes;
    if (s.io_trace_log.empty() && s.gpu_tier == gpu_tier_kind::none) o.gpu_mem_gb = 0;
    if (o.output.empty() && !o.run_directory.empty())
        o.output = o.run_directory + "/kvcache_results_" + o.run_datetime + ".json";
    const bool moves_data = s.io_trace_log.empty() && s.clock == clock_kind::steady;
    o.cache_dir = moves_data ? effective_cache_dir(o) : "";
    if (!o.seed) o.seed = static_cast<std::int64_t>(fresh_seed());
}

int run_here(settings& s, console& out) {
    report::run_context context;
    context.argv = words_of(executed_command(s));
    settle(s, context);
    for (const std::string& note : context.notes) out.note(note);
    context.host = measure::read_machine(s.options.cache_dir);
    context.started = report::utc_now();
    const nanoseconds start = clocks::monotonic_now();

    const run_result report = run_traced(s, out);
    out.end_progress();
    context.finished = report::utc_now();
    const double runtime = to_seconds(clocks::monotonic_now() - start);
    if (!report) {
        out.fail(report.error().message);
        if (auto written = write_metadata(s, runtime, nullptr); !written) out.fail(written.error().message);
        return report.error().kind == error_kind::invalid_argument ? exit_bad_arguments : exit_failed;
    }

    int code = exit_code_of(*report);
    const auto files = write_results(s, *report, context);
    const auto metadata = write_metadata(s, runtime, &*report);
    if (s.quiet) {
        for (const std::string& fault : measure::faults(*report)) out.fail(fault);
    } else {
        const report::palette colors(out.color()), none(false);
        out.print(report::summary_text(*report, s.options, context, colors),
                  report::summary_text(*report, s.options, context, none));
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

} // namespace

int run(settings s) {
    console out(s);
    if (s.dry_run != dry_run_form::off) {
        const std::string text = dry_run_text(s);
        out.print(text, text);
        return exit_ok;
    }
    if (!s.results_dir.empty()) {
        const auto reserved = reserve_run_directory(s);
        if (!reserved) {
            out.fail(reserved.error().message);
            return exit_failed;
        }
    }
    if (!s.runs_kvmark()) return execute(s, out);
    if (!s.options.run_directory.empty()) {
        const run_files files(s.options);
        if (auto opened = out.open_logs(files.stdout_log, files.stderr_log); !opened) {
            out.fail(opened.error().message);
            return exit_failed;
        }
    }
    return run_here(s, out);
}

} // namespace kvmark::cli

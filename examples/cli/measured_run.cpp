// The tiers that the settings name, the notes, the seed: all that stands between settings and a report.
#include "measured_run.hpp"

#include "block_tracer.hpp"
#include "command_line.hpp"
#include "job.hpp"
#include "live_view.hpp"
#include "plan.hpp"
#include "resolve.hpp"
#include "run_stack.hpp"
#include "serving_run.hpp"
#include "storage_engine.hpp"

#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/measure/read_machine.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json.hpp>
#include <kvmark/report/numbers.hpp>

#include <filesystem>

namespace kvmark::cli {

namespace {

struct storage_stack {
    std::string_view storage;
    run_result (*run)(const settings&, progress_observer&); ///< as in serving_run.cpp
    run_result (*run_with_gpu_model)(const settings&, progress_observer&) = nullptr;
    run_result (*run_with_gpu)(const settings&, progress_observer&) = nullptr;
    run_result (*run_with_peer)(const settings&, progress_observer&) = nullptr;
};
#ifdef KVMARK_WITH_MPI
#define KVMARK_CLI_PEER(stack) stack
#else
#define KVMARK_CLI_PEER(stack) nullptr
#endif
constexpr storage_stack storage_stacks[]{
#ifdef KVMARK_WITH_URING
    {"uring_file", run_host_uring_file, run_gpu_host_uring_file, run_cuda_host_uring_file,
     KVMARK_CLI_PEER(run_host_peer_uring_file)},
#endif
#ifdef KVMARK_WITH_ASIO_FILE
    {"asio_file", run_host_asio_file},
#endif
    {"mapped_file", run_host_mapped_file},
    {"direct_file", run_host_direct_file, run_gpu_host_direct_file, run_cuda_host_direct_file,
     KVMARK_CLI_PEER(run_host_peer_direct_file)},
    {"file", run_host_file, run_gpu_host_file},
    {"gds_file", nullptr, nullptr, run_cuda_host_gds_file},
};

/// Of a rank: its own result beside those of the others, on its own host.
auto own_result_writer(const settings& s, console& out) {
    return [&s, &out](const measure::run_report& own, const options& of_rank, std::uint32_t rank) {
        report::run_context context;
        context.argv = words_of(executed_command(s));
        context.host = measure::read_machine(of_rank.cache_dir);
        context.finished = report::utc_now();
        std::error_code ignored;
        std::filesystem::create_directories(s.rank_output, ignored);
        const std::string path = s.rank_output + "/rank_" + std::to_string(rank) + ".json";
        const std::string text = report::json_text(report::result_json(own, of_rank, context));
        if (auto written = report::write_file(path, text); !written) out.fail(written.error().message);
    };
}

run_result run_stack(const settings& s, console& out, progress_observer& observer) {
    if (!s.rank_output.empty()) observer.write_own(own_result_writer(s, out));
    if (!s.serving.trace.empty()) return serve_trace(s, out, observer);
    if (s.clock == clock_kind::virtual_time) return run_modelled(s, observer);
    const bool gpu = s.options.gpu_mem_gb.value > 0, peer = s.options.peer_mem_gb.value > 0;
    for (const storage_stack& stack : storage_stacks) {
        if (stack.storage != storage_tier_of(s)) continue;
        if (peer && stack.run_with_peer) return stack.run_with_peer(s, observer);
        if (stack.run_with_gpu && (!stack.run || (gpu && s.gpu == gpu_tier_kind::cuda)))
            return stack.run_with_gpu(s, observer);
        return (gpu && stack.run_with_gpu_model ? stack.run_with_gpu_model : stack.run)(s, observer);
    }
    return error{error_kind::unsupported, "no such stack was built"}; // resolve() refuses it before
}

/// What the reader must know, now and in the report.
void tell(console& out, report::run_context& context, std::string text) {
    out.end_progress();
    out.note(text);
    context.notes.push_back(std::move(text));
}

/// With bpftrace beside it, where that was asked for and can be.
run_result run_on_devices(const settings& s, console& out, report::run_context& context) {
    progress_observer observer(out);
    if (!s.enable_latency_tracing) return run_stack(s, out, observer);
    constexpr const char* without = "--enable-latency-tracing: the block layer is not traced: ";
    if (s.clock == clock_kind::virtual_time || s.is_rank) {
        tell(out, context, without + std::string(s.is_rank ? "this is a rank of a job" : "time is virtual"));
        return run_stack(s, out, observer);
    }
    auto tracer = block_tracer::start({s.options.cache_dir, s.options.raw_device});
    if (!tracer) tell(out, context, without + tracer.error().message);
    run_result report = run_stack(s, out, observer);
    if (!tracer) return report;
    const nanoseconds begin = observer.opened(), end = clocks::monotonic_now();
    // Of a served trace the window follows the warm-up, and both are of one clock.
    const bool known = report && s.options.serving.warmup_requests == 0;
    auto seen = tracer->stop(begin, known ? begin + report->elapsed : end);
    if (!report) return report;
    if (seen && begin.count != 0)
        report->block_layer = std::move(seen);
    else
        tell(out, context, without + std::string("the run was too short for it"));
    return report;
}

run_result run_traced(const settings& s, console& out, report::run_context& context) {
    if (s.io_trace_log.empty()) return run_on_devices(s, out, context);
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const bool simulated = s.clock == clock_kind::virtual_time; // reproducible to the last byte
    auto trace = io_trace::open(s.io_trace_log, simulated ? 0.0
                                                          : static_cast<double>(now.tv_sec) +
                                                                static_cast<double>(now.tv_nsec) * 1e-9);
    if (!trace) return trace.error();
    trace_observer observer(out, *trace);
    run_result report = simulated ? run_null_virtual(s, observer) : run_null(s, observer);
    if (!report) return report;
    if (auto closed = trace->close(); !closed) return closed.error();
    out.end_progress();
    out.note("I/O trace of " + report::grouped(trace->rows()) + " operations in " + s.io_trace_log);
    return report;
}

/// What a run in this process decides before it starts.
void settle(settings& s, report::run_context& context) {
    options& o = s.options;
    context.notes = make_plan(s).notes;
    if (s.io_trace_log.empty() && s.gpu == gpu_tier_kind::none) o.gpu_mem_gb = 0;
    if (o.output.empty() && !o.run_directory.empty())
        o.output = o.run_directory + "/kvcache_results_" + o.run_datetime + ".json";
    const bool moves_data = s.io_trace_log.empty() && s.clock == clock_kind::steady;
    o.cache_dir = moves_data ? effective_cache_dir(o) : "";
    if (!o.seed) o.seed = static_cast<std::int64_t>(fresh_seed());
    if (s.executor == executor_kind::local) {
        o.hosts.clear();
        o.num_processes.reset();
    }
}

run_result measure_here(settings& s, console& out, report::run_context& context) {
    settle(s, context);
    for (const std::string& note : context.notes) out.note(note);
    context.host = measure::read_machine(s.options.cache_dir);
    return run_traced(s, out, context);
}

run_result measure_job(settings& s, console& out, report::run_context& context,
                       std::vector<measure::run_report>* own) {
    if (!s.options.seed) s.options.seed = static_cast<std::int64_t>(fresh_seed());
    context.notes = make_plan(s).notes;
    if (s.enable_latency_tracing)
        context.notes.push_back("--enable-latency-tracing: the block layer is not traced: a run of several "
                                "ranks is not, one of this process is");
    for (const std::string& note : context.notes) out.note(note);
    run_result report = launch_run(s, out, own);
    if (s.options.output.empty()) s.options.output = make_plan(s).output;
    return report;
}

} // namespace

run_result measure_run(settings& s, console& out, report::run_context& context,
                       std::vector<measure::run_report>* own) {
    const live_view view(s, out);
    return s.launches() ? measure_job(s, out, context, own) : measure_here(s, out, context);
}

} // namespace kvmark::cli

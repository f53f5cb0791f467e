// The words of a launch, from the library and from the tool.
#include "command_line.hpp"

#include <kvmark/benchmark/job_command.hpp>
#include <kvmark/launch/detect.hpp>
#ifdef KVMARK_WITH_MPI
#include <kvmark/exec/launch_job.hpp>
#endif

namespace kvmark::cli {

namespace {

/// The tool's own options, where they differ from their defaults.
std::vector<std::string> own_options(const settings& s) {
    std::vector<std::string> words;
    const auto add = [&](const char* option, std::string_view value) {
        if (value.empty()) return;
        words.emplace_back(option);
        words.emplace_back(value);
    };
    if (s.storage_tier != storage_tier_kind::direct_file) add("--storage-tier", "file");
    if (s.io_engine != io_engine_kind::automatic)
        add("--io-engine", io_engine_names[static_cast<std::size_t>(s.io_engine)]);
    if (s.gpu_tier != gpu_tier_kind::none) add("--gpu-tier", "modelled");
    if (s.clock != clock_kind::steady) add("--clock", "virtual");
    for (const std::string& calibration : s.serving.calibrations) add("--calibration", calibration);
    if (s.use_burst_trace) words.emplace_back("--use-burst-trace");
    add("--burst-trace-path", s.burst_trace_path);
    add("--dataset-path", s.dataset_path);
    if (s.trace_speedup != 1.0) add("--trace-speedup", launch::real_text(s.trace_speedup));
    if (s.replay_cycles != 0) add("--replay-cycles", launch::integer_text(s.replay_cycles));
    if (s.max_conversations != 500) add("--max-conversations", launch::integer_text(s.max_conversations));
    add("--config", s.config);
    add("--rank-output", s.rank_output);
    add("--csv", s.csv);
    add("--xlsx-output", s.xlsx);
    add("--io-trace-log", s.io_trace_log);
    return words;
}

} // namespace

argv with_own_options(const settings& s, const argv& command) {
    if (!s.options.program.interpreter.empty()) return command;
    const std::vector<std::string> own = own_options(s);
    return argv::build([&](launch::text_writer& writer) {
        for (const std::string_view word : command) writer.argument(word);
        for (const std::string& word : own) writer.argument(word);
    });
}

exec::job_order job_order_of(const settings& s) {
    exec::job_order order = kvmark::job_order_of<launch::mpirun>(s.options, 1);
    order.words = s.words;
    if (s.launcher != 0 && s.options.mpi_bin.empty()) order.launcher = s.words->program;
    return order;
}

void ask_launcher([[maybe_unused]] settings& s) {
#ifdef KVMARK_WITH_MPI
    if (!s.launches() || !s.runs_kvmark()) return;
    if (const auto told = exec::dialect_of(job_order_of(s))) s.words = *told;
#endif
}

argv job_command(const settings& s, const exec::job_order& order, const launch::dialect* words,
                 const exec::launch_extras& extras) {
    return with_own_options(s,
                            build_command(*words, job_request(s.options, order.launcher, extras), s.options));
}

argv executed_command(const settings& s) {
    if (!s.launches()) return with_own_options(s, build_command(false, launch::none{}, s.options));
    const exec::job_order order = job_order_of(s);
    const launch::dialect* words = order.words != nullptr ? order.words : order.usual;
    // What another program needs of its launcher is its user's affair.
    return job_command(s, order, words,
                       s.runs_kvmark() ? exec::extras_of(order, words) : exec::launch_extras());
}

std::vector<std::string> words_of(const argv& command) { return {command.begin(), command.end()}; }

} // namespace kvmark::cli

// The words of a launch, from the library and from the tool.
#include "command_line.hpp"

#include <kvmark/benchmark/job_command.hpp>
#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/launch/detect.hpp>
#ifdef KVMARK_WITH_MPI
#include <kvmark/exec/launch_job.hpp>
#endif

namespace kvmark::cli {

namespace {

/// Options that differ from their defaults.
class word_list {
public:
    void add(const char* option, std::string_view value) {
        if (value.empty()) return;
        words.emplace_back(option);
        words.emplace_back(value);
    }
    void add_number(const char* option, std::int64_t value, std::int64_t usual) {
        if (value != usual) add(option, launch::integer_text(value));
    }
    void add_real(const char* option, double value, double usual) {
        if (value != usual) add(option, launch::real_text(value));
    }
    void add_flag(const char* option, bool given) {
        if (given) words.emplace_back(option);
    }
    template <class T>
    void add_list(const char* option, const std::vector<T>& values, std::string (*text)(const T&)) {
        std::string all;
        for (const T& v : values) (all += all.empty() ? "" : ",") += text(v);
        add(option, all);
    }

    std::vector<std::string> words;
};

/// Of a trace that is served.
void add_serving(word_list& w, const settings& s) {
    const serving_request& r = s.serving;
    const serving_options& o = s.options.serving;
    w.add("--trace", r.trace);
    w.add("--trace-format", r.format);
    w.add_number("--block-tokens", r.block_tokens, 0);
    w.add_flag("--skip-bad", r.skip_bad);
    if (r.arrivals != workload::replay_arrivals::trace)
        w.add("--trace-arrivals", trace_arrival_names[static_cast<std::size_t>(r.arrivals)]);
    w.add_number("--sessions", r.sessions, 0);
    w.add_number("--warmup-requests", o.warmup_requests, 0);
    w.add_list(
        "--policy", o.policies, +[](const std::string& name) { return name; });
    w.add_list(
        "--capacity-blocks", o.capacity_blocks,
        +[](const std::uint64_t& blocks) { return std::to_string(blocks); });
    w.add_number("--kv-bytes-per-token", o.kv_bytes_per_token, 0);
    if (o.writes != cache::write_mode::on_eviction) w.add("--write-mode", name_of(o.writes));
    if (o.promotion != cache::promotion_mode::always) w.add("--promotion", name_of(o.promotion));
    w.add_number("--promote-at", o.promote_at, 2);
    w.add_flag("--no-demotion", o.no_demotion);
    w.add_number("--pin-blocks", o.pinned_blocks, 0);
    w.add_real("--ttl", o.time_to_live, 0);
    w.add_flag("--recompute", o.recompute);
    w.add_real("--prefill-rate", o.prefill_rate, 0);
    w.add_real("--decode-rate", o.decode_rate, 0);
    w.add_number("--batch-slots", o.batch_slots, 256);
}

/// The tool's own options, where they differ from their defaults.
std::vector<std::string> own_options(const settings& s) {
    word_list w;
    const auto add = [&](const char* option, std::string_view value) { w.add(option, value); };
    if (s.storage_tier != storage_tier_kind::direct_file) add("--storage-tier", "file");
    if (s.io_engine != io_engine_kind::automatic)
        add("--io-engine", io_engine_names[static_cast<std::size_t>(s.io_engine)]);
    if (s.gpu_tier != gpu_tier_kind::automatic)
        add("--gpu-tier", gpu_tier_names[static_cast<std::size_t>(s.gpu_tier)]);
    if (s.clock != clock_kind::steady) add("--clock", "virtual");
    for (const std::string& calibration : s.serving.calibrations) add("--calibration", calibration);
    w.add_flag("--use-burst-trace", s.use_burst_trace);
    add("--burst-trace-path", s.burst_trace_path);
    add("--dataset-path", s.dataset_path);
    w.add_real("--trace-speedup", s.trace_speedup, 1);
    w.add_number("--replay-cycles", s.replay_cycles, 0);
    w.add_number("--max-conversations", s.max_conversations, 500);
    if (!s.serving.trace.empty()) add_serving(w, s);
    add("--config", s.config);
    add("--rank-output", s.rank_output);
    add("--csv", s.csv);
    add("--xlsx-output", s.xlsx);
    add("--io-trace-log", s.io_trace_log);
    return std::move(w.words);
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
    order.own_reports = s.own_reports;
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

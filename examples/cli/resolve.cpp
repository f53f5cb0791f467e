// Defaults, look-ups and cross-checks between a command line and a run.
#include "resolve.hpp"

#include "calibration.hpp"
#include "config_yaml.hpp"
#include "gpu_tier.hpp"
#include "serving_run.hpp"
#include "storage_engine.hpp"
#include "xlsx.hpp"

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/benchmark/validate.hpp>
#include <kvmark/exec/job_environment.hpp>
#include <kvmark/exec/job_order.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <time.h>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;

void check_readable(fault_list& faults, const char* option, const std::string& path) {
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
        faults.add(std::string(option) + " " + quote(path) + ": " + std::strerror(errno));
}

/// For files that are made beside their place and then renamed into it.
void check_replaceable(fault_list& faults, const char* option, const std::string& path) {
    std::error_code ignored;
    if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored) && !fs::is_directory(path, ignored))
        faults.add(std::string(option) + " " + quote(path) + ": must be a regular file, or a new one");
}

/// A run of an hour must not end with a result that has no place.
void check_writable(fault_list& faults, const char* option, const std::string& path) {
    if (path.empty()) return;
    std::error_code ignored;
    const fs::path parent = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
    const bool exists = fs::exists(path, ignored);
    const fs::path checked = exists ? fs::path(path) : parent;
    if (fs::is_directory(path, ignored))
        faults.add(std::string(option) + " " + quote(path) + ": is a directory; give the name of a file");
    else if (::access(checked.c_str(), W_OK) != 0)
        faults.add(std::string(option) + " " + quote(path) + ": " + checked.string() + ": " +
                   std::strerror(errno));
}

void resolve_autoscaler(settings& s, fault_list& faults) {
    const std::string& mode = s.autoscaler_mode_text;
    for (std::size_t i = 0; i < autoscaler_mode_names.size(); ++i) {
        if (mode != autoscaler_mode_names[i]) continue;
        s.options.autoscaler_mode = static_cast<autoscaler_mode>(i);
        return;
    }
    // The reference's wrapper offers `predictive`, which its engine refuses once autoscaling is on.
    if (mode == "predictive" && !s.options.enable_autoscaling) return;
    faults.add("--autoscaler-mode " + quote(mode) + ": must be " + listed(autoscaler_mode_names) +
               suggestion(mode, autoscaler_mode_names));
}

void resolve_program(settings& s) {
    if (s.runs_kvmark()) {
        s.options.program.path = exec::this_program();
        return;
    }
    s.options.program.path = fs::absolute(s.kvcache_bin_path).lexically_normal().string();
    if (s.kvcache_bin_path.ends_with(".py")) s.options.program.interpreter = s.python;
}

void check_traces(const settings& s, fault_list& faults) {
    if (s.use_burst_trace && s.burst_trace_path.empty())
        faults.add("--use-burst-trace needs --burst-trace-path FILE: the trace is not part of kvmark");
    if (s.use_burst_trace && !s.dataset_path.empty())
        faults.add("--use-burst-trace and --dataset-path exclude each other: give one of them");
    if (s.use_burst_trace && s.options.enable_autoscaling)
        faults.add(
            "--enable-autoscaling: the load of a recorded trace is what it is; leave out --use-burst-trace");
    if (s.trace_speedup < 0) faults.add("--trace-speedup: must be 0 (no gaps) or more");
    if (s.replay_cycles < 0) faults.add("--replay-cycles: must be 0 (until the window ends) or more");
    if (s.max_conversations < 0) faults.add("--max-conversations: must be 0 (all) or more");
    if (s.use_burst_trace) check_readable(faults, "--burst-trace-path", s.burst_trace_path);
    check_readable(faults, "--dataset-path", s.dataset_path);
    if (s.serving.trace.empty()) return;
    check_serving(s, faults);
    if (s.use_burst_trace || !s.dataset_path.empty())
        faults.add("--trace excludes --use-burst-trace and --dataset-path: give one of them");
    if (s.options.enable_autoscaling || !s.io_trace_log.empty() || s.options.precondition)
        faults.add("--trace: goes with neither --enable-autoscaling nor --io-trace-log nor --precondition");
}

void check_limits(const settings& s, fault_list& faults) {
    if (s.config.empty()) return;
    const auto check = [&](const char* option, double value, double limit, const char* key) {
        if (value <= limit) return;
        faults.add(std::string(option) + ": above validation_limits." + key + " of " + s.config);
    };
    const options& o = s.options;
    check("--num-users", static_cast<double>(o.num_users), static_cast<double>(s.limits.max_users),
          "max_users");
    check("--duration", static_cast<double>(o.duration), static_cast<double>(s.limits.max_duration_seconds),
          "max_duration_seconds");
    check("--gpu-mem-gb", o.gpu_mem_gb.value, s.limits.max_gpu_memory_gb, "max_gpu_memory_gb");
    check("--cpu-mem-gb", o.cpu_mem_gb.value, s.limits.max_cpu_memory_gb, "max_cpu_memory_gb");
}

/// The library's own checks. What another program makes of a memory size that no machine has is its affair.
void check_options(const options& o, fault_list& faults) {
    options checked = o;
    if (!o.program.interpreter.empty())
        for (gib_number* size : {&checked.gpu_mem_gb, &checked.cpu_mem_gb})
            size->value = std::min(size->value, validation::max_gib);
    for (const error& e : validate(checked)) faults.add(e.message);
}

/// Choices that do not go with several ranks, or only with them.
void check_job(const settings& s, fault_list& faults) {
    const bool ranks =
        s.is_rank || (s.executor == executor_kind::mpi &&
                      launch::host_plan(s.options.hosts, s.options.num_processes).processes() > 1);
    if (ranks && !s.io_trace_log.empty())
        faults.add("--io-trace-log: the trace is of one process; leave out --exec-type mpi");
    if (ranks && !s.serving.trace.empty())
        faults.add("--trace: is played by one process; leave out --exec-type mpi, or play --dataset-path");
    if (s.options.peer_mem_gb.value <= 0) return;
    if (!ranks)
        faults.add("--peer-mem-gb: other ranks lend it, so it needs --exec-type mpi and two ranks or more");
    if (s.clock == clock_kind::virtual_time)
        faults.add("--peer-mem-gb: is real memory; leave out --clock virtual");
    if (!has_peer_stack(s))
        faults.add(
            "--peer-mem-gb: goes with --io-engine auto, uring or pread, and --storage-tier direct_file");
}

/// A real run has one modelled tier at most.
void resolve_run_calibrations(settings& s, fault_list& faults) {
    if (s.dry_run == dry_run_form::off) resolve_calibrations(s, faults);
    if (s.clock == clock_kind::virtual_time) return;
    if (!s.serving.trace.empty() && s.options.serving.recompute) return; // what loading is worth
    for (const std::string& given : s.serving.calibrations)
        if (!given.starts_with("gpu=") || s.gpu != gpu_tier_kind::modelled)
            faults.add("--calibration " + quote(given) +
                       ": is of a modelled tier; add --clock virtual, or for a GPU --gpu-tier modelled");
}

/// What only a run that takes place here can get wrong.
void check_execution(const settings& s, fault_list& faults) {
    if (s.executor == executor_kind::mpi && s.runs_kvmark() && !has_mpi)
        faults.add("--exec-type mpi: this kvmark was built without MPI; install libopenmpi-dev and build it "
                   "anew; --dry-run shows the command, --kvcache-bin-path starts another program");
    if (!s.runs_kvmark()) {
        check_readable(faults, "--kvcache-bin-path", s.options.program.path);
        return;
    }
    check_storage_tier(s, faults);
    check_job(s, faults);
    // A rank leaves the files to who gathers; what one host lacks need not be wrong on another.
    if (s.is_rank) return check_traces(s, faults);
    check_writable(faults, "--output", s.options.output);
    check_writable(faults, "--csv", s.csv);
    check_writable(faults, "--xlsx-output", s.xlsx);
    check_writable(faults, "--emit-fio", s.emit_fio);
    if (!s.emit_fio.empty() && (s.clock == clock_kind::virtual_time || !s.io_trace_log.empty()))
        faults.add(
            "--emit-fio: is of what storage was asked for; leave out --clock virtual and --io-trace-log");
    check_writable(faults, "--io-trace-log", s.io_trace_log);
    check_replaceable(faults, "--xlsx-output", s.xlsx);
    check_replaceable(faults, "--io-trace-log", s.io_trace_log);
    if (!s.xlsx.empty() && !xlsx_is_available)
        faults.add(
            "--xlsx-output: this kvmark was built without libxlsxwriter; --csv FILE writes the same figures");
    check_traces(s, faults);
}

} // namespace

void resolve_model(settings& s, fault_list& faults) {
    if (!s.config.empty()) read_config(s.config, s, faults);
    const std::vector<std::string_view> names = s.all_model_names();
    if (const model::geometry* m = s.find_model(s.model_name))
        s.options.model = *m;
    else
        faults.add("--model " + quote(s.model_name) + ": must be " + listed(names) +
                   suggestion(s.model_name, names));
}

void resolve_for_datasize(settings& s, fault_list& faults) {
    resolve_model(s, faults);
    if (s.sequence_length < 0) faults.add("--sequence-length: must be 0 (typical of the model) or more");
    s.options.num_gpus = std::max(s.options.num_gpus, s.options.tensor_parallel); // bounds nothing here
    for (const error& e : validate(s.options)) faults.add(e.message);
}

void resolve_launch(settings& s, fault_list& faults) {
    s.is_rank = exec::inside_job();
    if (s.is_rank) s.no_color = true; // launchers give ranks a terminal whatever their own output is
    if (s.is_rank && s.executor == executor_kind::local && s.dry_run == dry_run_form::off)
        faults.add(
            "--exec-type local: this process is a rank of a job; leave it out, or start kvmark without "
            "the launcher");
    if (s.executor == executor_kind::automatic)
        s.executor = s.is_rank ? executor_kind::mpi : executor_kind::local;
    if (s.launcher != 0) s.words = launch::dialects::all[s.launcher - 1];
}

void resolve_for_cluster(settings& s, fault_list& faults) {
    resolve_launch(s, faults);
    resolve_program(s);
    s.options.duration = 1; // the deadline counts from it
    if (!s.options.hosts.empty() && !has_mpi)
        faults.add("--hosts: this kvmark was built without MPI; install libopenmpi-dev and build it anew");
    for (const error& e : validate(s.options)) faults.add(e.message);
}

void resolve(settings& s, const std::string& datetime, fault_list& faults) {
    resolve_model(s, faults);
    resolve_launch(s, faults);
    resolve_autoscaler(s, faults);
    resolve_program(s);
    options& o = s.options;
    if (!s.results_dir.empty()) {
        o.run_datetime = datetime;
        o.run_directory = (fs::path(s.results_dir) / "kv_cache" / "run" / datetime).string();
    }
    check_limits(s, faults);
    resolve_gpu_tier(s, faults);
    resolve_run_calibrations(s, faults);
    if (s.dry_run == dry_run_form::off) check_execution(s, faults);
    check_options(o, faults);

    if (!s.validation_trace.empty()) s.notes.push_back("--validation-trace has no effect in this version");
    if (!has_uring && s.io_engine == io_engine_kind::automatic &&
        s.storage_tier == storage_tier_kind::direct_file)
        s.notes.push_back("this kvmark was built without liburing: --io-engine auto is pread");
}

void choose_demo(settings& s) {
    s.demo = true;
    s.model_name = "tiny-1b";
    options& o = s.options;
    o.num_users = 3;
    o.duration = 10;
    o.gpu_mem_gb = 0;
    o.cpu_mem_gb = 1;
    o.storage_capacity_gb = 4;
    o.generation_mode = generation_mode::none;
    o.seed = 42;
    std::error_code ignored;
    const bool here = ::access(".", W_OK) == 0;
    o.output = ((here ? fs::path(".") : fs::temp_directory_path(ignored)) / "kvmark_result.json").string();
}

std::string datetime_now(int seconds_later) {
    const time_t now = ::time(nullptr) + seconds_later;
    tm parts{};
    ::localtime_r(&now, &parts);
    char text[32];
    ::strftime(text, sizeof text, "%Y%m%d_%H%M%S", &parts);
    return text;
}

} // namespace kvmark::cli

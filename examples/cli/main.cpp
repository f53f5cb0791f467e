// kvmark: measures the storage behind the KV cache of an LLM server.
#include "args.hpp"
#include "calibrate_command.hpp"
#include "capacity_plan_command.hpp"
#include "cluster_command.hpp"
#include "command_record.hpp"
#include "completion.hpp"
#include "datasize.hpp"
#include "history_command.hpp"
#include "mlperf_command.hpp"
#include "models.hpp"
#include "report_command.hpp"
#include "resolve.hpp"
#include "run_command.hpp"
#include "search_command.hpp"
#include "simulate_command.hpp"
#include "tiers_command.hpp"
#include "trace_command.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/terminal.hpp>

#include <algorithm>
#include <cstdio>

namespace {

using namespace kvmark::cli;
using words = std::span<const std::string_view>;

constexpr std::string_view overview =
    R"(kvmark plays the traffic of an LLM service against a stack of real storage tiers and says what each tier delivered.

Usage: kvmark [run] [OPTION]...     run a benchmark (the word run can be left out before an option)
       kvmark simulate [OPTION]...  play a trace against a modelled cache: hits, TTFT, sweeps
       kvmark plan [OPTION]...      the hit ratio of every cache size, and the cheapest stack for a target
       kvmark trace WHAT FILE...    look into traces, convert them, make them
       kvmark calibrate [OPTION]... measure a device for the simulator
       kvmark search [OPTION]...    the most users, or requests per second, that keep a latency target
       kvmark mlperf [OPTION]...    the sequence of the MLPerf Storage rules, and the check of its results
       kvmark report FILE...        tables, a page or a comparison of results
       kvmark history [WHAT]        what was run before, and the same once more
       kvmark tiers [OPTION]...     measure backends on a path block by block, beside fio if asked
       kvmark cluster [OPTION]...   what the hosts of a launch are, and how they differ
       kvmark datasize [OPTION]...  how much KV cache a number of users makes
       kvmark models [OPTION]...    the models whose cache can be played
       kvmark completion SHELL      completion script for bash, zsh or fish
       kvmark --version

`kvmark COMMAND --help` lists the options of a command.

  kvmark run --demo                                        ten seconds, to see what it does
  kvmark run --cache-dir /mnt/nvme --gpu-mem-gb 0 --cpu-mem-gb 4 --output result.json
  kvmark run --dry-run --num-users 500 --cache-dir /mnt/nvme
  kvmark run --exec-type mpi --hosts node1 node2 --num-processes 8 --cache-dir /mnt/nvme
)";

constexpr std::string_view run_closing = R"(
Exit codes:
  0    the run ended well
  1    no run took place, data came back wrong, an operation failed, a rank is missing, a job reached its
       deadline, or a result could not be written
  2    wrong arguments; all of them are named, and nothing was touched
  130  interrupted by SIGINT (143: by SIGTERM); results were still written, marked interrupted

GiB is 2^30 bytes. docs/cli.md explains every option, docs/json.md every key of the result.
)";

constexpr std::string_view mlperf_closing = R"(
The defaults in parentheses are those of `kvmark run`. Here the rules' values stand in their place, option by option:
model, users, seconds, GPU and CPU GiB, writers (--max-concurrent-allocs) and generation mode; seed 42; --storage-tier
file. --mode closed refuses to have them given; --mode open takes what is given, and the rules' values for the rest.

Exit codes:
  0    every option is ok; with --check: nothing was found
  1    an option is partial or failed, nothing could be started or written; with --check: something was found
  2    wrong arguments, what --mode closed refuses among them; all of them are named, and nothing was touched
  130  interrupted by SIGINT (143: by SIGTERM); the same command goes on where it was

docs/mlperf.md explains the sequence, its tree of results and its check.
)";

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int report_faults(const fault_list& faults, const char* command = "run") {
    for (const std::string& fault : faults.all()) std::fprintf(stderr, "kvmark: %s\n", fault.c_str());
    const std::size_t n = faults.all().size();
    std::fprintf(stderr, "kvmark: %zu fault%s, nothing was done; `kvmark %s --help` lists the options\n", n,
                 n == 1 ? "" : "s", command);
    return exit_bad_arguments;
}

std::size_t help_width() {
    return std::clamp<std::size_t>(kvmark::report::terminal_width(STDOUT_FILENO), 80, 120);
}

/// Does it, and enters it into the history.
int recorded(const char* name, const settings& s, int (*act)(const settings&)) {
    command_record record(name);
    record.add_file(s);
    return record.finish(act(s));
}

/// Whether what the settings ask of one of those commands measures or simulates something.
bool is_recorded(unsigned bit, const settings& s) {
    if (bit == on_mlperf)
        return s.mlperf.mode != mlperf_mode::whatif && s.mlperf.check.empty() &&
               s.dry_run == dry_run_form::off;
    return (bit & (on_simulate | on_plan | on_calibrate | on_search)) != 0;
}

int run_main(words arguments) {
    settings s;
    fault_list faults;
    // A demonstration is a set of defaults: what is said beside it counts.
    if (std::find(arguments.begin(), arguments.end(), "--demo") != arguments.end()) choose_demo(s);
    const std::int64_t usual = std::exchange(s.options.duration, 0);
    read_arguments(arguments, on_run, s, faults);
    if (s.options.duration == 0) { // not given: a trace is played to its end
        s.options.duration = usual;
        s.options.serving.to_the_end = !s.serving.trace.empty();
    }
    if (s.help) {
        print(help_text("kvmark run [OPTION]...", on_run, run_closing, help_width()));
        return exit_ok;
    }
    resolve(s, datetime_now(), faults);
    return faults.empty() ? run(std::move(s)) : report_faults(faults);
}

int datasize_main(words arguments) {
    settings s;
    fault_list faults;
    s.model_name.clear();
    read_arguments(arguments, on_datasize, s, faults);
    if (s.help) {
        print(help_text("kvmark datasize [OPTION]...", on_datasize, "", help_width()));
        return exit_ok;
    }
    const bool one_model = !s.model_name.empty();
    if (!one_model) s.model_name = s.options.model.name;
    resolve_for_datasize(s, faults);
    return faults.empty() ? datasize(s, one_model) : report_faults(faults);
}

int tiers_main(words arguments) {
    settings s;
    fault_list faults;
    read_arguments(arguments, on_tiers, s, faults);
    if (s.help) {
        print(help_text("kvmark tiers [OPTION]...", on_tiers, tiers_closing, help_width()));
        return exit_ok;
    }
    resolve_model(s, faults);
    resolve_tiers(s, faults);
    if (!faults.empty()) return report_faults(faults, "tiers");
    return s.tiers.emit_fio.empty() ? recorded("tiers", s, measure_tiers) : measure_tiers(s);
}

/// A command of its own options: `resolve` gathers the faults, `act` does it.
int command_main(words arguments, const char* name, const std::string& usage, unsigned bit,
                 void (*resolve)(settings&, fault_list&), int (*act)(const settings&),
                 std::string_view closing = "") {
    settings s;
    fault_list faults;
    read_arguments(arguments, bit, s, faults);
    if (s.help) {
        print(help_text(usage, bit, closing, help_width()));
        return exit_ok;
    }
    resolve(s, faults);
    if (!faults.empty()) return report_faults(faults, name);
    return is_recorded(bit, s) ? recorded(name, s, act) : act(s);
}

int cluster_main(words arguments) {
    settings s;
    fault_list faults;
    read_arguments(arguments, on_cluster, s, faults);
    if (s.help) {
        print(help_text("kvmark cluster [OPTION]...", on_cluster, "", help_width()));
        return exit_ok;
    }
    resolve_for_cluster(s, faults);
    return faults.empty() ? show_cluster(std::move(s)) : report_faults(faults, "cluster");
}

int models_main(words arguments) {
    settings s;
    fault_list faults;
    read_arguments(arguments, on_models, s, faults);
    if (s.help) {
        print(help_text("kvmark models [OPTION]...", on_models, "", help_width()));
        return exit_ok;
    }
    resolve_model(s, faults);
    return faults.empty() ? list_models(s) : report_faults(faults);
}

int completion_main(words arguments) {
    const std::string script = arguments.size() == 1 ? completion_script(arguments[0]) : std::string();
    print(script);
    if (!script.empty()) return exit_ok;
    std::fprintf(stderr, "kvmark: completion needs the name of a shell: %s\n", listed(shell_names).c_str());
    return exit_bad_arguments;
}

int dispatch(words arguments) {
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
        print(overview);
        return exit_ok;
    }
    const std::string_view first = arguments[0];
    if (first == "--version") {
        print("kvmark " KVMARK_VERSION "\n");
        return exit_ok;
    }
    const words rest = arguments.subspan(1);
    if (first == "run") return run_main(rest);
    if (first.starts_with('-')) return run_main(arguments);
    if (first == "datasize") return datasize_main(rest);
    if (first == "cluster") return cluster_main(rest);
    if (first == "tiers") return tiers_main(rest);
    if (first == "simulate")
        return command_main(rest, "simulate", "kvmark simulate --trace FILE [OPTION]...", on_simulate,
                            resolve_for_simulate, simulate);
    if (first == "plan")
        return command_main(rest, "plan", "kvmark plan --trace FILE [OPTION]...", on_plan,
                            resolve_for_plan_capacity, plan_capacity);
    if (first == "trace")
        return command_main(
            rest, "trace",
            "kvmark trace info FILE... | convert FILE OUT | generate KIND OUT, then [OPTION]...", on_trace,
            resolve_for_trace_files, trace_files);
    if (first == "calibrate")
        return command_main(rest, "calibrate", "kvmark calibrate [--path DIR | --memory] [OPTION]...",
                            on_calibrate, resolve_for_calibrate, calibrate);
    if (first == "search")
        return command_main(rest, "search", "kvmark search --slo TARGET [OPTION]...", on_search,
                            resolve_for_search, search);
    if (first == "mlperf")
        return command_main(rest, "mlperf",
                            "kvmark mlperf --results-dir DIR --cache-dir DIR [OPTION]... | --check DIR",
                            on_mlperf, resolve_for_mlperf, run_mlperf, mlperf_closing);
    if (first == "report")
        return command_main(rest, "report", "kvmark report FILE... | --compare A B, then [OPTION]...",
                            on_report, resolve_for_report, report_results);
    if (first == "history")
        return command_main(rest, "history", "kvmark history [show N | rerun N] [OPTION]...", on_history,
                            resolve_for_history, show_history);
    if (first == "models") return models_main(rest);
    if (first == "completion") return completion_main(rest);
    constexpr std::array<std::string_view, 14> commands{
        "run",      "tiers",  "cluster",    "simulate", "plan",   "trace",  "calibrate",
        "datasize", "models", "completion", "search",   "mlperf", "report", "history"};
    std::fprintf(stderr, "kvmark: unknown command %s%s\n", kvmark::quote(first).c_str(),
                 suggestion(first, commands).c_str());
    return exit_bad_arguments;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    return dispatch(arguments);
}

// kvmark: measures the storage behind the KV cache of an LLM server.
#include "args.hpp"
#include "calibrate_command.hpp"
#include "capacity_plan_command.hpp"
#include "cluster_command.hpp"
#include "command_list.hpp"
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

Usage: kvmark COMMAND [OPTION]...

)";
constexpr std::string_view overview_closing = R"(
`kvmark COMMAND --help` lists the options of a command; `kvmark --version` prints the version.

  kvmark run --demo                                        ten seconds, to see what it does
  kvmark run --cache-dir /mnt/nvme --gpu-mem-gb 0 --cpu-mem-gb 4 --output result.json
  kvmark run --dry-run --num-users 500 --cache-dir /mnt/nvme
  kvmark run --exec-type mpi --hosts node1 node2 --num-processes 8 --cache-dir /mnt/nvme
  kvmark search --slo p95_read=50ms --cache-dir /mnt/nvme
  kvmark report result.json --html result.html
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

int report_faults(const fault_list& faults, std::string_view command = "run") {
    for (const std::string& fault : faults.all()) std::fprintf(stderr, "kvmark: %s\n", fault.c_str());
    const std::size_t n = faults.all().size();
    std::fprintf(stderr, "kvmark: %zu fault%s, nothing was done; `kvmark %s --help` lists the options\n", n,
                 n == 1 ? "" : "s", std::string(command).c_str());
    return exit_bad_arguments;
}

std::size_t help_width() {
    return std::clamp<std::size_t>(kvmark::report::terminal_width(STDOUT_FILENO), 80, 120);
}

std::string usage_of(const command_spec& c) {
    return "kvmark " + std::string(c.name) + " " + std::string(c.usage);
}

const command_spec* find_command(std::string_view name) {
    for (const command_spec& c : all_commands)
        if (c.name == name) return &c;
    return nullptr;
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
        print(help_text(usage_of(*find_command("run")), on_run, run_closing, help_width()));
        return exit_ok;
    }
    resolve(s, datetime_now(), faults);
    return faults.empty() ? run(std::move(s)) : report_faults(faults);
}

/// A command that is its options: what is wrong with them, and what they ask for.
struct command_action {
    std::string_view name;
    void (*resolve)(settings&, fault_list&);
    int (*act)(const settings&);
    std::string_view closing = ""; ///< of its help
};
const command_action actions[]{
    {"search", resolve_for_search, search},
    {"mlperf", resolve_for_mlperf, run_mlperf, mlperf_closing},
    {"report", resolve_for_report, report_results},
    {"history", resolve_for_history, show_history},
    {"tiers", resolve_tiers, measure_tiers, tiers_closing},
    {"simulate", resolve_for_simulate, simulate},
    {"plan", resolve_for_plan_capacity, plan_capacity},
    {"trace", resolve_for_trace_files, trace_files},
    {"calibrate", resolve_for_calibrate, calibrate},
    {"cluster", resolve_for_cluster, show_cluster},
    {"datasize", resolve_for_datasize, datasize},
    {"models", resolve_model, list_models},
};

/// Whether what the settings ask of the command measures or simulates something.
bool is_recorded(unsigned bit, const settings& s) {
    if (bit == on_mlperf)
        return s.mlperf.mode != mlperf_mode::whatif && s.mlperf.check.empty() &&
               s.dry_run == dry_run_form::off;
    if (bit == on_tiers) return s.tiers.emit_fio.empty();
    return (bit & (on_simulate | on_plan | on_calibrate | on_search)) != 0;
}

int action_main(const command_action& a, words arguments) {
    const command_spec& command = *find_command(a.name);
    settings s;
    fault_list faults;
    read_arguments(arguments, command.bit, s, faults);
    if (s.help) {
        print(help_text(usage_of(command), command.bit, a.closing, help_width()));
        return exit_ok;
    }
    a.resolve(s, faults);
    if (!faults.empty()) return report_faults(faults, a.name);
    if (!is_recorded(command.bit, s)) return a.act(s);
    command_record record(a.name);
    record.add_file(s);
    return record.finish(a.act(s));
}

int completion_main(words arguments) {
    const std::string script = arguments.size() == 1 ? completion_script(arguments[0]) : std::string();
    print(script);
    if (!script.empty()) return exit_ok;
    std::fprintf(stderr, "kvmark: completion needs the name of a shell: %s\n", listed(shell_names).c_str());
    return exit_bad_arguments;
}

int print_overview() {
    print(overview);
    for (const command_spec& c : all_commands) {
        std::string line = "  " + std::string(c.name);
        line.resize(14, ' ');
        print((line += c.help) += '\n');
    }
    print(overview_closing);
    return exit_ok;
}

int dispatch(words arguments) {
    if (arguments.empty()) return print_overview();
    const std::string_view first = arguments[0];
    if (first == "--help" || first == "-h" || first == "help") return print_overview();
    if (first == "--version") {
        print("kvmark " KVMARK_VERSION "\n");
        return exit_ok;
    }
    const words rest = arguments.subspan(1);
    if (first == "run") return run_main(rest);
    if (first.starts_with('-')) return run_main(arguments);
    if (first == "completion") return completion_main(rest);
    for (const command_action& a : actions)
        if (a.name == first) return action_main(a, rest);
    std::vector<std::string_view> names;
    for (const command_spec& c : all_commands) names.push_back(c.name);
    std::fprintf(stderr, "kvmark: unknown command %s%s\n", kvmark::quote(first).c_str(),
                 suggestion(first, names).c_str());
    return exit_bad_arguments;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    return dispatch(arguments);
}

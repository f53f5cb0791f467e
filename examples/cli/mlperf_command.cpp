// The sequence of the MLPerf Storage rules, its plan, or the check of one that has ended.
#include "mlperf_command.hpp"

#include "console.hpp"
#include "mlperf_check.hpp"
#include "mlperf_plan.hpp"
#include "mlperf_sequence.hpp"
#include "mlperf_tree.hpp"
#include "run_command.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_text.hpp>

#include <filesystem>

namespace kvmark::cli {

namespace {

int show_plan(const settings& s, const mlperf_plan& plan) {
    console out(s);
    std::string text;
    if (s.json || s.dry_run == dry_run_form::json) {
        text = report::json_text(mlperf_plan_json(plan));
    } else {
        text = mlperf_plan_text(plan) + "\nLaunches\n";
        for (const mlperf_option& option : plan.options)
            for (std::int64_t trial = 0; trial < plan.sequence.trials; ++trial)
                text += "  " + mlperf_paths::trial_name(option.rules.number, trial) + "  " + option.display +
                        "\n";
        for (const std::string& warning : plan.warnings) text += "warning: " + warning + "\n";
        for (const std::string& note : plan.notes) text += "note: " + note + "\n";
        text += "\nNothing was started and nothing was written.\n";
    }
    out.print(text, text);
    return exit_ok;
}

} // namespace

void resolve_for_mlperf(settings& s, fault_list& faults) {
    if (s.mlperf.check.empty()) {
        static_cast<void>(make_mlperf_plan(s, faults));
        return;
    }
    if (!std::filesystem::is_directory(s.mlperf.check))
        faults.add("--check " + quote(s.mlperf.check) + ": is no directory");
}

int run_mlperf(const settings& s) {
    if (!s.mlperf.check.empty()) return check_mlperf(s);
    fault_list none;
    mlperf_plan plan = make_mlperf_plan(s, none);
    settle_commands(plan);
    return is_what_if(s) ? show_plan(s, plan) : run_sequence(s, plan);
}

} // namespace kvmark::cli

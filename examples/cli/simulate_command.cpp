#include "simulate_command.hpp"

#include "calibration.hpp"
#include "console.hpp"
#include "load_trace.hpp"
#include "outcome.hpp"
#include "resolve.hpp"
#include "serve_stack.hpp"
#include "serving_run.hpp"
#include "simulation_report.hpp"
#include "stop_signal.hpp"

#include <kvmark/cache/policy_names.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/numbers.hpp>

#include <atomic>
#include <thread>

namespace kvmark::cli {

namespace {

void check_case(const simulation_case& c, fault_list& faults) {
    const serving_options& o = c.s.options.serving;
    const std::size_t tiers = o.capacity_blocks.size();
    if (tiers == 0)
        faults.add("--capacity-blocks N, or capacity= in --sweep: say how many blocks the cache holds");
    if (tiers > 3) faults.add("--capacity-blocks: at most three tiers: gpu, host and storage");
    if (o.policies.size() > 1 && o.policies.size() != tiers)
        faults.add("--policy: give one, or one for each tier of --capacity-blocks");
    bool offline = false;
    for (const std::string& name : o.policies)
        if (const auto* p = cache::find_policy(name)) offline = offline || p->is_offline();
    if (!offline) return;
    if (c.s.serving.ttft)
        faults.add("--ttft: belady and its kin know the future of decisions alone; leave it out");
    if (tiers > 1) faults.add("--policy: belady and its kin serve a single tier");
    if (c.s.replay_cycles > 1) faults.add("--replay-cycles: not with belady and its kin");
}

/// Takes the cases one by one, over all processors.
void run_all(std::vector<simulated_case>& cases, simulated_trace& trace, console& out, bool shows) {
    std::atomic<std::size_t> next{0}, finished{0};
    const auto work = [&] {
        for (std::size_t i; stop_signal == 0 && (i = next++) < cases.size(); ++finished) {
            auto result = simulate_one(cases[i].what.s, trace);
            if (result)
                cases[i].result = *std::move(result);
            else
                cases[i].failure = result.error();
        }
    };
    const std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < std::min(processors, cases.size()); ++i) threads.emplace_back(work);
    for (int tenths = 0; shows && finished < cases.size() && stop_signal == 0; ++tenths) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (tenths >= 20 && tenths % (out.stderr_is_terminal() ? 5 : 100) == 0)
            out.progress(std::to_string(finished) + " of " + std::to_string(cases.size()) + " simulations");
    }
    for (std::thread& t : threads) t.join();
    out.end_progress();
}

} // namespace

void resolve_for_simulate(settings& s, fault_list& faults) {
    resolve_model(s, faults);
    resolve_calibrations(s, faults);
    if (s.serving.trace.empty()) return faults.add("--trace FILE is needed: what is to be played");
    fault_list of_sweep;
    for (const simulation_case& c : cases_of_sweep(s, of_sweep)) {
        if (!of_sweep.empty()) break;
        check_case(c, of_sweep);
        check_serving(c.s, of_sweep);
    }
    for (const std::string& fault : of_sweep.all()) faults.add(fault);
}

int simulate(const settings& s) {
    console out(s);
    auto loaded = load_trace(s, out);
    if (!loaded) return report_failure(out, loaded.error());
    heed_stop_signals(); // until now there is nothing to be kept
    simulated_trace trace(*std::move(loaded));
    fault_list none;
    std::vector<simulated_case> cases;
    for (simulation_case& c : cases_of_sweep(s, none)) cases.push_back({std::move(c), {}, {}});
    run_all(cases, trace, out, !s.quiet && out.shows_progress());

    int code = exit_ok;
    for (const simulated_case& c : cases) {
        if (!c.failure) continue;
        code = report_failure(out, *c.failure);
    }
    std::erase_if(cases, [](const simulated_case& c) { return !c.result; });
    if (!cases.empty() && (s.json || !s.quiet)) {
        const std::string text =
            s.json ? simulation_json(s, trace.blocks(), cases) : simulation_table(s, trace.blocks(), cases);
        out.print(text, text);
    }
    if (!s.csv.empty() && !cases.empty())
        if (auto written = report::write_file(s.csv, simulation_csv(cases)); !written) {
            out.fail(written.error().message);
            code = exit_failed;
        }
    if (stop_signal == 0) return code;
    return exit_code_of_signal(stop_signal);
}

} // namespace kvmark::cli

// The highest load that keeps a target.
#include "search_command.hpp"

#include "console.hpp"
#include "measured_run.hpp"
#include "outcome.hpp"
#include "resolve.hpp"
#include "search_report.hpp"
#include "stop_signal.hpp"

#include <kvmark/benchmark/limit_search.hpp>
#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/benchmark/plateau_search.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/measure/faults.hpp>
#include <kvmark/measure/steady_state.hpp>
#include <kvmark/report/file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kvmark::cli {

namespace {

double most_of(const settings& s) {
    if (s.search.highest > 0) return s.search.highest;
    return s.search.load == search_load::users ? 100'000 : 1e6;
}

/// The reference's words for the two questions.
void map_autoscaler(settings& s, fault_list& faults) {
    search_request& q = s.search;
    if (!s.was_given("autoscaler-mode") && !s.was_given("target-saturation")) return;
    if (s.autoscaler_mode_text == "capacity") {
        q.capacity = true;
        if (s.was_given("target-saturation"))
            faults.add("--target-saturation: is of --autoscaler-mode qos; leave it out");
    } else if (s.autoscaler_mode_text == "qos") {
        if (!q.slo.empty()) faults.add("--slo and --autoscaler-mode qos both name a target: leave one out");
        const double ms = s.options.target_saturation * s.options.workload.saturation_read_p95_ms;
        q.slo = "p95_read=" + std::string(launch::real_text(ms)) + "ms";
    }
}

void check_load(settings& s, fault_list& faults) {
    search_request& q = s.search;
    const bool users = q.load == search_load::users, trace = !s.serving.trace.empty();
    if (users && trace)
        faults.add("--load users: the requests of a trace have no users to be added; give --load rate");
    if (s.use_burst_trace)
        faults.add(
            "--use-burst-trace: its requests come as recorded, so there is no load to raise; play a trace "
            "with --trace, or simulated users");
    if (!users && trace &&
        (s.serving.arrivals == workload::replay_arrivals::trace ||
         s.serving.arrivals == workload::replay_arrivals::closed))
        faults.add("--trace-arrivals: must be fixed, poisson, gamma or weibull, which have a rate to raise");
    const double most = users ? 100'000 : 1e6, least = users ? 1 : 1e-6;
    if (!(q.lowest >= least && q.lowest <= most))
        faults.add("--lowest " + std::string(launch::real_text(q.lowest)) + ": must be " +
                   (users ? "1..100000 users" : "0.000001..1000000 requests/s"));
    if (q.highest != 0 && !(q.highest >= q.lowest && q.highest <= most))
        faults.add("--highest " + std::string(launch::real_text(q.highest)) +
                   ": must be 0 (as far as the load goes), or --lowest.." + (users ? "100000" : "1000000"));
    if (users && (q.lowest != std::floor(q.lowest) || q.highest != std::floor(q.highest)))
        faults.add("--lowest, --highest: must be whole numbers of users");
}

void check_question(settings& s, fault_list& faults) {
    search_request& q = s.search;
    if (q.slo.empty() && !q.capacity)
        faults.add("--slo METRIC=LIMIT is needed, as --slo p95_read=50ms; or --capacity, for the plateau of "
                   "the bandwidth");
    if (!q.slo.empty() && q.capacity)
        faults.add("--slo and --capacity ask for different things: give one of them");
    if (!q.slo.empty())
        for (const error& e : parse_slo(q.slo, !s.serving.trace.empty()).faults)
            faults.add("--slo " + e.message);
    if (!(q.precision > 0 && q.precision <= 100))
        faults.add("--precision: must be above 0, up to 100 percent");
    if (q.trials < 1 || q.trials > 1000) faults.add("--trials: must be 1..1000");
    if (!(q.max_seconds >= 0)) faults.add("--max-seconds: must be 0 (no bound) or more");
}

/// One trial after another, as the search asks for them.
class trial_runner {
public:
    trial_runner(settings& s, console& out, search_findings& found)
        : s_(s), out_(out), of_runs_(watching(s, out)), found_(found) {}

    result<load_trial> operator()(const load_trial& asked) {
        load_trial t = asked;
        heed_stop_signals();
        t.stopped = stop_signal != 0;
        trial_detail& detail = found_.details.emplace_back();
        if (t.stopped) return t;
        set(t);
        report::run_context context;
        const auto report = measure_run(s_, of_runs_, context);
        heed_stop_signals();
        s_.notes.clear(); // said once
        of_runs_.end_progress();
        if (!report) return report.error();
        if (report->interrupted) {
            if (stop_signal == 0) stop_signal = report->stop_signal != 0 ? report->stop_signal : SIGINT;
            t.stopped = true;
        }
        if (!report->clean()) return unclean(*report);
        const flow f = flow_of(*report, offered(t));
        const double seconds = to_seconds(report->elapsed);
        if (f.completed == 0 && !f.overloaded() && !t.stopped)
            return error{error_kind::invalid_argument,
                         "at " + load_text(s_, t.load) + " no request was answered in the window of " +
                             fmt::format("{:g}", seconds) +
                             " s: give a longer --duration, or begin at a higher "
                             "load with --lowest"};
        const service_rate rate = rate_of(*report);
        detail = {.elapsed = seconds, .arrived = f.arrived, .completed = f.completed};
        if (rate.of_bytes) detail.storage_bytes_per_second = rate.rate.value;
        if (seconds > 0)
            detail.tokens_per_second = static_cast<double>(report->tokens_generated.count) / seconds;
        const measure::steadiness settled = measure::steadiness_of(*report);
        t.steady = settled.steady || !settled.known;
        if (found_.targets.empty()) {
            found_.of_bytes = rate.of_bytes;
            t.figures = {rate.rate};
        } else {
            t.overloaded = f.overloaded();
            for (const slo_target& target : found_.targets)
                t.figures.push_back(measure_target(*report, target));
        }
        if (!t.stopped) tell(t);
        return t;
    }

private:
    /// Elsewhere than on a terminal a line for each trial is progress enough.
    static console watching(settings s, const console& out) {
        if (!out.stderr_is_terminal()) s.level = std::max(s.level, log_level::warning);
        return console(s);
    }

    void set(const load_trial& t) {
        s_.options.seed = static_cast<std::int64_t>(t.seed);
        s_.options.warmup = t.warmup;
        if (s_.search.load == search_load::users)
            s_.options.num_users = static_cast<std::int64_t>(t.load);
        else
            s_.options.request_rate = t.load;
    }

    /// Of a trace that is cut by the window: what should have come, had all been admitted.
    [[nodiscard]] double offered(const load_trial& t) const {
        return s_.serving.trace.empty() || s_.options.serving.to_the_end ? 0 : t.load;
    }

    static error unclean(const measure::run_report& report) {
        error all{error_kind::system, ""};
        for (const std::string& fault : measure::faults(report))
            all.message += (all.message.empty() ? "" : "\n") + fault;
        return all;
    }

    void tell(const load_trial& t) {
        std::string line = "trial " + std::to_string(t.number + 1) + ": " + load_text(s_, t.load) + ":";
        for (std::size_t i = 0; i < t.figures.size(); ++i)
            line += (i == 0 ? " " : ", ") + figure_text(found_, i, t.figures[i].value);
        if (t.overloaded) line += ", the backlog grows";
        if (!t.steady) line += ", not steady";
        if (t.warmup > 0) line += " (warm-up " + fmt::format("{:g}", t.warmup) + " s)";
        if (!s_.quiet) out_.note(line);
    }

    settings& s_;
    console& out_;
    console of_runs_;
    search_findings& found_;
};

search_settings settings_of(const settings& s) {
    const search_request& q = s.search;
    const options& o = s.options;
    const bool whole_trace = !s.serving.trace.empty() && o.serving.to_the_end;
    const auto duration = static_cast<double>(o.duration);
    // Each rank counts its own seed on from the job's.
    const auto ranks =
        s.launches() ? static_cast<std::uint64_t>(launch::host_plan(o.hosts, o.num_processes).processes())
                     : 1;
    const double warmup = s.was_given("warmup") || whole_trace ? o.warmup : duration / 10;
    return {.lowest = q.lowest,
            .highest = most_of(s),
            .whole = q.load == search_load::users,
            .precision = q.precision / 100,
            .max_trials = static_cast<std::size_t>(q.trials),
            .max_seconds = q.max_seconds,
            .warmup = warmup,
            .longest_warmup = whole_trace ? warmup : std::max(duration, warmup),
            .seed = static_cast<std::uint64_t>(*o.seed),
            .seed_step = ranks};
}

/// What both kinds of result have.
template <class Result>
std::optional<error> take_over(Result r, search_findings& found) {
    found.end = r.end;
    found.path = std::move(r.path);
    found.seconds = r.seconds;
    found.trials = r.trials;
    return r.failure;
}

std::optional<error> search_for_limit(settings& s, console& out, search_findings& found) {
    std::vector<load_target> targets;
    for (const slo_target& t : found.targets) targets.push_back(t.target);
    limit_search search(settings_of(s), std::move(targets), trial_runner(s, out, found));
    limit_result r = search.find();
    found.keeps = r.keeps;
    found.fails = r.fails;
    found.confidence = r.confidence;
    return take_over(std::move(r), found);
}

std::optional<error> search_for_plateau(settings& s, console& out, search_findings& found) {
    plateau_search search(settings_of(s), trial_runner(s, out, found));
    plateau_result r = search.find();
    found.plateau = r.plateau;
    found.knee = r.knee;
    found.below_knee = r.below_knee;
    return take_over(std::move(r), found);
}

} // namespace

void resolve_for_search(settings& s, fault_list& faults) {
    search_request& q = s.search;
    const bool trace = !s.serving.trace.empty();
    if (trace && !s.was_given("load")) q.load = search_load::rate;
    if (trace && !s.was_given("trace-arrivals")) s.serving.arrivals = workload::replay_arrivals::poisson;
    s.options.serving.to_the_end = trace && !s.was_given("duration");
    check_load(s, faults);
    if (q.load == search_load::rate) s.options.request_rate = q.lowest;
    resolve(s, datetime_now(), faults);
    map_autoscaler(s, faults);
    check_question(s, faults);
    if (s.is_rank)
        faults.add("search: starts its jobs itself; give --exec-type mpi and --hosts in place of a launcher");
}

int search(const settings& given) {
    settings s = given;
    console out(s);
    const std::string output = std::exchange(s.options.output, "");
    if (!s.options.seed) s.options.seed = static_cast<std::int64_t>(fresh_seed());
    search_findings found;
    found.started = report::utc_now();
    if (!s.search.slo.empty()) found.targets = parse_slo(s.search.slo, !s.serving.trace.empty()).targets;
    const settings asked = s;
    const std::optional<error> failure =
        s.search.capacity ? search_for_plateau(s, out, found) : search_for_limit(s, out, found);

    int code = exit_ok;
    if (failure) code = report_failure(out, *failure);
    if (stop_signal != 0) code = exit_code_of_signal(stop_signal);
    const std::string text = search_json(asked, found);
    if (s.json)
        out.print(text, text);
    else if (!s.quiet)
        out.print(search_text(asked, found, report::palette(out.color())),
                  search_text(asked, found, report::palette(false)));
    if (output.empty()) return code;
    if (auto written = report::write_file(output, text); !written)
        return report_failure(out, written.error());
    return code;
}

} // namespace kvmark::cli

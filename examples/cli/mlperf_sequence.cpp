// Delays, trials, and the files of the whole.
#include "mlperf_sequence.hpp"

#include "job.hpp"
#include "mlperf_summary.hpp"
#include "mlperf_trial.hpp"
#include "stop_signal.hpp"

#include <kvmark/core/clock.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/file.hpp>

#include <filesystem>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

class sequence {
public:
    sequence(const settings& s, mlperf_plan& plan, held_sequence held, console& out)
        : s_(s), plan_(plan), held_(std::move(held)), out_(out), begun_(clocks::monotonic_now()) {
        const json::object& record = held_.record();
        spent_before_ = record.at("runtime_s").to_number<double>();
        if (!record.contains("launcher_version"))
            version_ =
                plan_.options.front().run.launches() ? launcher_version(plan_.options.front().run) : "";
        else if (record.at("launcher_version").is_string())
            version_ = record.at("launcher_version").get_string();
    }

    int run() {
        if (auto saved = save(sequence_running); !saved) return fail(saved.error());
        const auto end = run_trials();
        out_.lead_progress("");
        out_.end_progress();
        if (!end) {
            static_cast<void>(save(sequence_interrupted));
            return fail(end.error());
        }
        const bool interrupted = watch_.signal() != 0 || !*end;
        if (auto saved = save(interrupted ? sequence_interrupted : sequence_finished); !saved)
            return fail(saved.error());
        return conclude(interrupted);
    }

private:
    int fail(const error& e) {
        out_.end_progress();
        out_.fail(e.message);
        out_.note("the same command takes the sequence up again");
        return exit_failed;
    }

    result<void> save(const char* state) {
        const double spent = spent_before_ + to_seconds(clocks::monotonic_now() - begun_);
        return held_.save(state,
                          {{"runtime_s", spent}, {"launcher_version", report::text_or_null(version_)}});
    }

    [[nodiscard]] bool is_done(std::size_t option, std::int64_t trial) const {
        return std::filesystem::is_directory(held_.paths().trial(plan_.options[option].rules.number, trial));
    }

    /// False where it was stopped.
    result<bool> run_trials() {
        bool first = true;
        for (std::size_t option = 0; option < plan_.options.size(); ++option) {
            for (std::int64_t trial = 0; trial < plan_.sequence.trials; ++trial) {
                if (is_done(option, trial)) {
                    any_ran_ = true;
                    continue;
                }
                if (first && held_.is_resumed())
                    out_.note("taking up " + held_.paths().directory + " at " + place(option, trial));
                if (!first && trial == 0 &&
                    !pause(plan_.inter_option_delay(), "pause between options", option, trial))
                    return false;
                first = false;
                const auto went_on = run_one(option, trial);
                if (!went_on || !*went_on) return went_on;
            }
        }
        return true;
    }

    result<bool> run_one(std::size_t option, std::int64_t trial) {
        if (!pause(plan_.start_delay(), "pause before the trial", option, trial)) return false;
        out_.lead_progress(place(option, trial) + " | ");
        auto end = run_trial(plan_, held_.paths(), option, trial, any_ran_, watch_, out_);
        if (!end) return end.error();
        if (!end->started) return error{error_kind::system, "nothing could be started: " + end->failure};
        if (!end->failure.empty()) out_.fail(place(option, trial) + ": " + end->failure);
        if (!end->hosts.empty()) {
            const std::string text = report::json_text(mlperf_cluster_json(end->hosts, end->cluster_from));
            if (auto written = report::write_file(held_.paths().cluster(), text); !written)
                return written.error();
        }
        if (end->interrupted || watch_.signal() != 0) return false;
        any_ran_ = true;
        tell(option, trial);
        if (auto saved = save(sequence_running); !saved) return saved.error();
        return pause(plan_.end_delay(), "pause after the trial", option, trial);
    }

    /// What the trial came to, in a line.
    void tell(std::size_t option, std::int64_t trial) {
        const std::int64_t number = plan_.options[option].rules.number;
        const report::option_figures f = report::figures_of_option(
            {read_trial(held_.paths().directory, number, trial, plan_.layout.ranks)}, 1, plan_.is_closed());
        const auto rate = [](const std::optional<double>& x) { return x ? fmt::format("{:.3f}", *x) : "-"; };
        out_.note(fmt::format("option {}, trial {}: {} GiB/s read, {} GiB/s written{}{}", number, trial + 1,
                              rate(f.sums.read_gib_per_s), rate(f.sums.write_gib_per_s),
                              f.reason.empty() ? "" : "; ", f.reason));
    }

    [[nodiscard]] std::string place(std::size_t option, std::int64_t trial) const {
        return "option " + std::to_string(option + 1) + " of " + std::to_string(plan_.options.size()) +
               ", trial " + std::to_string(trial + 1) + " of " + std::to_string(plan_.sequence.trials) +
               ", about " + duration_text(plan_.left(option, trial)) + " left";
    }

    /// Whether it was slept to the end.
    bool pause(nanoseconds t, const char* why, std::size_t option, std::int64_t trial) {
        out_.lead_progress(place(option, trial) + " | ");
        const nanoseconds end = clocks::monotonic_now() + t;
        const nanoseconds step = from_seconds(out_.stderr_is_terminal() ? 1 : 30);
        for (nanoseconds rest = t; rest.count > 0; rest = end - clocks::monotonic_now()) {
            if (out_.shows_progress() && t > from_seconds(2))
                out_.progress(std::string(why) + ", " + duration_text(rest));
            if (!watch_.sleep(rest < step ? rest : step)) return false;
        }
        return watch_.signal() == 0;
    }

    int conclude(bool interrupted) {
        const mlperf_paths& paths = held_.paths();
        const auto cluster = read_json_file(paths.cluster());
        const json::value none;
        const auto write = [&](const std::string& path, const json::value& v) {
            return report::write_file(path, report::json_text(v));
        };
        if (auto written =
                write(paths.metadata(), mlperf_metadata_json(plan_, held_, cluster ? *cluster : none));
            !written)
            return fail(written.error());
        const mlperf_outcome outcome = summarize_sequence(plan_, held_);
        if (auto written = write(paths.summary(), outcome.summary); !written) return fail(written.error());
        if (s_.json) {
            const std::string text = report::json_text(outcome.summary);
            out_.print(text, text);
        } else if (!s_.quiet) {
            const std::string where = "Summary    " + paths.summary() + "\n";
            out_.print(mlperf_outcome_text(plan_, outcome, report::palette(out_.color())) + where,
                       mlperf_outcome_text(plan_, outcome, report::palette(false)) + where);
        }
        if (interrupted) {
            out_.note(
                "interrupted; the same command takes the sequence up at the first trial that has not ended");
            return exit_code_of_signal(watch_.signal());
        }
        for (std::size_t i = 0; i < outcome.options.size(); ++i)
            if (const report::option_figures& f = outcome.options[i]; f.status != report::option_status::ok)
                out_.fail("option " + std::to_string(i + 1) + " is " +
                          std::string(report::option_status_names[static_cast<std::size_t>(f.status)]) +
                          ": " + f.reason);
        return outcome.all_ok() ? exit_ok : exit_failed;
    }

    const settings& s_;
    mlperf_plan& plan_;
    held_sequence held_;
    console& out_;
    stop_watch watch_;
    nanoseconds begun_;
    double spent_before_ = 0;
    std::string version_;
    bool any_ran_ = false; ///< so that a launch that fails is the trial's fault, not the command's
};

} // namespace

int run_sequence(const settings& s, mlperf_plan& plan) {
    console out(s);
    if (!s.quiet && !s.json) {
        const std::string text = mlperf_plan_text(plan) + "\n";
        out.print(text, text);
    }
    for (const std::string& warning : plan.warnings) out.warn(warning);
    for (const std::string& note : plan.notes) out.note(note);
    auto held = held_sequence::take(plan, s.mlperf.fresh);
    if (!held) {
        out.fail(held.error().message);
        return exit_failed;
    }
    return sequence(s, plan, *std::move(held), out).run();
}

} // namespace kvmark::cli

// A job of ranks under a launcher, seen from the program that starts it.
#pragma once

#include <kvmark/exec/assemble.hpp>
#include <kvmark/exec/frames.hpp>
#include <kvmark/exec/job_order.hpp>
#include <kvmark/exec/progress_text.hpp>
#include <kvmark/exec/rank_output.hpp>
#include <kvmark/exec/supervise.hpp>
#include <kvmark/launch/detect.hpp>
#include <kvmark/measure/packed.hpp>

#include <cstdio>

namespace kvmark::exec {

/// Who prints what the ranks say. `rank` is launcher_line for the launcher's own lines.
struct print_lines {
    void operator()(std::int64_t rank, bool is_stderr, std::string_view text) const {
        std::fprintf(is_stderr ? stderr : stdout, "%s%.*s\n", line_label(rank).c_str(),
                     static_cast<int>(text.size()), text.data());
    }
};

/// What `<launcher> --version` prints, on both of its outputs. An error where it cannot be started.
[[nodiscard]] KVMARK_COLD result<std::string> version_of(const std::string& launcher) {
    supervision s{.command = argv{launcher, "--version"},
                  .deadline = from_seconds(20),
                  .soft_grace = from_seconds(1),
                  .hard_grace = from_seconds(1)};
    supervisor watch(s);
    std::string text;
    const auto end = watch.run([&](bool, std::string_view piece) { text += piece; });
    if (!end) return end.error();
    return text;
}

/// How the launcher is spoken to: as the order says, else as its version tells, else as usual.
[[nodiscard]] KVMARK_COLD result<const launch::dialect*> dialect_of(const job_order& order) {
    if (order.words != nullptr) return order.words;
    const auto version = version_of(order.launcher);
    if (!version) return version.error();
    const launch::dialect* told = launch::dialect_of_version(*version);
    return told != nullptr ? told : order.usual;
}

/// One launch. Takes the output of the ranks apart: frames are for us, the rest is for people.
template <class Observer, class Lines>
class job_launch {
public:
    job_launch(const job_order& order, Observer& observer, Lines& lines)
        : order_(order), observer_(observer), lines_(lines) {}

    /// Returns when the job has ended: the report of rank 0, or what the ranks that rank 0 did not answer
    /// have said. `build(dialect, extras)` gives the command.
    template <class Build>
    [[nodiscard]] KVMARK_COLD result<measure::run_report> run(Build&& build) {
        const auto words = dialect_of(order_);
        if (!words) return words.error();
        const launch_extras extras = extras_of(order_, *words);
        supervision s{.command = build(*words, extras),
                      .environment = extras.of_launcher,
                      .deadline = order_.deadline,
                      .soft_stop = SIGUSR1,
                      .soft_grace = job_grace,
                      .hard_grace = launcher_grace};
        const tag_form marks = *words != nullptr ? (*words)->tagged_as : tag_form::none;
        rank_output out(marks), err(marks);
        supervisor watch(s);
        const auto end = watch.run([&](bool is_stderr, std::string_view piece) {
            (is_stderr ? err : out).feed(piece, [&](std::int64_t rank, std::string_view text) {
                take(rank, is_stderr, text, watch);
            });
        });
        if (!end) return end.error();
        for (rank_output* rest : {&out, &err})
            rest->finish(
                [&](std::int64_t rank, std::string_view text) { take(rank, rest == &err, text, watch); });
        return outcome(*end);
    }

private:
    void take(std::int64_t rank, bool is_stderr, std::string_view text, supervisor& watch) {
        if (!frame_reader::is_frame(text)) return lines_(rank, is_stderr, text);
        frame_reader& reader = readers_[rank];
        if (!reader.take(text)) return;
        const std::vector<std::byte>& message = reader.whole().message;
        switch (reader.whole().kind) {
        case frame_kind::progress:
            observer_.on_progress(
                progress_.read(std::string(reinterpret_cast<const char*>(message.data()), message.size())));
            break;
        case frame_kind::own:
            if (const auto own = measure::unpack<measure::run_report>(message)) tell_own(*own);
            break;
        case frame_kind::part:
            if (auto part = measure::unpack<measure::run_report>(message)) {
                tell_own(*part);
                parts_.push_back(*std::move(part));
            }
            watch.expect_end(from_seconds(5)); // those of the others come with it
            break;
        case frame_kind::result: {
            auto whole = measure::unpack<measure::run_report>(message);
            if (whole)
                result_ = *std::move(whole);
            else
                failure_ = "the result of rank 0 could not be read: " + whole.error().message;
            // A launcher that lost a rank and was told to go on may never end by itself.
            const bool lost = !result_ || (result_->job && result_->job->partial());
            watch.expect_end(lost ? from_seconds(2) : job_grace);
            break;
        }
        case frame_kind::failure:
            failure_ = std::string(reinterpret_cast<const char*>(message.data()), message.size());
            watch.expect_end(job_grace);
            break;
        }
    }

    void tell_own(const measure::run_report& own) {
        if constexpr (requires { observer_.on_rank_report(own); })
            if (own.job && !own.job->ranks.empty()) observer_.on_rank_report(own);
    }

    result<measure::run_report> outcome(const child_end& end) {
        if (!failure_.empty()) return error{error_kind::system, failure_};
        if (!result_ && !parts_.empty()) result_ = assemble_parts();
        if (!result_) return error{error_kind::system, no_result(end)};
        if (end.stop_signal != 0) {
            result_->interrupted = true;
            result_->stop_signal = end.stop_signal;
        }
        if (end.timed_out)
            result_->job->notes.push_back("the job was ended at its deadline of " +
                                          std::to_string(order_.deadline.count / 1'000'000'000) +
                                          " s (--job-timeout)");
        result_->primary = true;
        return *std::move(result_);
    }

    /// Rank 0 is lost: what the others said by themselves.
    measure::run_report assemble_parts() {
        constexpr std::uint32_t unknown = ~std::uint32_t{0};
        std::vector<rank_part> all(order_.ranks, {{}, unknown, "an unknown host", no_answer});
        for (measure::run_report& part : parts_) {
            if (!part.job || part.job->ranks.empty()) continue;
            const measure::rank_stats& row = part.job->ranks.front();
            if (row.rank >= all.size()) continue;
            const std::string host = part.job->hosts.empty() ? "" : part.job->hosts.front().hostname;
            // A lost rank's host is known where it is the lowest of one.
            if (row.host < all.size()) all[row.host].leader = row.host, all[row.host].host = host;
            all[row.rank] = {{}, row.host, host, {}};
            all[row.rank].report = std::move(part);
        }
        return assemble(std::move(all));
    }

    std::string no_result(const child_end& end) const {
        std::string text = "the job ended without a result: " + order_.launcher;
        if (end.killed)
            text += " had to be killed";
        else if (end.signal != 0)
            text += " was ended by signal " + std::to_string(end.signal);
        else
            text += " returned " + std::to_string(end.exit_code);
        if (end.timed_out) text += ", after the deadline had passed";
        return text;
    }

    const job_order& order_;
    Observer& observer_;
    Lines& lines_;
    std::map<std::int64_t, frame_reader> readers_;
    progress_text_reader progress_;
    std::vector<measure::run_report> parts_;
    std::optional<measure::run_report> result_;
    std::string failure_;
};

/// Launches a job and returns what came of it; its ranks' lines go to `lines(rank, is_stderr, text)`. Where
/// the order asks for own reports, an observer with on_rank_report() gets that of each rank whose report
/// arrived, in no order; its row in `job->ranks` says which rank it is. The job's own report does not change.
template <class Build, class Observer, class Lines>
[[nodiscard]] KVMARK_COLD result<measure::run_report> launch_job(const job_order& order, Build&& build,
                                                                 Observer& observer, Lines&& lines) {
    job_launch<Observer, std::remove_reference_t<Lines>> one(order, observer, lines);
    return one.run(build);
}

} // namespace kvmark::exec

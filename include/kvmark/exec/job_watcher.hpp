// Who is shown a job as it goes.
#pragma once

#include <kvmark/exec/frames.hpp>
#include <kvmark/exec/progress_text.hpp>

namespace kvmark::exec {

/// Stands before the observer of each rank. Of all ranks the first alone is shown, with what the others say
/// that they moved; where a program launched the job, to that program.
template <class Job, class Observer>
class job_watcher {
public:
    job_watcher(Job& job, Observer& observer) : job_(job), observer_(observer) {}

    void on_progress(const measure::progress& p) {
        if (!job_.joined()) return observer_.on_progress(p);
        const measure::progress* whole = job_.exchanged(p);
        if (whole == nullptr) return;
        if (!Job::launched()) return observer_.on_progress(*whole);
        const std::string text = progress_text(*whole);
        // A launcher that does not read just now must not hold up the run.
        write_frame(STDOUT_FILENO, frame_kind::progress, std::as_bytes(std::span(text)), nanoseconds());
    }
    template <class... Args>
        requires requires(Observer o, Args... args) { o.on_io(args...); }
    void on_io(Args... args) { observer_.on_io(args...); }
    template <class... Args>
        requires requires(Observer o, const Args&... args) { o.on_own_report(args...); }
    void on_own_report(const Args&... args) { observer_.on_own_report(args...); }

private:
    Job& job_;
    Observer& observer_;
};

} // namespace kvmark::exec

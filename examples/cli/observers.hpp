// Who watches a run: the line of progress, and the trace of operations.
#pragma once

#include "console.hpp"
#include "io_trace.hpp"

#include <kvmark/core/clock.hpp>
#include <kvmark/report/progress_line.hpp>

namespace kvmark::cli {

/// On a terminal a line that is rewritten; elsewhere one line every ten seconds.
class progress_observer {
public:
    explicit progress_observer(console& out) : out_(out) {}

    void on_progress(const measure::progress& p) {
        if (!out_.shows_progress()) return;
        const nanoseconds now = clocks::monotonic_now(); // the reader's time, also when the run's is virtual
        if (now < next_) return;
        next_ = now + from_seconds(out_.stderr_is_terminal() ? 0.2 : 10.0);
        out_.progress(line_.text(p));
    }

private:
    console& out_;
    report::progress_line line_;
    nanoseconds next_{};
};

/// The same, and every operation on an entry goes into the trace.
class trace_observer : public progress_observer {
public:
    trace_observer(console& out, io_trace& trace) : progress_observer(out), trace_(trace) {}

    void on_io(nanoseconds at, bool is_write, bytes size, measure::tier_role role, workload::object_key key,
               std::string_view phase) {
        trace_.add(at, is_write, size, role, key, phase);
    }

private:
    io_trace& trace_;
};

} // namespace kvmark::cli

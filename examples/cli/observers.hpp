// Who watches a run: the line of progress, and the trace of operations.
#pragma once

#include "console.hpp"
#include "io_trace.hpp"

#include <kvmark/measure/run_report.hpp>
#include <kvmark/report/progress_line.hpp>

#include <functional>

namespace kvmark::cli {

/// The full screen where there is one; else on a terminal a line that is rewritten, elsewhere one line every
/// ten seconds.
class progress_observer {
public:
    explicit progress_observer(console& out) : out_(out) {}

    void on_progress(const measure::progress& p);

    /// When the run's clock began, by the monotonic clock; 0 where it has not run for a second.
    [[nodiscard]] nanoseconds opened() const { return opened_; }

    /// Of a rank: what it measured by itself, before rank 0 has it.
    void on_own_report(const measure::run_report& own, const options& of_rank, std::uint32_t rank) {
        if (write_own_) write_own_(own, of_rank, rank);
    }
    void write_own(std::function<void(const measure::run_report&, const options&, std::uint32_t)> f) {
        write_own_ = std::move(f);
    }

private:
    console& out_;
    std::function<void(const measure::run_report&, const options&, std::uint32_t)> write_own_;
    report::progress_line line_;
    nanoseconds next_{};
    nanoseconds opened_{};
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

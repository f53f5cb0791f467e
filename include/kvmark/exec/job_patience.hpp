// How long a rank waits for the others of its job once the window is over.
#pragma once

#include <kvmark/core/clock.hpp>

#include <csignal>
#include <functional>

namespace kvmark::exec {

/// A rank that has not even said that its window is closed is soon taken for lost; one that has is waited
/// for, and everybody for a moment alone once the launcher ends the job by SIGTERM.
class job_patience {
public:
    static constexpr nanoseconds to_close{10'000'000'000};
    /// Its I/O may be slow: an fsync of gigabytes is among it.
    static constexpr nanoseconds to_report{300'000'000'000};
    /// The program that launched this rank, until it has read what the rank says.
    static constexpr nanoseconds to_read{60'000'000'000};
    static constexpr nanoseconds when_ended{700'000'000};

    /// `poll()` looks for signals and returns the one that stops the run, or 0.
    void listen(std::function<int()> poll) { poll_ = std::move(poll); }
    [[nodiscard]] int stop_signal() const { return poll_ ? poll_() : 0; }

    /// The instant of the start is agreed.
    void has_started() { started_ = true; }
    [[nodiscard]] bool started() const { return started_; }
    /// When the window of all ranks will be over.
    void plan_end(nanoseconds end) { planned_end_ = end; }
    void window_closed() { window_over_ = clocks::monotonic_now(); }

    /// Whether `t` has passed since the end of the window, or the shorter time once the job is ended.
    [[nodiscard]] KVMARK_COLD bool is_over(nanoseconds t) {
        const nanoseconds now = clocks::monotonic_now();
        const int stopped = stop_signal();
        if (stopped == SIGTERM && ended_at_.count == 0) ended_at_ = now;
        if (ended_at_.count != 0) return now > ended_at_ + when_ended;
        if (window_over_.count == 0) window_over_ = now;
        // Others may run on to the end that was planned; without one (in virtual time) there is no telling.
        if (stopped == 0 && started_ && planned_end_.count == 0) return false;
        const nanoseconds end = stopped != 0 || planned_end_ < window_over_ ? window_over_ : planned_end_;
        return now > end + t;
    }

    [[nodiscard]] nanoseconds reading_time() const { return ended_at_.count != 0 ? when_ended : to_read; }

private:
    std::function<int()> poll_;
    nanoseconds planned_end_{}, window_over_{}, ended_at_{};
    bool started_ = false;
};

} // namespace kvmark::exec

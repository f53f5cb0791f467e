// How a thread asks a GPU again and again whether work is done.
#pragma once

#include <kvmark/core/clock.hpp>
#include <kvmark/gpu/driver.hpp>

#include <ctime>
#include <sched.h>

namespace kvmark::gpu {

/// A copy of a block takes tens of microseconds, less than it takes to be woken up; so the thread asks at
/// once for that long, then lets others run between two questions, and sleeps when a copy is very long.
class poll_pace {
public:
    /// Something was begun or was done.
    KVMARK_INLINE void restart() { quiet_since_ = {}; }

    /// Between two questions.
    KVMARK_INLINE void pause() {
        const nanoseconds now = clocks::monotonic_now();
        if (quiet_since_.count == 0) quiet_since_ = now;
        const nanoseconds quiet = now - quiet_since_;
        if (KVMARK_LIKELY(quiet < asks_at_once)) {
            __builtin_ia32_pause();
        } else if (quiet < yields) {
            ::sched_yield();
        } else {
            const timespec nap{0, 50'000};
            ::nanosleep(&nap, nullptr);
        }
    }

private:
    static constexpr nanoseconds asks_at_once{30'000}, yields{5'000'000};

    nanoseconds quiet_since_{};
};

/// Until all that was put into the stream is done; what it ended with.
[[nodiscard]] inline status await(const driver& d, stream s) {
    poll_pace pace;
    for (;;) {
        const status state = d.query_stream(s);
        if (state != status::not_ready) return state;
        pace.pause();
    }
}

} // namespace kvmark::gpu

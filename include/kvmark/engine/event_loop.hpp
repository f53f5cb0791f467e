// The loop under every run: what is due happens, then the clock jumps, or the hands are waited for.
#pragma once

#include <kvmark/engine/event_queue.hpp>
#include <kvmark/engine/io_op.hpp>

namespace kvmark::engine {

template <class Clock, class Crew, class Event>
class event_loop {
public:
    explicit event_loop(Crew& crew) : crew_(crew) {}

    [[nodiscard]] nanoseconds now() const { return clock_.now(); }
    void at(nanoseconds when, Event e) { events_.push(when, e); }

    /// Runs until done() or a stop. `host` handles what happens: host.io_done(io_op&) and host.handle(Event).
    /// admit() begins what can begin; next_instant() is when it should be asked again at the latest.
    template <class Host, class Done, class Admit, class NextInstant>
    void run(Host& host, Done&& done, Admit&& admit, NextInstant&& next_instant) {
        while (!crew_.stop_requested()) {
            while (io_op* op = crew_.reap()) host.io_done(*op);
            while (!events_.empty() && events_.next_time() <= clock_.now()) host.handle(events_.pop());
            admit();
            if (done()) return;
            nanoseconds until = next_instant();
            if (!events_.empty() && events_.next_time() < until) until = events_.next_time();
            if constexpr (Clock::is_virtual) {
                clock_.advance_to(until);
                if (++turns_ % 1024 == 0) crew_.wait({}); // for a signal
            } else {
                crew_.wait(until - clock_.now());
            }
        }
    }

private:
    Crew& crew_;
    Clock clock_;
    event_queue<Event> events_;
    std::uint64_t turns_ = 0;
};

} // namespace kvmark::engine

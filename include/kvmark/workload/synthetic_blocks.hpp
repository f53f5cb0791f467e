// Makes traces in blocks: shared prompts, conversations, agents, documents, plain popularity.
#pragma once

#include <kvmark/core/min_heap.hpp>
#include <kvmark/workload/arrival_process.hpp>
#include <kvmark/workload/synthetic_sessions.hpp>

#include <compare>

namespace kvmark::workload {

/// A trace of `c.requests` requests in order of arrival; the same one for the same configuration, on every
/// machine whose C library agrees on the last bit of log, exp, pow and cos. Precondition: synthetic_faults(c)
/// is empty.
///
/// Sessions start as a Poisson process. A request arrives its think time after the answer that it waits for
/// would be complete at `c.answer_rate`. The trace begins without any session, and ends in the middle of
/// those that are open.
[[nodiscard]] KVMARK_COLD block_trace make_synthetic(const synthetic_config& c) {
    struct event {
        nanoseconds at{};
        std::uint32_t session = 0;
        std::uint32_t place = 0;
        bool operator<(const event& o) const { return at != o.at ? at < o.at : session < o.session; }
    };
    synthetic_sessions asking(c);
    trace_builder trace(c.block_tokens, "synthetic");
    rate_process starts(c.seed, arrival_process::poisson, c.session_rate);
    std::vector<synthetic_session> places;
    std::vector<std::uint32_t> free;
    min_heap<event> next;
    nanoseconds next_start = starts.next();
    std::uint32_t started = 0;

    for (std::uint64_t made = 0; made < c.requests; ++made) {
        if (next.empty() || next_start <= next.top().at) {
            if (free.empty()) {
                free.push_back(static_cast<std::uint32_t>(places.size()));
                places.emplace_back();
            }
            asking.open(places[free.back()], started);
            next.push({next_start, started, free.back()});
            free.pop_back();
            ++started;
            next_start = starts.next();
        }
        event now = next.top();
        synthetic_session& s = places[now.place];
        trace_row row = asking.ask(s);
        row.arrival = now.at;
        if (asking.go_on(s, trace.add(row))) {
            now.at += from_seconds(static_cast<double>(s.output) / c.answer_rate) + s.think;
            next.replace_top(now);
        } else {
            next.pop();
            free.push_back(now.place);
        }
    }
    return trace.finish();
}

} // namespace kvmark::workload

// A trace as a closed loop: whose request comes next depends on when answers are complete.
#pragma once

#include <kvmark/core/min_heap.hpp>
#include <kvmark/workload/block_trace.hpp>

#include <compare>
#include <vector>

namespace kvmark::workload {

/// A request whose arrival is known.
struct known_arrival {
    nanoseconds at{};
    std::uint64_t id = 0; ///< goes on counting over the cycles of a trace
    friend constexpr auto operator<=>(const known_arrival&, const known_arrival&) = default;
};

/// The sessions of a trace, so many active at once. A session starts with those of its requests that wait
/// for none; each other one becomes known when the request that it waits for is complete, and the session
/// ends with its last answer, which gives its place to the next one in the order of the trace. Sub-agents
/// count for the session of the request that they wait for.
///
/// Memory: 24 bytes for each request of the trace; then none once as many are known as ever were at once.
class closed_loop {
public:
    /// `speedup` divides think times; 0: there are none. `places` is how many sessions are active at once, 0:
    /// all. `cycles`: how often each session is played. Requests below 2^32.
    closed_loop(const block_trace& trace, double speedup, std::uint64_t places, std::uint64_t cycles)
        : trace_(trace), scale_(speedup > 0 ? 1 / speedup : 0), cycles_(cycles) {
        index();
        free_ = places == 0 || places > sessions_.size() ? sessions_.size() : places;
        known_.reserve(free_);
        start_sessions({});
    }

    [[nodiscard]] const min_heap<known_arrival>& known() const { return known_; }

    /// The earliest request that is known. Precondition: there is one.
    block_request take() {
        const known_arrival next = known_.top();
        known_.pop();
        const std::uint64_t place = next.id % requests_.size();
        block_request r;
        block_trace::cursor(trace_, requests_[place].offset, place).next(r);
        if (r.after != block_request::nobody) r.after += next.id - place;
        r.id = next.id;
        r.arrival = next.at;
        return r;
    }

    /// The answer of `id` was complete at `now`.
    void completed(std::uint64_t id, nanoseconds now) {
        const std::uint64_t place = id % requests_.size();
        const std::uint64_t first_of_cycle = id - place;
        make_known(requests_[place].first_waiting, first_of_cycle, now);
        if (--sessions_[requests_[place].session].open > 0) return;
        ++free_;
        start_sessions(now);
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    struct node {
        std::uint64_t offset = 0;           // of its record in the trace
        std::uint32_t first_waiting = none; // a list of those that wait for it, in the order of the trace
        std::uint32_t next_waiting = none;
        std::uint32_t session = 0;
    };
    struct session {
        std::uint32_t first = none; // a list of those that wait for none
        std::uint32_t last = none;
        std::uint32_t size = 0;
        std::uint32_t open = 0; // of those, not complete; 0: it is not active
    };

    void index() {
        requests_.reserve(trace_.requests());
        std::vector<std::uint32_t> last_waiting(trace_.requests(), none);
        std::vector<std::uint32_t> session_at(trace_.header().sessions, none);
        block_trace::cursor at(trace_);
        block_request r;
        std::uint64_t offset = 0;
        while (at.next(r)) {
            const auto place = static_cast<std::uint32_t>(r.id);
            requests_.push_back({.offset = offset});
            offset += trace_record::stride(r.blocks.size());
            node& n = requests_.back();
            if (r.after < r.id) {
                n.session = requests_[r.after].session;
                append(place, requests_[r.after].first_waiting, last_waiting[r.after]);
            } else {
                if (session_at[r.session] == none) {
                    session_at[r.session] = static_cast<std::uint32_t>(sessions_.size());
                    sessions_.emplace_back();
                }
                n.session = session_at[r.session];
                append(place, sessions_[n.session].first, sessions_[n.session].last);
            }
            ++sessions_[n.session].size;
        }
    }
    void append(std::uint32_t place, std::uint32_t& first, std::uint32_t& last) {
        (last == none ? first : requests_[last].next_waiting) = place;
        last = place;
    }

    void make_known(std::uint32_t first, std::uint64_t first_of_cycle, nanoseconds from) {
        for (std::uint32_t place = first; place != none; place = requests_[place].next_waiting) {
            block_request r;
            block_trace::cursor(trace_, requests_[place].offset, place).next(r);
            const double think = static_cast<double>(r.think.count) * scale_;
            known_.push({from + nanoseconds(__builtin_llrint(think)), first_of_cycle + place});
        }
    }

    /// In order, as many as have a place; one that is still active in its last cycle is waited for.
    void start_sessions(nanoseconds now) {
        for (; free_ > 0 && cycle_ < cycles_ && sessions_[next_session_].open == 0; --free_) {
            session& s = sessions_[next_session_];
            s.open = s.size;
            make_known(s.first, cycle_ * requests_.size(), now);
            if (++next_session_ < sessions_.size()) continue;
            next_session_ = 0;
            ++cycle_;
        }
    }

    block_trace trace_;
    double scale_;
    std::uint64_t cycles_;
    std::vector<node> requests_;
    std::vector<session> sessions_;
    min_heap<known_arrival> known_;
    std::uint64_t free_ = 0;
    std::uint64_t next_session_ = 0;
    std::uint64_t cycle_ = 0;
};

} // namespace kvmark::workload

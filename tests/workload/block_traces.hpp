// What the tests of traces in blocks share: all requests of a trace with blocks that outlive it, and traces
// made by hand.
#pragma once

#include <kvmark/workload/trace_builder.hpp>

#include <optional>
#include <ostream>
#include <vector>

namespace kvmark::workload::testing {

inline std::vector<block_request> requests_of(const block_trace& t) {
    std::vector<block_request> all;
    block_trace::cursor at(t);
    for (block_request r; at.next(r);) all.push_back(r);
    return all;
}
std::vector<block_request> requests_of(block_trace&&) = delete; // its blocks would be gone

/// One request of a trace made by hand: one block, which is its own.
struct hand_made {
    std::int64_t arrival_ms = 0;
    std::uint32_t session = 0;
    std::uint64_t after = block_request::nobody;
    std::int64_t think_ms = 0;
};
inline block_trace trace_of(const std::vector<hand_made>& rows) {
    trace_builder builder(tokens(16));
    block_number block = 0;
    for (const hand_made& row : rows) {
        builder.add({.arrival = nanoseconds(row.arrival_ms * 1'000'000),
                     .after = row.after,
                     .think = nanoseconds(row.think_ms * 1'000'000),
                     .session = row.session,
                     .input = tokens(16),
                     .output = tokens(1),
                     .blocks = {&block, 1}});
        ++block;
    }
    return builder.finish();
}

/// A request as the replay handed it out: when, in milliseconds, and which.
struct handed_out {
    std::int64_t at_ms = 0;
    std::uint64_t id = 0;
    friend bool operator==(const handed_out&, const handed_out&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const handed_out& h) {
    return out << h.id << " at " << h.at_ms << " ms";
}

/// Takes requests as an engine does, in which each answer takes `service_ms`.
template <class Source>
std::vector<handed_out> play(Source& source, std::int64_t service_ms, std::size_t most = 1000) {
    std::vector<handed_out> all;
    std::vector<handed_out> open; // in order of completion, since all take as long
    std::size_t done = 0;
    while (all.size() < most) {
        const std::optional<nanoseconds> arrival = source.next_arrival();
        if (done < open.size() && (!arrival || open[done].at_ms * 1'000'000 <= arrival->count)) {
            source.completed(open[done].id, nanoseconds(open[done].at_ms * 1'000'000));
            ++done;
        } else if (arrival) {
            const std::optional<block_request> r = source.next();
            all.push_back({r->arrival.count / 1'000'000, r->id});
            open.push_back({all.back().at_ms + service_ms, r->id});
        } else {
            break;
        }
    }
    return all;
}

} // namespace kvmark::workload::testing

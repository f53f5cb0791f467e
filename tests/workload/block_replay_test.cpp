// A trace played with its own times, with drawn ones, and as a closed loop.
#include <kvmark/workload/block_replay.hpp>
#include <kvmark/workload/synthetic_blocks.hpp>

#include "support/catch.hpp"
#include "workload/block_traces.hpp"

#include <cmath>
#include <map>
#include <set>

using namespace kvmark;
using namespace kvmark::workload;
using testing::handed_out;
using testing::play;
using testing::trace_of;
using order = std::vector<handed_out>;

namespace {

const block_trace four = trace_of({{0, 0}, {10, 1}, {10, 0, 0, 4}, {30, 1, 1, 8}});

order played(const block_trace& t, const replay_config& c, std::int64_t service_ms = 5) {
    REQUIRE(replay_faults(c).empty());
    block_replay replay(t, c);
    order all = play(replay, service_ms);
    CHECK(replay.exhausted());
    CHECK(replay.requests() == all.size());
    CHECK_FALSE(replay.next());
    CHECK_FALSE(replay.next_arrival());
    return all;
}

} // namespace

static_assert(block_source<block_replay>);

TEST_CASE("a trace is replayed at its own times, and completions change nothing") {
    const order own{{0, 0}, {10, 1}, {10, 2}, {30, 3}};
    CHECK(played(four, {}, 0) == own);
    CHECK(played(four, {}, 1'000'000) == own);
}

TEST_CASE("a speedup divides the times of a trace; 0 leaves no gaps") {
    CHECK(played(four, {.speedup = 10}) == order{{0, 0}, {1, 1}, {1, 2}, {3, 3}});
    CHECK(played(four, {.speedup = 0.5}) == order{{0, 0}, {20, 1}, {20, 2}, {60, 3}});
    CHECK(played(four, {.speedup = 0, .cycles = 2}) ==
          order{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 7}});
}

TEST_CASE("cycles follow each other by the mean gap, with ids that go on and the same blocks") {
    CHECK(played(four, {.cycles = 2}) ==
          order{{0, 0}, {10, 1}, {10, 2}, {30, 3}, {40, 4}, {50, 5}, {50, 6}, {70, 7}});
    block_replay replay(four, {.cycles = 2});
    for (std::uint64_t id = 0; id < 8; ++id) {
        const std::optional<block_request> r = replay.next();
        REQUIRE(r);
        CHECK(r->blocks[0] == id % 4);
        CHECK(r->after == (id % 4 < 2 ? block_request::nobody : id - 2));
    }
}

TEST_CASE("a bound on requests ends a replay, and one without end") {
    CHECK(played(four, {.max_requests = 3}) == order{{0, 0}, {10, 1}, {10, 2}});
    CHECK(played(four, {.max_requests = 9}).size() == 4);
    CHECK(played(four, {.max_requests = 999, .cycles = 0}).size() == 999);
    CHECK(block_replay(four, {.cycles = 0}).requests() == ~std::uint64_t{0});
    for (const std::uint64_t cycles : {0, 1, 5}) CHECK(played(block_trace(), {.cycles = cycles}).empty());
}

TEST_CASE("a process lays its arrivals over the trace, in the trace's order") {
    CHECK(played(four, {.arrivals = replay_arrivals::fixed, .speedup = 7, .rate = 50, .cycles = 2}) ==
          order{{20, 0}, {40, 1}, {60, 2}, {80, 3}, {100, 4}, {120, 5}, {140, 6}, {160, 7}});
    struct drawn {
        replay_arrivals arrivals;
        arrival_process process;
    };
    for (const auto [arrivals, process] : {drawn{replay_arrivals::poisson, arrival_process::poisson},
                                           {replay_arrivals::gamma, arrival_process::gamma},
                                           {replay_arrivals::weibull, arrival_process::weibull}}) {
        block_replay replay(four, {.arrivals = arrivals, .rate = 80, .shape = 0.5, .seed = 3, .cycles = 0});
        rate_process expected(3, process, 80, 0.5);
        for (std::uint64_t id = 0; id < 1000; ++id) {
            const nanoseconds at = expected.next();
            REQUIRE(replay.next_arrival() == at);
            const std::optional<block_request> r = replay.next();
            REQUIRE(r->arrival == at);
            REQUIRE(r->id == id);
        }
    }
}

TEST_CASE("in a closed loop a request follows the answer of the one before, and its pause") {
    const replay_config closed{.arrivals = replay_arrivals::closed};
    // Both sessions start at once; 2 waits for 0, and 3 for 1.
    CHECK(played(four, closed, 100) == order{{0, 0}, {0, 1}, {104, 2}, {108, 3}});
    CHECK(played(four, {.arrivals = replay_arrivals::closed, .speedup = 2}, 100) ==
          order{{0, 0}, {0, 1}, {102, 2}, {104, 3}});
    CHECK(played(four, {.arrivals = replay_arrivals::closed, .speedup = 0}, 100) ==
          order{{0, 0}, {0, 1}, {100, 2}, {100, 3}});

    block_replay replay(four, closed);
    CHECK(replay.next()->id == 0);
    CHECK(replay.next()->id == 1);
    CHECK_FALSE(replay.next()); // it waits
    CHECK_FALSE(replay.next_arrival());
    CHECK_FALSE(replay.exhausted());
    replay.completed(1, from_seconds(1));
    replay.completed(0, from_seconds(1.003));
    CHECK(replay.next_arrival() == from_seconds(1.007)); // the later answer, and the shorter pause
    CHECK(replay.next()->id == 2);
    CHECK(replay.next()->after == 1);
    CHECK(replay.exhausted());
}

TEST_CASE("a closed loop has so many sessions active at once, and the next takes a free place") {
    const block_trace three = trace_of({{0, 0}, {0, 1}, {1, 2}, {2, 0, 0, 1}, {3, 2, 2, 1}, {4, 2, 4, 1}});
    CHECK(played(three, {.arrivals = replay_arrivals::closed, .sessions = 1}, 10) ==
          order{{0, 0}, {11, 3}, {21, 1}, {31, 2}, {42, 4}, {53, 5}});
    CHECK(played(three, {.arrivals = replay_arrivals::closed, .sessions = 2}, 10) ==
          order{{0, 0}, {0, 1}, {10, 2}, {11, 3}, {21, 4}, {32, 5}});
    CHECK(played(three, {.arrivals = replay_arrivals::closed, .sessions = 99}, 10) ==
          order{{0, 0}, {0, 1}, {0, 2}, {11, 3}, {11, 4}, {22, 5}});
}

TEST_CASE("sub-agents that wait for the same request start together, in the session of their agent") {
    // 1 and 2 are sub-agents of 0, under numbers of their own; 3 goes on after 2.
    const block_trace agent = trace_of({{0, 0}, {1, 7, 0}, {2, 8, 0}, {3, 0, 2}, {4, 1}});
    CHECK(played(agent, {.arrivals = replay_arrivals::closed, .sessions = 1}, 10) ==
          order{{0, 0}, {10, 1}, {10, 2}, {20, 3}, {30, 4}});
}

TEST_CASE("a closed loop plays its sessions again, each after its own last answer") {
    CHECK(played(four, {.arrivals = replay_arrivals::closed, .speedup = 0, .cycles = 2}, 10) ==
          order{{0, 0}, {0, 1}, {10, 2}, {10, 3}, {20, 4}, {20, 5}, {30, 6}, {30, 7}});
    CHECK(played(four, {.arrivals = replay_arrivals::closed, .speedup = 0, .sessions = 1, .cycles = 2}, 10) ==
          order{{0, 0}, {10, 2}, {20, 1}, {30, 3}, {40, 4}, {50, 6}, {60, 5}, {70, 7}});
    CHECK(played(four, {.arrivals = replay_arrivals::closed, .max_requests = 5, .cycles = 0}, 10).size() ==
          5);

    // Session 0 is done long before session 1, and starts again; session 1 does so when it is done itself.
    block_replay replay(four, {.arrivals = replay_arrivals::closed, .speedup = 0, .cycles = 2});
    for (const std::uint64_t id : {0, 1}) CHECK(replay.next()->id == id);
    replay.completed(0, nanoseconds(1));
    CHECK(replay.next()->id == 2);
    replay.completed(2, nanoseconds(2));
    CHECK(replay.next()->id == 4);
    replay.completed(4, nanoseconds(3));
    const std::optional<block_request> again = replay.next();
    CHECK(again->id == 6);
    CHECK(again->after == 4);
    CHECK(again->blocks[0] == 2);
    replay.completed(6, nanoseconds(4));
    CHECK_FALSE(replay.next());
    replay.completed(1, nanoseconds(5));
    CHECK(replay.next()->id == 3);
    replay.completed(3, nanoseconds(6));
    CHECK(replay.next_arrival() == nanoseconds(6));
    CHECK(replay.next()->id == 5);
}

TEST_CASE(
    "in a closed loop every request comes once, after what it waits for, and sessions keep to their places") {
    synthetic_config made = *synthetic_by_name("mix");
    made.requests = 3000;
    made.session_rate = 10;
    const block_trace trace = make_synthetic(made);
    const auto recorded = testing::requests_of(trace);
    block_replay replay(trace,
                        {.arrivals = replay_arrivals::closed, .speedup = 4, .sessions = 8, .cycles = 2});
    random_stream draw(5);
    min_heap<known_arrival> answers; // that are under way
    std::map<std::uint64_t, nanoseconds> answered;
    std::map<std::uint32_t, std::uint64_t> left; // of each active session
    std::map<std::uint32_t, std::uint64_t> size;
    for (const block_request& r : recorded) ++size[r.session];
    std::set<std::uint64_t> seen;
    nanoseconds last{};
    while (!replay.exhausted() || !answers.empty()) {
        const std::optional<nanoseconds> arrival = replay.next_arrival();
        if (!arrival || (!answers.empty() && answers.top().at <= *arrival)) {
            REQUIRE_FALSE(answers.empty());
            const known_arrival done = answers.top();
            answers.pop();
            answered[done.id] = done.at;
            const std::uint32_t session = recorded[done.id % 3000].session;
            if (--left[session] == 0) left.erase(session);
            replay.completed(done.id, done.at);
            continue;
        }
        const std::optional<block_request> r = replay.next();
        REQUIRE(r);
        REQUIRE(r->arrival >= last);
        last = r->arrival;
        REQUIRE(seen.insert(r->id).second);
        if (r->after == block_request::nobody) {
            REQUIRE(left.emplace(r->session, size[r->session]).second);
        } else {
            REQUIRE(answered.count(r->after) == 1);
            const double pause = static_cast<double>(r->think.count) / 4;
            REQUIRE(std::abs(static_cast<double>((r->arrival - answered[r->after]).count) - pause) <= 1);
        }
        REQUIRE(left.size() <= 8);
        const double service = draw.exponential(1e9);
        answers.push({r->arrival + nanoseconds(static_cast<std::int64_t>(service)), r->id});
    }
    CHECK(seen.size() == 6000);
}

TEST_CASE("what cannot be replayed is said, all at once") {
    const auto faults = [](const replay_config& c) {
        std::vector<std::string> all;
        for (const error& e : replay_faults(c)) all.push_back(e.message);
        return all;
    };
    CHECK(faults({}).empty());
    CHECK(faults({.speedup = 0, .cycles = 0}).empty());
    CHECK(faults({.arrivals = replay_arrivals::gamma, .rate = 1, .shape = 0.01}).empty());
    CHECK(faults({.arrivals = replay_arrivals::fixed, .speedup = -1, .shape = 0}).size() == 3);
    CHECK(faults({.arrivals = replay_arrivals::poisson}) ==
          std::vector<std::string>{"rate 0.000000: must be more than 0 requests/s"});
    CHECK(faults({.speedup = NAN}).size() == 1);
    CHECK(faults({.arrivals = replay_arrivals::weibull, .rate = HUGE_VAL}).size() == 1);
}

// Taking requests from a warm source costs no allocation: what operator new is asked for is counted.
#include <kvmark/workload/block_replay.hpp>
#include <kvmark/workload/sharegpt.hpp>
#include <kvmark/workload/synthetic_blocks.hpp>
#include <kvmark/workload/user_personas.hpp>

#include "support/catch.hpp"
#include "support/count_allocations.hpp"

using namespace kvmark;
using namespace kvmark::workload;

namespace {

template <source S>
std::uint64_t allocations_of(S& s, int requests) {
    const std::uint64_t before = test::allocations;
    for (int i = 0; i < requests; ++i)
        if (!s.next()) return static_cast<std::uint64_t>(-1);
    return test::allocations - before;
}

} // namespace

TEST_CASE("the counter counts") {
    const std::uint64_t before = test::allocations;
    std::vector<int> v(100);
    v.assign(1000, 1);
    CHECK(test::allocations - before >= 2);
}

TEST_CASE("a source's request costs no allocation") {
    source_config c;
    c.seed = 15;
    c.users = 1200; // more than may have a conversation
    c.rag = true;
    user_personas thinking(c);
    CHECK(allocations_of(thinking, 100'000) == 0);
    c.request_rate = 100;
    user_personas paced(c);
    CHECK(allocations_of(paced, 100'000) == 0);
    result<sharegpt> recorded = sharegpt::open(KVMARK_TEST_DATA_DIR "/sharegpt_sample.json", c, 0);
    REQUIRE(recorded);
    CHECK(allocations_of(*recorded, 100'000) == 0);
}

TEST_CASE("a request of a replayed trace costs no allocation, in a closed loop either") {
    synthetic_config made = *synthetic_by_name("mix");
    made.requests = 20'000;
    const block_trace trace = make_synthetic(made);
    for (const replay_arrivals arrivals :
         {replay_arrivals::trace, replay_arrivals::closed, replay_arrivals::gamma}) {
        block_replay replay(trace, {.arrivals = arrivals, .rate = 10, .sessions = 64, .cycles = 2});
        const std::uint64_t before = test::allocations;
        std::uint64_t taken = 0;
        for (std::optional<block_request> r; (r = replay.next()); ++taken)
            replay.completed(r->id, r->arrival + nanoseconds(1000));
        CHECK(taken == 40'000);
        CHECK(test::allocations == before);
    }
}

// Blocks behind their prefixes, and what an unbounded cache hits.
#include <kvmark/workload/trace_facts.hpp>

#include "workload/traces.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

TEST_CASE("a block that follows two prefixes becomes two nodes") {
    trace_builder b(tokens(16), "made up");
    const numbers first{0, 1, 2}, second{3, 1, 2}, third{0, 1, 4};
    b.add(
        {.arrival = nanoseconds(3), .session = 4, .input = tokens(48), .output = tokens(7), .blocks = first});
    b.add({.arrival = nanoseconds(5),
           .after = 0,
           .think = nanoseconds(1),
           .input = tokens(40),
           .blocks = second});
    b.add({.arrival = nanoseconds(5), .input = tokens(40), .blocks = third});
    const block_trace trace = b.finish();
    REQUIRE(trace.header().prefix_unique == 0);
    const block_trace nodes = as_prefix_nodes(trace);
    CHECK(nodes.header().prefix_unique == 1);
    CHECK(std::string_view(nodes.header().format.data()) == "made up");
    const auto r = kept_requests_of(nodes);
    CHECK(r[0].numbers == numbers{0, 1, 2});
    CHECK(r[1].numbers == numbers{3, 4, 5});
    CHECK(r[2].numbers == numbers{0, 1, 6});
    CHECK(r[0].session == 4);
    CHECK(r[1].after == 0);
    CHECK(r[1].think == nanoseconds(1));
    CHECK(r[1].arrival == nanoseconds(2));
    // As blocks, the second request would hit two after its first; as nodes, none.
    CHECK(facts_of(trace).ceiling_hit_tokens == 32);
}

TEST_CASE("a trace without such blocks is itself") {
    const block_trace trace = loaded(samples + "mooncake_small.jsonl").trace;
    CHECK(as_prefix_nodes(trace).body().data() == trace.body().data());
}

TEST_CASE("facts of a trace: chains, and the ceiling of hits in tokens") {
    const trace_facts f = facts_of(loaded(samples + "mooncake_small.jsonl").trace);
    CHECK(f.longest_chain == 5);
    CHECK(f.chain_tokens == 1300 + 900 + 2100 + 513);
    CHECK(f.ceiling_hit_tokens == 512 + 1024 + 513); // a last block counts its tokens
}

TEST_CASE("a block that a request repeats was not seen before it") {
    trace_builder b(tokens(16));
    const numbers twice{0, 0};
    b.add({.input = tokens(32), .blocks = twice});
    CHECK(facts_of(b.finish()).ceiling_hit_tokens == 0);
}

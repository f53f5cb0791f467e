// ShareGPT conversations as a trace: contexts that grow, and what their turns share.
#include "workload/traces.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

TEST_CASE("a turn's input is all before it; full blocks are shared, a partial one is its own") {
    // Conversation 0: 12 + 18, 6 + 15 tokens; 1: 1 + 1, 7 + 1; 2: 9 + 1.
    const loaded_trace t = loaded(samples + "sharegpt_sample.json", {.block_tokens = tokens(8)});
    CHECK(t.trace.header().sessions == 3);
    CHECK(t.trace.header().prefix_unique == 1);
    const auto r = kept_requests_of(t.trace);
    REQUIRE(r.size() == 5);
    CHECK(r[0].input == tokens(12));
    CHECK(r[0].numbers == numbers{0, 1});
    CHECK(r[1].input == tokens(36)); // 12 + 18 + 6
    CHECK(r[1].output == tokens(15));
    CHECK(r[1].numbers == numbers{0, 2, 3, 4, 5}); // block 1 was half of what is 2 now
    CHECK(r[1].after == 0);
    CHECK(r[2].after == nobody);
    CHECK(r[2].session == 1);
    CHECK(r[2].numbers == numbers{6});
    CHECK(r[3].input == tokens(9));
    CHECK(r[3].numbers == numbers{7, 8});
    CHECK(r[4].session == 2);
    for (const auto& request : r) CHECK(request.arrival == nanoseconds(0));
}

TEST_CASE("a context that ends with a block shares all of it") {
    const std::string text =
        R"([{"conversations":[{"from":"human","value":"12345678901234567890123456789012"},
{"from":"gpt","value":"1234"},{"from":"human","value":"1234"},{"from":"gpt","value":"1234"}]}])";
    const auto r = kept_requests_of(text, {.block_tokens = tokens(8)});
    REQUIRE(r.size() == 2);
    CHECK(r[0].numbers == numbers{0}); // 8 tokens
    CHECK(r[1].numbers == numbers{0, 1});
}

TEST_CASE("a ShareGPT file that is no such JSON is named by line and column") {
    CHECK(refusal("[{\"conversations\":\n [}", "sharegpt") == ":2:3: not valid JSON: syntax error");
    CHECK(refusal("[{\"conversations\":[]}]", "sharegpt") ==
          ":1:23: no human message is followed by one from gpt; nothing to play");
}

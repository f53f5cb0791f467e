// The reference's access model, request by request, before a planner that writes down what it is asked.
#include <kvmark/engine/turn_entries.hpp>
#include <kvmark/workload/key_text.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>
#include <vector>

using namespace kvmark;
using engine::purpose;
using engine::turn_entries;
using workload::object_key;
using workload::request;

static_assert(engine::access_model<turn_entries>);

namespace {

/// Says that it holds the keys of `held`, and of what was written since.
struct noting_planner {
    std::set<std::string> held;
    std::vector<std::string> asked;

    bool contains(object_key key) { return held.contains(text_of(key)); }
    bool read(object_key key, purpose why, std::uint32_t times) {
        asked.push_back("read " + text_of(key) + " x" + std::to_string(times) + " " + text_of(why));
        return contains(key);
    }
    bool write(object_key key, purpose why, tokens n) {
        asked.push_back("write " + text_of(key) + " " + std::to_string(n.count) + " " + text_of(why));
        held.insert(text_of(key));
        return true;
    }
    static std::string text_of(object_key key) { return workload::key_text(key); }
    static std::string text_of(purpose why) {
        const char* names[]{"prompt", "turn", "prefill", "chunk", "decode"};
        return names[static_cast<std::size_t>(why)];
    }
};
static_assert(engine::planner<noting_planner>);

using lines = std::vector<std::string>;

lines plan(const request& r, std::set<std::string> held = {}, engine::turn_entries_config c = {}) {
    noting_planner p{std::move(held), {}};
    turn_entries(c).plan(r, p);
    return p.asked;
}

/// Turn 3 of conversation 7.
request third_turn() {
    return {.id = 5, .conversation = 7, .turn = 3, .input = tokens(1000), .output = tokens(65)};
}

} // namespace

TEST_CASE("a request in order: prompt, earlier turns, prefill, chunks, decode") {
    request r = third_turn();
    r.system_prompt = 2;
    r.system_prompt_tokens = tokens(6);
    r.chunk_count = 2;
    r.chunks[0] = {.document = 4, .chunk = 9, .size = tokens(512)};
    r.chunks[1] = {.document = 4, .chunk = 0, .size = tokens(512)};
    CHECK(plan(r, {"system_prompt_2"}) ==
          lines{"read system_prompt_2 x1 prompt", "read conv_7_turn_1 x1 turn", "read conv_7_turn_2 x1 turn",
                "write conv_7_turn_3 994 prefill", "read doc_4_chunk_9 x1 chunk",
                "read doc_4_chunk_0 x1 chunk", "read conv_7_turn_3 x4 decode"}); // 1 + ceil(65 / 32)
}

TEST_CASE("a system prompt that is missed is written, and the context stays whole") {
    request r{.id = 5,
              .input = tokens(100),
              .output = tokens(32),
              .system_prompt = 0,
              .system_prompt_tokens = tokens(5)};
    CHECK(plan(r) == lines{"read system_prompt_0 x1 prompt", "write system_prompt_0 5 prompt",
                           "write req_5 100 prefill", "read req_5 x2 decode"});
    r.input = tokens(5); // never shortened to nothing
    CHECK(plan(r, {"system_prompt_0"})[1] == "write req_5 5 prefill");
}

TEST_CASE("an entry that is there is not written again") {
    CHECK(plan(third_turn(), {"conv_7_turn_3"}) ==
          lines{"read conv_7_turn_1 x1 turn", "read conv_7_turn_2 x1 turn", "read conv_7_turn_3 x4 decode"});
}

TEST_CASE("outside a conversation there are no earlier turns") {
    CHECK(plan({.id = 5, .input = tokens(100), .output = tokens(1)}) ==
          lines{"write req_5 100 prefill", "read req_5 x2 decode"});
    CHECK(plan({.id = 5, .input = tokens(100), .output = tokens(0)}).back() == "read req_5 x1 decode");
}

TEST_CASE("a prefill alone is not decoded, a decode alone is not prefilled") {
    request r{.id = 5, .input = tokens(12'000), .output = tokens(100)};
    r.phase = workload::phase::prefill;
    CHECK(plan(r) == lines{"write req_5 12000 prefill"});
    r.phase = workload::phase::decode;
    CHECK(plan(r) == lines{"read req_5 x5 decode", "write req_5 12000 decode"});
    CHECK(plan(r, {"req_5"}) == lines{"read req_5 x5 decode"});
}

TEST_CASE("prefill-only leaves decode out") {
    CHECK(plan(third_turn(), {}, {.reads_decode = false}) == lines{"read conv_7_turn_1 x1 turn",
                                                                   "read conv_7_turn_2 x1 turn",
                                                                   "write conv_7_turn_3 1000 prefill"});
}

TEST_CASE("decode-only reads one of the prepared entries, by the request's number, and writes nothing that "
          "is there") {
    std::set<std::string> held, read;
    for (int i = 0; i < 20; ++i) held.insert("prepared_" + std::to_string(i));
    const engine::turn_entries_config c{.writes_prefill = false, .prepared_entries = 20};
    for (std::uint64_t id = 0; id < 400; ++id) {
        request r = third_turn();
        r.id = id;
        r.phase = workload::phase::decode;
        const lines asked = plan(r, held, c);
        REQUIRE(asked.size() == 1);
        CHECK(plan(r, held, c) == asked);
        read.insert(asked[0]);
    }
    CHECK(read.size() == 20);
    CHECK(read.contains("read prepared_19 x4 decode"));
}

TEST_CASE("the tokens between two reads of the context can be set") {
    CHECK(plan(third_turn(), {}, {.decode_batch = 64}).back() == "read conv_7_turn_3 x3 decode");
}

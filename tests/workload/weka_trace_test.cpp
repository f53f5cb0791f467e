// WEKA conversations: time order over files, sub-agents, local ids, errors.
#include "workload/traces.hpp"

#include "support/temporary_directory.hpp"

#include <fstream>

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

namespace {

const std::string sample = samples + "weka_sample";

std::string conversation(std::string_view requests) {
    return "{\"block_size\": 64, \"hash_id_scope\": \"local\", \"requests\": [\n" + std::string(requests) +
           "]}";
}

std::string call(double t, std::string_view more = "") {
    return "{\"t\": " + std::to_string(t) + ", \"in\": 64, \"out\": 1, \"hash_ids\": [1]" +
           std::string(more) + "}";
}

std::vector<std::uint64_t> afters(std::string_view requests) {
    std::vector<std::uint64_t> all;
    for (const auto& r : kept_requests_of(conversation(requests), {})) all.push_back(r.after);
    return all;
}

} // namespace

TEST_CASE("requests of all files come in the order of their times, which count from each file's start") {
    const loaded_trace t = loaded(sample);
    CHECK(t.trace.block_tokens() == tokens(64));
    const auto r = kept_requests_of(t.trace);
    std::vector<double> seconds;
    for (const auto& request : r) seconds.push_back(to_seconds(request.arrival));
    CHECK(seconds == std::vector<double>{0, 3, 4.5, 4.5, 5, 10, 12, 15});
    // At 4.5 s the first file's sub-agent goes before the second file.
    std::vector<std::uint32_t> sessions;
    for (const auto& request : r) sessions.push_back(request.session);
    CHECK(sessions == std::vector<std::uint32_t>{0, 3, 1, 3, 2, 1, 0, 0});
    CHECK(t.trace.header().sessions == 4);
    CHECK(r[6].input == tokens(330));
    CHECK(r[6].output == tokens(7));
    CHECK(r[6].think == nanoseconds(1'500'000'000));
    CHECK(r[7].think == nanoseconds(0));
}

TEST_CASE("a sub-agent waits for its parent's request, and the parent for the last of the sub-agents") {
    const auto r = kept_requests_of(loaded(sample).trace);
    REQUIRE(r.size() == 8);
    CHECK(r[0].after == nobody);
    CHECK(r[1].after == nobody);
    CHECK(r[2].after == 0); // a1
    CHECK(r[3].after == 1); // the other file
    CHECK(r[4].after == 0); // a2
    CHECK(r[5].after == 2); // a1 again
    CHECK(r[6].after == 5); // the parent: a1 ended after a2
    CHECK(r[7].after == 6);
}

TEST_CASE("a block is named by its file and its id there") {
    const auto r = kept_requests_of(loaded(sample).trace);
    REQUIRE(r.size() == 8);
    CHECK(r[0].numbers == numbers{0, 1, 2});
    CHECK(r[1].numbers == numbers{3, 4}); // the other file's 1 and 2
    CHECK(r[2].numbers == numbers{0, 5});
    CHECK(r[3].numbers == numbers{3, 4, 6});
    CHECK(r[7].numbers == numbers{0, 1, 2, 9, 10, 11});
}

TEST_CASE("times of sub-agents count from the conversation's start where all of them can") {
    const std::string agent = R"({"t": 4, "type": "subagent", "requests": [)";
    const auto at = [](std::string_view requests) {
        std::vector<double> seconds;
        for (const auto& r : kept_requests_of(conversation(requests), {}))
            seconds.push_back(to_seconds(r.arrival));
        return seconds;
    };
    CHECK(at(call(0) + "," + agent + call(5) + "," + call(6) + "]}," + call(9)) ==
          std::vector<double>{0, 5, 6, 9});
    CHECK(at(call(0) + "," + agent + call(1) + "," + call(6) + "]}," + call(19)) ==
          std::vector<double>{0, 5, 10, 19});
}

TEST_CASE("a sub-agent that still works when its parent goes on is not waited for") {
    const std::string agent = R"(,{"t": 1, "type": "subagent", "requests": [)";
    const std::vector<std::uint64_t> waits{nobody, 0, 1, 2};
    // Order: the parent, the agent at 2 s, the parent at 3 s, the agent at 9 s.
    CHECK(afters(call(0) + agent + call(2) + "," + call(9) + "]}," + call(3)) ==
          std::vector<std::uint64_t>{nobody, 0, 0, 1});
    CHECK(afters(call(0) + agent + call(2) + "]}," + call(3) + "," + call(4)) == waits);
}

TEST_CASE("sub-agents before any request, without one, and of sub-agents") {
    const std::string agent = R"({"t": 0, "type": "subagent", "requests": [)";
    CHECK(afters(agent + call(0) + "]}," + call(1)) == std::vector<std::uint64_t>{nobody, 0});
    CHECK(afters(call(0) + "," + agent + "]}," + call(1)) == std::vector<std::uint64_t>{nobody, 0});
    CHECK(afters(call(0) + R"(,{"t": 0, "type": "subagent"},)" + call(1)) ==
          std::vector<std::uint64_t>{nobody, 0});
    CHECK(afters(call(0) + "," + agent + call(1) + "," + agent + call(2) + "]}," + call(3) + "]}," +
                 call(4)) == std::vector<std::uint64_t>{nobody, 0, 1, 2, 3});
}

TEST_CASE("a request never comes before the one of its session before it") {
    const auto r = kept_requests_of(conversation(call(5) + "," + call(3)), {});
    REQUIRE(r.size() == 2);
    CHECK(r[1].after == 0);
    CHECK(r[1].arrival == nanoseconds(0)); // with the first
}

TEST_CASE("the real conversations come whole") {
    const std::string path = shared_trace("weka_agentic");
    if (path.empty()) return;
    const loaded_trace t = loaded(path);
    CHECK(t.trace.requests() == 201);
    CHECK(t.trace.references() == 269'317);
    CHECK(t.trace.header().sessions == 10);
    CHECK(t.trace.header().input_tokens == 17'242'280); // the sum of the files' own totals
}

TEST_CASE("a malformed conversation is named by line and column") {
    const auto wrong = [](std::string_view requests) { return refusal(conversation(requests), "weka"); };
    CHECK(wrong(call(0) + ",\n{\"t\": 1, \"in\": 64, \"out\"") == ":3:25: not valid JSON: syntax error");
    CHECK(refusal(R"({"block_size": 64, "requests": [)", "weka") == ":1:33: not valid JSON: incomplete JSON");
    CHECK(wrong("{\"in\": 64, \"out\": 1, \"hash_ids\": []}") == ":2:36: this request lacks t");
    CHECK(wrong("{\"t\": 0, \"in\": 64, \"hash_ids\": []}") ==
          ":2:34: this request lacks in, out or hash_ids");
    CHECK(wrong("{\"t\": -1.5}") == ":2:11: this number must be 0 or more");
    CHECK(wrong("{\"t\": \"x\"}") == ":2:9: this member has the wrong type");
    CHECK(wrong("{\"hash_ids\": [\"x\"]}") == ":2:17: a block of hash_ids is not an integer");
    CHECK(wrong("7") == ":2:2: a request is not an object");
    CHECK(refusal("{\"requests\": []}", "weka") == ":1:16: the conversation lacks block_size");
    CHECK(refusal("{\"block_size\": 64}", "weka") == ":1:18: the conversation lacks requests");
    CHECK(refusal("{\"hash_id_scope\": \"global\"}", "weka") ==
          ":1:26: hash_id_scope must be \"local\", the only one that is known");
    CHECK(refusal("[]", "weka").starts_with(":1:1: expected {\"block_size\": tokens"));
}

TEST_CASE("a directory is read but for its malformed files, if that was asked for") {
    const kvmark::test::temporary_directory folder;
    const auto write = [&](const char* name, const std::string& text) {
        std::ofstream(folder.path() + "/" + name) << text;
    };
    const result<loaded_trace> empty = load_block_trace(folder.path(), {});
    REQUIRE_FALSE(empty);
    CHECK(empty.error().message == folder.path() + ": no file in it is named *.json");
    write("b.json", conversation(call(1)));
    write("a.json", "{");
    write("c.txt", "no trace");
    const result<loaded_trace> strict = load_block_trace(folder.path(), {});
    REQUIRE_FALSE(strict);
    CHECK(strict.error().message == folder.path() + "/a.json:1:2: not valid JSON: incomplete JSON");
    CHECK_FALSE(load_block_trace(folder.path() + "/a.json", {.skip_bad = true})); // nothing would be left
    const loaded_trace t = loaded(folder.path(), {.skip_bad = true});
    CHECK(t.trace.requests() == 1);
    CHECK(t.skipped == 1);
    write("d.json", R"({"block_size": 32, "requests": []})");
    const result<loaded_trace> two_sizes = load_block_trace(folder.path(), {.skip_bad = true});
    REQUIRE(two_sizes);
    CHECK(two_sizes->first_skipped.back() ==
          folder.path() + "/d.json:1:1: block_size is 32, that of the files before it 64");
}

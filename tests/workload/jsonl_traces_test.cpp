// Mooncake and Bailian: fields, numbering, sessions, and errors with their places.
#include "workload/traces.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

TEST_CASE("a Mooncake line is a request of blocks of 512 tokens; times are milliseconds") {
    const loaded_trace t = loaded(samples + "mooncake_small.jsonl");
    CHECK(t.trace.block_tokens() == tokens(512));
    CHECK(std::string_view(t.trace.header().format.data()) == "mooncake");
    CHECK(t.trace.distinct_blocks() == 7);
    CHECK(t.trace.references() == 12);
    CHECK(t.trace.header().sessions == 4);
    CHECK(t.trace.header().duration_ns == 9'000'000'000);
    CHECK(t.trace.header().prefix_unique == 1);
    const auto r = kept_requests_of(t.trace);
    REQUIRE(r.size() == 4);
    CHECK(r[2].arrival == nanoseconds(3'052'500'000));
    CHECK(r[2].input == tokens(2100));
    CHECK(r[2].output == tokens(140));
    CHECK(r[2].numbers == numbers{0, 1, 4, 5, 6});
    CHECK(r[2].after == nobody);
    CHECK(r[3].session == 3);
}

TEST_CASE("the Mooncake conversation trace has its published counts") {
    const std::string path = shared_trace("mooncake_conversation.jsonl");
    if (path.empty()) return;
    const loaded_trace t = loaded(path);
    CHECK(t.trace.requests() == 12'031);
    CHECK(t.trace.references() == 288'500);
    CHECK(t.trace.distinct_blocks() == 182'790);
    CHECK(t.trace.header().prefix_unique == 1);
}

TEST_CASE("names that do not count up are numbered in the order in which they appear") {
    const std::string text = R"({"timestamp":0,"input_length":9,"output_length":0,"hash_ids":[900,-7,900]}
{"hash_ids":[18446744073709551615,0,-7],"output_length":1,"extra":{"hash_ids":[[1]],"timestamp":"x"},"timestamp":1,"input_length":2}
)";
    const auto r = kept_requests_of(text, {});
    REQUIRE(r.size() == 2);
    CHECK(r[0].numbers == numbers{0, 1, 0});
    CHECK(r[1].numbers == numbers{2, 3, 1});
}

TEST_CASE("the length of a block is that of the options where Mooncake's differs") {
    CHECK(loaded(samples + "mooncake_small.jsonl", {.block_tokens = tokens(64)}).trace.block_tokens() ==
          tokens(64));
}

TEST_CASE("a chat with a parent joins its session and waits for it") {
    const loaded_trace t = loaded(samples + "bailian_sample.jsonl");
    CHECK(t.trace.block_tokens() == tokens(16));
    CHECK(t.trace.header().sessions == 2);
    const auto r = kept_requests_of(t.trace);
    REQUIRE(r.size() == 4);
    CHECK(r[0].arrival == nanoseconds(0));
    CHECK(r[1].arrival == nanoseconds(386'000'000)); // 61.5 - 61.114 s
    CHECK(r[1].after == nobody);                     // its parent is not in the file
    CHECK(r[1].session == 1);
    CHECK(r[2].after == 0);
    CHECK(r[2].session == 0);
    CHECK(r[3].after == 2);
    CHECK(r[3].session == 0);
    CHECK(r[0].numbers == numbers{0, 1, 2});
    CHECK(r[1].numbers == numbers{0, 3});
    CHECK(r[3].numbers == numbers{0, 1, 4, 5, 6, 7});
}

TEST_CASE("a chat without a parent's id is a session of its own, and a used id counts anew") {
    const std::string line =
        R"({"chat_id":5,"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[1]})";
    const std::string child =
        R"({"chat_id":6,"parent_chat_id":5,"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[1]})";
    const auto r = kept_requests_of(line + "\n" + line + "\n" + child, {});
    REQUIRE(r.size() == 3);
    CHECK(r[1].session == 1);
    CHECK(r[2].after == 1);
}

TEST_CASE("a malformed line of a jsonl trace is named by line and column") {
    const std::string good = R"({"timestamp":0,"input_length":9,"output_length":0,"hash_ids":[0]})";
    const auto second = [&](std::string_view line) {
        return refusal(good + "\n" + std::string(line), "mooncake");
    };
    CHECK(second(R"({"timestamp":1,"input_length":9,"output_)") == ":2:41: not valid JSON: incomplete JSON");
    CHECK(second(R"({"timestamp":1,"input_length":9;)") == ":2:32: not valid JSON: syntax error");
    CHECK(second(R"({"timestamp":1,"input_length":9,"output_length":3,"hash_ids":[1,x]})") ==
          ":2:65: not valid JSON: syntax error");
    CHECK(second(R"({"timestamp":1,"input_length":9,"hash_ids":[1]})") == ":2:48: output_length is missing");
    CHECK(second(R"({"timestamp":1,"input_length":9,"output_length":0})") == ":2:51: hash_ids is missing");
    CHECK(second(R"({"timestamp":1,"input_length":-9,"output_length":0,"hash_ids":[1]})") ==
          ":2:67: input_length is not a count of tokens, 0..134217728");
    CHECK(second(R"({"timestamp":-1,"input_length":9,"output_length":0,"hash_ids":[1]})") ==
          ":2:67: timestamp is not a time, 0 or later");
    CHECK(second(R"({"timestamp":"1","input_length":9,"output_length":0,"hash_ids":[1]})") ==
          ":2:16: this member must be a number");
    CHECK(second(R"({"timestamp":1,"input_length":9,"output_length":0,"hash_ids":[1.5]})") ==
          ":2:66: a block of hash_ids is not an integer");
    CHECK(second(R"({"timestamp":1,"input_length":9,"output_length":0,"hash_ids":7})") ==
          ":2:63: hash_ids is not an array of integers");
    CHECK(second("[1]") == ":2:1: expected an object {...}");
    CHECK(second(good + "}") == ":2:66: text after the end of the object");
    CHECK(refusal(R"({"chat_id":"a","timestamp":1,"input_length":1,"output_length":1,"hash_ids":[1]})",
                  "bailian") == ":1:14: this member must be a number");
    CHECK(refusal(R"({"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[1]})", "bailian") ==
          ":1:66: chat_id is not an integer");
}

TEST_CASE("with skip_bad malformed lines are counted, the first named, and the rest is read") {
    std::string text;
    for (int i = 0; i < 20; ++i)
        text += i % 2 == 0 ? R"({"timestamp":0,"input_length":9,"output_length":0,"hash_ids":[)" +
                                 std::to_string(i / 2) + "]}\n"
                           : "{\"timestamp\":0,\n";
    const temporary_file file(text);
    const loaded_trace t = loaded(file.path(), {.format = "mooncake", .skip_bad = true});
    CHECK(t.trace.requests() == 10);
    CHECK(t.skipped == 10);
    REQUIRE(t.first_skipped.size() == skipped_rows::kept);
    CHECK(t.first_skipped[1] == file.path() + ":4:16: not valid JSON: incomplete JSON");
}

TEST_CASE("a line may be far longer than the buffer, up to 64 MiB") {
    std::string ids = "0";
    for (int i = 1; i < 300'000; ++i) ids += "," + std::to_string(i);
    const std::string line =
        R"({"timestamp":0,"input_length":150000000,"output_length":0,"hash_ids":[)" + ids + "]}";
    REQUIRE(line.size() > 1'900'000);
    const std::string small = R"({"timestamp":5,"input_length":1,"output_length":0,"hash_ids":[0]})";
    CHECK(refusal(line, "mooncake") ==
          ":1:" + std::to_string(line.size() + 1) + ": input_length is not a count of tokens, 0..134217728");
    std::string right = line;
    right.replace(right.find("150000000"), 9, "120000000");
    const auto r = kept_requests_of(right + "\n" + small + "\n", {});
    REQUIRE(r.size() == 2);
    CHECK(r[0].numbers.size() == 300'000);
    CHECK(refusal(std::string((64 << 20) + 1, 'x'), "mooncake") ==
          ":1:1: the line is longer than 64 MiB; is this a text file?");
}

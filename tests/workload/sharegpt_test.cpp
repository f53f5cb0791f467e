// ShareGPT conversations: sizes from text, errors with their place, and playing them by users.
#include <kvmark/workload/sharegpt.hpp>

#include "workload/requests.hpp"
#include "workload/temporary_file.hpp"

#include <algorithm>
#include <map>

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

namespace {

const std::string sample = KVMARK_TEST_DATA_DIR "/sharegpt_sample.json";

recorded_turn turn(std::uint64_t input, std::uint64_t output) { return {tokens(input), tokens(output)}; }

recorded_conversations read(std::string_view text, std::size_t most = 0) {
    const temporary_file file(text);
    result<recorded_conversations> r = read_sharegpt(file.path(), {}, most);
    if (!r) FAIL(r.error().message);
    return *std::move(r);
}

std::string refusal(std::string_view text) {
    const temporary_file file(text);
    const result<recorded_conversations> r = read_sharegpt(file.path(), {}, 0);
    REQUIRE_FALSE(r);
    return r.error().message.substr(file.path().size());
}

std::string conversation(std::string_view question, std::string_view answer) {
    return std::string(R"({"conversations":[{"from":"human","value":")")
        .append(question)
        .append(R"("},{"from":"gpt","value":")")
        .append(answer)
        .append("\"}]}");
}

sharegpt opened(const source_config& c, std::size_t most = 0) {
    result<sharegpt> s = sharegpt::open(sample, c, most);
    if (!s) FAIL(s.error().message);
    return *std::move(s);
}

} // namespace

TEST_CASE("a turn is a human's message and the answer that follows; tokens are characters / 4") {
    const result<recorded_conversations> r = read_sharegpt(sample, {}, 0);
    REQUIRE(r);
    REQUIRE(r->size() == 3); // the conversation without turns is left out
    REQUIRE(r->turns(0) == 2);
    CHECK(r->turn(0, 0) == turn(12, 18)); // 49 and 73 characters
    CHECK(r->turn(0, 1) == turn(6, 15));
    REQUIRE(r->turns(1) == 2);
    CHECK(r->turn(1, 0) == turn(1, 1)); // six and five characters, though more bytes
    CHECK(r->turn(1, 1) == turn(7, 1));
    REQUIRE(r->turns(2) == 1);
    CHECK(r->turn(2, 0) == turn(9, 1));
}

TEST_CASE(
    "tokens are clipped to 1..16,384 in and 1..2,048 out; a character may be several bytes or an escape") {
    const auto one = [](std::string_view question, std::string_view answer) {
        return read("[" + conversation(question, answer) + "]").turn(0, 0);
    };
    CHECK(one("", "") == turn(1, 1));
    CHECK(one(std::string(70'000, 'x'), std::string(9'000, 'y')) == turn(16'384, 2'048));
    CHECK(one(std::string(65'532, 'x'), std::string(8'188, 'y')) == turn(16'383, 2'047));
    CHECK(one("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
              "\xac",
              "") == turn(2, 1)); // eight euro signs
    CHECK(one(R"(\u20ac\n\t\"\\\u20ac\u20ac\u20ac)", "") == turn(2, 1));
}

TEST_CASE("members of other names are skipped, however deep") {
    CHECK(read(R"([{"id":7,"extra":{"conversations":[1],"from":[[{}],null]},"conversations":)"
               R"([{"from":"human","value":"12345678","markdown":{"value":[{"from":"gpt"}]}},)"
               R"({"weight":null,"value":"1234","from":"gpt"}],"conversations_old":[2]}])")
              .turn(0, 0) == turn(2, 1));
}

TEST_CASE("reading stops at the conversations asked for") {
    const std::string two = "[" + conversation("a", "b") + ",\n" + conversation("c", "d") + ",";
    CHECK(read(two + "\n this is not JSON", 2).size() == 2);
    CHECK(read(two + conversation("e", "f") + "]", 2).size() == 2);
    CHECK(read(two + conversation("e", "f") + "]", 0).size() == 3);
}

TEST_CASE("what is not JSON, or not of this shape, is named by line and column") {
    const std::string shape = R"(expected [{"conversations": [{"from": text, "value": text}]}])";
    CHECK(refusal("[\n  {\"conversations\": nil}\n]") == ":2:21: not valid JSON: syntax error");
    CHECK(refusal("[" + conversation("a", "b")) == ":1:77: not valid JSON: incomplete JSON");
    CHECK(refusal("") == ":1:1: not valid JSON: incomplete JSON");
    CHECK(refusal("{\"conversations\": []}") == ":1:1: " + shape);
    CHECK(refusal("[\n[]]") == ":2:1: " + shape);
    CHECK(refusal("[{\"conversations\":\n {\"from\": \"human\"}}]") == ":2:2: " + shape);
    CHECK(refusal("[{\"conversations\": [{\"from\": \"human\",\n \"value\": 12}]}]") == ":2:13: " + shape);
    CHECK(refusal("[" + conversation("a", "b") + "]\n[]") == ":2:1: text after the end of the JSON document");
    CHECK(refusal("[]") == ":1:3: no human message is followed by one from gpt; nothing to play");
    CHECK(refusal("[\n" + conversation(std::string(100'000, 'x'), "b") + ",\n true]") == ":3:2: " + shape);
    CHECK_FALSE(read_sharegpt("/tmp/kvmark-no-such-dataset.json", {}, 0));
}

TEST_CASE("users play conversations to their end, taking each in turn, again and again") {
    source_config c;
    c.seed = 3;
    c.users = 2;
    sharegpt s = opened(c);
    std::map<std::uint64_t, std::vector<recorded_turn>> played;
    std::map<std::uint64_t, std::uint64_t> owner, open;
    nanoseconds last{};
    for (const request& r : take(s, 3000)) {
        REQUIRE(r.arrival >= last);
        last = r.arrival;
        REQUIRE(owner.emplace(r.conversation, r.user).first->second == r.user);
        open[r.user] = r.conversation;
        auto& turns = played[r.conversation];
        turns.push_back({r.input, r.output});
        REQUIRE(r.turn == turns.size());
    }
    CHECK(played.size() > 1500);
    std::size_t taken = 0;
    for (const auto& [id, turns] : played) {
        const std::size_t recorded = taken++ % 3; // ids are given in the order of taking
        if (id == open[0] || id == open[1]) continue;
        REQUIRE(turns.size() == s.recorded().turns(recorded));
        for (std::uint32_t t = 0; t < turns.size(); ++t) REQUIRE(turns[t] == s.recorded().turn(recorded, t));
    }
}

TEST_CASE("the limit on conversations is a limit on what is played") {
    source_config c;
    sharegpt s = opened(c, 1);
    CHECK(s.recorded().size() == 1);
    for (const request& r : take(s, 20)) REQUIRE(r.turn <= 2);
}

TEST_CASE("multi-turn off plays the same sizes as single requests") {
    source_config c;
    c.seed = 4;
    c.users = 5;
    sharegpt with = opened(c);
    c.multi_turn = false;
    sharegpt without = opened(c);
    for (int i = 0; i < 500; ++i) {
        const request a = *with.next(), b = *without.next();
        REQUIRE(b.turn == 0);
        REQUIRE(b.input == a.input);
        REQUIRE(b.arrival == a.arrival);
    }
}

TEST_CASE("a dataset is repeatable, scalable, and can be played at a rate") {
    source_config c;
    c.seed = 5;
    c.users = 10;
    sharegpt a = opened(c), b = opened(c);
    CHECK(hash_of(take(a, 1000)) == hash_of(take(b, 1000)));
    a.set_users(3, nanoseconds(0));
    for (const request& r : take(a, 200)) REQUIRE(r.user < 3);
    a.set_users(40, nanoseconds(0));
    const auto more = take(a, 2000);
    CHECK(std::any_of(more.begin(), more.end(), [](const request& r) { return r.user == 39; }));
    c.request_rate = 50;
    c.arrivals = arrival_process::fixed;
    sharegpt paced = opened(c);
    CHECK(take(paced, 100).back().arrival == from_seconds(2));
}

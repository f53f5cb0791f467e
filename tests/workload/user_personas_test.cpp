// The reference workload as a sequence: repeatable, of the stated distributions, and scalable in mid-run.
#include <kvmark/model/presets.hpp>
#include <kvmark/workload/user_personas.hpp>

#include "workload/requests.hpp"

#include <algorithm>
#include <cmath>
#include <map>

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

namespace {

source_config config(std::uint64_t seed, std::uint64_t users) {
    source_config c;
    c.seed = seed;
    c.users = users;
    c.model = models::llama3_1_8b;
    c.bytes_per_token = c.model.per_token();
    return c;
}

std::vector<request> sequence(const source_config& c, std::size_t count) {
    user_personas s(c);
    return take(s, count);
}

/// The requests of a sequence without those over documents alone.
std::vector<request> own_requests(std::vector<request> requests) {
    std::erase_if(requests, [](const request& r) { return r.turn == 0; });
    return requests;
}

} // namespace

TEST_CASE("a seed gives the same sequence in every build and on every machine") {
    source_config c = config(42, 200);
    CHECK(hash_of(sequence(c, 100'000)) == 0x3b46be80dc5757ed);
    c.rag = true;
    CHECK(hash_of(sequence(c, 100'000)) == 0xaa97d640621f000e);
    c.request_rate = 500;
    c.arrivals = arrival_process::fixed;
    CHECK(hash_of(sequence(c, 100'000)) == 0x0ce75c0180f303d4);
}

TEST_CASE("a seed gives the same sequence twice, and another seed another") {
    source_config c = config(7, 100);
    c.rag = true;
    CHECK(hash_of(sequence(c, 20'000)) == hash_of(sequence(c, 20'000)));
    c.request_rate = 500;
    CHECK(hash_of(sequence(c, 20'000)) == hash_of(sequence(c, 20'000)));
    source_config other = c;
    other.seed = 8;
    CHECK(hash_of(sequence(c, 1000)) != hash_of(sequence(other, 1000)));
}

TEST_CASE("requests come in order of arrival, numbered as they come") {
    source_config c = config(1, 300);
    c.rag = true;
    const auto requests = sequence(c, 50'000);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        REQUIRE(requests[i].id == i);
        if (i > 0) REQUIRE(requests[i].arrival >= requests[i - 1].arrival);
    }
}

TEST_CASE("a request takes a quarter of its user's lengths or more, spread evenly") {
    const source_config c = config(2, 1);
    const user u = draw_user(c, 0);
    constexpr std::size_t n = 40'000;
    double context = 0, generated = 0;
    for (const request& r : sequence(c, n)) {
        REQUIRE((r.input.count >= u.context_tokens / 4 && r.input.count <= u.context_tokens));
        REQUIRE((r.output.count >= u.generated_tokens / 4 && r.output.count <= u.generated_tokens));
        REQUIRE(r.service == u.service);
        context += static_cast<double>(r.input.count);
        generated += static_cast<double>(r.output.count);
    }
    CHECK(context / n == Approx(u.context_tokens * 0.625).epsilon(0.01));
    CHECK(generated / n == Approx(u.generated_tokens * 0.625).epsilon(0.01));
}

TEST_CASE("what a user draws for one request tells nothing of the next") {
    const auto requests = sequence(config(2, 1), 40'000);
    const auto correlation = [&](auto&& of_one, auto&& of_next) {
        const auto n = static_cast<double>(requests.size() - 1);
        double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        for (std::size_t i = 0; i + 1 < requests.size(); ++i) {
            const double a = of_one(requests[i]), b = of_next(requests[i + 1]);
            x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
        }
        return (n * xy - x * y) / std::sqrt((n * xx - x * x) * (n * yy - y * y));
    };
    const auto input = [](const request& r) { return static_cast<double>(r.input.count); };
    const auto output = [](const request& r) { return static_cast<double>(r.output.count); };
    CHECK(correlation(input, input) == Approx(0).margin(0.02));
    CHECK(correlation(input, output) == Approx(0).margin(0.02));
    CHECK(correlation(output, input) == Approx(0).margin(0.02));
    CHECK(correlation(output, output) == Approx(0).margin(0.02));
}

TEST_CASE("a user of the shortest lengths still asks for a token") {
    source_config c = config(2, 5);
    for (persona& p : c.parameters.personas) p.context_tokens = p.generated_tokens = {1, 1};
    for (const request& r : sequence(c, 100)) REQUIRE((r.input == tokens(1) && r.output == tokens(1)));
}

TEST_CASE("one conversation in five ends after each turn, and none has more than 50") {
    const auto requests = sequence(config(3, 100), 200'000);
    std::map<std::uint64_t, std::uint32_t> turns;
    std::map<std::uint64_t, std::uint64_t> owner;
    for (const request& r : requests) {
        REQUIRE(r.turn == ++turns[r.conversation]); // from 1, in order; an id is never used again
        REQUIRE(owner.emplace(r.conversation, r.user).first->second == r.user);
        REQUIRE(r.turn <= 50);
    }
    CHECK(static_cast<double>(requests.size()) / static_cast<double>(turns.size()) ==
          Approx(5).epsilon(0.02));

    source_config endless = config(3, 10);
    endless.parameters.end_conversation_probability = 0;
    turns.clear();
    for (const request& r : sequence(endless, 10'000)) turns[r.conversation] = r.turn;
    CHECK(std::count_if(turns.begin(), turns.end(), [](const auto& t) { return t.second == 50; }) > 150);
    CHECK(std::all_of(turns.begin(), turns.end(), [](const auto& t) { return t.second <= 50; }));
}

TEST_CASE("no more than 1000 conversations live at once") {
    user_personas s(config(4, 1500));
    std::uint32_t most = 0;
    std::size_t cut_short = 0;
    for (int i = 0; i < 30'000; ++i) {
        cut_short += s.next()->turn == 1;
        most = std::max(most, s.live_conversations());
    }
    CHECK(most == 1000);
    CHECK(cut_short > 30'000 / 4); // a fifth would be first turns if every conversation lived on
}

TEST_CASE("multi-turn off: single requests of the same sizes at the same times") {
    source_config c = config(5, 50);
    const auto with = sequence(c, 10'000);
    c.multi_turn = false;
    const auto without = sequence(c, 10'000);
    for (std::size_t i = 0; i < with.size(); ++i) {
        REQUIRE(without[i].turn == 0);
        REQUIRE(without[i].key() == object_key(object_kind::single, i));
        REQUIRE(without[i].arrival == with[i].arrival);
        REQUIRE(without[i].input == with[i].input);
        REQUIRE(without[i].system_prompt == with[i].system_prompt);
    }
}

TEST_CASE("system prompts and documents, on or off, leave a user's own sizes and times as they were") {
    source_config c = config(6, 50);
    const auto plain = sequence(c, 10'000);
    c.rag = true;
    const auto with_documents = own_requests(sequence(c, 10'000));
    c.prefix_caching = false;
    const auto without_prompts = own_requests(sequence(c, 10'000));
    for (std::size_t i = 0; i < with_documents.size(); ++i) {
        REQUIRE(with_documents[i].arrival == plain[i].arrival);
        REQUIRE(with_documents[i].input == plain[i].input);
        REQUIRE(with_documents[i].system_prompt == plain[i].system_prompt);
        REQUIRE(without_prompts[i].arrival == plain[i].arrival);
        REQUIRE(without_prompts[i].input == plain[i].input);
        REQUIRE(without_prompts[i].chunk_count == with_documents[i].chunk_count);
        REQUIRE(without_prompts[i].system_prompt == request::no_system_prompt);
    }
}

TEST_CASE("a user's requests do not depend on who else is there") {
    const auto few = sequence(config(7, 10), 2000);
    const auto many = sequence(config(7, 100), 20'000);
    for (std::uint64_t u = 0; u < 10; ++u) {
        auto alone = draws_of_user(few, u), among = draws_of_user(many, u);
        const std::size_t common = std::min(alone.size(), among.size());
        REQUIRE(common > 50);
        alone.resize(common);
        among.resize(common);
        REQUIRE(alone == among);
    }
}

TEST_CASE("a tenth of the requests reads chunks, and a tenth brings a request over a document with it") {
    source_config c = config(8, 100);
    c.rag = true;
    const auto requests = sequence(c, 100'000);
    double own = 0, reading = 0, over_documents = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const request& r = requests[i];
        if (r.turn > 0) {
            ++own;
            reading += r.chunk_count > 0;
            continue;
        }
        ++over_documents;
        tokens sum{};
        for (std::size_t k = 0; k < r.chunk_count; ++k) sum += r.chunks[k].size;
        REQUIRE(r.chunk_count == 5);
        REQUIRE(r.input == sum);
        REQUIRE(r.key() == object_key(object_kind::single, r.id));
        REQUIRE(r.user == requests[i - 1].user); // right after the user's own, at the same instant
        REQUIRE(r.arrival == requests[i - 1].arrival);
        REQUIRE(r.service == requests[i - 1].service);
    }
    CHECK(reading / own == Approx(0.1).epsilon(0.05));
    CHECK(over_documents / own == Approx(0.1).epsilon(0.05));
}

TEST_CASE("a source with documents says what must be written before it starts") {
    source_config c = config(9, 10);
    c.rag = true;
    c.rag_documents = 3;
    const user_personas s(c);
    REQUIRE(s.document_count() == 3);
    CHECK(s.chunk_count(2) >= 8);
    CHECK(s.chunk(2, 0).size == tokens(512));
    CHECK(user_personas(config(9, 10)).document_count() == 0);
}

TEST_CASE("prefill alone from 10,000 tokens on, unless a phase is forced") {
    source_config c = config(10, 100);
    for (const request& r : sequence(c, 5000))
        REQUIRE((r.phase == phase::prefill) == (r.input >= tokens(10'000)));
    c.prefill_only = true;
    for (const request& r : sequence(c, 100)) REQUIRE(r.phase == phase::prefill);
    c.prefill_only = false;
    c.decode_only = true;
    for (const request& r : sequence(c, 100)) REQUIRE(r.phase == phase::decode);
}

TEST_CASE("users added change the load and not the draws of those who were there") {
    const auto steady = [] {
        user_personas s(config(11, 50));
        return take_until(s, from_seconds(60));
    }();
    user_personas s(config(11, 50));
    auto grown = take_until(s, from_seconds(20));
    s.set_users(150, from_seconds(20));
    for (const request& r : take_until(s, from_seconds(60))) grown.push_back(r);

    for (std::uint64_t u = 0; u < 50; ++u) {
        auto before = draws_of_user(steady, u), after = draws_of_user(grown, u);
        const std::size_t common = std::min(before.size(), after.size()); // all but a request at the end
        REQUIRE(before.size() - common <= 1);
        before.resize(common);
        after.resize(common);
        REQUIRE(before == after);
    }
    const auto between = [](const std::vector<request>& all, double from, double to) {
        return static_cast<double>(std::count_if(all.begin(), all.end(), [=](const request& r) {
            return r.arrival >= from_seconds(from) && r.arrival < from_seconds(to);
        }));
    };
    CHECK(between(grown, 22, 60) / between(steady, 22, 60) == Approx(3).epsilon(0.15));
    for (const request& r : grown)
        if (r.user >= 50) REQUIRE(r.arrival > from_seconds(20));
}

TEST_CASE("users removed send nothing further; those who come back go on, the same in every run") {
    const auto play = [] {
        source_config c = config(12, 100);
        c.rag = true;
        user_personas s(c);
        auto all = take_until(s, from_seconds(10));
        s.set_users(30, from_seconds(10));
        CHECK(s.users() == 30);
        CHECK(s.live_conversations() <= 30);
        const auto quiet = take_until(s, from_seconds(20));
        for (const request& r : quiet) REQUIRE(r.user < 30);
        s.set_users(100, from_seconds(20));
        const auto back = take_until(s, from_seconds(30));
        CHECK(std::any_of(back.begin(), back.end(), [](const request& r) { return r.user == 99; }));
        const auto first =
            std::find_if(back.begin(), back.end(), [](const request& r) { return r.user >= 30; });
        REQUIRE(first != back.end());
        CHECK(first->turn == 1);
        all.insert(all.end(), quiet.begin(), quiet.end());
        all.insert(all.end(), back.begin(), back.end());
        return all;
    };
    const auto once = play();
    CHECK(hash_of(once) == hash_of(play()));
    for (std::size_t i = 1; i < once.size(); ++i) {
        REQUIRE(once[i].id == i);
        REQUIRE(once[i].arrival >= once[i - 1].arrival);
    }
}

TEST_CASE("users added behind the last arrival handed out do not turn time back") {
    user_personas s(config(13, 1));
    const nanoseconds ahead = take(s, 10).back().arrival;
    s.set_users(50, nanoseconds(0));
    for (const request& r : take(s, 1000)) REQUIRE(r.arrival >= ahead);
}

TEST_CASE("a given rate holds over all users, Poisson or fixed, and grows with them") {
    source_config c = config(14, 20);
    c.request_rate = 200;
    c.parameters.think_jitter = 0;
    for (const arrival_process kind : {arrival_process::poisson, arrival_process::fixed}) {
        c.arrivals = kind;
        user_personas s(c);
        const auto before = take(s, 20'000);
        CHECK(20'000 / to_seconds(before.back().arrival) == Approx(200).epsilon(0.03));
        s.set_users(60, before.back().arrival);
        const auto after = take(s, 20'000);
        CHECK(20'000 / to_seconds(after.back().arrival - before.back().arrival) == Approx(600).epsilon(0.03));
    }
}

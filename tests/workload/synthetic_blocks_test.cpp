// Made traces: the same for a seed, and each kind with the structure that it promises.
#include <kvmark/workload/synthetic_blocks.hpp>

#include "support/catch.hpp"
#include "workload/block_traces.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace kvmark;
using namespace kvmark::workload;
using testing::requests_of;

namespace {

synthetic_config config(std::string_view kind, std::uint64_t requests = 5000) {
    synthetic_config c = *synthetic_by_name(kind);
    c.seed = 11;
    c.requests = requests;
    REQUIRE(synthetic_faults(c).empty());
    return c;
}

bool same_bytes(const block_trace& a, const block_trace& b) { return std::ranges::equal(a.body(), b.body()); }

/// Leading blocks that two requests have in common.
std::size_t common_prefix(std::span<const block_number> a, std::span<const block_number> b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

std::map<std::uint32_t, std::vector<block_request>> by_session(const std::vector<block_request>& all) {
    std::map<std::uint32_t, std::vector<block_request>> sessions;
    for (const block_request& r : all) sessions[r.session].push_back(r);
    return sessions;
}

constexpr const char* all_kinds[]{"system-prompts", "conversations", "agents", "documents", "zipf", "mix"};

} // namespace

TEST_CASE("a seed makes the same trace to the last byte, and another seed another one") {
    for (const char* kind : all_kinds) {
        INFO(kind);
        synthetic_config c = config(kind, 1000);
        const block_trace first = make_synthetic(c);
        CHECK(same_bytes(first, make_synthetic(c)));
        ++c.seed;
        CHECK_FALSE(same_bytes(first, make_synthetic(c)));
    }
}

TEST_CASE("every kind is a trace: in order, complete, its blocks numbered as they appear") {
    for (const char* kind : all_kinds) {
        for (const std::uint64_t block : {1, 64, 100, 512}) {
            synthetic_config c = config(kind, 500);
            c.block_tokens = tokens(block);
            const block_trace trace = make_synthetic(c);
            INFO(kind << " in blocks of " << block);
            CHECK(trace.requests() == 500);
            CHECK(trace.header().prefix_unique == 1);
            block_number next = 0;
            nanoseconds last{};
            bool right = true;
            const std::vector<block_request> all = requests_of(trace);
            for (const block_request& r : all) {
                right = right && r.arrival >= last && r.input.count >= 1 && r.output.count >= 1 &&
                        r.input.count <= c.context_limit &&
                        r.blocks.size() == (r.input.count + block - 1) / block;
                last = r.arrival;
                for (const block_number b : r.blocks) {
                    right = right && b <= next;
                    next += b == next;
                }
                if (r.after != block_request::nobody)
                    right = right && r.after < r.id && all[r.after].session == r.session &&
                            r.arrival >= all[r.after].arrival;
                REQUIRE(right);
            }
            CHECK(trace.distinct_blocks() == next);
        }
    }
}

TEST_CASE("no input is above the limit of a context, however much is shared or said") {
    for (const char* kind : {"system-prompts", "conversations", "agents", "documents"}) {
        INFO(kind);
        synthetic_config c = config(kind, 3000);
        c.context_limit = 1000;
        c.agents.tools.length = c.documents.length = c.prompts.length = {5000, 1};
        std::uint64_t longest = 0;
        const block_trace trace = make_synthetic(c);
        for (const block_request& r : requests_of(trace)) longest = std::max(longest, r.input.count);
        CHECK(longest <= 1000);
        CHECK(longest > 700);
    }
}

TEST_CASE("a turn starts with the full blocks of the turn before, after its answer and a pause") {
    synthetic_config c = config("conversations");
    const block_trace trace = make_synthetic(c);
    const auto all = requests_of(trace);
    int turns = 0;
    for (const auto& [session, requests] : by_session(all)) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const block_request& r = requests[i];
            if (i == 0) {
                REQUIRE(r.after == block_request::nobody);
                continue;
            }
            const block_request& before = requests[i - 1];
            REQUIRE(r.after == before.id);
            REQUIRE(r.input > before.input + before.output);
            REQUIRE(common_prefix(before.blocks, r.blocks) == before.input.count / 64);
            const nanoseconds answered =
                before.arrival + from_seconds(static_cast<double>(before.output.count) / 50);
            REQUIRE(std::abs((r.arrival - answered - r.think).count) <= 1);
            REQUIRE(r.think.count > 0);
            ++turns;
        }
    }
    CHECK(turns > 3000);
}

TEST_CASE("conversations have the lengths and the number of turns that were asked for") {
    synthetic_config c = config("conversations", 200'000);
    c.session_rate = 5; // the trace is far longer than a session
    c.context_limit = 1 << 28;
    c.conversations.mean_turns = 4;
    double answers = 0, questions = 0, thinks = 0, follow_ups = 0;
    const block_trace trace = make_synthetic(c);
    const auto all = requests_of(trace);
    const auto sessions = by_session(all);
    for (const block_request& r : all) {
        answers += static_cast<double>(r.output.count);
        if (r.after == block_request::nobody) continue;
        const block_request& before = all[r.after];
        questions += static_cast<double>((r.input - before.input - before.output).count);
        thinks += std::log(to_seconds(r.think));
        ++follow_ups;
    }
    const auto n = static_cast<double>(all.size());
    CHECK(answers / n == Approx(338).epsilon(0.02)); // 205 * exp(1 / 2)
    CHECK(questions / follow_ups == Approx(161).epsilon(0.02));
    CHECK(thinks / follow_ups == Approx(std::log(20)).epsilon(0.01));
    // Of those that began in the first third, which have all ended.
    double ended = 0, turns = 0;
    for (const auto& [session, requests] : sessions) {
        if (session > sessions.size() / 3) continue;
        ++ended;
        turns += static_cast<double>(requests.size());
    }
    CHECK(turns / ended == Approx(4).epsilon(0.05));
}

TEST_CASE("requests share prompts and documents by popularity, and nothing else") {
    for (const char* kind : {"system-prompts", "documents"}) {
        INFO(kind);
        synthetic_config c = config(kind, 20'000);
        c.prompts.count = c.documents.count = 50;
        std::map<block_number, std::vector<block_request>> by_first;
        const block_trace trace = make_synthetic(c);
        const auto all = requests_of(trace);
        for (const block_request& r : all) by_first[r.blocks[0]].push_back(r);
        std::vector<double> uses;
        for (const auto& [first, requests] : by_first) {
            if (requests.size() > 1) uses.push_back(static_cast<double>(requests.size()));
            // Any two that share a block share the whole of the prompt, and no block behind it.
            for (std::size_t i = 2; i < requests.size(); ++i)
                REQUIRE(common_prefix(requests[0].blocks, requests[i].blocks) ==
                        common_prefix(requests[1].blocks, requests[i].blocks));
        }
        CHECK(uses.size() == 50);
        std::ranges::sort(uses, std::greater<>());
        double harmonic = 0;
        for (int k = 1; k <= 50; ++k) harmonic += 1.0 / k;
        CHECK(uses[0] == Approx(20'000 / harmonic).epsilon(0.05));
        CHECK(uses[1] == Approx(20'000 / harmonic / 2).epsilon(0.07));
    }
}

TEST_CASE("an agent's step extends the one before, and a sub-agent shares its tools alone") {
    synthetic_config c = config("agents", 4000);
    c.agents.tools = {3, 1, {12'200, 0}}; // of three kinds, each of 190.6 blocks
    c.agents.system = {2900, 0};
    c.agents.sub_agent_chance = 0.2;
    constexpr std::size_t tools = 12'200 / 64, opening = (12'200 + 2900) / 64;
    const block_trace trace = make_synthetic(c);
    const auto all = requests_of(trace);
    int steps = 0, handed_over = 0, sub_steps = 0, returned = 0;
    for (const auto& [session, requests] : by_session(all)) {
        const block_request* agent = nullptr; // its last step
        const block_request* sub = nullptr;   // of the sub-agent at work
        for (const block_request& r : requests) {
            const bool agents_own =
                !agent || common_prefix(agent->blocks, r.blocks) == agent->input.count / 64;
            const bool subs = sub && common_prefix(sub->blocks, r.blocks) == sub->input.count / 64;
            if (agents_own) {
                if (sub) ++returned;
                if (agent) {
                    REQUIRE(r.after == (sub ? sub->id : agent->id));
                    // What the sub-agent found is read by its agent.
                    if (sub) REQUIRE(r.input == agent->input + agent->output + sub->output);
                }
                agent = &r;
                sub = nullptr;
                ++steps;
            } else if (subs) {
                REQUIRE(r.after == sub->id);
                sub = &r;
                ++sub_steps;
            } else {
                REQUIRE_FALSE(sub);
                REQUIRE(common_prefix(agent->blocks, r.blocks) == tools);
                sub = &r;
                ++handed_over;
            }
        }
    }
    CHECK(steps > 1500);
    CHECK(sub_steps > 500);
    CHECK(returned > 100);
    CHECK(handed_over >= returned);

    std::set<std::vector<block_number>> openings;
    for (const block_request& r : all) openings.insert({r.blocks.begin(), r.blocks.begin() + opening});
    CHECK(openings.size() == 6); // three agents and their sub-agents
}

TEST_CASE("plain popularity is Zipf's over objects, each the same run of blocks") {
    synthetic_config c = config("zipf", 200'000);
    c.popularity = {.objects = 100, .skew = 1.1, .blocks = 3};
    std::map<block_number, double> uses;
    const block_trace trace = make_synthetic(c);
    for (const block_request& r : requests_of(trace)) {
        REQUIRE(r.blocks.size() == 3);
        REQUIRE(r.blocks[1] == r.blocks[0] + 1);
        REQUIRE(r.blocks[2] == r.blocks[0] + 2);
        REQUIRE(r.input == tokens(192));
        ++uses[r.blocks[0]];
    }
    REQUIRE(uses.size() == 100);
    std::vector<double> seen;
    for (const auto& [first, n] : uses) seen.push_back(n);
    std::ranges::sort(seen, std::greater<>());
    double all = 0, chi_square = 0;
    for (int k = 1; k <= 100; ++k) all += std::pow(k, -1.1);
    for (int k = 1; k <= 100; ++k) {
        const double expected = 200'000 * std::pow(k, -1.1) / all;
        chi_square += std::pow(seen[static_cast<std::size_t>(k - 1)] - expected, 2) / expected;
    }
    CHECK(chi_square < 148.2); // 99 degrees of freedom; the sorted counts only come closer
}

TEST_CASE("sessions start at their rate, of the kinds by their weights") {
    synthetic_config c = config("mix", 50'000);
    c.weights = {1, 0, 0, 3, 0};
    c.session_rate = 20;
    c.documents.length = {10'000, 0};
    c.prompts.length = {100, 0};
    const block_trace trace = make_synthetic(c);
    CHECK(50'000 / to_seconds(nanoseconds(trace.header().duration_ns)) == Approx(20).epsilon(0.02));
    double documents = 0;
    for (const block_request& r : requests_of(trace)) documents += r.input.count > 10'000;
    CHECK(documents / 50'000 == Approx(0.75).epsilon(0.02));
}

TEST_CASE("a kind has a name, and what cannot be made is said") {
    for (std::size_t i = 0; i < synthetic_kind_names.size(); ++i) {
        const auto c = synthetic_by_name(synthetic_kind_names[i]);
        REQUIRE(c);
        for (std::size_t k = 0; k < c->weights.size(); ++k) CHECK(c->weights[k] == (k == i));
    }
    CHECK(synthetic_by_name("mix"));
    const auto unknown = synthetic_by_name("chats");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message == "kind of trace \"chats\": must be one of system-prompts, conversations, "
                                     "agents, documents, zipf, mix");

    synthetic_config c;
    c.requests = 0;
    c.block_tokens = tokens(0);
    c.weights = {};
    c.answer.sigma = NAN;
    c.agents.sub_agent_chance = 1.5;
    c.popularity.blocks = 0;
    std::string all;
    for (const error& e : synthetic_faults(c)) all += e.message + "\n";
    for (const char* said : {"requests 0: must be 1..", "block tokens 0: ", "weights: ", "answer, sigma ",
                             "chance of a sub-agent 1.5", "blocks of an object 0"})
        CHECK_THAT(all, Catch::Contains(said));
    CHECK(std::ranges::count(all, '\n') == 6);
}

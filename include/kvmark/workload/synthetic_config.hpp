// What a made trace is like: kinds of sessions, their lengths and times. Sources: docs/synthetic.md.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/core/units.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::workload {

/// What a session is.
enum class synthetic_kind : std::uint8_t {
    system_prompts, ///< one question behind a shared prompt
    conversations,  ///< turns, each behind all that was said before
    agents,         ///< steps, each behind tools, system prompt and all earlier results; sub-agents
    documents,      ///< one question behind a shared document
    zipf,           ///< one request for a popular run of blocks, and nothing else
};
inline constexpr std::array<std::string_view, 5> synthetic_kind_names{"system-prompts", "conversations",
                                                                      "agents", "documents", "zipf"};

/// A positive quantity, half of the time above `median`; the mean is median * exp(sigma^2 / 2).
struct lognormal {
    double median = 1;
    double sigma = 0;
};

/// Items that many sessions share, item k of n being chosen with a chance that goes as 1 / k^skew.
struct shared_items {
    std::uint64_t count = 1;
    double skew = 1;
    lognormal length; ///< tokens of each
};

/// Lengths are tokens, times are seconds. A number of turns or steps is at least 1 and geometric, so that
/// each is the last one with the same chance.
struct synthetic_config {
    std::uint64_t seed = 0;
    std::uint64_t requests = 10'000;
    tokens block_tokens{64};
    std::array<double, 5> weights{0, 1, 0, 0, 0}; ///< how often a new session is of each kind; any unit
    double session_rate = 1;                      ///< sessions that start per second, as a Poisson process
    double answer_rate = 50; ///< tokens/s; with it a session's times count the length of its answers
    /// Tokens; a session ends before an input above it. A shared item is at most a quarter of it long, a
    /// first question half of it.
    std::uint32_t context_limit = 131'072;

    lognormal question{98, 1}; ///< of a user; mean 161
    lognormal answer{205, 1};  ///< mean 338

    shared_items prompts{100, 1, {1000, 0.7}}; ///< of system_prompts

    struct {
        shared_items prompts{10, 1, {500, 0.7}};
        double mean_turns = 5.75;
        lognormal think{20, 1};
    } conversations;

    struct {
        shared_items tools{20, 1, {12'200, 0.15}};
        lognormal system{2900, 0.5}; ///< one for each set of tools, and one for its sub-agents
        lognormal task{3300, 0.7};   ///< what the user asks for, with the files it names
        double mean_steps = 20;
        lognormal result{510, 1.4}; ///< of a tool
        lognormal answer{209, 0.9};
        lognormal tool_time{9, 1.2};
        double sub_agent_chance = 0.05; ///< that a step of the agent hands a task to a sub-agent
        double mean_sub_steps = 6;
    } agents;

    shared_items documents{1000, 1, {8000, 0.4}};

    struct {
        std::uint64_t objects = 100'000;
        double skew = 0.9;
        std::uint32_t blocks = 1; ///< of each object
    } popularity;                 ///< of zipf
};

/// The defaults with one kind alone, or `mix`: conversations, shared prompts, documents and agents as 4, 3, 2
/// and 1. Errors: an unknown name.
[[nodiscard]] KVMARK_COLD result<synthetic_config> synthetic_by_name(std::string_view kind) {
    synthetic_config c;
    if (kind == "mix") {
        c.weights = {3, 4, 1, 2, 0};
        return c;
    }
    std::string known;
    for (std::size_t i = 0; i < synthetic_kind_names.size(); ++i) {
        if (kind == synthetic_kind_names[i]) {
            c.weights = {};
            c.weights[i] = 1;
            return c;
        }
        known += std::string(synthetic_kind_names[i]) + ", ";
    }
    return error{error_kind::invalid_argument,
                 "kind of trace \"" + std::string(kind) + "\": must be one of " + known + "mix"};
}

/// Everything that is wrong with it, in the words of its members; empty when a trace can be made.
[[nodiscard]] KVMARK_COLD std::vector<error> synthetic_faults(const synthetic_config& c) {
    std::vector<error> faults;
    const auto within = [&](const char* what, double value, double low, double high) {
        if (value >= low && value <= high) return; // false for a NaN
        faults.push_back({error_kind::invalid_argument, std::string(what) + " " + std::to_string(value) +
                                                            ": must be " + std::to_string(low) + ".." +
                                                            std::to_string(high)});
    };
    const auto count = [&](const char* what, std::uint64_t value, std::uint64_t high) {
        if (value >= 1 && value <= high) return;
        faults.push_back({error_kind::invalid_argument, std::string(what) + " " + std::to_string(value) +
                                                            ": must be 1.." + std::to_string(high)});
    };
    const auto drawn = [&](const char* what, const lognormal& l) {
        within(what, l.median, 0, 1e9);
        within((std::string(what) + ", sigma").c_str(), l.sigma, 0, 5);
    };
    const auto shared = [&](const char* what, const shared_items& s) {
        count(what, s.count, 100'000'000);
        within((std::string(what) + ", skew").c_str(), s.skew, 0, 10);
        drawn(what, s.length);
    };
    count("requests", c.requests, UINT32_MAX);
    count("block tokens", c.block_tokens.count, 1 << 20);
    double all = 0;
    for (const double w : c.weights) {
        within("weight", w, 0, 1e9);
        all += w;
    }
    if (all == 0) faults.push_back({error_kind::invalid_argument, "weights: one must be more than 0"});
    within("session rate", c.session_rate, 1e-3, 1e9);
    within("answer rate", c.answer_rate, 1, 1e9);
    within("context limit", c.context_limit, 16, 1 << 30);
    drawn("question", c.question);
    drawn("answer", c.answer);
    shared("prompts", c.prompts);
    shared("prompts of conversations", c.conversations.prompts);
    within("turns", c.conversations.mean_turns, 1, 1e6);
    drawn("think time", c.conversations.think);
    shared("tools", c.agents.tools);
    drawn("system prompt of agents", c.agents.system);
    drawn("task", c.agents.task);
    within("steps", c.agents.mean_steps, 1, 1e6);
    drawn("result", c.agents.result);
    drawn("answer of agents", c.agents.answer);
    drawn("tool time", c.agents.tool_time);
    within("chance of a sub-agent", c.agents.sub_agent_chance, 0, 1);
    within("steps of a sub-agent", c.agents.mean_sub_steps, 1, 1e6);
    shared("documents", c.documents);
    count("objects", c.popularity.objects, 1'000'000'000);
    within("skew", c.popularity.skew, 0, 10);
    const std::uint64_t block = c.block_tokens.count > 0 ? c.block_tokens.count : 1;
    count("blocks of an object", c.popularity.blocks, (1u << 30) / block);
    return faults;
}

} // namespace kvmark::workload

// What every eviction policy is put through: sequences written out by hand, and random ones beside a plain
// model, in a cache of blocks and by itself.
#pragma once

#include "cache/plain_policies.hpp"
#include "support/catch.hpp"

#include <kvmark/cache/block_cache.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/workload/trace_builder.hpp>

#include <sstream>
#include <string>
#include <tuple>

namespace kvmark::test {

/// Everything that a cache decides.
struct event_log {
    using event = std::tuple<char, entry_id, unsigned, unsigned>;
    std::vector<event> events;

    void read(entry_id b, unsigned t) { events.push_back({'r', b, t, t}); }
    void write(entry_id b, unsigned t) { events.push_back({'w', b, t, t}); }
    void move(entry_id b, unsigned from, unsigned to) { events.push_back({'m', b, from, to}); }
    void drop(entry_id b, unsigned t) { events.push_back({'d', b, t, t}); }
};

using request_list = std::vector<std::vector<entry_id>>;

inline workload::block_trace trace_of(const request_list& requests) {
    workload::trace_builder trace(tokens(16));
    workload::block_numbering numbering;
    for (const std::vector<entry_id>& r : requests) {
        std::vector<workload::block_number> blocks;
        for (const entry_id b : r) blocks.push_back(numbering.number(b));
        trace.add({.input = tokens(16 * blocks.size()), .blocks = blocks});
    }
    return trace.finish();
}

/// Plays words, each a request whose letters are its blocks, in a cache of `capacity` blocks; the letters in
/// the order in which they were evicted, with a space for each request that ended.
template <class Policy>
std::string evicted(std::uint64_t capacity, const std::string& words) {
    request_list requests;
    std::istringstream in(words);
    std::string letters; // by number
    for (std::string word; in >> word; requests.push_back({word.begin(), word.end()}))
        for (const char c : word)
            if (letters.find(c) == std::string::npos) letters += c;
    const workload::block_trace trace = trace_of(requests);
    const auto uses = cache::next_uses(trace, cache::next_use_of<Policy>);
    cache::block_cache<Policy> cache({.capacity = {capacity}}, trace.distinct_blocks());
    std::string gone;
    std::size_t reference = 0;
    workload::block_trace::cursor at(trace);
    for (workload::block_request r; at.next(r); reference += r.blocks.size()) {
        event_log log;
        cache::block_access access{.blocks = r.blocks};
        if (!uses->empty()) access.next_uses = std::span(*uses).subspan(reference, r.blocks.size());
        cache.serve(access, log);
        for (const auto& [what, block, from, to] : log.events)
            if (what == 'd') gone += letters[block];
        gone += ' ';
    }
    gone.pop_back();
    return gone;
}

/// Requests of one block each, the n-th of `blocks` as popular as n to the power of -skew.
inline request_list draw_blocks(std::size_t requests, std::uint64_t blocks, double skew, std::uint64_t seed) {
    random_stream draw(seed);
    std::vector<double> until;
    double sum = 0;
    for (std::uint64_t b = 1; b <= blocks; ++b)
        until.push_back(sum += std::pow(static_cast<double>(b), -skew));
    request_list list(requests);
    for (auto& r : list)
        r.push_back(static_cast<entry_id>(std::upper_bound(until.begin(), until.end(), draw.uniform(0, sum)) -
                                          until.begin()));
    return list;
}

/// Requests that are paths through one trie, 1 to `depth` blocks long; early branches are shared by many.
inline request_list draw_prefixes(std::size_t requests, std::uint64_t depth, std::uint64_t seed) {
    random_stream draw(seed);
    std::map<std::pair<entry_id, std::uint64_t>, entry_id> child;
    request_list list(requests);
    for (auto& r : list) {
        entry_id at = no_entry;
        for (std::uint64_t left = draw.uniform_int(1, depth); left > 0; --left) {
            const std::uint64_t branch = draw.chance(0.7) ? 0 : draw.uniform_int(1, 3);
            at = child.try_emplace({at, branch}, static_cast<entry_id>(child.size())).first->second;
            r.push_back(at);
        }
    }
    return list;
}

/// Requests of 1 to 6 blocks in any order, so that no block has a prefix of its own.
inline request_list draw_mixtures(std::size_t requests, std::uint64_t blocks, std::uint64_t seed) {
    random_stream draw(seed);
    request_list list(requests);
    for (auto& r : list)
        for (std::uint64_t left = draw.uniform_int(1, 6); left > 0; --left)
            r.push_back(static_cast<entry_id>(draw.uniform_int(0, draw.uniform_int(0, blocks - 1))));
    return list;
}

/// Both policies in the same cache: every decision of every request. Now and then a block is lost.
template <class Policy, class Plain>
void compare_in_cache(const request_list& requests, const cache::block_cache_config& config,
                      cache::next_use_unit unit) {
    const workload::block_trace trace = trace_of(requests);
    const auto uses = cache::next_uses(trace, unit);
    cache::block_cache<Policy> cache(config, trace.distinct_blocks());
    cache::block_cache<Plain> model(config, trace.distinct_blocks());
    random_stream draw(trace.references());
    std::size_t reference = 0, evictions = 0, too_full = 0;
    workload::block_trace::cursor at(trace);
    for (workload::block_request r; at.next(r); reference += r.blocks.size()) {
        cache::block_access access{.blocks = r.blocks};
        if (!uses->empty()) access.next_uses = std::span(*uses).subspan(reference, r.blocks.size());
        event_log ours, plain;
        cache.serve(access, ours);
        model.serve(access, plain);
        for (const auto& e : plain.events) evictions += std::get<0>(e) == 'd' || std::get<0>(e) == 'm';
        if (ours.events != plain.events) {
            CAPTURE(r.id, config.capacity[0]);
            REQUIRE(ours.events == plain.events);
        }
        for (std::size_t t = 0; t < config.capacity.size(); ++t)
            too_full += cache.blocks_in(t) > config.capacity[t];
        if (draw.chance(0.02)) {
            const auto lost = static_cast<entry_id>(draw.uniform_int(0, trace.distinct_blocks() - 1));
            for (std::size_t t = 0; t < config.capacity.size(); ++t) {
                cache.forget(lost, t);
                model.forget(lost, t);
            }
        }
    }
    CHECK(too_full == 0);
    CHECK(evictions > 30); // a policy with bypass makes few
}

/// Both policies by themselves, told of entries whose numbers are used again, as a waterfall tells them.
template <class Policy, class Plain>
void compare_alone(std::uint64_t seed) {
    Policy policy;
    Plain plain;
    std::vector<bool> in(120);
    random_stream draw(seed);
    std::uint64_t wrong = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto e = static_cast<entry_id>(draw.uniform_int(0, in.size() - 1));
        if (draw.chance(0.2)) {
            const entry_id victim = policy.victim();
            wrong += victim != plain.victim();
            if (victim == no_entry) continue;
            REQUIRE(victim < in.size());
            e = victim;
        }
        if (!in[e]) {
            policy.insert(e);
            plain.insert(e);
            in[e] = true;
        } else if (draw.chance(0.6)) {
            policy.touch(e);
            plain.touch(e);
        } else {
            policy.remove(e);
            plain.remove(e);
            in[e] = false;
        }
    }
    CHECK(wrong == 0);
    for (entry_id e; (e = policy.victim()) != no_entry; policy.remove(e), plain.remove(e))
        REQUIRE(e == plain.victim());
    CHECK(plain.victim() == no_entry);
}

/// All of it.
template <class Policy, class Plain>
void compare_with_plain(cache::next_use_unit unit = cache::next_use_of<Policy>) {
    static_assert(cache::eviction_policy<Policy> && cache::eviction_policy<Plain>);
    using cache::promotion_mode;
    using cache::write_mode;
    const request_list drawn[] = {draw_blocks(4'000, 60, 0, 1),    draw_blocks(4'000, 300, 1, 2),
                                  draw_blocks(4'000, 400, 0.7, 3), draw_prefixes(1'500, 12, 4),
                                  draw_prefixes(800, 40, 5),       draw_mixtures(1'500, 100, 6)};
    for (const request_list& requests : drawn) {
        for (const std::uint64_t capacity : {1, 2, 3, 10, 25, 50})
            compare_in_cache<Policy, Plain>(requests, {.capacity = {capacity}}, unit);
        compare_in_cache<Policy, Plain>(requests, {.capacity = {8, 24}}, unit);
        compare_in_cache<Policy, Plain>(requests, {.capacity = {5, 0, 12, 20}, .writes = write_mode::back},
                                        unit);
        compare_in_cache<Policy, Plain>(
            requests,
            {.capacity = {11, 30}, .writes = write_mode::through, .promotion = promotion_mode::on_nth_hit},
            unit);
        compare_in_cache<Policy, Plain>(
            requests, {.capacity = {11, 30}, .promotion = promotion_mode::never, .pinned_blocks = 1}, unit);
    }
    compare_alone<Policy, Plain>(7);
}

} // namespace kvmark::test

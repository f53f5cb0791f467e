// What the workload tests share: taking requests from a source, and naming a sequence by one number.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/workload/source.hpp>

#include "support/catch.hpp"

#include <vector>

namespace kvmark::workload::testing {

/// The next `count` requests, fewer when the source ends.
template <source S>
std::vector<request> take(S& s, std::size_t count) {
    std::vector<request> taken;
    taken.reserve(count);
    while (taken.size() < count) {
        std::optional<request> r = s.next();
        if (!r) break;
        taken.push_back(*r);
    }
    return taken;
}

/// The requests that arrive before `end`, and one more.
template <source S>
std::vector<request> take_until(S& s, nanoseconds end) {
    std::vector<request> taken;
    for (std::optional<request> r; (r = s.next());) {
        taken.push_back(*r);
        if (r->arrival >= end) break;
    }
    return taken;
}

/// What one user asked: everything of a request but the numbers that count all users' requests.
inline std::uint64_t draws_of(const request& r) {
    std::uint64_t h = mix(r.user);
    const auto add = [&h](std::uint64_t n) { h = mix(h ^ n); };
    add(static_cast<std::uint64_t>(r.arrival.count));
    add(r.turn);
    add(static_cast<std::uint64_t>(r.service));
    add(static_cast<std::uint64_t>(r.phase));
    add(r.input.count);
    add(r.output.count);
    add(r.system_prompt);
    add(r.system_prompt_tokens.count);
    for (std::size_t i = 0; i < r.chunk_count; ++i) {
        add(r.chunks[i].document);
        add(r.chunks[i].chunk);
        add(r.chunks[i].size.count);
    }
    return h;
}

inline std::uint64_t hash_of(const std::vector<request>& requests) {
    std::uint64_t h = 0;
    for (const request& r : requests) h = mix(mix(mix(h ^ r.id) ^ r.conversation) ^ draws_of(r));
    return h;
}

/// draws_of() each request of one user, in order.
inline std::vector<std::uint64_t> draws_of_user(const std::vector<request>& requests, std::uint64_t user) {
    std::vector<std::uint64_t> draws;
    for (const request& r : requests)
        if (r.user == user) draws.push_back(draws_of(r));
    return draws;
}

/// Pearson's statistic of observed counts against expected ones.
template <class Observed, class Expected>
double chi_square(const Observed& observed, const Expected& expected) {
    double sum = 0;
    for (std::size_t i = 0; i < observed.size(); ++i) {
        const double difference = static_cast<double>(observed[i]) - expected[i];
        sum += difference * difference / expected[i];
    }
    return sum;
}

} // namespace kvmark::workload::testing

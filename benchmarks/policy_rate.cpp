// How many references to blocks each eviction policy decides in a second on one core, and what its index
// keeps of a block. Hypothesis: a list is a few writes, so LRU decides above 20 million/s, and nothing that
// is a few lists falls below a third of it; what keeps a heap does. Found: see docs/eviction_policy.md.
//
//     policy_rate [TRACE] [CAPACITY] [MILLIONS] [ROUNDS] [POLICY...]
//
// TRACE: in any format of `kvmark trace`; without it, or with "zipf", 100,000 questions about documents of a
// Zipf popularity, made in memory. The trace is looped in a warm cache until MILLIONS (50) of references are
// played, and that ROUNDS (5) times for each policy, in turns. An offline policy is told the next loop's uses
// between two loops, untimed.
#include <kvmark/kvmark.hpp>
#include <kvmark/workload/reader/open_block_trace.hpp>

#include "support/count_allocations.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>

using namespace kvmark;
using cache::block_use;

namespace {

/// 4,000 documents of about 32 blocks, the popularity of the n-th being 1/n, each behind a question of its
/// own.
workload::block_trace make_zipf() {
    workload::synthetic_config c = *workload::synthetic_by_name("documents");
    c.requests = 100'000;
    c.block_tokens = tokens(512);
    c.documents = {4'000, 1, {16'000, 0.5}};
    return workload::make_synthetic(c);
}

workload::block_trace trace_named(const std::string& name) {
    if (name == "zipf") return make_zipf();
    auto loaded = workload::load_block_trace(name, {});
    if (loaded) return loaded->trace;
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    std::exit(2);
}

/// The uses of a trace that starts again when it ends. `step`: what one loop adds to each number.
struct endless_uses {
    std::vector<std::uint32_t> uses;
    std::uint32_t step = 0;

    endless_uses(const workload::block_trace& trace, cache::next_use_unit unit) {
        if (unit == cache::next_use_unit::none) return;
        uses = *cache::next_uses(trace, unit);
        const bool by_reference = unit == cache::next_use_unit::reference;
        step = static_cast<std::uint32_t>(by_reference ? trace.references() : trace.requests());
        std::vector<std::uint32_t> first(trace.distinct_blocks(), block_use::never);
        workload::block_trace::cursor at(trace);
        std::uint32_t i = 0;
        for (workload::block_request r; at.next(r);)
            for (const workload::block_number b : r.blocks) {
                if (first[b] == block_use::never)
                    first[b] = by_reference ? i : static_cast<std::uint32_t>(r.id);
                ++i;
            }
        at = workload::block_trace::cursor(trace);
        i = 0;
        for (workload::block_request r; at.next(r);)
            for (const workload::block_number b : r.blocks) {
                if (uses[i] == block_use::never) uses[i] = first[b] + step;
                ++i;
            }
    }
    void advance() {
        for (std::uint32_t& use : uses) use += step;
    }
};

struct figures {
    double millions_per_second = 0;
    double bytes_per_block = 0;    ///< of those that the trace names
    double bytes_per_resident = 0; ///< block
    double hit_share = 0;
    std::uint64_t allocations = 0; ///< while warm
};

template <class Policy>
figures play(const workload::block_trace& trace, std::uint64_t capacity, std::uint64_t references,
             cache::next_use_unit unit, const Policy& policy) {
    endless_uses uses(trace, unit);
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    cache::block_cache<Policy> index({.capacity = {capacity}}, trace.distinct_blocks(), policy);
    figures f;
    nanoseconds spent{};
    std::uint64_t played = 0, hits = 0;
    for (bool is_warm = false; played < references; is_warm = true) {
        const std::uint64_t allocated = test::allocations;
        const nanoseconds start = clocks::monotonic_now();
        const cache::replay_counts counts = cache::replay(trace, index, 0, uses.uses);
        const nanoseconds end = clocks::monotonic_now();
        uses.advance();
        if (!is_warm) continue;
        spent = spent + (end - start);
        f.allocations += test::allocations - allocated;
        played += counts.block_refs;
        hits += counts.hit_blocks_any;
    }
    f.millions_per_second = static_cast<double>(played) / to_seconds(spent) / 1e6;
    f.hit_share = static_cast<double>(hits) / static_cast<double>(played);
    const auto bytes = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before);
    f.bytes_per_block = bytes / static_cast<double>(trace.distinct_blocks());
    f.bytes_per_resident = bytes / static_cast<double>(index.blocks_in(0));
    return f;
}

struct row {
    std::string name;
    std::vector<figures> rounds;
};

double median(std::vector<figures> rounds) {
    std::sort(rounds.begin(), rounds.end(), [](const figures& a, const figures& b) {
        return a.millions_per_second < b.millions_per_second;
    });
    return rounds[rounds.size() / 2].millions_per_second;
}

} // namespace

int main(int argc, char** argv) {
    const auto number = [&](int i, unsigned long long otherwise) {
        return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
    };
    const std::string name = argc < 2 ? "zipf" : argv[1];
    const workload::block_trace trace = trace_named(name);
    const std::uint64_t capacity = number(2, trace.distinct_blocks() / 10),
                        references = number(3, 50) * 1'000'000;
    const auto rounds = number(4, 5);

    std::vector<row> rows;
    if (argc > 5)
        for (int i = 5; i < argc; ++i) rows.push_back({argv[i], {}});
    else {
        for (const cache::policy_info& p : cache::known_policies) rows.push_back({std::string(p.name), {}});
        rows.push_back({"selected lru", {}});
    }
    std::printf("%s: %llu references, %llu distinct blocks, capacity %llu, looped to %llu million\n",
                name.c_str(), static_cast<unsigned long long>(trace.references()),
                static_cast<unsigned long long>(trace.distinct_blocks()),
                static_cast<unsigned long long>(capacity),
                static_cast<unsigned long long>(references / 1'000'000));
    for (std::uint64_t round = 0; round < rounds; ++round)
        for (row& r : rows) {
            if (r.name == "selected lru")
                r.rounds.push_back(
                    play(trace, capacity, references, cache::next_use_unit::none, cache::selected_policy()));
            else if (!cache::with_policy(r.name, [&]<class P>(std::type_identity<P>) {
                         r.rounds.push_back(play(trace, capacity, references, cache::next_use_of<P>, P()));
                     }))
                return std::printf("no policy %s\n", r.name.c_str()), 1;
        }

    double lru = 0;
    for (const row& r : rows)
        if (r.name == "lru") lru = median(r.rounds);
    std::printf("%-14s %14s %18s %6s %8s %9s %6s %12s\n", "policy", "M references/s", "spread", "x lru",
                "B/block", "B/cached", "hits", "allocations");
    for (const row& r : rows) {
        double low = 1e300, high = 0;
        for (const figures& f : r.rounds) {
            low = std::min(low, f.millions_per_second);
            high = std::max(high, f.millions_per_second);
        }
        const figures& any = r.rounds[0];
        std::printf("%-14s %14.1f %8.1f to %6.1f %6.2f %8.1f %9.1f %5.1f%% %12llu\n", r.name.c_str(),
                    median(r.rounds), low, high, lru == 0 ? 0 : median(r.rounds) / lru, any.bytes_per_block,
                    any.bytes_per_resident, 100 * any.hit_share,
                    static_cast<unsigned long long>(any.allocations));
    }
}

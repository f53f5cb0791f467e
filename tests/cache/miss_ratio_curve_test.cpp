// The curve of all capacities against replays at some, and against golden rows.
#include <kvmark/cache/lru.hpp>
#include <kvmark/cache/miss_ratio_curve.hpp>
#include <kvmark/cache/replay.hpp>

#include "support/catch.hpp"
#include "support/mooncake.hpp"
#include "support/zipf_trace.hpp"

#include <fstream>
#include <sstream>

using namespace kvmark;
using namespace kvmark::cache;

namespace {

void compare_with_replay(const workload::block_trace& trace, std::uint64_t warmup) {
    const trace_curves curves = curves_of(trace, warmup);
    for (std::uint64_t capacity = 1; capacity < 2 * trace.distinct_blocks(); capacity += 1 + capacity / 3) {
        block_cache<lru> cache({.capacity = {capacity}}, trace.distinct_blocks());
        const replay_counts counts = replay(trace, cache, warmup);
        INFO(capacity << " blocks, " << warmup << " requests of warm-up");
        CHECK(curves.any.hits(capacity) == counts.hit_blocks_any);
        CHECK(curves.prefix.hits(capacity) == counts.hit_blocks_prefix);
        CHECK(curves.tokens.hits(capacity) == counts.hit_tokens);
        CHECK(curves.any.references() == counts.block_refs);
        CHECK(curves.tokens.references() == counts.measured_tokens);
    }
}

/// The LRU rows of a golden file; how many there are.
std::size_t compare_rows(const workload::block_trace& trace, const std::string& path) {
    const trace_curves curves = curves_of(trace);
    std::ifstream rows(path);
    REQUIRE(rows);
    std::size_t compared = 0;
    for (std::string line; std::getline(rows, line);) {
        for (char& c : line)
            if (c == ',') c = ' ';
        std::istringstream row(line);
        std::string name, policy;
        std::uint64_t capacity = 0, prefix = 0, any = 0, references = 0;
        row >> name >> policy >> capacity >> prefix >> any >> references;
        if (policy != "LRU-fwd") continue;
        ++compared;
        INFO(line);
        CHECK(curves.prefix.hits(capacity) == prefix);
        CHECK(curves.any.hits(capacity) == any);
        CHECK(curves.any.references() == references);
    }
    return compared;
}

} // namespace

TEST_CASE("the curve of the conversation trace is the golden LRU rows") {
    const auto trace = test::read_mooncake(KVMARK_SHARED_DIR "/traces/mooncake_conversation.jsonl");
    if (!trace) {
        WARN("SKIPPED: " KVMARK_SHARED_DIR "/traces is missing; testing with the sample of tests/data alone");
        return;
    }
    CHECK(compare_rows(*trace, KVMARK_SHARED_DIR "/golden/block_hits_conversation.csv") == 7);
    // 12,031 requests whose blocks always follow each other in the same order: any and prefix are one.
    CHECK(curves_of(*trace).any.ceiling() == trace->references() - trace->distinct_blocks());
}

TEST_CASE("the curve of the sample trace is its golden LRU rows") {
    const auto trace = test::read_mooncake(KVMARK_TEST_DATA_DIR "/mooncake_sample.jsonl");
    REQUIRE(trace);
    CHECK(compare_rows(*trace, KVMARK_TEST_DATA_DIR "/block_hits_sample.csv") == 6);
    compare_with_replay(*trace, 0);
}

TEST_CASE("a curve is what replays of LRU count, to the block and the token") {
    for (const double skew : {0.0, 0.7, 1.2})
        for (const std::uint64_t warmup : {0, 500})
            compare_with_replay(test::zipf_trace(3'000, 900, skew, 3), warmup);
}

TEST_CASE("a curve names the capacity for a share of its ceiling") {
    const miss_ratio_curve curve({{2, 10}, {5, 40}, {9, 100}}, 400);
    CHECK(curve.hits(0) == 0);
    CHECK(curve.hits(1) == 0);
    CHECK(curve.hits(2) == 10);
    CHECK(curve.hits(8) == 40);
    CHECK(curve.hits(1'000) == 100);
    CHECK(curve.hit_ratio(5) == 0.1);
    CHECK(curve.share_of_ceiling(5) == 0.4);
    CHECK(curve.capacity_for(0.4) == 5);
    CHECK(curve.capacity_for(0.41) == 9);
    CHECK(curve.capacity_for(1) == 9);
    CHECK(curve.largest_useful() == 9);

    const miss_ratio_curve nothing({}, 7);
    CHECK(nothing.hits(100) == 0);
    CHECK(nothing.share_of_ceiling(100) == 0);
    CHECK(nothing.capacity_for(0.5) == 0);
    CHECK(miss_ratio_curve().hit_ratio(3) == 0);
}

TEST_CASE("a trace in which nothing comes twice has an empty curve") {
    workload::trace_builder made{tokens(16)};
    const std::vector<workload::block_number> blocks{0, 1, 2};
    made.add({.input = tokens(40), .blocks = blocks});
    const trace_curves curves = curves_of(made.finish());
    CHECK(curves.prefix.ceiling() == 0);
    CHECK(curves.tokens.references() == 40);
    CHECK(curves_of({}).any.references() == 0);
}

// The cache of blocks: what its modes decide, and that a stack of tiers can carry the decisions out.
#include <kvmark/cache/block_cache.hpp>
#include <kvmark/cache/fifo.hpp>
#include <kvmark/cache/lru.hpp>
#include <kvmark/core/random.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>

using namespace kvmark;
using namespace kvmark::cache;

namespace {

/// Writes decisions down: r block tier, w, m block from to, d.
struct script {
    std::string text;

    void read(block_number b, unsigned t) { add("r", b, t); }
    void write(block_number b, unsigned t) { add("w", b, t); }
    void move(block_number b, unsigned from, unsigned to) {
        add("m", b, from);
        text += ">" + std::to_string(to);
    }
    void drop(block_number b, unsigned t) { add("d", b, t); }

    void add(const char* what, block_number b, unsigned t) {
        text += (text.empty() ? "" : " ") + std::string(what) + std::to_string(b) + "@" + std::to_string(t);
    }
};

using chain = std::vector<block_number>;

/// What the cache decides for one request.
template <class Policy>
std::string serve(block_cache<Policy>& cache, const chain& blocks, nanoseconds arrival = {}) {
    script s;
    static_cast<void>(cache.serve({.blocks = blocks, .arrival = arrival}, s));
    return s.text;
}

/// Tiers that carry decisions out, and object to what cannot be done.
struct strict_tiers {
    explicit strict_tiers(std::vector<std::uint64_t> limits)
        : capacity(std::move(limits)), held(capacity.size()) {}

    void read(block_number b, unsigned t) { wrong += !held[t].contains(b); }
    void write(block_number b, unsigned t) { enter(b, t); }
    void move(block_number b, unsigned from, unsigned to) {
        enter(b, to);
        wrong += held[from].erase(b) != 1;
    }
    void drop(block_number b, unsigned t) { wrong += held[t].erase(b) != 1; }
    void enter(block_number b, unsigned t) { wrong += !held[t].insert(b).second; }
    /// While a request is decided a tier may hold what is about to leave; not after it.
    void check() {
        for (std::size_t t = 0; t < held.size(); ++t) wrong += held[t].size() > capacity[t];
    }

    std::vector<std::uint64_t> capacity;
    std::vector<std::set<block_number>> held;
    std::uint64_t wrong = 0;
};

/// Prefixes of a few chains, longer and shorter.
chain random_request(random_stream& draw) {
    const auto root = static_cast<block_number>(draw.uniform_int(0, 9) * 20);
    chain blocks;
    for (block_number i = 0; i < draw.uniform_int(1, 20); ++i) blocks.push_back(root + i);
    return blocks;
}

} // namespace

TEST_CASE("a new block goes to the first tier, and down when it is evicted") {
    block_cache<lru> cache({.capacity = {2, 2}}, 10);
    CHECK(serve(cache, {0, 1}) == "w0@0 w1@0");
    CHECK(serve(cache, {2}) == "m0@0>1 w2@0");
    CHECK(serve(cache, {3, 4}) == "m1@0>1 w3@0 d0@1 m2@0>1 w4@0");
}

TEST_CASE("a hit below is read, and promoted by moving it") {
    block_cache<lru> cache({.capacity = {2, 2}}, 10);
    serve(cache, {0, 1});
    serve(cache, {2});
    CHECK(serve(cache, {0}) == "r0@1 d0@1 m1@0>1 w0@0");
    CHECK(cache.tiers_of(0) == 1);
    CHECK(cache.tiers_of(1) == 2);
}

TEST_CASE("promotion never, and at the second hit") {
    block_cache<lru> never({.capacity = {1, 2}, .promotion = promotion_mode::never}, 10);
    serve(never, {0});
    serve(never, {1});
    CHECK(serve(never, {0}) == "r0@1");
    block_cache<lru> second({.capacity = {1, 2}, .promotion = promotion_mode::on_nth_hit, .promote_at = 2},
                            10);
    serve(second, {0});
    serve(second, {1});
    CHECK(serve(second, {0}) == "r0@1");
    CHECK(serve(second, {0}) == "r0@1 d0@1 m1@0>1 w0@0");
}

TEST_CASE("write-back leaves the promoted block's copy below, so its eviction writes nothing") {
    block_cache<lru> cache({.capacity = {1, 4}, .writes = write_mode::back}, 10);
    serve(cache, {0});
    CHECK(serve(cache, {1}) == "m0@0>1 w1@0");
    CHECK(serve(cache, {0}) == "r0@1 m1@0>1 w0@0");
    CHECK(cache.tiers_of(0) == 3);
    CHECK(serve(cache, {1}) == "r1@1 d0@0 w1@0");
}

TEST_CASE("write-through writes every tier, and evictions move nothing") {
    block_cache<lru> cache({.capacity = {1, 4}, .writes = write_mode::through}, 10);
    CHECK(serve(cache, {0}) == "w0@0 w0@1");
    CHECK(serve(cache, {1}) == "d0@0 w1@0 w1@1");
    CHECK(serve(cache, {0}) == "r0@1 d1@0 w0@0");
}

TEST_CASE("without demotion an evicted block is dropped") {
    block_cache<lru> cache({.capacity = {1, 4}, .demotes = false}, 10);
    serve(cache, {0});
    CHECK(serve(cache, {1}) == "d0@0 w1@0");
}

TEST_CASE("a tier of no blocks is not there") {
    block_cache<lru> cache({.capacity = {0, 1, 0, 2}}, 10);
    CHECK(serve(cache, {0}) == "w0@1");
    CHECK(serve(cache, {1}) == "m0@1>3 w1@1");
    CHECK(serve(cache, {0}) == "r0@3 d0@3 m1@1>3 w0@1");
}

TEST_CASE("pinned blocks stay, up to half of the first tier") {
    block_cache<lru> cache({.capacity = {4}, .pinned_blocks = 2}, 100);
    serve(cache, {0, 1, 2, 3});
    for (block_number b = 10; b < 90; b += 2) serve(cache, {b, b + 1});
    CHECK(cache.tiers_of(0) == 1);
    CHECK(cache.tiers_of(1) == 1);
    CHECK(cache.tiers_of(2) == 0);
    CHECK(cache.blocks_in(0) == 4);
}

TEST_CASE("a block that was not used for its time to live is no hit") {
    block_cache<lru> cache({.capacity = {4}, .time_to_live = from_seconds(10)}, 10);
    serve(cache, {0, 1}, from_seconds(0));
    CHECK(serve(cache, {0}, from_seconds(9)) == "r0@0");
    CHECK(serve(cache, {0, 1}, from_seconds(12)) == "d1@0 r0@0 w1@0");
    CHECK(serve(cache, {0}, from_seconds(23)) == "d0@0 w0@0");
}

TEST_CASE("blocks of a tier that loads too slowly are computed, and stay cached") {
    block_cache<lru> cache(
        {.capacity = {2, 4}, .promotion = promotion_mode::never, .recomputes = {false, true}}, 10);
    serve(cache, {0, 1, 2});
    script s;
    const chain request{1, 0, 2};
    const block_hits hits = cache.serve({.blocks = request}, s);
    CHECK(s.text == "r1@0");
    CHECK(hits.prefix == 1);
    CHECK(hits.recomputed == 2);
    CHECK(hits.any == 3);
}

TEST_CASE("two tiers of lru with demotion and promotion hit what one of their size hits") {
    random_stream draw(7);
    block_cache<lru> two({.capacity = {13, 29}}, 200), one({.capacity = {42}}, 200);
    script ignored;
    for (int i = 0; i < 20'000; ++i) {
        const chain r = random_request(draw);
        if (r.size() > 13) continue; // a request that outgrows the first tier evicts within itself
        const block_hits a = two.serve({.blocks = r}, ignored), b = one.serve({.blocks = r}, ignored);
        ignored.text.clear();
        REQUIRE(a.prefix == b.prefix);
        REQUIRE(a.any == b.any);
    }
}

TEST_CASE("whatever the modes, what is decided can be carried out, and nothing is lost or doubled") {
    const auto mode = GENERATE(write_mode::on_eviction, write_mode::back, write_mode::through);
    const auto promotion =
        GENERATE(promotion_mode::never, promotion_mode::always, promotion_mode::on_nth_hit);
    const bool demotes = GENERATE(true, false);
    const std::uint32_t pinned = GENERATE(0, 3);
    const nanoseconds ttl = GENERATE(nanoseconds(), nanoseconds(50));
    const std::vector<std::uint64_t> capacity =
        GENERATE(std::vector<std::uint64_t>{7, 15, 40}, std::vector<std::uint64_t>{0, 9, 12});
    block_cache<fifo> cache({.capacity = capacity,
                             .writes = mode,
                             .promotion = promotion,
                             .demotes = demotes,
                             .pinned_blocks = pinned,
                             .time_to_live = ttl},
                            200);
    strict_tiers tiers(capacity);
    random_stream draw(11);
    for (int i = 0; i < 3'000; ++i) {
        const chain r = random_request(draw);
        static_cast<void>(cache.serve({.blocks = r, .arrival = nanoseconds(i)}, tiers));
        tiers.check();
        for (std::size_t t = 0; t < capacity.size(); ++t) REQUIRE(tiers.held[t].size() == cache.blocks_in(t));
        REQUIRE(tiers.wrong == 0);
    }
    for (block_number b = 0; b < 200; ++b)
        for (std::size_t t = 0; t < capacity.size(); ++t)
            REQUIRE(tiers.held[t].contains(b) == ((cache.tiers_of(b) >> t & 1) != 0));
}

TEST_CASE("block cache: a tier that is retired drops what it held, and the next one takes its place") {
    block_cache<lru> whole({.capacity = {2, 4}}, 10);
    script said;
    const std::vector<std::uint32_t> blocks{0, 1, 2, 3}, more{4, 5};
    whole.serve({.blocks = blocks}, said);
    REQUIRE(whole.blocks_in(0) == 2);
    said.text.clear();
    whole.retire(0, said);
    CHECK(said.text == "d2@0 d3@0");
    CHECK(whole.blocks_in(0) == 0);
    CHECK(whole.blocks_in(1) == 2);
    whole.serve({.blocks = more}, said);
    CHECK(whole.blocks_in(0) == 0);
    CHECK(whole.blocks_in(1) == 4);
}

// Placement: the reference's rules one by one, then against a model made of lists.
#include <kvmark/cache/lru.hpp>
#include <kvmark/cache/waterfall.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <tuple>

using namespace kvmark;
using namespace kvmark::cache;

namespace {

/// A tier as the reference bounds it: filled to 80 %, nothing above 95 % of it.
tier_bounds upper(std::uint64_t limit) { return {.limit = bytes(limit), .target = 0.80, .largest = 0.95}; }
tier_bounds last(std::uint64_t limit) { return {.limit = bytes(limit)}; }

constexpr std::uint8_t dropped = displacement::dropped;

/// A cache whose keys are small numbers, with what each placement displaced as (key, from, to).
struct cache_under_test {
    using move = std::tuple<std::uint64_t, int, int>;

    explicit cache_under_test(std::vector<tier_bounds> bounds) : cache(std::move(bounds)) {}

    /// The tier that took the entry, -1 where none did.
    int place(std::uint64_t key, std::uint64_t size) {
        std::vector<displacement> moved;
        const entry_id e = cache.place(key, bytes(size), moved);
        moves.clear();
        for (const displacement& d : moved) {
            moves.push_back({cache[d.entry].key, d.from, d.to});
            if (d.to == dropped) cache.release(d.entry);
        }
        return e == no_entry ? -1 : cache[e].tier;
    }
    int tier_of(std::uint64_t key) const {
        const entry_id e = cache.find(key);
        return e == no_entry ? -1 : cache[e].tier;
    }
    void touch(std::uint64_t key) { cache.touch(cache.find(key)); }

    waterfall<lru> cache;
    std::vector<move> moves;
};
using moves = std::vector<cache_under_test::move>;

} // namespace

TEST_CASE("a tier that is not the last is filled to 80 %, then its least recently used entry falls") {
    cache_under_test c({upper(1000), last(10'000)});
    for (std::uint64_t key = 0; key < 8; ++key) CHECK(c.place(key, 100) == 0);
    CHECK(c.cache.used(0) == bytes(800));
    c.touch(0);
    CHECK(c.place(8, 100) == 0);
    CHECK(c.moves == moves{{1, 0, 1}});
    CHECK(c.tier_of(0) == 0);
    CHECK(c.tier_of(1) == 1);
    CHECK(c.cache.used(0) == bytes(800));
    CHECK(c.cache.used(1) == bytes(100));
    CHECK(c.cache.entries_in(1) == 1);
}

TEST_CASE("a read does not promote") {
    cache_under_test c({upper(1000), last(10'000)});
    for (std::uint64_t key = 0; key < 9; ++key) c.place(key, 100);
    REQUIRE(c.tier_of(0) == 1);
    c.touch(0);
    CHECK(c.tier_of(0) == 1);
}

TEST_CASE("an entry above 95 % of a tier's limit skips the tier and displaces nothing") {
    cache_under_test c({upper(1000), last(10'000)});
    c.place(0, 100);
    CHECK(c.place(1, 951) == 1);
    CHECK(c.moves.empty());
    CHECK(c.tier_of(0) == 0);
}

TEST_CASE("an entry between 80 % and 95 % is taken by a tier that is nearly empty") {
    cache_under_test c({upper(1000), last(10'000)});
    CHECK(c.place(0, 950) == 0);
    CHECK(c.cache.used(0) == bytes(950));
    SECTION("and by one that was emptied below 5 % for it, where entries may stay") {
        CHECK(c.place(1, 49) == 0);
        CHECK(c.moves == moves{{0, 0, 1}});
        CHECK(c.place(2, 900) == 0);
        CHECK(c.moves.empty());
        CHECK(c.cache.used(0) == bytes(949));
    }
    SECTION("but not beside 5 % or more") {
        CHECK(c.place(1, 50) == 0);
        CHECK(c.place(2, 900) == 0);
        CHECK(c.moves == moves{{1, 0, 1}});
    }
}

TEST_CASE("room is made down three tiers, the deepest step first") {
    cache_under_test c({upper(1000), upper(1000), last(800)});
    // Eight entries of 100 fill each tier: 16..23 are in the first, 8..15 in the second, 0..7 in the last.
    for (std::uint64_t key = 0; key < 24; ++key) c.place(key, 100);
    REQUIRE(c.cache.used(2) == bytes(800));
    CHECK(c.place(24, 100) == 0);
    CHECK(c.moves == moves{{0, 2, dropped}, {8, 1, 2}, {16, 0, 1}});
    CHECK(c.tier_of(0) == -1);
    CHECK(c.tier_of(8) == 2);
    CHECK(c.tier_of(16) == 1);
}

TEST_CASE("one large entry displaces as many small ones as it takes, each with its own chain") {
    cache_under_test c({upper(1000), upper(1000), last(800)});
    for (std::uint64_t key = 0; key < 24; ++key) c.place(key, 100);
    CHECK(c.place(24, 300) == 0);
    CHECK(c.moves == moves{{0, 2, dropped},
                           {8, 1, 2},
                           {16, 0, 1},
                           {1, 2, dropped},
                           {9, 1, 2},
                           {17, 0, 1},
                           {2, 2, dropped},
                           {10, 1, 2},
                           {18, 0, 1}});
}

TEST_CASE("the last tier is filled to its limit and drops the least recently used") {
    cache_under_test c({last(1000)});
    for (std::uint64_t key = 0; key < 10; ++key) CHECK(c.place(key, 100) == 0);
    CHECK(c.moves.empty());
    CHECK(c.cache.used(0) == bytes(1000));
    c.touch(0);
    CHECK(c.place(10, 150) == 0);
    CHECK(c.moves == moves{{1, 0, dropped}, {2, 0, dropped}});
    CHECK(c.cache.used(0) == bytes(950));
    CHECK(c.place(11, 1000) == 0);
    CHECK(c.moves.size() == 9);
}

TEST_CASE("what fits no tier is not placed and displaces nothing") {
    cache_under_test c({upper(1000), last(2000)});
    for (std::uint64_t key = 0; key < 20; ++key) c.place(key, 100);
    CHECK(c.place(99, 2001) == -1);
    CHECK(c.moves.empty());
    CHECK(c.tier_of(99) == -1);
}

TEST_CASE("a victim too large for the next tier falls past it") {
    cache_under_test c({upper(1000), upper(300), last(10'000)});
    c.place(0, 500);
    c.place(1, 250);
    CHECK(c.place(2, 300) == 0);
    CHECK(c.moves == moves{{0, 0, 2}});
}

TEST_CASE("a tier of limit 0 takes nothing, from above either") {
    cache_under_test c({upper(1000), upper(0), last(10'000)});
    for (std::uint64_t key = 0; key < 9; ++key) CHECK(c.place(key, 100) == 0);
    CHECK(c.moves == moves{{0, 0, 2}});
    cache_under_test none({upper(0), last(0)});
    CHECK(none.place(1, 4096) == -1);
}

TEST_CASE("room is counted in granules of the tier") {
    cache_under_test c({{.limit = bytes(1000), .granule = bytes(256)}});
    CHECK(c.place(0, 1) == 0);
    CHECK(c.cache.used(0) == bytes(256));
    CHECK(c.place(1, 257) == 0);
    CHECK(c.cache.used(0) == bytes(768));
    CHECK(c.place(2, 10) == 0); // three granules and not four fit into 1000
    CHECK(c.moves == moves{{0, 0, dropped}});
    CHECK(c.place(3, 769) == -1);
}

TEST_CASE("an entry's number is given again only after release, with another generation") {
    waterfall<lru> cache({last(1000)});
    std::vector<displacement> moved;
    const entry_id first = cache.place(1, bytes(900), moved);
    const std::uint32_t generation = cache[first].generation;
    const entry_id second = cache.place(2, bytes(900), moved);
    REQUIRE(moved.size() == 1);
    CHECK(second != first);
    CHECK_FALSE(cache[first].in_cache);
    CHECK(cache[first].key == 1);
    cache.release(first);
    cache.forget(second);
    const entry_id third = cache.place(1, bytes(900), moved);
    CHECK(third == first);
    CHECK(cache[third].generation != generation);
    CHECK(cache.entries_in(0) == 1);
}

namespace {

/// The same rules over lists: a tier is the list of its keys, oldest first.
class list_model {
public:
    explicit list_model(std::vector<tier_bounds> bounds)
        : bounds_(std::move(bounds)), tiers_(bounds_.size()) {}

    std::map<std::uint64_t, std::pair<std::uint64_t, int>> entries; // key -> size, tier
    moves moved;

    int place(std::uint64_t key, std::uint64_t size) {
        moved.clear();
        for (std::size_t t = 0; t < tiers_.size(); ++t)
            if (takes(t, size)) {
                tiers_[t].push_back(key);
                entries[key] = {size, static_cast<int>(t)};
                return static_cast<int>(t);
            }
        return -1;
    }
    void touch(std::uint64_t key) {
        auto& tier = tiers_[static_cast<std::size_t>(entries[key].second)];
        tier.remove(key);
        tier.push_back(key);
    }
    std::uint64_t used(std::size_t t) const {
        std::uint64_t sum = 0;
        for (const std::uint64_t key : tiers_[t]) sum += rounded(t, entries.at(key).first);
        return sum;
    }
    std::uint64_t limit(std::size_t t) const { return bounds_[t].limit.count; }

private:
    std::uint64_t rounded(std::size_t t, std::uint64_t size) const {
        const std::uint64_t granule = bounds_[t].granule.count;
        return (size + granule - 1) / granule * granule;
    }
    bool takes(std::size_t t, std::uint64_t size) {
        const auto limit = static_cast<double>(bounds_[t].limit.count);
        const std::uint64_t needed = rounded(t, size);
        const auto part = [&](double share) { return static_cast<std::uint64_t>(limit * share); };
        if (needed > part(bounds_[t].largest)) return false;
        while (true) {
            const std::uint64_t held = used(t);
            if (held + needed <= part(bounds_[t].target)) return true;
            if (held < part(0.05) && held + needed <= bounds_[t].limit.count) return true;
            if (tiers_[t].empty()) return false;
            fall(tiers_[t].front(), t);
        }
    }
    void fall(std::uint64_t key, std::size_t from) {
        for (std::size_t to = from + 1; to < tiers_.size(); ++to) {
            if (!takes(to, entries[key].first)) continue;
            tiers_[from].remove(key);
            tiers_[to].push_back(key);
            entries[key].second = static_cast<int>(to);
            moved.push_back({key, from, to});
            return;
        }
        tiers_[from].remove(key);
        entries.erase(key);
        moved.push_back({key, from, dropped});
    }

    std::vector<tier_bounds> bounds_;
    std::vector<std::list<std::uint64_t>> tiers_;
};

/// Random placements and reads of entries of 1 to `largest`; every answer and every displacement compared.
void compare(std::vector<tier_bounds> bounds, std::uint64_t largest, int operations, std::uint64_t seed) {
    cache_under_test cache(bounds);
    list_model model(bounds);
    random_stream draw(seed);
    std::uint64_t wrong = 0, over = 0;
    for (int i = 0; i < operations; ++i) {
        const std::uint64_t key = draw.uniform_int(0, 400);
        wrong += (cache.tier_of(key) >= 0) != model.entries.contains(key);
        if (cache.tier_of(key) >= 0) {
            cache.touch(key);
            model.touch(key);
        } else {
            const std::uint64_t size = draw.uniform_int(1, largest);
            wrong += cache.place(key, size) != model.place(key, size);
            wrong += cache.moves != model.moved;
        }
        for (std::size_t t = 0; t < bounds.size(); ++t) {
            wrong += cache.cache.used(t).count != model.used(t);
            over += model.used(t) > model.limit(t);
        }
    }
    CHECK(wrong == 0);
    CHECK(over == 0);
}

} // namespace

TEST_CASE("placement agrees with a model made of lists, over two hundred thousand operations") {
    compare({last(5'000)}, 400, 50'000, 1);
    compare({upper(3'000), last(9'000)}, 300, 50'000, 2);
    compare({upper(1'000), upper(3'000), last(6'000)}, 1'200, 50'000, 3);
    compare({{bytes(2'000), bytes(64), 0.8, 0.95},
             {bytes(4'000), bytes(100), 0.8, 0.95},
             {bytes(6'000), bytes(7)}},
            2'100, 50'000, 4);
}

TEST_CASE("waterfall: a tier that is retired drops what it held, and the next one takes its place") {
    waterfall<lru> index({{.limit = bytes(4)}, {.limit = bytes(8)}});
    std::vector<displacement> moved;
    for (std::uint64_t key = 0; key < 6; ++key) static_cast<void>(index.place(key, bytes(1), moved));
    REQUIRE(index.entries_in(0) == 4);
    moved.clear();
    index.retire(0, moved);
    CHECK(moved.size() == 4);
    for (const displacement& d : moved) CHECK(d.to == displacement::dropped);
    CHECK(index.entries_in(0) == 0);
    CHECK(index.used(0) == bytes(0));
    CHECK(index.find(5) == no_entry);
    CHECK(index[index.find(0)].tier == 1);
    const entry_id e = index.place(9, bytes(1), moved);
    REQUIRE(e != no_entry);
    CHECK(index[e].tier == 1);
}

// The policies by name, and each under a waterfall.
#include <kvmark/cache/selected_policy.hpp>
#include <kvmark/cache/waterfall.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("it is known of each policy what it needs") {
    using cache::find_policy;
    CHECK(find_policy("LRU") == nullptr);
    for (const char* name : {"lru", "sieve"}) {
        REQUIRE(find_policy(name) != nullptr);
        CHECK_FALSE(find_policy(name)->is_offline());
        CHECK_FALSE(find_policy(name)->keeps_prefixes);
    }
    CHECK(find_policy("lru-leaf")->keeps_prefixes);
    CHECK(find_policy("belady-leaf")->keeps_prefixes);
    CHECK(find_policy("belady-leaf")->next_use == cache::next_use_unit::request);
    CHECK(find_policy("belady")->next_use == cache::next_use_unit::reference);
    CHECK(find_policy("belady-bypass")->next_use == cache::next_use_unit::reference);
}

TEST_CASE("the policies have the names that the tool takes") {
    std::string names;
    for (const cache::policy_info& p : cache::known_policies) names += std::string(p.name) + " ";
    CHECK(names ==
          "fifo lru lru-leaf clock slru lfu s3fifo arc sieve tinylfu length-aware belady belady-bypass "
          "belady-leaf ");
    for (const cache::policy_info& p : cache::known_policies) {
        bool called = false;
        CHECK(cache::with_policy(p.name, [&]<class P>(std::type_identity<P>) {
            called = P::name == p.name && cache::keeps_prefixes(P()) == p.keeps_prefixes;
        }));
        CHECK(called);
    }
    CHECK_FALSE(cache::with_policy("lru ", [](auto) {}));
}

namespace {

/// Places and reads entries of random sizes in two tiers, whose numbers are used again; bounds hold
/// throughout.
template <class Policy>
void play_in_waterfall(const Policy&) {
    static_assert(cache::eviction_policy<Policy>);
    cache::waterfall<Policy> cache(
        {{.limit = bytes(1000), .target = 0.8, .largest = 0.95}, {.limit = bytes(3000)}});
    random_stream draw(1);
    std::vector<cache::displacement> moved;
    std::uint64_t dropped = 0, wrong = 0;
    cache::entry_id highest = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t key = draw.uniform_int(0, 200);
        const cache::entry_id known = cache.find(key);
        if (known != cache::no_entry) {
            if (draw.chance(0.9)) {
                cache.touch(known);
            } else {
                cache.forget(known);
                cache.release(known);
            }
            continue;
        }
        moved.clear();
        const cache::entry_id e = cache.place(key, bytes(draw.uniform_int(1, 120)), moved);
        wrong += e == cache::no_entry || cache[e].tier != 0;
        if (e > highest) highest = e;
        for (const cache::displacement& d : moved) {
            wrong += d.entry == e;
            if (d.to != cache::displacement::dropped) continue;
            ++dropped;
            cache.release(d.entry);
        }
        wrong += cache.used(0) > bytes(1000) || cache.used(1) > bytes(3000);
    }
    CHECK(wrong == 0);
    CHECK(dropped > 1000);
    CHECK(highest < 200); // numbers were used again
}

} // namespace

TEST_CASE("every policy serves a waterfall, which has no capacity in entries and uses numbers again") {
    for (const cache::policy_info& p : cache::known_policies) {
        INFO(p.name);
        cache::with_policy(p.name, []<class P>(std::type_identity<P>) { play_in_waterfall(P()); });
    }
    play_in_waterfall(cache::selected_policy());
}

// A policy that is chosen by name decides as the policy itself.
#include <kvmark/cache/selected_policy.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

namespace {

template <class P>
struct chosen : cache::selected_policy {
    chosen() : cache::selected_policy(*named(P::name)) {}
};

template <class... P>
void compare_each(cache::policy_list<P...>) {
    const auto compare = []<class Q>(std::type_identity<Q>) {
        INFO(Q::name);
        const chosen<Q> policy;
        CHECK(policy.name() == Q::name);
        CHECK(policy.keeps_prefixes() == cache::find_policy(Q::name)->keeps_prefixes);
        for (const auto& requests :
             {test::draw_blocks(4'000, 300, 1, 1), test::draw_prefixes(1'500, 30, 2)}) {
            for (const std::uint64_t capacity : {3, 25, 50})
                test::compare_in_cache<chosen<Q>, Q>(requests, {.capacity = {capacity}},
                                                     cache::next_use_unit::none);
            test::compare_in_cache<chosen<Q>, Q>(requests, {.capacity = {8, 24}}, cache::next_use_unit::none);
        }
        test::compare_alone<chosen<Q>, Q>(3);
    };
    (compare(std::type_identity<P>{}), ...);
}

} // namespace

static_assert(cache::eviction_policy<cache::selected_policy>);
static_assert(cache::wants_block_use<cache::selected_policy>);

TEST_CASE("a selected policy decides as the policy itself") {
    CHECK(cache::selected_policy().name() == "lru");
    compare_each(cache::online_policies{});
}

TEST_CASE("a policy that cannot be selected is refused with those that can") {
    for (const char* name : {"clok", "belady"}) {
        const auto none = cache::selected_policy::named(name);
        REQUIRE_FALSE(none);
        CHECK(none.error().kind == error_kind::invalid_argument);
        CHECK(none.error().message == "there is no online eviction policy \"" + std::string(name) +
                                          "\"; choose one of fifo, lru, lru-leaf, clock, slru, lfu, s3fifo, "
                                          "arc, sieve, tinylfu, length-aware");
    }
}

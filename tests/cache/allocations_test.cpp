// A cache of blocks that is warm asks for no more memory, whatever its policy.
#include <kvmark/cache/selected_policy.hpp>

#include "cache/policy_cases.hpp"
#include "support/count_allocations.hpp"

using namespace kvmark;

namespace {

struct no_sink {
    void read(cache::block_number, unsigned) {}
    void write(cache::block_number, unsigned) {}
    void move(cache::block_number, unsigned, unsigned) {}
    void drop(cache::block_number, unsigned) {}
};

/// Of the second pass over a trace, in two tiers.
template <class Policy>
std::uint64_t allocations_when_warm(cache::next_use_unit unit, const Policy& policy) {
    const workload::block_trace trace = test::trace_of(test::draw_prefixes(2'000, 30, 1));
    const auto uses = cache::next_uses(trace, unit);
    cache::block_cache<Policy> cache({.capacity = {100, 300}}, trace.distinct_blocks(), policy);
    std::uint64_t before = 0;
    for (int pass = 0; pass < 2; ++pass) {
        before = test::allocations;
        no_sink sink;
        std::size_t reference = 0;
        workload::block_trace::cursor at(trace);
        for (workload::block_request r; at.next(r); reference += r.blocks.size()) {
            cache::block_access access{.blocks = r.blocks};
            if (!uses->empty()) access.next_uses = std::span(*uses).subspan(reference, r.blocks.size());
            cache.serve(access, sink);
        }
    }
    return test::allocations - before;
}

} // namespace

TEST_CASE("no policy allocates once it is warm") {
    for (const cache::policy_info& p : cache::known_policies) {
        INFO(p.name);
        std::uint64_t allocations = ~std::uint64_t{0};
        cache::with_policy(p.name, [&]<class P>(std::type_identity<P>) {
            allocations = allocations_when_warm(p.next_use, P());
        });
        CHECK(allocations == 0);
    }
    CHECK(allocations_when_warm(cache::next_use_unit::none, cache::selected_policy()) == 0);
}

// When blocks are needed again: by hand, and against a search.
#include <kvmark/cache/next_use.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

using cache::next_use_unit;

namespace {

constexpr std::uint32_t never = cache::block_use::never;

} // namespace

TEST_CASE("the next use of a block is a reference or a request, as asked") {
    const workload::block_trace trace = test::trace_of({{0, 1}, {}, {0, 2, 0}, {1, 0}});
    CHECK(*cache::next_uses(trace, next_use_unit::reference) ==
          std::vector<std::uint32_t>{2, 5, 4, never, 6, never, never});
    CHECK(*cache::next_uses(trace, next_use_unit::request) ==
          std::vector<std::uint32_t>{2, 3, 3, never, 3, never, never});
    CHECK(cache::next_uses(trace, next_use_unit::none)->empty());
    CHECK(cache::next_uses(test::trace_of({}), next_use_unit::request)->empty());
}

TEST_CASE("next uses agree with a search through the rest of the trace") {
    const test::request_list requests = test::draw_prefixes(300, 10, 1);
    const workload::block_trace trace = test::trace_of(requests);
    std::vector<std::uint32_t> blocks, request_of, by_reference, by_request;
    workload::block_trace::cursor at(trace);
    for (workload::block_request r; at.next(r);)
        for (const workload::block_number b : r.blocks) {
            blocks.push_back(b);
            request_of.push_back(static_cast<std::uint32_t>(r.id));
        }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        by_reference.push_back(never);
        by_request.push_back(never);
        for (std::size_t j = blocks.size(); --j > i;) {
            if (blocks[j] != blocks[i]) continue;
            by_reference[i] = static_cast<std::uint32_t>(j);
            if (request_of[j] != request_of[i]) by_request[i] = request_of[j];
        }
    }
    CHECK(*cache::next_uses(trace, next_use_unit::reference) == by_reference);
    CHECK(*cache::next_uses(trace, next_use_unit::request) == by_request);
}

TEST_CASE("a trace too long for 32 bits is refused before it is read") {
    const workload::block_trace trace({.references = never}, {}, {});
    const auto uses = cache::next_uses(trace, next_use_unit::reference);
    REQUIRE_FALSE(uses);
    CHECK(uses.error().kind == error_kind::invalid_argument);
    CHECK(uses.error().message.find("4294967295 references") != std::string::npos);
    CHECK(cache::next_uses(workload::block_trace({.references = never - 1}, {}, {}), next_use_unit::none));
}

// Stack distances against a list that is searched.
#include <kvmark/cache/stack_distance.hpp>

#include "support/catch.hpp"
#include "support/zipf_trace.hpp"

#include <algorithm>

using namespace kvmark;
using namespace kvmark::cache;

namespace {

/// An LRU stack as it is drawn on paper.
class listed_stack {
public:
    std::uint32_t access(std::uint32_t block) {
        const auto at = std::find(blocks_.begin(), blocks_.end(), block);
        std::uint32_t distance = stack_distance::cold;
        if (at != blocks_.end()) {
            distance = static_cast<std::uint32_t>(at - blocks_.begin()) + 1;
            blocks_.erase(at);
        }
        blocks_.insert(blocks_.begin(), block);
        return distance;
    }
    void forget(std::uint32_t block) { std::erase(blocks_, block); }
    [[nodiscard]] std::size_t size() const { return blocks_.size(); }

private:
    std::vector<std::uint32_t> blocks_; // the last one referenced first
};

/// References that differ, of `references` to `blocks` blocks; one in `forgets` is followed by a removal.
std::uint64_t differences(std::uint64_t references, std::uint64_t blocks, double skew, std::uint64_t forgets,
                          std::uint64_t expected_blocks) {
    stack_distance stack(expected_blocks);
    listed_stack model;
    random_stream draw(blocks + references);
    const zipf rank(blocks, skew);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < references; ++i) {
        const auto block = static_cast<std::uint32_t>(rank(draw));
        wrong += stack.access(block) != model.access(block);
        if (forgets != 0 && draw.uniform_int(1, forgets) == 1) {
            const auto gone = static_cast<std::uint32_t>(rank(draw));
            stack.forget(gone);
            model.forget(gone);
        }
        wrong += stack.size() != model.size();
    }
    return wrong;
}

} // namespace

TEST_CASE("stack distances agree with a list, over many turns of the time axis") {
    CHECK(differences(200'000, 1, 0, 0, 1) == 0);
    CHECK(differences(200'000, 100, 0, 0, 100) == 0);
    CHECK(differences(100'000, 3'000, 0, 0, 3'000) == 0);
    CHECK(differences(100'000, 5'000, 1.1, 0, 5'000) == 0);
}

TEST_CASE("a stack distance grows with the numbers that it meets") {
    CHECK(differences(50'000, 4'000, 0.8, 0, 0) == 0);
}

TEST_CASE("a block that is forgotten counts for nobody, and comes back as new") {
    CHECK(differences(100'000, 2'000, 0.6, 3, 2'000) == 0);
    stack_distance stack;
    CHECK(stack.access(7) == stack_distance::cold);
    CHECK(stack.access(8) == stack_distance::cold);
    stack.forget(8);
    stack.forget(8);
    CHECK(stack.access(7) == 1);
    CHECK(stack.access(8) == stack_distance::cold);
    CHECK(stack.access(7) == 2);
}

TEST_CASE("a request references its blocks one after the other") {
    workload::trace_builder made{tokens(16)};
    const std::vector<workload::block_number> first{0, 1, 2}, second{0, 1, 3, 1};
    made.add({.input = tokens(48), .blocks = first});
    made.add({.input = tokens(64), .blocks = second});
    std::vector<std::vector<std::uint32_t>> seen;
    for_each_stack_distance(made.finish(), [&](const workload::block_request& r, auto distances) {
        CHECK(distances.size() == r.blocks.size());
        seen.emplace_back(distances.begin(), distances.end());
    });
    constexpr std::uint32_t cold = stack_distance::cold;
    CHECK(seen == std::vector<std::vector<std::uint32_t>>{{cold, cold, cold}, {3, 3, cold, 2}});
}

// The heap against sorting.
#include <kvmark/core/min_heap.hpp>
#include <kvmark/core/random.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <vector>

using namespace kvmark;

TEST_CASE("what goes in comes out in order, between pushes, pops and replacements too") {
    random_stream draw(1);
    min_heap<std::uint64_t> heap;
    std::vector<std::uint64_t> model; // sorted
    const auto put = [&model](std::uint64_t n) {
        model.insert(std::lower_bound(model.begin(), model.end(), n), n);
    };
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t n = draw.uniform_int(0, 500);
        const double what = draw.uniform();
        if (model.empty() || what < 0.5) {
            heap.push(n);
            put(n);
        } else if (what < 0.8) {
            heap.pop();
            model.erase(model.begin());
        } else {
            heap.replace_top(n);
            model.erase(model.begin());
            put(n);
        }
        REQUIRE(heap.size() == model.size());
        if (!model.empty()) REQUIRE(heap.top() == model.front());
    }
    heap.erase_if([](std::uint64_t n) { return n % 3 == 0; });
    std::erase_if(model, [](std::uint64_t n) { return n % 3 == 0; });
    for (const std::uint64_t n : model) {
        REQUIRE(heap.top() == n);
        heap.pop();
    }
    CHECK(heap.empty());
}

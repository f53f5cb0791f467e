// Taking requests from a warm source costs no allocation: what operator new is asked for is counted.
#include <kvmark/workload/sharegpt.hpp>
#include <kvmark/workload/user_personas.hpp>

#include "support/catch.hpp"

#include <cstdlib>
#include <new>

using namespace kvmark;
using namespace kvmark::workload;

namespace {

std::size_t allocations = 0;

template <source S>
std::size_t allocations_of(S& s, int requests) {
    const std::size_t before = allocations;
    for (int i = 0; i < requests; ++i)
        if (!s.next()) return static_cast<std::size_t>(-1);
    return allocations - before;
}

} // namespace

// Out of line, since g++ warns of a mismatch where it inlines one of a pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

TEST_CASE("the counter counts") {
    const std::size_t before = allocations;
    std::vector<int> v(100);
    v.assign(1000, 1);
    CHECK(allocations - before >= 2);
}

TEST_CASE("a source's request costs no allocation") {
    source_config c;
    c.seed = 15;
    c.users = 1200; // more than may have a conversation
    c.rag = true;
    user_personas thinking(c);
    CHECK(allocations_of(thinking, 100'000) == 0);
    c.request_rate = 100;
    user_personas paced(c);
    CHECK(allocations_of(paced, 100'000) == 0);
    result<sharegpt> recorded = sharegpt::open(KVMARK_TEST_DATA_DIR "/sharegpt_sample.json", c, 0);
    REQUIRE(recorded);
    CHECK(allocations_of(*recorded, 100'000) == 0);
}

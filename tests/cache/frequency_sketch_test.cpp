// The sketch of frequencies: what it promises of its counts.
#include <kvmark/cache/frequency_sketch.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("a sketch never says less than was noted, and seldom more") {
    cache::frequency_sketch sketch(1000);
    std::map<std::uint64_t, unsigned> noted;
    random_stream draw(1);
    for (int i = 0; i < 1'500; ++i) {
        const std::uint64_t n = draw.uniform_int(0, 299);
        sketch.note(n);
        noted[n] += noted[n] < 15;
    }
    std::size_t less = 0, more = 0;
    for (const auto& [n, count] : noted) {
        less += sketch.estimate(n) < count;
        more += sketch.estimate(n) > count;
    }
    CHECK(less == 0);
    CHECK(more < noted.size() / 20);
}

TEST_CASE("a sketch counts to 15, and halves after ten capacities of notes") {
    cache::frequency_sketch sketch(16);
    for (int i = 0; i < 159; ++i) sketch.note(7);
    CHECK(sketch.estimate(7) == 15);
    sketch.note(7);
    CHECK(sketch.estimate(7) == 7);
    for (int i = 0; i < 79; ++i) sketch.note(7); // half of the notes still count
    CHECK(sketch.estimate(7) == 15);
    sketch.note(7);
    CHECK(sketch.estimate(7) == 7);
}

TEST_CASE("a doorkeeper keeps the first note, until the counters are halved") {
    cache::frequency_sketch sketch(16, true);
    CHECK(sketch.estimate(7) == 0);
    sketch.note(7);
    CHECK(sketch.estimate(7) == 1);
    sketch.note(7);
    CHECK(sketch.estimate(7) == 2);
    for (int i = 0; i < 158; ++i) sketch.note(7);
    CHECK(sketch.estimate(7) == 7);
}

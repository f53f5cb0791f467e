// The future: by time, then in the order of making.
#include <kvmark/core/random.hpp>
#include <kvmark/engine/event_queue.hpp>

#include "support/catch.hpp"

#include <map>

using namespace kvmark;
using engine::event_queue;

TEST_CASE("events come out by time, and at one instant first in, first out") {
    event_queue<int> events;
    CHECK(events.empty());
    events.push(nanoseconds(20), 1);
    events.push(nanoseconds(10), 2);
    events.push(nanoseconds(20), 3);
    events.push(nanoseconds(10), 4);
    events.push(nanoseconds(20), 5);
    CHECK(events.next_time() == nanoseconds(10));
    for (const int expected : {2, 4, 1, 3, 5}) CHECK(events.pop() == expected);
    CHECK(events.empty());
}

TEST_CASE("a hundred thousand random pushes and pops agree with an ordered map") {
    event_queue<int> events;
    std::map<std::pair<std::int64_t, int>, int> model;
    random_stream draw(1);
    std::size_t wrong = 0;
    for (int i = 0; i < 100'000; ++i) {
        if (model.empty() || draw.chance(0.52)) {
            const auto at = static_cast<std::int64_t>(draw.uniform_int(0, 50)); // many at one instant
            events.push(nanoseconds(at), i);
            model[{at, i}] = i;
        } else {
            wrong += events.next_time().count != model.begin()->first.first;
            wrong += events.pop() != model.begin()->second;
            model.erase(model.begin());
        }
        wrong += events.empty() != model.empty();
    }
    CHECK(wrong == 0);
    events.clear();
    CHECK(events.empty());
}

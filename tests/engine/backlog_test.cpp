// The packed queue gives back what was put in, and is small.
#include <kvmark/engine/backlog.hpp>
#include <kvmark/workload/user_personas.hpp>

#include "workload/requests.hpp"

using namespace kvmark;
using engine::backlog;
using workload::request;

namespace {

bool same(const request& a, const request& b) {
    return workload::testing::hash_of({a}) == workload::testing::hash_of({b}) &&
           a.chunk_count == b.chunk_count;
}

/// Every field anything that it can hold.
request any_request(random_stream& draw) {
    request r;
    r.id = draw.next();
    r.user = draw.next();
    r.conversation = draw.next();
    r.turn = static_cast<std::uint32_t>(draw.next());
    r.arrival = nanoseconds(static_cast<std::int64_t>(draw.next() >> 1));
    r.service = static_cast<workload::service_class>(draw.uniform_int(0, 2));
    r.phase = static_cast<workload::phase>(draw.uniform_int(0, 2));
    r.input = tokens(draw.next());
    r.output = tokens(draw.next() % 200);
    if (draw.chance(0.5)) {
        r.system_prompt = static_cast<std::uint8_t>(draw.uniform_int(0, 254));
        r.system_prompt_tokens = tokens(draw.next() % 1000);
    }
    r.chunk_count = static_cast<std::uint8_t>(draw.uniform_int(0, request::max_chunks));
    for (std::size_t i = 0; i < r.chunk_count; ++i)
        r.chunks[i] = {static_cast<std::uint32_t>(draw.next()), static_cast<std::uint32_t>(draw.next()),
                       tokens(draw.next())};
    return r;
}

} // namespace

TEST_CASE("backlog: requests of any content come back in order, however they come and go") {
    random_stream draw(1, 2);
    backlog packed;
    std::deque<request> plain;
    for (int i = 0; i < 20'000; ++i) {
        if (plain.empty() || draw.chance(i < 10'000 ? 0.6 : 0.4)) {
            plain.push_back(any_request(draw));
            packed.push(plain.back());
        } else {
            REQUIRE(same(packed.pop(), plain.front()));
            plain.pop_front();
        }
        REQUIRE(packed.size() == plain.size());
    }
    for (; !plain.empty(); plain.pop_front()) REQUIRE(same(packed.pop(), plain.front()));
    CHECK(packed.empty());
    CHECK(packed.memory() == bytes());
}

TEST_CASE("backlog: a waiting request of 10,000 users takes less than 20 bytes") {
    workload::user_personas source({.seed = 42, .users = 10'000});
    backlog waiting;
    for (int i = 0; i < 100'000; ++i) waiting.push(*source.next());
    CHECK(waiting.memory().count < 20 * waiting.size());
}

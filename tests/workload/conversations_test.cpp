// The table of live conversations, against a plain list that does the same.
#include <kvmark/core/random.hpp>
#include <kvmark/workload/conversations.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <list>
#include <set>

using namespace kvmark;
using namespace kvmark::workload;

TEST_CASE("turns count from 1, and a closed conversation's id does not return") {
    conversation_table table(10);
    table.reserve_users(2);
    CHECK_FALSE(table.is_open(0));
    const turn_ref first = table.advance(0);
    CHECK(first.turn == 1);
    const turn_ref second = table.advance(0);
    CHECK(second.turn == 2);
    CHECK(second.conversation == first.conversation);
    table.close(0);
    table.close(0);
    CHECK(table.live() == 0);
    const turn_ref other = table.advance(0);
    CHECK(other.turn == 1);
    CHECK(other.conversation != first.conversation);
}

TEST_CASE("one conversation too many ends the one used longest ago") {
    conversation_table table(2);
    table.reserve_users(3);
    table.advance(0);
    table.advance(1);
    table.advance(0);
    table.advance(2);
    CHECK(table.live() == 2);
    CHECK(table.is_open(0));
    CHECK_FALSE(table.is_open(1));
    CHECK(table.advance(1).turn == 1);
    CHECK_FALSE(table.is_open(0));
}

TEST_CASE("a bound of one conversation is a bound") {
    conversation_table table(1);
    table.reserve_users(2);
    for (int i = 0; i < 4; ++i) CHECK(table.advance(static_cast<std::uint32_t>(i % 2)).turn == 1);
    CHECK(table.live() == 1);
}

TEST_CASE("over any sequence of use the table agrees with a list in order of use") {
    struct open_conversation {
        std::uint32_t user;
        turn_ref at;
    };
    constexpr std::uint32_t users = 64, bound = 20;
    conversation_table table(bound);
    std::list<open_conversation> model; // the least recently used first
    std::set<std::uint64_t> ids;
    random_stream draw(5);
    for (int step = 0; step < 50'000; ++step) {
        table.reserve_users(step < 25'000 ? users / 2 : users);
        const auto user =
            static_cast<std::uint32_t>(draw.uniform_int(0, (step < 25'000 ? users / 2 : users) - 1));
        const auto found =
            std::find_if(model.begin(), model.end(), [&](const auto& o) { return o.user == user; });
        REQUIRE(table.is_open(user) == (found != model.end()));
        if (draw.chance(0.1)) {
            table.close(user);
            if (found != model.end()) model.erase(found);
        } else {
            const turn_ref t = table.advance(user);
            if (found != model.end()) {
                REQUIRE(t.conversation == found->at.conversation);
                REQUIRE(t.turn == found->at.turn + 1);
                model.erase(found);
            } else {
                REQUIRE(t.turn == 1);
                REQUIRE(ids.insert(t.conversation).second);
                if (model.size() == bound) model.pop_front();
            }
            model.push_back({user, t});
        }
        REQUIRE(table.live() == model.size());
    }
}

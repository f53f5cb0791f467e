// One object, alive as long as any copy of its owner.
#include <kvmark/core/shared_owner.hpp>

#include "support/catch.hpp"

#include <memory>

using kvmark::shared_owner;

TEST_CASE("the object lives until the last copy is gone, and no longer") {
    auto watched = std::make_shared<int>(7);
    const std::weak_ptr<int> alive = watched;
    const std::shared_ptr<int>* kept = nullptr;
    shared_owner first = shared_owner::of(std::move(watched), kept);
    REQUIRE(**kept == 7);
    {
        shared_owner copy = first;
        shared_owner moved = std::move(first);
        first = shared_owner();
        CHECK(!alive.expired());
        copy = moved;
        shared_owner& itself = copy;
        copy = itself;
        CHECK(!alive.expired());
    }
    CHECK(alive.expired());
}

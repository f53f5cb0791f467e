// The ring of consistent hashing: fair shares, and few keys move when a member comes or goes.
#include <kvmark/tier/hash_ring.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace kvmark;
using tier::hash_ring;

namespace {

constexpr std::uint64_t keys = 100'000;
constexpr std::uint32_t nobody = ~std::uint32_t{0};

hash_ring ring_of(const std::vector<std::uint32_t>& members) {
    hash_ring ring;
    ring.open(members);
    return ring;
}

std::uint32_t owner(const hash_ring& ring, std::uint64_t key) {
    std::uint32_t found = nobody;
    ring.offer(mix(key), [&](std::uint32_t member) { return found = member, true; });
    return found;
}

std::vector<std::uint32_t> numbers(std::uint32_t n) {
    std::vector<std::uint32_t> all(n);
    for (std::uint32_t i = 0; i < n; ++i) all[i] = i;
    return all;
}

} // namespace

TEST_CASE("hash ring: every member owns about the same share of keys") {
    const std::uint32_t members = GENERATE(2u, 3u, 16u, 100u);
    const hash_ring ring = ring_of(numbers(members));
    std::map<std::uint32_t, std::uint64_t> owned;
    for (std::uint64_t key = 0; key < keys; ++key) ++owned[owner(ring, key)];
    CHECK(owned.size() == members);
    for (const auto& [member, count] : owned) {
        CAPTURE(members, member);
        CHECK(count * members > keys * 7 / 10);
        CHECK(count * members < keys * 13 / 10);
    }
}

TEST_CASE("hash ring: without a member its keys move, over all others, and no other key does") {
    constexpr std::uint32_t gone = 3;
    std::vector<std::uint32_t> fewer = numbers(8);
    fewer.erase(fewer.begin() + gone);
    const hash_ring before = ring_of(numbers(8)), after = ring_of(fewer);
    std::set<std::uint32_t> heirs;
    std::uint64_t moved = 0, moved_needlessly = 0;
    for (std::uint64_t key = 0; key < keys; ++key) {
        const std::uint32_t was = owner(before, key), is = owner(after, key);
        if (was == gone) {
            ++moved;
            heirs.insert(is);
        } else {
            moved_needlessly += was != is;
        }
    }
    CHECK(moved_needlessly == 0);
    CHECK(moved > keys / 8 * 7 / 10);
    CHECK(heirs == std::set<std::uint32_t>(fewer.begin(), fewer.end()));
}

TEST_CASE("hash ring: the order in which members are named does not matter") {
    std::vector<std::uint32_t> turned = numbers(5);
    std::reverse(turned.begin(), turned.end());
    const hash_ring ring = ring_of(numbers(5)), same = ring_of(turned);
    for (std::uint64_t key = 0; key < 1000; ++key) REQUIRE(owner(ring, key) == owner(same, key));
}

TEST_CASE("hash ring: a key that a member has no room for is offered to every other") {
    const hash_ring ring = ring_of(numbers(6));
    for (std::uint64_t key = 0; key < 1000; ++key) {
        std::set<std::uint32_t> asked;
        REQUIRE_FALSE(
            ring.offer(mix(key), [&](std::uint32_t member) { return asked.insert(member), false; }));
        REQUIRE(asked.size() == 6);
        const std::uint32_t full = owner(ring, key);
        std::uint32_t heir = nobody;
        REQUIRE(ring.offer(mix(key), [&](std::uint32_t member) { return heir = member, member != full; }));
        REQUIRE(heir != full);
    }
}

TEST_CASE("hash ring: keys beyond the last point belong to the first; nobody owns keys of an empty ring") {
    const hash_ring ring = ring_of({4, 9});
    CHECK(owner(ring_of({}), 1) == nobody);
    std::uint32_t last = nobody, first = nobody;
    ring.offer(~std::uint64_t{0}, [&](std::uint32_t member) { return last = member, true; });
    ring.offer(0, [&](std::uint32_t member) { return first = member, true; });
    CHECK(last == first);
}

// The index against a hash map of the standard library.
#include <kvmark/core/key_index.hpp>

#include "support/catch.hpp"

#include <unordered_map>

using kvmark::key_index;

namespace {

/// `operations` random insertions, erasures and lookups over `keys` keys, each compared with a
/// std::unordered_map.
void compare(key_index& index, std::uint64_t keys, std::uint64_t operations, std::uint64_t seed) {
    std::unordered_map<std::uint64_t, std::uint32_t> model;
    kvmark::random_stream draw(seed);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < operations; ++i) {
        const std::uint64_t key = draw.uniform_int(0, keys - 1) << 20;
        const auto found = index.find(key);
        const auto expected = model.find(key);
        wrong += found.has_value() != (expected != model.end());
        if (found && expected != model.end()) wrong += *found != expected->second;
        if (!found) {
            index.insert(key, static_cast<std::uint32_t>(i));
            model.emplace(key, static_cast<std::uint32_t>(i));
        } else if (draw.chance(0.6)) {
            index.erase(key);
            model.erase(key);
        }
        wrong += index.size() != model.size();
    }
    CHECK(wrong == 0);
    for (std::uint64_t key = 0; key < keys; ++key) {
        const auto found = index.find(key << 20);
        wrong += found.has_value() != model.contains(key << 20);
    }
    CHECK(wrong == 0);
}

} // namespace

TEST_CASE("the index agrees with a hash map over a million operations, through growth") {
    key_index index(1);
    compare(index, 50'000, 1'000'000, 1);
}

TEST_CASE("the index agrees with a hash map where places are scarce and runs wrap around") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        key_index index(1);
        compare(index, 12, 2'000, seed);
    }
}

TEST_CASE("key 0 and the largest key are keys like any other") {
    key_index index;
    CHECK_FALSE(index.find(0));
    index.insert(0, 7);
    index.insert(~std::uint64_t{0}, 8);
    CHECK(index.find(0) == 7u);
    CHECK(index.find(~std::uint64_t{0}) == 8u);
    index.erase(0);
    CHECK_FALSE(index.find(0));
    CHECK(index.find(~std::uint64_t{0}) == 8u);
    CHECK(index.size() == 1);
}

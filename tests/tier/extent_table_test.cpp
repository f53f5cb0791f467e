// Extents: whole chains or none, none shared, none lost, also when threads take and give at once.
#include <kvmark/tier/extent_table.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <thread>

using namespace kvmark;
using tier::entry_id;
using tier::extent_table;

namespace {

std::vector<std::uint32_t> extents_of(extent_table& table, entry_id e, std::uint64_t count) {
    std::vector<std::uint32_t> all;
    for (std::uint64_t i = 0; i < count; ++i) all.push_back(table.at(e, i));
    return all;
}

} // namespace

TEST_CASE("extents: an entry gets as many as it asked for, or nothing is taken") {
    extent_table table;
    table.open(10);
    REQUIRE(table.create(0, 6));
    CHECK_FALSE(table.create(1, 5));
    REQUIRE(table.create(2, 4));
    CHECK_FALSE(table.create(3, 1));
    table.erase(0);
    CHECK(table.create(3, 6));
}

TEST_CASE("extents: erased is erased, twice or never created") {
    extent_table table;
    table.open(4);
    table.erase(7);
    REQUIRE(table.create(7, 4));
    table.erase(7);
    table.erase(7);
    CHECK(table.create(8, 4));
    CHECK_FALSE(table.create(9, 1));
}

TEST_CASE("extents: any of a chain can be asked for in any order") {
    extent_table table;
    table.open(100);
    REQUIRE(table.create(1, 60));
    const auto in_order = extents_of(table, 1, 60);
    for (const std::uint64_t i : {59, 0, 31, 30, 32, 1, 58}) CHECK(table.at(1, i) == in_order[i]);
}

TEST_CASE("extents: room left by others serves an entry of any size, whatever order they left in") {
    extent_table table;
    table.open(1000);
    for (entry_id e = 0; e < 500; ++e) REQUIRE(table.create(e, 2));
    for (entry_id e = 0; e < 500; e += 2) table.erase(e);
    REQUIRE(table.create(1000, 500)); // no two of its extents are neighbours, which does not matter
    auto all = extents_of(table, 1000, 500);
    for (entry_id e = 1; e < 500; e += 2)
        for (const std::uint32_t extent : extents_of(table, e, 2)) all.push_back(extent);
    std::sort(all.begin(), all.end());
    CHECK(all.size() == 1000);
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("extents: threads that create and erase at once never hold the same one, and lose none") {
    constexpr std::uint32_t extents = 64, threads = 4;
    extent_table table;
    table.open(extents);
    std::array<std::atomic<int>, extents> owner{};
    std::atomic<int> shared{0};
    std::vector<std::thread> all;
    for (std::uint32_t t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
            for (int round = 0; round < 20'000; ++round) {
                const std::uint64_t count = 1 + (static_cast<std::uint64_t>(round) * 7 + t) % 20;
                if (!table.create(t, count)) continue;
                for (std::uint64_t i = 0; i < count; ++i)
                    shared += owner[table.at(t, i)].exchange(1, std::memory_order_acquire);
                for (std::uint64_t i = 0; i < count; ++i)
                    owner[table.at(t, i)].store(0, std::memory_order_release);
                table.erase(t);
            }
        });
    for (auto& thread : all) thread.join();
    CHECK(shared == 0);
    CHECK(table.create(100, extents));
}

// A stack reaches each of its tiers by index, once, and builds each from its own configuration.
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/modelled.hpp>
#include <kvmark/tier/null.hpp>
#include <kvmark/tier/stack.hpp>

#include "support/catch.hpp"

#include <vector>

using namespace kvmark;

namespace {

/// A tier that is configured by a number and can be neither copied nor moved, like one that owns files.
template <int Tag>
struct numbered {
    static constexpr std::string_view name = "numbered";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    struct config {
        int number = -Tag;
    };

    numbered() = default;
    explicit numbered(config c) : number(c.number) {}
    numbered(const numbered&) = delete;
    numbered& operator=(const numbered&) = delete;
    ~numbered() { destroyed.push_back(Tag); }

    result<void> open(const tier::tier_setup&) { return {}; }
    nanoseconds schedule(tier::direction, bytes, nanoseconds now) { return now; }

    int number = 0;
    static inline std::vector<int> destroyed;
};

/// The same without a configuration.
struct plain : tier::null<> {
    int number = 1000;
};

template <class Stack>
std::vector<int> numbers_at(Stack& tiers, std::size_t index) {
    std::vector<int> seen;
    tiers.at(index, [&](auto& t) { seen.push_back(t.number); });
    return seen;
}

} // namespace

static_assert(tier::stack<tier::modelled<>, tier::null<>>::all_timed);
static_assert(!tier::stack<tier::host, tier::modelled<>>::all_timed);
static_assert(!tier::stack<tier::host>::all_timed);
static_assert(tier::stack<tier::host, tier::null<>, tier::null<>>::size == 3);
static_assert(std::is_same_v<tier::stack<tier::host, tier::null<>>::tier_at<1>, tier::null<>>);
static_assert(std::is_same_v<tier::config_of<tier::host>, tier::no_config>);
static_assert(std::is_same_v<tier::config_of<tier::modelled<>>, tier::modelled_config>);

TEST_CASE("stack: an index reaches its tier once, and one past the end none") {
    using stack = tier::stack<numbered<1>, numbered<2>, plain, numbered<4>, numbered<5>, numbered<6>, plain,
                              numbered<8>>;
    stack tiers(stack::configs{{10}, {20}, {}, {40}, {50}, {60}, {}, {80}});
    const std::vector<int> expected{10, 20, 1000, 40, 50, 60, 1000, 80};
    for (std::size_t i = 0; i < stack::size; ++i) CHECK(numbers_at(tiers, i) == std::vector{expected[i]});
    CHECK(numbers_at(tiers, stack::size).empty());
    CHECK(numbers_at(tiers, ~std::size_t{0}).empty());
}

TEST_CASE("stack: what at() reaches is the tier itself, not a copy") {
    tier::stack<plain, plain> tiers;
    tiers.at(1, [](auto& t) { t.number = 5; });
    CHECK(numbers_at(tiers, 0) == std::vector{1000});
    CHECK(numbers_at(tiers, 1) == std::vector{5});
}

TEST_CASE("stack: for_each() goes from the fastest to the slowest and says where it is") {
    tier::stack<numbered<3>, plain, numbered<4>> tiers;
    std::vector<std::pair<std::size_t, int>> seen;
    tiers.for_each([&](std::size_t i, auto& t) { seen.emplace_back(i, t.number); });
    CHECK(seen == std::vector<std::pair<std::size_t, int>>{{0, -3}, {1, 1000}, {2, -4}});
}

TEST_CASE("stack: two tiers of one type have their own configurations") {
    using stack = tier::stack<tier::modelled<>, tier::modelled<>>;
    stack tiers(stack::configs{{.read_bytes_per_second = 1e9, .queue_depth = 1000},
                               {.read_bytes_per_second = 7e9, .queue_depth = 1000}});
    std::vector<double> rates;
    tiers.for_each([&](std::size_t, auto& t) {
        REQUIRE(t.open({.io_chunk = bytes(mib_bytes), .queue_depth = 1000}));
        rates.push_back(t.saturated_rate(tier::direction::read));
    });
    CHECK(rates == std::vector{1e9, 7e9});
}

TEST_CASE("stack: real tiers keep their bytes apart") {
    tier::stack<tier::host, tier::host> tiers;
    const huge_page_buffer buffer(tier::sector_size);
    const auto span = buffer.span();
    tiers.for_each([&](std::size_t i, auto& t) {
        REQUIRE(t.open({.limit = tier::host::page_size}));
        REQUIRE(t.create(0, tier::sector_size).good());
        span[0] = std::byte(i + 1);
        REQUIRE(t.write(0, {}, span).good());
    });
    for (std::size_t i = 0; i < 2; ++i)
        tiers.at(i, [&](auto& t) {
            REQUIRE(t.read(0, {}, span).good());
            CHECK(span[0] == std::byte(i + 1));
        });
}

TEST_CASE("stack: every tier is destroyed with it, once") {
    numbered<11>::destroyed.clear();
    numbered<12>::destroyed.clear();
    {
        tier::stack<numbered<11>, numbered<12>, numbered<11>> tiers;
        CHECK(numbered<11>::destroyed.empty());
    }
    CHECK(numbered<11>::destroyed.size() == 2);
    CHECK(numbered<12>::destroyed.size() == 1);
}

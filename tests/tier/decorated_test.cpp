// A decorator that changes nothing is the tier inside, but for its name.
#include <kvmark/tier/decorated.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/host.hpp>

#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"

using namespace kvmark;
using tier::entry_id;
using tier::io_status;

namespace {

/// The least that a blocking tier has.
class bare {
public:
    static constexpr const char* name = "bare";
    static constexpr tier::tier_role role = tier::tier_role::gpu;

    result<void> open(const tier::tier_setup&) { return {}; }
    io_status create(entry_id, bytes) { return {1}; }
    io_status write(entry_id, bytes, std::span<const std::byte>) { return {2}; }
    io_status read(entry_id, bytes, std::span<std::byte>) { return {3}; }
    io_status erase(entry_id) { return {4}; }
};

/// And all that it may have.
class full : public bare {
public:
    static constexpr bool instant_metadata = true;
    static constexpr bool in_memory = true;
    struct config {
        std::uint32_t depth = 3;
    };
    full() = default;
    explicit full(const config& c) : config_(c) {}
    full(const full&) = delete;

    [[nodiscard]] bytes capacity(const tier::tier_setup& s) const { return s.io_chunk * 5; }
    [[nodiscard]] bytes granule(const tier::tier_setup& s) const { return s.io_chunk * 2; }
    [[nodiscard]] std::uint32_t depth() const { return config_.depth; }
    [[nodiscard]] std::string note() const { return "a note"; }
    io_status commit(entry_id) { return {5}; }

private:
    config config_;
};

template <tier::blocking_tier T>
class plain : public tier::decorated<T, "plain"> {
public:
    using plain::decorated::decorated;
};

static_assert(tier::blocking_tier<plain<bare>> && tier::blocking_tier<plain<plain<full>>>);
static_assert(plain<bare>::name == "plain bare" && plain<plain<full>>::name == "plain plain bare");
static_assert(plain<bare>::role == tier::tier_role::gpu);
static_assert(tier::has_instant_metadata<plain<full>> && !tier::has_instant_metadata<plain<bare>>);
static_assert(tier::is_in_memory<plain<full>> && !tier::is_in_memory<plain<bare>>);
static_assert(tier::has_commit<plain<plain<full>>> && !tier::has_commit<plain<plain<bare>>>);
static_assert(std::is_same_v<tier::config_of<plain<full>>, full::config>);
static_assert(std::is_same_v<tier::config_of<plain<bare>>, tier::no_config>);

const tier::tier_setup setup{.io_chunk = test::io_chunk, .queue_depth = 17};

} // namespace

TEST_CASE("decorated: what the tier inside says of itself is said") {
    const plain<plain<full>> outer;
    CHECK(tier::capacity_of(outer, setup) == test::io_chunk * 5);
    CHECK(tier::granule_of(outer, setup) == test::io_chunk * 2);
    CHECK(tier::depth_of(outer, setup) == 3);
    CHECK(tier::note_of(outer) == "a note");
}

TEST_CASE("decorated: what it does not say has its default") {
    const plain<plain<bare>> outer;
    CHECK(tier::capacity_of(outer, setup) == bytes(~std::uint64_t{0}));
    CHECK(tier::granule_of(outer, setup) == tier::sector_size);
    CHECK(tier::depth_of(outer, setup) == 17);
    CHECK(tier::note_of(outer).empty());
}

TEST_CASE("decorated: each call is the tier's own, with its outcome") {
    plain<plain<full>> outer;
    REQUIRE(outer.open(setup));
    CHECK(outer.create(0, bytes(0)).error_number == 1);
    CHECK(outer.write(0, bytes(0), {}).error_number == 2);
    CHECK(outer.read(0, bytes(0), {}).error_number == 3);
    CHECK(outer.erase(0).error_number == 4);
    CHECK(tier::commit(outer, 0).error_number == 5);
}

TEST_CASE("decorated: in a stack the tier inside gets its own config") {
    tier::stack<plain<bare>, plain<full>> tiers({{}, {.depth = 9}});
    tiers.at(1, [](auto& t) { CHECK(tier::depth_of(t, setup) == 9); });
}

TEST_CASE("decorated: an error of open() comes through") {
    const test::temporary_directory user;
    test::write_file(user / "file", "");
    plain<tier::file> outer;
    const auto opened = outer.open({.io_chunk = test::io_chunk, .cache_dir = user / "file/cache"});
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Catch::Contains(user / "file/cache"));
}

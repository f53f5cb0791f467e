// Quantities keep their kind, and conversions mean what their names say.
#include <kvmark/core/units.hpp>

#include "support/catch.hpp"

#include <type_traits>

using namespace kvmark;

static_assert(!std::is_convertible_v<std::uint64_t, bytes>, "a bare number is no quantity");
static_assert(!std::is_convertible_v<bytes, tokens>, "tokens are not bytes");
static_assert(!std::is_convertible_v<bytes, std::uint64_t>, "`.count` is the only way out");
static_assert(sizeof(bytes) == sizeof(std::uint64_t) && std::is_trivially_copyable_v<bytes>);

static_assert(bytes(3) + bytes(4) == bytes(7) && bytes(9) - bytes(4) == bytes(5));
static_assert(bytes(6) * 7 == bytes(42) && 7 * bytes(6) == bytes(42) && bytes(42) / 5 == bytes(8));
static_assert(nanoseconds(-1) < nanoseconds(0) && tokens(2) > tokens(1));

static_assert(from_gib(1.5) == bytes(1'610'612'736), "GiB is 2^30");
static_assert(to_gib(bytes(gib_bytes / 2)) == 0.5);
static_assert(from_seconds(1.5) == nanoseconds(1'500'000'000));
static_assert(to_seconds(nanoseconds(250'000'000)) == 0.25 && to_milliseconds(nanoseconds(1'500'000)) == 1.5);

static_assert(round_up(bytes(0), bytes(4096)) == bytes(0));
static_assert(round_up(bytes(4096), bytes(4096)) == bytes(4096));
static_assert(round_up(bytes(4097), bytes(4096)) == bytes(8192));
static_assert(round_up(bytes(10), bytes(24'576)) == bytes(24'576), "the unit need not be a power of two");

TEST_CASE("a sum over a long run does not leave its type") {
    tokens total{};
    for (int i = 0; i < 1'000'000; ++i) total += tokens(25'000);
    total -= tokens(1);
    CHECK(total == tokens(24'999'999'999));
}

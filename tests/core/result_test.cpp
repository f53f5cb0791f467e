// result<T>: a value or an error, never both, moved without a copy.
#include <kvmark/core/result.hpp>

#include "support/catch.hpp"

#include <memory>

using namespace kvmark;

namespace {

result<int> half(int n) {
    if (n % 2 != 0)
        return error{error_kind::invalid_argument, std::to_string(n) + " is odd; give an even number"};
    return n / 2;
}

result<void> check(bool good) {
    if (!good) return error{error_kind::data, "bad"};
    return {};
}

} // namespace

TEST_CASE("a result holds its value") {
    const result<int> r = half(8);
    REQUIRE(r);
    CHECK(r.has_value());
    CHECK(*r == 4);
}

TEST_CASE("a result holds its error") {
    const result<int> r = half(7);
    REQUIRE_FALSE(r);
    CHECK(r.error().kind == error_kind::invalid_argument);
    CHECK(r.error().message == "7 is odd; give an even number");
}

TEST_CASE("a result of nothing succeeds or fails") {
    CHECK(check(true));
    REQUIRE_FALSE(check(false));
    CHECK(check(false).error().kind == error_kind::data);
}

TEST_CASE("a value that can only move moves out of a result") {
    result<std::unique_ptr<int>> r(std::make_unique<int>(3));
    REQUIRE(r);
    CHECK(*r->get() == 3);
    const std::unique_ptr<int> taken = *std::move(r);
    CHECK(*taken == 3);
}

#include <kvmark/report/format_argv.hpp>

#include "support/catch.hpp"

TEST_CASE("fmt prints an argument vector in its display form") {
    const kvmark::argv arguments{"a", "b c"};
    CHECK(fmt::format("{}", arguments) == "a 'b c'");
    CHECK(fmt::format("[{:>8}]", arguments) == "[ a 'b c']");
}

// The management library is there, or one line says what is missing.
#include <kvmark/gpu/management.hpp>

#include "support/catch.hpp"

using kvmark::gpu::management;

TEST_CASE("management: a library that is missing or lacks a function is an error") {
    const auto missing = management::load("/nowhere/libnvidia-ml.so.1");
    REQUIRE(!missing);
    CHECK(missing.error().kind == kvmark::error_kind::unsupported);
    CHECK(missing.error().message ==
          "/nowhere/libnvidia-ml.so.1: cannot open shared object file: No such file or directory");
    const auto other = management::load("libm.so.6");
    REQUIRE(!other);
    CHECK(other.error().message == "it has no function nvmlInit_v2");
}

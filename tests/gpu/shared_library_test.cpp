// A library that is looked for at run time: what is missing is said, not crashed on.
#include <kvmark/gpu/shared_library.hpp>

#include "support/catch.hpp"

using kvmark::gpu::shared_library;

TEST_CASE("shared library: the first of several names that is there is taken") {
    auto library = shared_library::open("/nowhere/libm.so", "libm.so.6");
    REQUIRE(library);
    double (*square_root)(double) = nullptr;
    library->bind(square_root, "sqrt");
    REQUIRE(library->complete());
    CHECK(square_root(9) == 3);
}

TEST_CASE("shared library: where none is there, the error names the last") {
    const auto library = shared_library::open("/nowhere/liba.so", "/nowhere/libb.so");
    REQUIRE(!library);
    CHECK(library.error().kind == kvmark::error_kind::unsupported);
    CHECK(library.error().message ==
          "/nowhere/libb.so: cannot open shared object file: No such file or directory");
}

TEST_CASE("shared library: of the functions that it lacks the first is named, unless they may be missing") {
    auto library = shared_library::open("libm.so.6");
    REQUIRE(library);
    void (*function)() = nullptr;
    CHECK(!library->bind_if_there(function, "kvmark_may_be_missing"));
    CHECK(library->complete());
    library->bind(function, "kvmark_first");
    library->bind(function, "kvmark_second");
    REQUIRE(!library->complete());
    CHECK(library->complete().error().message == "it has no function kvmark_first");
    CHECK(function == nullptr);
}

#include <kvmark/launch/argv.hpp>

#include "support/argvs.hpp"
#include "support/catch.hpp"

#include <cstring>
#include <iterator>

using kvmark::argv;

static_assert(argv().empty() && argv().begin() == argv().end());
static_assert(argv{"a", "", "c d"}.size() == 3);
static_assert(argv{"a", "", "c d"}[1].empty() && argv{"a", "", "c d"}[2] == "c d");
static_assert(argv{"a", "b"} == argv{"a", "b"});
static_assert(argv{"a", "b"} != argv{"a b"}, "where arguments end is part of the value");
static_assert(argv{"", ""} != argv{""});
static_assert(std::forward_iterator<argv::iterator>);

constexpr bool copies_and_moves() {
    argv a{"mpirun", "-n", "2"};
    argv copy(a);
    argv moved(std::move(a));
    if (!a.empty() || copy != moved) return false;
    a = copy;
    copy = argv{"x"};
    copy = copy; // NOLINT: to itself
    return a == moved && copy == argv{"x"};
}
static_assert(copies_and_moves());

TEST_CASE("an argument vector iterates over its arguments, empty ones too") {
    const argv a{"", "x", "", "y z", ""};
    CHECK(kvmark::test::strings_of(a) == std::vector<std::string>{"", "x", "", "y z", ""});
    CHECK(std::distance(a.begin(), a.end()) == 5);
}

TEST_CASE("pointers() is what execvp takes") {
    const argv a{"sh", "", "-c"};
    const std::vector<char*> pointers = a.pointers();
    REQUIRE(pointers.size() == 4);
    CHECK(std::strcmp(pointers[0], "sh") == 0);
    CHECK(std::strcmp(pointers[1], "") == 0);
    CHECK(std::strcmp(pointers[2], "-c") == 0);
    CHECK(pointers[3] == nullptr);
    CHECK(argv().pointers() == std::vector<char*>{nullptr});
}

TEST_CASE("build() asks for each text twice and gives the same vector as the literal form") {
    int calls = 0;
    const argv a = argv::build([&](kvmark::launch::text_writer& writer) {
        ++calls;
        writer.argument("--output", "=", "x");
        writer.put("a,");
        writer.put("b");
        writer.end_argument();
    });
    CHECK(calls == 2);
    CHECK(a == argv{"--output=x", "a,b"});
}

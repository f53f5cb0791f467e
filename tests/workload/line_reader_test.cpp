// Lines of a file: their ends, numbers, and the errors that name them.
#include <kvmark/workload/reader/line_reader.hpp>

#include "workload/temporary_file.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using testing::temporary_file;

namespace {

std::vector<std::string> lines_of(line_reader& r) {
    std::vector<std::string> lines;
    while (const auto line = r.next()) lines.emplace_back(*line);
    return lines;
}

std::vector<std::string> lines_of(std::string_view text) {
    const temporary_file file(text);
    auto r = line_reader::open(file.path());
    REQUIRE(r);
    auto lines = lines_of(*r);
    CHECK_FALSE(r->failure());
    return lines;
}

} // namespace

TEST_CASE("lines end in \\n or \\r\\n, the last one with or without") {
    using lines = std::vector<std::string>;
    CHECK(lines_of("a\nb\r\n\nc") == lines{"a", "b", "", "c"});
    CHECK(lines_of("a\nb\n") == lines{"a", "b"});
    CHECK(lines_of("\xef\xbb\xbfstamp\nx") == lines{"stamp", "x"});
    CHECK(lines_of("").empty());
}

TEST_CASE("a file larger than the buffer comes whole, again after a rewind") {
    std::string text;
    std::vector<std::string> expected;
    for (int i = 0; i < 30'000; ++i) {
        expected.push_back("line " + std::to_string(i * 7919 % 100'003));
        text += expected.back() + "\n";
    }
    const temporary_file file(text);
    auto r = line_reader::open(file.path());
    REQUIRE(r);
    CHECK(lines_of(*r) == expected);
    CHECK(r->error_at(3, "odd").message == file.path() + ":30000:3: odd");
    REQUIRE(r->rewind());
    CHECK(lines_of(*r) == expected);
}

TEST_CASE("a line beyond the buffer is named, not read") {
    const temporary_file file("short\n" + std::string(100'000, 'x') + "\nafter\n");
    auto r = line_reader::open(file.path());
    REQUIRE(r);
    CHECK(r->next() == "short");
    CHECK_FALSE(r->next());
    REQUIRE(r->failure());
    CHECK(r->failure()->message ==
          file.path() + ":2:1: the line is longer than 65,536 bytes; is this a text file?");
    CHECK_FALSE(r->next());
}

TEST_CASE("what cannot be opened or read says why") {
    const auto missing = line_reader::open("/tmp/kvmark-no-such-file");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == error_kind::system);
    CHECK(missing.error().message == "/tmp/kvmark-no-such-file: cannot be opened: No such file or directory");
    auto folder = line_reader::open("/tmp");
    REQUIRE(folder);
    CHECK_FALSE(folder->next());
    REQUIRE(folder->failure());
    CHECK(folder->failure()->message == "/tmp: cannot be read: Is a directory");
}

// Files that are written whole or not at all.
#include <kvmark/core/whole_file.hpp>

#include "support/temporary_directory.hpp"

#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace kvmark;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("a file has its name when it is whole, and not before") {
    const test::temporary_directory folder;
    result<whole_file> file = whole_file::create(folder / "out");
    REQUIRE(file);
    REQUIRE(file->append(bytes_of("....ing")));
    CHECK(text_of(folder / "out").empty());
    REQUIRE(file->overwrite_start(bytes_of("noth")));
    REQUIRE(file->commit());
    CHECK(text_of(folder / "out") == "nothing");
    CHECK(test::files_below(folder.path()).size() == 1);
}

TEST_CASE("a file that is given up leaves what was there, moved or not") {
    const test::temporary_directory folder;
    std::ofstream(folder / "out") << "before";
    {
        result<whole_file> file = whole_file::create(folder / "out");
        REQUIRE(file);
        const whole_file moved = *std::move(file);
    }
    CHECK(text_of(folder / "out") == "before");
    CHECK(test::files_below(folder.path()).size() == 1);
}

TEST_CASE("a link stays a link, and what is no file is refused") {
    const test::temporary_directory folder;
    std::ofstream(folder / "far") << "before";
    REQUIRE(::symlink((folder / "far").c_str(), (folder / "near").c_str()) == 0);
    result<whole_file> file = whole_file::create(folder / "near");
    REQUIRE(file);
    REQUIRE(file->append(bytes_of("after")));
    REQUIRE(file->commit());
    CHECK(text_of(folder / "far") == "after");
    CHECK(std::filesystem::is_symlink(folder / "near"));

    const result<whole_file> directory = whole_file::create(folder.path());
    REQUIRE_FALSE(directory);
    CHECK(directory.error().kind == error_kind::system);
    CHECK(directory.error().message == "cannot write " + folder.path() + ": Is a directory");
    const result<whole_file> nowhere = whole_file::create(folder / "no/where");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().message.ends_with(": No such file or directory"));
}

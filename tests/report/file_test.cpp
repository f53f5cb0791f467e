#include "support/catch.hpp"

#include <kvmark/report/file.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace kvmark;
namespace fs = std::filesystem;

namespace {

struct temporary_folder {
    fs::path path = fs::temp_directory_path() / ("kvmark-file-test-" + std::to_string(::getpid()));
    temporary_folder() { fs::create_directory(path); }
    ~temporary_folder() { fs::remove_all(path); }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
};

std::string content(const fs::path& p) {
    std::ifstream file(p);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE("a file is replaced as a whole, and nothing else is left") {
    const temporary_folder folder;
    const std::string path = (folder.path / "result.json").string();
    REQUIRE(report::write_file(path, "first").has_value());
    REQUIRE(report::write_file(path, "second").has_value());
    CHECK(content(path) == "second");
    CHECK(folder.files() == 1);
}

TEST_CASE("a reader who has the old file open keeps it: the new one is another file") {
    const temporary_folder folder;
    const std::string path = (folder.path / "result.json").string();
    REQUIRE(report::write_file(path, "first").has_value());
    std::ifstream reader(path);
    REQUIRE(report::write_file(path, "second").has_value());
    CHECK(std::string(std::istreambuf_iterator<char>(reader), {}) == "first");
}

TEST_CASE("a symbolic link stays one") {
    const temporary_folder folder;
    const fs::path target = folder.path / "target.json", link = folder.path / "link.json";
    REQUIRE(report::write_file(target.string(), "first").has_value());
    fs::create_symlink(target, link);
    REQUIRE(report::write_file(link.string(), "second").has_value());
    CHECK(fs::is_symlink(link));
    CHECK(content(target) == "second");
}

TEST_CASE("what cannot be written is named, with the cause, and leaves nothing") {
    const temporary_folder folder;
    const auto missing = report::write_file((folder.path / "missing/result.json").string(), "text");
    REQUIRE(!missing.has_value());
    CHECK(missing.error().message.find("missing/result.json") != std::string::npos);
    CHECK(missing.error().message.find("No such file or directory") != std::string::npos);
    CHECK(!report::write_file(folder.path.string(), "text").has_value());
    CHECK(folder.files() == 0);
}

TEST_CASE("a full device is an error") {
    if (!fs::exists("/dev/full")) return;
    const auto written = report::write_file("/dev/full", "text");
    REQUIRE(!written.has_value());
    CHECK(written.error().message.find("No space left") != std::string::npos);
}

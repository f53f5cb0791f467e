#include "support/catch.hpp"

#include <kvmark/exec/frames.hpp>

#include <random>

using namespace kvmark::exec;

namespace {

std::vector<std::byte> noise(std::size_t size) {
    std::mt19937 draw(static_cast<unsigned>(size));
    std::vector<std::byte> data(size);
    for (std::byte& b : data) b = static_cast<std::byte>(draw());
    return data;
}

/// A line as a reader sees it: without its newline.
std::string_view text_of(const std::string& line) {
    return std::string_view(line).substr(0, line.size() - 1);
}

} // namespace

TEST_CASE("frames: a message of any size comes back to the last byte") {
    for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 2879u, 2880u, 2881u, 5760u, 100'000u}) {
        const auto message = noise(size);
        frame_reader reader;
        bool whole = false;
        for (const std::string& line : frame_lines(frame_kind::part, message)) {
            REQUIRE_FALSE(whole);
            CHECK(line.size() < 4096); // a pipe takes it whole
            CHECK(line.find('\n') == line.size() - 1);
            REQUIRE(frame_reader::is_frame(line));
            whole = reader.take(text_of(line));
        }
        REQUIRE(whole);
        CHECK(reader.whole().kind == frame_kind::part);
        CHECK(reader.whole().message == message);
    }
}

TEST_CASE("frames: base64 is that of RFC 4648") {
    const std::string_view text = "foobar";
    const auto lines = frame_lines(frame_kind::result, std::as_bytes(std::span(text.substr(0, 5))));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == "kvmark-frame F 0 1 Zm9vYmE=\n");
}

TEST_CASE("frames: a lost or damaged line loses its message and no other") {
    const auto message = noise(9000);
    const auto lines = frame_lines(frame_kind::result, message);
    REQUIRE(lines.size() == 4);
    frame_reader reader;
    for (const std::size_t lost : {0u, 1u, 3u}) {
        for (std::size_t i = 0; i < lines.size(); ++i)
            if (i != lost) CHECK_FALSE(reader.take(text_of(lines[i])));
    }
    CHECK_FALSE(reader.take(text_of(lines[0])));
    CHECK_FALSE(reader.take("kvmark-frame F 1 4 Zm9v*mE="));
    for (const char* damaged :
         {"kvmark-frame ", "kvmark-frame F", "kvmark-frame F x 1 Zg==", "kvmark-frame F 0",
          "kvmark-frame F 0 1", "kvmark-frame F 0 99999999999 Zg=="})
        CHECK_FALSE(reader.take(damaged));
    for (std::size_t i = 0; i < 3; ++i) CHECK_FALSE(reader.take(text_of(lines[i])));
    CHECK(reader.take(text_of(lines[3])));
    CHECK(reader.whole().message == message);
}

TEST_CASE("frames: other text is no frame") {
    CHECK_FALSE(frame_reader::is_frame("kvmark: warning: something"));
    CHECK_FALSE(frame_reader::is_frame(""));
}

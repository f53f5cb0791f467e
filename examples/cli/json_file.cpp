#include "json_file.hpp"

#include <kvmark/core/units.hpp>

#include <boost/json/stream_parser.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

/// `FILE:line:column: reason` of the place `at` bytes into the text; both count from 1.
error located(const std::string& path, std::string_view text, std::size_t at, const std::string& reason) {
    const std::string_view before = text.substr(0, at);
    const auto lines = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = at - (newline == before.npos ? 0 : newline + 1) + 1;
    return {error_kind::invalid_argument,
            path + ":" + std::to_string(lines + 1) + ":" + std::to_string(column) + ": " + reason};
}

result<std::string> read_text(const std::string& path, std::size_t largest) {
    std::ifstream file(path, std::ios::binary);
    const auto failed = [&] {
        return error{error_kind::system, path + ": cannot be read: " + std::strerror(errno)};
    };
    if (!file) return failed();
    std::error_code unknown; // a pipe has no size
    const std::uintmax_t size = std::filesystem::file_size(path, unknown);
    std::string text(unknown ? largest + 1 : std::min<std::uintmax_t>(size, largest) + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || (file.fail() && !file.eof())) return failed();
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > largest)
        return error{error_kind::invalid_argument, path + ": larger than " +
                                                       std::to_string(largest / mib_bytes) +
                                                       " MiB, which no file of this kind is"};
    return text;
}

} // namespace

result<json::value> read_json_file(const std::string& path, std::size_t largest) {
    const auto text = read_text(path, largest);
    if (!text) return text.error();
    json::stream_parser parser;
    boost::system::error_code failed;
    const std::size_t read = parser.write_some(*text, failed);
    if (!failed && read < text->size())
        return located(path, *text, read, "more text behind the end of the JSON");
    if (failed) return located(path, *text, read, "not JSON: " + failed.message());
    if (!parser.done()) return located(path, *text, text->size(), "the JSON ends here, in the middle");
    return parser.release();
}

} // namespace kvmark::cli

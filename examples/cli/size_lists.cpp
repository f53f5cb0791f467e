// The parsers of sizes and lists.
#include "size_lists.hpp"

#include <charconv>

namespace kvmark::cli {

namespace {

std::optional<std::uint64_t> parse_whole(std::string_view text, std::uint64_t most) {
    std::uint64_t n = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, n);
    if (failure != std::errc{} || stop != end || n == 0 || n > most) return {};
    return n;
}

} // namespace

std::optional<bytes> parse_size(std::string_view text) {
    std::uint64_t unit = 1;
    if (!text.empty()) switch (text.back()) {
        case 'K':
        case 'k':
            unit = kib_bytes;
            break;
        case 'M':
        case 'm':
            unit = mib_bytes;
            break;
        case 'G':
        case 'g':
            unit = gib_bytes;
            break;
        default:
            break;
        }
    if (unit != 1) text.remove_suffix(1);
    const auto n = parse_whole(text, (std::uint64_t{1} << 50) / unit);
    return n ? std::optional(bytes(*n * unit)) : std::nullopt;
}

std::optional<std::uint32_t> parse_count(std::string_view text) {
    const auto n = parse_whole(text, ~std::uint32_t{0});
    return n ? std::optional(static_cast<std::uint32_t>(*n)) : std::nullopt;
}

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        parts.push_back(text.substr(0, comma));
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return parts;
}

std::optional<std::pair<bytes, std::uint32_t>> parse_size_and_depth(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    const auto size = parse_size(text.substr(0, colon));
    const auto depth = parse_count(text.substr(colon + 1));
    return size && depth ? std::optional(std::pair(*size, *depth)) : std::nullopt;
}

} // namespace kvmark::cli

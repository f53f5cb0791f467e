// Lists of sizes, counts and pairs, as `kvmark tiers` takes them: 4K,1M and 1M:4,128K:32.
#pragma once

#include <kvmark/core/units.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kvmark::cli {

/// Bytes, or with K, M or G behind the number KiB, MiB or GiB. None where it is anything else or 0.
[[nodiscard]] std::optional<bytes> parse_size(std::string_view text);

/// An integer of 1 or more.
[[nodiscard]] std::optional<std::uint32_t> parse_count(std::string_view text);

/// What stands between the commas; an empty list for an empty text.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

/// `SIZE:COUNT`.
[[nodiscard]] std::optional<std::pair<bytes, std::uint32_t>> parse_size_and_depth(std::string_view text);

} // namespace kvmark::cli

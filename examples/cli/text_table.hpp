// Cells in columns as wide as their widest one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kvmark::cli {

using table_row = std::vector<std::string>;

/// A line for each row, two spaces between columns. The first `texts` columns stand to the left, and all from
/// `texts_again` on; figures between them stand to the right. No line ends in spaces; colours (SGR) take no
/// room.
[[nodiscard]] std::string text_table(const std::vector<table_row>& rows, std::size_t texts,
                                     std::size_t texts_again = SIZE_MAX);

} // namespace kvmark::cli

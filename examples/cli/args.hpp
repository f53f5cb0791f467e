// The words of a command line -> settings, with every fault found on the way.
#pragma once

#include "option_table.hpp"

namespace kvmark::cli {

/// Reads the options of one of the commands in option_table.hpp. The last of a repeated option counts, as
/// with Python's argparse; a `many` or `verbatim` option collects.
void read_arguments(std::span<const std::string_view> words, unsigned command, settings& into,
                    fault_list& faults);

/// The usage line, the options by group, and what `closing` adds; wrapped to `width` columns.
[[nodiscard]] std::string help_text(std::string_view usage, unsigned command, std::string_view closing,
                                    std::size_t width);

} // namespace kvmark::cli

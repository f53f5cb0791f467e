// The trace that the settings name, in memory.
#pragma once

#include "console.hpp"

#include <kvmark/workload/block_trace.hpp>

namespace kvmark::cli {

/// Reads or maps it; says what it does where that takes a while, and how many lines were skipped. Errors:
/// `file:line:column: reason`, invalid_argument.
[[nodiscard]] result<workload::block_trace> load_trace(const settings& s, console& out);

} // namespace kvmark::cli

// The files that a page is made of, inside the program.
#pragma once

#include <string_view>

namespace kvmark::cli {

/// A file of examples/cli/html or of Apache ECharts by its name, such as "charts/latency.js". Empty if there
/// is none; there is none at all where kvmark was built without ECharts.
[[nodiscard]] std::string_view page_file(std::string_view name);

} // namespace kvmark::cli

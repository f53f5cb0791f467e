// In place of page_files.cpp.in where Apache ECharts is not there.
#include "page_files.hpp"

namespace kvmark::cli {

std::string_view page_file(std::string_view) { return {}; }

} // namespace kvmark::cli

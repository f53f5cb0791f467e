// One page with everything that result files say.
#pragma once

#include "result_document.hpp"

#include <span>

namespace kvmark::cli {

/// The page, whole: it opens offline. `comparison`: what comparison_json() gives, or null.
[[nodiscard]] result<std::string> html_page(std::span<const result_document> documents,
                                            const boost::json::object* comparison);

} // namespace kvmark::cli

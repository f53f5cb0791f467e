// JSON of a file, and the place where it is broken.
#pragma once

#include <kvmark/core/result.hpp>

#include <boost/json/value.hpp>

#include <string>

namespace kvmark::cli {

/// The value that is all of the file. Errors: system where it cannot be read, invalid_argument where it has
/// more than `largest` bytes or is no JSON; each begins with the path, the latter with `path:line:column`,
/// from 1.
[[nodiscard]] result<boost::json::value> read_json_file(const std::string& path, std::size_t largest);

} // namespace kvmark::cli

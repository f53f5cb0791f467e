// The content of a file in a few characters.
#pragma once

#include <string>

namespace kvmark::cli {

inline constexpr const char* file_hash_name = "xxh128";

/// 32 hexadecimal digits, as `xxh128sum` prints them; empty where the file cannot be read, or this kvmark was
/// built without xxHash.
[[nodiscard]] std::string file_hash(const std::string& path);

} // namespace kvmark::cli

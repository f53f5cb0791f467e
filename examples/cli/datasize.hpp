// `kvmark datasize`: how much KV cache a number of users makes.
#pragma once

#include "settings.hpp"

namespace kvmark::cli {

/// Prints a table, or JSON with --json; returns the exit code. Without --model every model is listed.
/// Precondition: the model is resolved.
[[nodiscard]] int datasize(const settings& s);

} // namespace kvmark::cli

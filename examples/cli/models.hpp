// `kvmark models`: the models whose cache can be played.
#pragma once

#include "settings.hpp"

namespace kvmark::cli {

/// Prints a table, or JSON with --json; returns the exit code.
[[nodiscard]] int list_models(const settings& s);

} // namespace kvmark::cli

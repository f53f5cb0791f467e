// A Mooncake trace for tests.
#pragma once

#include "support/catch.hpp"

#include <kvmark/workload/reader/open_block_trace.hpp>

#include <optional>
#include <string>

namespace kvmark::test {

/// Nothing: the file is not there.
inline std::optional<workload::block_trace> read_mooncake(const std::string& path) {
    auto loaded = workload::load_block_trace(path, {.format = "mooncake"});
    if (!loaded && loaded.error().kind == error_kind::system) return std::nullopt;
    REQUIRE(loaded);
    return loaded->trace;
}

} // namespace kvmark::test

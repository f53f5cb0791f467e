// Reads a Mooncake trace for tests, all of it and slowly.
#pragma once

#include "support/catch.hpp"

#include <kvmark/workload/trace_builder.hpp>

#include <boost/json.hpp>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace kvmark::test {

/// Blocks of 512 tokens. Nothing: the file is not there.
inline std::optional<workload::block_trace> read_mooncake(const std::string& path) {
    std::ifstream lines(path);
    if (!lines) return std::nullopt;
    workload::trace_builder trace(tokens(512), "mooncake");
    workload::block_numbering numbering;
    for (std::string line; std::getline(lines, line);) {
        const boost::json::object request = boost::json::parse(line).as_object();
        std::vector<workload::block_number> blocks;
        for (const boost::json::value& id : request.at("hash_ids").as_array())
            blocks.push_back(numbering.number(id.to_number<std::uint64_t>()));
        trace.add({.arrival = nanoseconds(request.at("timestamp").to_number<std::int64_t>() * 1'000'000),
                   .input = tokens(request.at("input_length").to_number<std::uint64_t>()),
                   .output = tokens(request.at("output_length").to_number<std::uint64_t>()),
                   .blocks = blocks});
    }
    return trace.finish();
}

} // namespace kvmark::test

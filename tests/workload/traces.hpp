// What the tests of trace readers share.
#pragma once

#include <kvmark/workload/reader/open_block_trace.hpp>

#include "workload/temporary_file.hpp"

#include <sys/stat.h>

namespace kvmark::workload::testing {

inline const std::string samples = KVMARK_TEST_DATA_DIR "/";

/// The real trace of the reference data; empty, with a loud word, where it is absent.
inline std::string shared_trace(const std::string& name) {
    const std::string path = KVMARK_SHARED_DIR "/traces/" + name;
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return path;
    WARN("SKIPPED: " << path << " is missing; only our own sample is checked");
    return {};
}

inline loaded_trace loaded(const std::string& path, const trace_options& o = {}) {
    result<loaded_trace> r = load_block_trace(path, o);
    if (!r) FAIL(r.error().message);
    return *std::move(r);
}

/// A request with blocks of its own.
struct kept_request : block_request {
    std::vector<block_number> numbers;
};

inline std::vector<kept_request> kept_requests_of(const block_trace& trace) {
    std::vector<kept_request> all;
    block_trace::cursor at(trace);
    kept_request r;
    while (at.next(r)) {
        r.numbers.assign(r.blocks.begin(), r.blocks.end());
        all.push_back(r);
    }
    return all;
}

inline std::vector<kept_request> kept_requests_of(std::string_view text, const trace_options& o) {
    const temporary_file file(text);
    return kept_requests_of(loaded(file.path(), o).trace);
}

/// What is said of a malformed text, without the file's name.
inline std::string refusal(std::string_view text, const std::string& format) {
    const temporary_file file(text);
    const result<loaded_trace> r = load_block_trace(file.path(), {.format = format});
    REQUIRE_FALSE(r);
    CHECK(r.error().kind == error_kind::invalid_argument);
    REQUIRE(r.error().message.starts_with(file.path()));
    return r.error().message.substr(file.path().size());
}

using numbers = std::vector<block_number>;
inline constexpr std::uint64_t nobody = block_request::nobody;

} // namespace kvmark::workload::testing

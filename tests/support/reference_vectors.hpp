// Reads the reference's recorded cases: ../shared/vectors, or a small sample of our own where that is
// missing.
#pragma once

#include "support/catch.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace kvmark::test {

/// The array `cases` of <folder>/<file>.
inline boost::json::array read_cases(const std::string& file) {
    std::ifstream stream(KVMARK_SHARED_DIR "/vectors/" + file);
    if (!stream) {
        WARN("SKIPPED: " KVMARK_SHARED_DIR "/vectors/" + file +
             " is missing; testing with the sample of tests/data in its place");
        stream.open(KVMARK_TEST_DATA_DIR "/" + file);
    }
    std::stringstream text;
    text << stream.rdbuf();
    const boost::json::array cases = boost::json::parse(text.str()).at("cases").as_array();
    REQUIRE_FALSE(cases.empty());
    return cases;
}

/// Empty for null and for what is not there.
inline std::vector<std::string> strings_at(const boost::json::object& object, const char* key) {
    const boost::json::value* value = object.if_contains(key);
    return value && !value->is_null() ? boost::json::value_to<std::vector<std::string>>(*value)
                                      : std::vector<std::string>();
}
inline std::optional<std::int64_t> integer_at(const boost::json::object& object, const char* key) {
    const boost::json::value* value = object.if_contains(key);
    return value && !value->is_null() ? std::optional(value->as_int64()) : std::nullopt;
}

} // namespace kvmark::test

#include "support/catch.hpp"

#include <kvmark/report/json_text.hpp>

#include <boost/json/parse.hpp>

#include <cstdlib>
#include <limits>

using namespace kvmark;
namespace json = boost::json;

TEST_CASE("doubles read back to the same bits") {
    for (const double d : {0.1, 1.0 / 3, 1e300, 5e-324, 123456789.123456789, -0.0, 16.0, 1e16, 1e-5}) {
        const std::string text = report::json_text(d);
        INFO(text);
        CHECK(std::strtod(text.c_str(), nullptr) ==
              d); // Boost.JSON 1.81 itself reads to the last digit but one
        CHECK(text.find_first_of(".e") != std::string::npos); // still a float for its reader
    }
    CHECK(report::json_text(std::numeric_limits<double>::quiet_NaN()) == "null\n");
    CHECK(report::json_text(std::numeric_limits<double>::infinity()) == "null\n");
}

TEST_CASE("integers keep all their digits") {
    CHECK(report::json_text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615\n");
    CHECK(report::json_text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808\n");
}

TEST_CASE("any bytes make valid text") {
    CHECK(report::json_text("a\"b\\c\n\t\x01") == "\"a\\\"b\\\\c\\n\\t\\u0001\"\n");
    CHECK(report::json_text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80") ==
          "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"\n");
    const std::string replacement = "\xef\xbf\xbd";
    for (const char* malformed :
         {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
        const std::string text = report::json_text(malformed);
        CHECK(text.find(replacement) != std::string::npos);
        CHECK(json::parse(text).is_string());
    }
}

TEST_CASE("objects are indented, arrays of scalars are not") {
    const json::value v{{"a", {1, 2}}, {"b", json::array{json::array{1, 2}}}, {"c", json::object{}}};
    CHECK(report::json_text(v) == R"({
  "a": [1, 2],
  "b": [
    [1, 2]
  ],
  "c": {}
}
)");
}

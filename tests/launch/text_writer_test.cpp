#include <kvmark/core/random.hpp>
#include <kvmark/launch/text_writer.hpp>

#include "support/catch.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

using kvmark::launch::integer_text;
using kvmark::launch::real_text;

constexpr bool writes(double value, std::string_view text) {
    return std::string_view(real_text(value)) == text;
}
constexpr bool writes_integer(std::int64_t value, std::string_view text) {
    return std::string_view(integer_text(value)) == text;
}

// Each text is what Python 3 prints for repr(value).
static_assert(writes(16.0, "16.0") && writes(0.5, "0.5") && writes(0.0, "0.0") && writes(-0.0, "-0.0"));
static_assert(writes(1e16, "1e+16") && writes(1e15, "1000000000000000.0") && writes(1e-5, "1e-05"));
static_assert(writes(0.0001, "0.0001") && writes(0.1, "0.1") && writes(0.8, "0.8") && writes(-2.25, "-2.25"));
static_assert(writes(1e22, "1e+22") && writes(1e23, "1e+23") && writes(1.5e-7, "1.5e-07"));
static_assert(writes(123456789012345.0, "123456789012345.0") && writes(1234.5678, "1234.5678"));
static_assert(writes(1.25e20, "1.25e+20") && writes(1e-22, "1e-22") && writes(100.0, "100.0"));
// Scaled to a whole number these come out a little below it.
static_assert(writes(8834364.03574182, "8834364.03574182") && writes(91.2381323017539, "91.2381323017539"));
static_assert(writes(0.001234, "0.001234") && writes(0.05, "0.05") && writes(4096.0, "4096.0"));
static_assert(writes_integer(0, "0") && writes_integer(-1, "-1") && writes_integer(100, "100"));
static_assert(writes_integer(std::numeric_limits<std::int64_t>::max(), "9223372036854775807"));
static_assert(writes_integer(std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"));

namespace {

/// Python's repr() by way of the standard library: the shortest digits, laid out by Python's rule.
std::string python_repr(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    char text[64];
    const auto scientific = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    const std::string s(text, scientific.ptr);
    const int exponent = std::atoi(s.c_str() + s.find('e') + 1);
    if (value != 0 && (exponent < -4 || exponent >= 16)) return s;
    const auto fixed = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
    const std::string f(text, fixed.ptr);
    return f.find('.') == std::string::npos ? f + ".0" : f;
}

void check(double value) {
    const std::string text{std::string_view(real_text(value))};
    INFO(python_repr(value));
    REQUIRE(text == python_repr(value));
}

} // namespace

TEST_CASE("a real has more than 15 digits: the standard library's shortest form") {
    CHECK(std::string_view(real_text(0.1 + 0.2)) == "0.30000000000000004");
    CHECK(std::string_view(real_text(5e-324)) == "5e-324");
    CHECK(std::string_view(real_text(1.7976931348623157e308)) == "1.7976931348623157e+308");
    CHECK(std::string_view(real_text(-2.2250738585072014e-308)) == "-2.2250738585072014e-308");
    CHECK(std::string_view(real_text(9007199254740993.0)) == "9007199254740992.0");
    CHECK(std::string_view(real_text(1e100)) == "1e+100");
    CHECK(std::string_view(real_text(std::numeric_limits<double>::infinity())) == "inf");
    CHECK(std::string_view(real_text(-std::numeric_limits<double>::infinity())) == "-inf");
    CHECK(std::string_view(real_text(std::numeric_limits<double>::quiet_NaN())) == "nan");
}

TEST_CASE("reals are written as Python writes them") {
    kvmark::random_stream random(7);
    for (int i = 0; i < 200'000; ++i) check(std::bit_cast<double>(random.next())); // every magnitude
    for (int i = 0; i < 200'000; ++i) {                                            // what people write
        const auto digits = static_cast<double>(random.uniform_int(0, 999'999));
        check(digits / std::pow(10.0, static_cast<double>(random.uniform_int(0, 8))));
        check(digits * std::pow(10.0, static_cast<double>(random.uniform_int(0, 18))));
    }
    for (int e = -330; e < 309; ++e) {
        const double power = std::strtod(("1e" + std::to_string(e)).c_str(), nullptr);
        for (const double value :
             {power, std::nextafter(power, 0.0), std::nextafter(power, 1e308), 3 * power})
            check(value);
    }
}

TEST_CASE("an integer is written in full") {
    kvmark::random_stream random(8);
    for (int i = 0; i < 100'000; ++i) {
        const auto value = static_cast<std::int64_t>(random.next()) >> random.uniform_int(0, 63);
        REQUIRE(std::string_view(integer_text(value)) == std::to_string(value));
    }
}

// Text and numbers, as arguments: one routine first measures a command line, then writes it.
#pragma once

#include <kvmark/core/config.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvmark::launch {

/// Takes arguments piece by piece; each ends with a NUL. A writer with no room to write to measures, and one
/// with room does the same and writes. The two are one type so that a command line is one piece of code, run
/// twice (argv::build), and not two copies of it at every call.
class text_writer {
public:
    text_writer() = default;
    /// Precondition: there is room for what a measuring writer counted, given the same calls.
    KVMARK_INLINE constexpr explicit text_writer(char* room) : room_(room) {}

    /// One whole argument, from its pieces.
    template <class... Pieces>
    KVMARK_INLINE constexpr void argument(const Pieces&... pieces) {
        (put(std::string_view(pieces)), ...);
        end_argument();
    }
    KVMARK_INLINE constexpr void put(std::string_view text) {
        if (room_) std::char_traits<char>::copy(room_ + characters_, text.data(), text.size());
        characters_ += text.size();
    }
    KVMARK_INLINE constexpr void end_argument() {
        if (room_) room_[characters_] = '\0';
        ++characters_, ++arguments_;
    }

    /// With the NULs.
    [[nodiscard]] KVMARK_INLINE constexpr std::size_t characters() const { return characters_; }
    [[nodiscard]] KVMARK_INLINE constexpr std::size_t arguments() const { return arguments_; }

private:
    char* room_ = nullptr;
    std::size_t characters_ = 0;
    std::size_t arguments_ = 0;
};

/// The text of one number.
class number_text {
public:
    KVMARK_INLINE constexpr void append(char c) { text_[size_++] = c; }
    KVMARK_INLINE constexpr void append(std::string_view word) {
        for (const char c : word) append(c);
    }
    KVMARK_INLINE constexpr void append(std::uint64_t value, int least_digits = 1) {
        char reversed[20]{};
        int count = 0;
        for (; value != 0 || count < least_digits; value /= 10)
            reversed[count++] = static_cast<char>('0' + value % 10);
        while (count > 0) append(reversed[--count]);
    }
    KVMARK_INLINE constexpr operator std::string_view() const { return {text_, size_}; }

private:
    char text_[32]{}; // -0.00012345678901234567 and -1.2345678901234567e-308 have 24
    std::size_t size_ = 0;
};

[[nodiscard]] KVMARK_INLINE constexpr number_text integer_text(std::int64_t value) {
    number_text text;
    if (value < 0) text.append('-');
    const auto bits = static_cast<std::uint64_t>(value);
    text.append(value < 0 ? 0 - bits : bits);
    return text;
}

/// digits x 10^exponent
struct decimal {
    std::uint64_t digits = 0;
    int exponent = 0;
};

/// The powers of ten that a double holds exactly.
inline constexpr double exact_powers_of_ten[]{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// The shortest decimal that reads back as `x`, where it has at most 15 digits and a power of ten within
/// 10^-22..10^22; `digits` is 0 where there is none. Both operands being exact, the product or quotient of
/// digits and power is the correctly rounded value of the decimal, so comparing it with `x` is a proof; and
/// two decimals of 15 digits are never the same double, so there is but one candidate for each exponent
/// (Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990). Precondition: x > 0, finite.
[[nodiscard]] KVMARK_INLINE constexpr decimal short_decimal(double x) {
    for (int e = 22; e >= -22; --e) { // from few digits to many
        const double power = exact_powers_of_ten[e < 0 ? -e : e];
        const double scaled = e < 0 ? x * power : x / power;
        if (scaled < 0.5) continue;
        if (scaled >= 1e15) break;
        const auto digits = static_cast<std::uint64_t>(scaled + 0.5);
        const auto exact = static_cast<double>(digits);
        if ((e < 0 ? exact / power : exact * power) == x) return {digits, e};
    }
    return {};
}

/// The same for every finite double > 0, by the standard library; not usable in a constant expression.
[[nodiscard]] KVMARK_INLINE decimal shortest_decimal(double x) {
    char text[32];
    const char* const end = std::to_chars(text, text + sizeof text, x, std::chars_format::scientific).ptr;
    decimal d;
    const char* c = text;
    for (bool fraction = false; *c != 'e'; ++c) {
        if (*c == '.') {
            fraction = true;
            continue;
        }
        d.digits = d.digits * 10 + static_cast<std::uint64_t>(*c - '0');
        d.exponent -= fraction;
    }
    const bool negative = *++c == '-';
    int e = 0;
    while (++c != end) e = e * 10 + (*c - '0');
    d.exponent += negative ? -e : e;
    return d;
}

/// `value` as Python's repr() writes it: the shortest digits that read back as the same double, `.0` behind a
/// whole number, an exponent of at least two digits below 1e-4 and from 1e16 on. In a constant expression a
/// value of more than 15 significant digits is a compile error.
[[nodiscard]] KVMARK_INLINE constexpr number_text real_text(double value) {
    number_text text;
    if (value != value) {
        text.append("nan");
        return text;
    }
    if (__builtin_signbit(value)) {
        text.append('-');
        value = -value;
    }
    if (value > 1.7976931348623157e308) {
        text.append("inf");
        return text;
    }
    decimal d;
    if (value > 0) {
        d = short_decimal(value);
        if (d.digits == 0) d = shortest_decimal(value);
        for (; d.digits % 10 == 0; d.digits /= 10) ++d.exponent;
    }
    int count = 1;
    std::uint64_t unit = 1; // the weight of the first digit
    for (; d.digits / unit >= 10; unit *= 10) ++count;
    const int point = count + d.exponent; // digits before the decimal point
    if (point > 16 || point < -3) {
        text.append(d.digits / unit);
        if (count > 1) {
            text.append('.');
            text.append(d.digits % unit, count - 1);
        }
        text.append('e');
        text.append(point > 0 ? '+' : '-');
        text.append(static_cast<std::uint64_t>(point > 0 ? point - 1 : 1 - point), 2);
        return text;
    }
    for (int place = point > 0 ? point : 1; place > (point < count ? point - count : -1); --place) {
        if (place == 0) text.append('.');
        const bool given = place <= point && place > point - count;
        text.append(static_cast<char>('0' + (given ? d.digits / unit % 10 : 0)));
        if (given) unit /= 10;
    }
    return text;
}

} // namespace kvmark::launch

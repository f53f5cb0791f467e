// JSON text for people and programs: two spaces of indent, numbers that read back to the same bits.
#pragma once

#include <kvmark/launch/text_writer.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <string>
#include <string_view>

namespace kvmark::report {

namespace json = boost::json;

/// A path or a text where none means null.
[[nodiscard]] inline json::value text_or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

namespace detail {

/// Bytes of the UTF-8 sequence at the front of `s`, 0 where it is malformed (RFC 3629). Paths and host names
/// may hold any byte, a JSON text may not.
[[nodiscard]] inline std::size_t utf8_length(std::string_view s) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char lead = at(0);
    const std::size_t n = lead < 0x80   ? 1
                          : lead < 0xc2 ? 0
                          : lead < 0xe0 ? 2
                          : lead < 0xf0 ? 3
                          : lead < 0xf5 ? 4
                                        : 0;
    if (n > s.size()) return 0;
    for (std::size_t i = 1; i < n; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
    if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
    return n;
}

inline void append_string(std::string& out, std::string_view s) {
    out += '"';
    while (!s.empty()) {
        const char c = s.front();
        std::size_t n = utf8_length(s);
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr std::string_view hex = "0123456789abcdef";
            ((out += "\\u00") += hex[static_cast<unsigned char>(c) >> 4]) += hex[c & 0xf];
        } else if (n == 0) {
            out += "\xef\xbf\xbd"; // U+FFFD, the replacement character
            n = 1;
        } else {
            out += s.substr(0, n);
        }
        s.remove_prefix(n);
    }
    out += '"';
}

inline void append_double(std::string& out, double d) {
    if (!std::isfinite(d)) {
        out += "null";
        return;
    }
    out += std::string_view(launch::real_text(d)); // 16.0, not 16: it stays a float for its reader
}

[[nodiscard]] inline bool is_flat(const json::array& a) {
    for (const json::value& v : a)
        if (v.is_object() || v.is_array()) return false;
    return true;
}

inline void append_value(std::string& out, const json::value& v, std::size_t depth) {
    const auto new_line = [&](std::size_t d) { (out += '\n').append(2 * d, ' '); };
    switch (v.kind()) {
    case json::kind::null:
        out += "null";
        break;
    case json::kind::bool_:
        out += v.get_bool() ? "true" : "false";
        break;
    case json::kind::int64:
        out += std::to_string(v.get_int64());
        break;
    case json::kind::uint64:
        out += std::to_string(v.get_uint64());
        break;
    case json::kind::double_:
        append_double(out, v.get_double());
        break;
    case json::kind::string:
        append_string(out, v.get_string());
        break;
    case json::kind::array: {
        const json::array& a = v.get_array();
        const bool one_line = is_flat(a);
        out += '[';
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (i != 0) out += one_line ? ", " : ",";
            if (!one_line) new_line(depth + 1);
            append_value(out, a[i], depth + 1);
        }
        if (!one_line) new_line(depth);
        out += ']';
        break;
    }
    case json::kind::object: {
        const json::object& o = v.get_object();
        out += '{';
        bool first = true;
        for (const auto& [key, member] : o) {
            if (!first) out += ',';
            first = false;
            new_line(depth + 1);
            append_string(out, {key.data(), key.size()});
            out += ": ";
            append_value(out, member, depth + 1);
        }
        if (!o.empty()) new_line(depth);
        out += '}';
        break;
    }
    }
}

} // namespace detail

/// The text of `v`, ending in a newline. Doubles are the shortest that read back to the same bits; one that
/// is not finite becomes null; bytes that are not UTF-8 become U+FFFD. Arrays of scalars stay on one line.
[[nodiscard]] inline std::string json_text(const json::value& v) {
    std::string out;
    detail::append_value(out, v, 0);
    return out += '\n';
}

} // namespace kvmark::report

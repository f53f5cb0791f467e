// The members of a JSON object that may lack them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace kvmark::report {

namespace json = boost::json;

/// The value behind these keys, each inside the one before; null where one of them is not there.
[[nodiscard]] inline const json::value* member_at(const json::object& o,
                                                  std::initializer_list<std::string_view> keys) {
    const json::object* in = &o;
    const json::value* v = nullptr;
    for (const std::string_view key : keys) {
        v = in != nullptr ? in->if_contains(key) : nullptr;
        in = v != nullptr ? v->if_object() : nullptr;
    }
    return v;
}

/// What a JSON pointer (RFC 6901) leads to; null where it leads nowhere.
[[nodiscard]] inline const json::value* value_at(const json::value& root, std::string_view pointer) {
    boost::system::error_code nowhere;
    return root.find_pointer(pointer, nowhere);
}

/// Nothing where it is not there, or no finite number.
[[nodiscard]] inline std::optional<double> number_at(const json::object& o,
                                                     std::initializer_list<std::string_view> keys) {
    const json::value* v = member_at(o, keys);
    if (v == nullptr || !v->is_number()) return std::nullopt;
    boost::system::error_code failed;
    const double d = v->to_number<double>(failed);
    return std::isfinite(d) ? std::optional(d) : std::nullopt;
}

/// 0 where it is not there, or no count.
[[nodiscard]] inline std::uint64_t count_at(const json::object& o,
                                            std::initializer_list<std::string_view> keys) {
    const json::value* v = member_at(o, keys);
    boost::system::error_code failed;
    return v != nullptr && v->is_number() ? v->to_number<std::uint64_t>(failed) : 0;
}

/// Empty where it is not there, or no text. The object holds its bytes.
[[nodiscard]] inline std::string_view text_at(const json::object& o,
                                              std::initializer_list<std::string_view> keys) {
    const json::value* v = member_at(o, keys);
    return v != nullptr && v->is_string() ? std::string_view(v->get_string()) : std::string_view();
}

[[nodiscard]] inline bool flag_at(const json::object& o, std::initializer_list<std::string_view> keys) {
    const json::value* v = member_at(o, keys);
    return v != nullptr && v->is_bool() && v->get_bool();
}

/// An empty one where it is not there.
[[nodiscard]] inline const json::object& object_at(const json::object& o,
                                                   std::initializer_list<std::string_view> keys) {
    static const json::object nothing;
    const json::value* v = member_at(o, keys);
    return v != nullptr && v->is_object() ? v->get_object() : nothing;
}
[[nodiscard]] inline const json::array& array_at(const json::object& o,
                                                 std::initializer_list<std::string_view> keys) {
    static const json::array nothing;
    const json::value* v = member_at(o, keys);
    return v != nullptr && v->is_array() ? v->get_array() : nothing;
}

/// f(object) of each element that is one.
template <class F>
void for_each_object(const json::array& a, F&& f) {
    for (const json::value& v : a)
        if (const json::object* o = v.if_object()) f(*o);
}

} // namespace kvmark::report

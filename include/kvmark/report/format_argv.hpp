// fmt prints an argument vector in its display form. Opt-in: it needs fmt.
#pragma once

#include <kvmark/launch/quote.hpp>

#include <fmt/format.h>

/// Takes the format specification of a string: `{:>80}` and the like.
template <>
struct fmt::formatter<kvmark::argv> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const kvmark::argv& arguments, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(kvmark::display(arguments), context);
    }
};

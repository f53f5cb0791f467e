// Strong types for the quantities of a public signature: bytes, tokens, nanoseconds.
#pragma once

#include <kvmark/core/config.hpp>

#include <compare>
#include <cstdint>

namespace kvmark {

/// A count of one kind of thing. Arithmetic stays inside the kind; `.count` is the way out.
template <class Tag, class Rep>
struct quantity {
    Rep count = 0;

    KVMARK_INLINE constexpr quantity() = default;
    KVMARK_INLINE constexpr explicit quantity(Rep n) : count(n) {}

    KVMARK_INLINE constexpr quantity& operator+=(quantity o) { return count += o.count, *this; }
    KVMARK_INLINE constexpr quantity& operator-=(quantity o) { return count -= o.count, *this; }
    KVMARK_INLINE friend constexpr quantity operator+(quantity a, quantity b) {
        return quantity(static_cast<Rep>(a.count + b.count));
    }
    KVMARK_INLINE friend constexpr quantity operator-(quantity a, quantity b) {
        return quantity(static_cast<Rep>(a.count - b.count));
    }
    KVMARK_INLINE friend constexpr quantity operator*(quantity a, Rep k) {
        return quantity(static_cast<Rep>(a.count * k));
    }
    KVMARK_INLINE friend constexpr quantity operator*(Rep k, quantity a) { return a * k; }
    KVMARK_INLINE friend constexpr quantity operator/(quantity a, Rep k) {
        return quantity(static_cast<Rep>(a.count / k));
    }
    KVMARK_INLINE friend constexpr auto operator<=>(quantity, quantity) = default;
};

using bytes = quantity<struct bytes_tag, std::uint64_t>;
using tokens = quantity<struct tokens_tag, std::uint64_t>;
/// A duration, or an instant counted from the start of its clock; 292 years in 64 bits.
using nanoseconds = quantity<struct nanoseconds_tag, std::int64_t>;

inline constexpr std::uint64_t kib_bytes = std::uint64_t{1} << 10;
inline constexpr std::uint64_t mib_bytes = std::uint64_t{1} << 20;
inline constexpr std::uint64_t gib_bytes = std::uint64_t{1} << 30;

/// GiB is 2^30 bytes throughout kvmark; a fraction of a byte is dropped.
[[nodiscard]] constexpr bytes from_gib(double gib) {
    return bytes(static_cast<std::uint64_t>(gib * static_cast<double>(gib_bytes)));
}
[[nodiscard]] constexpr double to_gib(bytes b) {
    return static_cast<double>(b.count) / static_cast<double>(gib_bytes);
}
[[nodiscard]] constexpr nanoseconds from_seconds(double s) {
    return nanoseconds(static_cast<std::int64_t>(s * 1e9));
}
[[nodiscard]] constexpr double to_seconds(nanoseconds n) { return static_cast<double>(n.count) / 1e9; }
[[nodiscard]] constexpr double to_milliseconds(nanoseconds n) { return static_cast<double>(n.count) / 1e6; }

/// The smallest multiple of `unit` (a power of two or not, > 0) that holds `b`.
[[nodiscard]] constexpr bytes round_up(bytes b, bytes unit) {
    return bytes((b.count + unit.count - 1) / unit.count * unit.count);
}

} // namespace kvmark

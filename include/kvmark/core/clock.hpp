// The clock concept, and the two clocks: one that waits for devices, one that jumps.
#pragma once

#include <kvmark/core/units.hpp>

#include <concepts>
#include <time.h>

namespace kvmark {

/// A clock tells the time since its own start. `is_virtual` says whether the engine may jump ahead with
/// advance_to() in place of waiting.
template <class C>
concept clock_policy = requires(C clock, const C constant, nanoseconds t) {
    { constant.now() } -> std::same_as<nanoseconds>;
    { clock.advance_to(t) } -> std::same_as<void>;
    { C::is_virtual } -> std::convertible_to<bool>;
};

/// One sentence for whoever writes a clock and forgets a member.
template <class C>
constexpr void check_clock() {
    static_assert(
        requires(const C c) {
            { c.now() } -> std::same_as<nanoseconds>;
        },
        "kvmark: a clock needs `nanoseconds now() const`");
    static_assert(
        requires(C c, nanoseconds t) {
            { c.advance_to(t) } -> std::same_as<void>;
        },
        "kvmark: a clock needs `void advance_to(nanoseconds)`");
    static_assert(
        requires {
            { C::is_virtual } -> std::convertible_to<bool>;
        },
        "kvmark: a clock needs a static member `is_virtual` (bool)");
}

namespace clocks {

[[nodiscard]] KVMARK_INLINE nanoseconds monotonic_now() {
    timespec t;
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return nanoseconds(static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

/// CLOCK_MONOTONIC, counted from construction. About 23 ns a reading.
class steady {
public:
    static constexpr bool is_virtual = false;

    [[nodiscard]] KVMARK_INLINE nanoseconds now() const { return monotonic_now() - start_; }
    KVMARK_INLINE void advance_to(nanoseconds) {}

private:
    nanoseconds start_ = monotonic_now();
};

/// Time that passes only when the engine has nothing left to do at an instant: a run becomes a simulation of
/// the same code. Needs tiers that model their own time (tier::modelled, tier::null).
class virtual_time {
public:
    static constexpr bool is_virtual = true;

    [[nodiscard]] KVMARK_INLINE nanoseconds now() const { return now_; }
    KVMARK_INLINE void advance_to(nanoseconds t) {
        if (t > now_) now_ = t;
    }

private:
    nanoseconds now_{};
};

} // namespace clocks
} // namespace kvmark

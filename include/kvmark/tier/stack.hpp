// A stack of tiers, fastest first, composed at compile time.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

#include <array>
#include <tuple>
#include <utility>

namespace kvmark::tier {

struct no_config {};

template <class T>
struct config_of_tier {
    using type = no_config;
};
template <class T>
    requires requires { typename T::config; }
struct config_of_tier<T> {
    using type = typename T::config;
};
template <class T>
using config_of = typename config_of_tier<T>::type;

/// One sentence for whoever writes a tier and forgets a member.
template <class T>
constexpr void check_tier() {
    static_assert(
        requires {
            { T::name } -> std::convertible_to<std::string_view>;
        },
        "kvmark: a storage tier needs a static member `name` (std::string_view)");
    static_assert(
        requires {
            { T::role } -> std::convertible_to<tier_role>;
        },
        "kvmark: a storage tier needs a static member `role` (kvmark::tier::tier_role)");
    static_assert(
        requires(T t, const tier_setup& s) {
            { t.open(s) } -> std::same_as<result<void>>;
        },
        "kvmark: a storage tier needs `result<void> open(const tier_setup&)`");
    if constexpr (!timed_tier<T>) {
        static_assert(
            requires(T t, entry_id e, bytes n) {
                { t.create(e, n) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status create(entry_id, bytes size)` "
            "(or `schedule`, if it only models time)");
        static_assert(
            requires(T t, entry_id e, bytes n, std::span<const std::byte> from) {
                { t.write(e, n, from) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status write(entry_id, bytes offset, std::span<const "
            "std::byte>)`");
        static_assert(
            requires(T t, entry_id e, bytes n, std::span<std::byte> into) {
                { t.read(e, n, into) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status read(entry_id, bytes offset, std::span<std::byte>)`");
        static_assert(
            requires(T t, entry_id e) {
                { t.erase(e) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status erase(entry_id)`");
    }
}

template <class... Tiers>
class stack {
public:
    static constexpr std::size_t size = sizeof...(Tiers);
    static_assert(size >= 1 && size <= 8, "kvmark: a tier stack holds one to eight tiers");
    using configs = std::tuple<config_of<Tiers>...>;

    template <std::size_t I>
    using tier_at = std::tuple_element_t<I, std::tuple<Tiers...>>;

    /// Whether no tier holds real bytes, as virtual time needs.
    static constexpr bool all_timed = (timed_tier<Tiers> && ...);

    stack() : stack(configs{}) {}
    explicit stack(const configs& c) : stack(c, std::index_sequence_for<Tiers...>{}) {}

    /// Calls f(tier) with the tier at `index`, by comparisons that the compiler turns into a jump: no pointer
    /// to a function, no virtual call.
    template <class F>
    KVMARK_INLINE void at(std::size_t index, F&& f) {
        at_impl(index, f, std::index_sequence_for<Tiers...>{});
    }
    template <class F>
    KVMARK_INLINE void for_each(F&& f) {
        for_each_impl(f, std::index_sequence_for<Tiers...>{});
    }

private:
    template <std::size_t... I>
    stack(const configs& c, std::index_sequence<I...>) : tiers_(make<I>(c)...) {
        (check_tier<Tiers>(), ...);
    }

    /// Built in place, since a tier that owns files or memory cannot be moved.
    template <std::size_t I>
    struct make {
        const configs& c;
        explicit make(const configs& all) : c(all) {}
        operator tier_at<I>() const {
            if constexpr (std::is_same_v<config_of<tier_at<I>>, no_config>)
                return tier_at<I>();
            else
                return tier_at<I>(std::get<I>(c));
        }
    };

    template <class F, std::size_t... I>
    KVMARK_INLINE void at_impl(std::size_t index, F& f, std::index_sequence<I...>) {
        static_cast<void>(((index == I && (f(std::get<I>(tiers_)), true)) || ...));
    }
    template <class F, std::size_t... I>
    KVMARK_INLINE void for_each_impl(F& f, std::index_sequence<I...>) {
        (f(I, std::get<I>(tiers_)), ...);
    }

    std::tuple<Tiers...> tiers_;
};

} // namespace kvmark::tier

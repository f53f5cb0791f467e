// The eviction policies by the names that users give.
#pragma once

#include <kvmark/cache/arc.hpp>
#include <kvmark/cache/belady.hpp>
#include <kvmark/cache/belady_leaf.hpp>
#include <kvmark/cache/clock.hpp>
#include <kvmark/cache/fifo.hpp>
#include <kvmark/cache/length_aware.hpp>
#include <kvmark/cache/lfu.hpp>
#include <kvmark/cache/lru_leaf.hpp>
#include <kvmark/cache/next_use.hpp>
#include <kvmark/cache/s3fifo.hpp>
#include <kvmark/cache/sieve.hpp>
#include <kvmark/cache/slru.hpp>
#include <kvmark/cache/tinylfu.hpp>

#include <array>
#include <type_traits>

namespace kvmark::cache {

struct policy_info {
    std::string_view name;
    next_use_unit next_use = next_use_unit::none; ///< what it must be told of the future; none: it is online
    bool keeps_prefixes = false;                  ///< see cache::keeps_prefixes

    [[nodiscard]] constexpr bool is_offline() const { return next_use != next_use_unit::none; }
};

/// Types as a value.
template <class... P>
struct policy_list {};

using online_policies =
    policy_list<fifo, lru, lru_leaf, clock, slru, lfu, s3fifo, arc, sieve, tinylfu<>, length_aware>;
using offline_policies = policy_list<belady, belady_bypass, belady_leaf>;

/// What a policy of these lists must be told of the future.
template <class P>
inline constexpr next_use_unit next_use_of = std::is_base_of_v<belady, P>     ? next_use_unit::reference
                                             : std::is_same_v<belady_leaf, P> ? next_use_unit::request
                                                                              : next_use_unit::none;

namespace detail {

template <class P>
inline constexpr bool has_protect = requires(P p, entry_id e) {
    p.protect(e);
};

template <class... Online, class... Offline>
constexpr auto describe_policies(policy_list<Online...>, policy_list<Offline...>) {
    return std::array{policy_info{Online::name, next_use_of<Online>, has_protect<Online>}...,
                      policy_info{Offline::name, next_use_of<Offline>, has_protect<Offline>}...};
}

template <class F, class... P>
bool call_with_policy(std::string_view name, F& f, policy_list<P...>) {
    return ((P::name == name && (f(std::type_identity<P>{}), true)) || ...);
}

} // namespace detail

/// All of them, the online ones first.
inline constexpr auto known_policies = detail::describe_policies(online_policies{}, offline_policies{});

/// What is known of the policy of that name; null: there is none.
[[nodiscard]] constexpr const policy_info* find_policy(std::string_view name) {
    for (const policy_info& p : known_policies)
        if (p.name == name) return &p;
    return nullptr;
}

/// Calls `f(std::type_identity<Policy>{})` with the policy of that name. False, and no call: there is none.
template <class F>
bool with_policy(std::string_view name, F&& f) {
    return detail::call_with_policy(name, f, online_policies{}) ||
           detail::call_with_policy(name, f, offline_policies{});
}

} // namespace kvmark::cache

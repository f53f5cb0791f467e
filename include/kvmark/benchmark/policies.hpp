// Sorts the policies of a benchmark: eviction, access model, source and clock may come in any order.
#pragma once

#include <kvmark/cache/lru.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/engine/prefix_blocks.hpp>
#include <kvmark/engine/turn_entries.hpp>
#include <kvmark/workload/user_personas.hpp>

namespace kvmark {

/// Which concept a type is meant to model, told by any one of the members that only that concept has. A type
/// that lacks another member is then met with that concept's own sentence.
enum class policy_kind : std::uint8_t { eviction, access, source, clock, unknown };

template <class P>
[[nodiscard]] constexpr policy_kind kind_of() {
    if (
        requires(P p) { p.victim(); } || requires(P p) { p.touch(tier::entry_id{}); })
        return policy_kind::eviction;
    if (requires(P p) { p.next(); } || workload::source<P>) return policy_kind::source;
    if (
        requires(P p) { p.now(); } || requires { P::is_virtual; })
        return policy_kind::clock;
    if (engine::is_prefix_blocks<P> ||
        requires(P p, const workload::request& r, engine::archetype_planner& planner) { p.plan(r, planner); })
        return policy_kind::access;
    return policy_kind::unknown;
}

template <class P>
constexpr void check_policy() {
    constexpr policy_kind kind = kind_of<P>();
    static_assert(
        kind != policy_kind::unknown,
        "kvmark: a policy of a benchmark must be an eviction policy (victim, touch, ...), an access model "
        "(plan), a source (next) or a clock (now, is_virtual)");
    if constexpr (kind == policy_kind::eviction) cache::check_eviction_policy<P>();
    if constexpr (kind == policy_kind::source) workload::check_source<P>();
    if constexpr (kind == policy_kind::clock) check_clock<P>();
    if constexpr (kind == policy_kind::access && !engine::is_prefix_blocks<P>)
        engine::check_access_model<P>();
}

/// The first of `Policies` of a kind, or the default.
template <policy_kind Kind, class Default, class... Policies>
struct pick_policy {
    using type = Default;
};
template <policy_kind Kind, class Default, class First, class... Rest>
struct pick_policy<Kind, Default, First, Rest...> {
    using type = typename std::conditional_t<kind_of<First>() == Kind, std::type_identity<First>,
                                             pick_policy<Kind, Default, Rest...>>::type;
};

template <class... Policies>
struct policy_set {
    static constexpr bool sorted = ((check_policy<Policies>(), true) && ...);
    static constexpr std::size_t count([[maybe_unused]] policy_kind k) {
        return (std::size_t{0} + ... + (kind_of<Policies>() == k ? 1u : 0u));
    }
    static_assert(count(policy_kind::eviction) <= 1 && count(policy_kind::access) <= 1 &&
                      count(policy_kind::source) <= 1 && count(policy_kind::clock) <= 1,
                  "kvmark: a benchmark takes at most one policy of each kind");

    using eviction = typename pick_policy<policy_kind::eviction, cache::lru, Policies...>::type;
    using access = typename pick_policy<policy_kind::access, engine::turn_entries, Policies...>::type;
    using source = typename pick_policy<policy_kind::source, workload::user_personas, Policies...>::type;
    using clock = typename pick_policy<policy_kind::clock, clocks::steady, Policies...>::type;
};

} // namespace kvmark

// Any of the online eviction policies, chosen when the program runs.
#pragma once

#include <kvmark/cache/policy_names.hpp>

#include <variant>

namespace kvmark::cache {

namespace detail {

/// std::visit calls through a table.
template <class Variant, class F>
KVMARK_INLINE decltype(auto) switch_on(Variant& v, F&& f) {
    static_assert(std::variant_size_v<std::remove_const_t<Variant>> == 11, "a case for each");
    switch (v.index()) {
    case 0:
        return f(*std::get_if<0>(&v));
    case 1:
        return f(*std::get_if<1>(&v));
    case 2:
        return f(*std::get_if<2>(&v));
    case 3:
        return f(*std::get_if<3>(&v));
    case 4:
        return f(*std::get_if<4>(&v));
    case 5:
        return f(*std::get_if<5>(&v));
    case 6:
        return f(*std::get_if<6>(&v));
    case 7:
        return f(*std::get_if<7>(&v));
    case 8:
        return f(*std::get_if<8>(&v));
    case 9:
        return f(*std::get_if<9>(&v));
    default:
        return f(*std::get_if<10>(&v));
    }
}

} // namespace detail

template <class List>
class any_policy_of;

/// For programs that are compiled once and told the policy by name. The choice is a switch in each call and
/// no pointer; where speed counts most, with_policy() compiles a cache for each. It is larger by
/// block_cache's 16 bytes for each number, since some of the policies want a block_use.
/// A template, so that only who uses it pays for its compilation.
template <class... P>
class any_policy_of<policy_list<P...>> {
public:
    /// LRU.
    any_policy_of() = default;
    any_policy_of(const any_policy_of&) = default;
    any_policy_of(any_policy_of&&) = default;
    any_policy_of& operator=(const any_policy_of&) = default;
    any_policy_of& operator=(any_policy_of&&) = default;
    // Inlined, g++ 12 warns of the members of alternatives that are not there.
    KVMARK_COLD ~any_policy_of() {}

    /// Error: the name is not one of the online policies.
    [[nodiscard]] KVMARK_COLD static result<any_policy_of> named(std::string_view name) {
        any_policy_of chosen;
        if (((P::name == name && (chosen.policy_.template emplace<P>(), true)) || ...)) return chosen;
        std::string message =
            "there is no online eviction policy \"" + std::string(name) + "\"; choose one of";
        for (const std::string_view policy : {P::name...})
            message += (message.ends_with("one of") ? " " : ", ") + std::string(policy);
        return error{error_kind::invalid_argument, message};
    }

    [[nodiscard]] std::string_view name() const {
        return detail::switch_on(policy_, [](const auto& p) { return std::string_view(p.name); });
    }

    void set_capacity(std::uint64_t capacity) {
        detail::switch_on(policy_, [=](auto& p) {
            if constexpr (requires { p.set_capacity(capacity); }) p.set_capacity(capacity);
        });
    }
    void reserve(std::uint64_t numbers) {
        detail::switch_on(policy_, [=](auto& p) { p.reserve(numbers); });
    }
    void miss(entry_id e) {
        detail::switch_on(policy_, [=](auto& p) { note_miss(p, {.block = e}); });
    }
    [[nodiscard]] bool admits(const block_use& newcomer) {
        return detail::switch_on(policy_, [&](auto& p) { return cache::admits(p, newcomer); });
    }
    void insert(entry_id e) {
        detail::switch_on(policy_, [=](auto& p) { p.insert(e); });
    }
    void insert(const block_use& use) {
        detail::switch_on(policy_, [&](auto& p) { insert_into(p, use); });
    }
    void touch(entry_id e) {
        detail::switch_on(policy_, [=](auto& p) { p.touch(e); });
    }
    void touch(const block_use& use) {
        detail::switch_on(policy_, [&](auto& p) { touch_in(p, use); });
    }
    void remove(entry_id e) {
        detail::switch_on(policy_, [=](auto& p) { p.remove(e); });
    }
    [[nodiscard]] entry_id victim() {
        return detail::switch_on(policy_, [](auto& p) { return p.victim(); });
    }
    [[nodiscard]] entry_id evict() {
        return detail::switch_on(policy_, [](auto& p) { return evict_from(p); });
    }
    [[nodiscard]] bool evicts_more() const {
        return detail::switch_on(policy_, [](const auto& p) { return cache::evicts_more(p); });
    }
    [[nodiscard]] bool keeps_prefixes() const {
        return detail::switch_on(policy_, [](const auto& p) { return cache::keeps_prefixes(p); });
    }
    void protect(entry_id e) {
        detail::switch_on(policy_, [=](auto& p) {
            if constexpr (requires { p.protect(e); }) p.protect(e);
        });
    }
    void release() {
        detail::switch_on(policy_, [](auto& p) {
            if constexpr (requires { p.release(); }) p.release();
        });
    }

private:
    std::variant<P...> policy_{std::in_place_type<lru>};
};

using selected_policy = any_policy_of<online_policies>;

} // namespace kvmark::cache

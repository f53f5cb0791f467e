// The access_model concept: what a request does to the cache.
#pragma once

#include <kvmark/workload/request.hpp>

#include <concepts>

namespace kvmark::engine {

/// Why an entry is read or written; the report counts by it.
enum class purpose : std::uint8_t { system_prompt, earlier_turn, prefill, chunk, decode };

/// What an access model may ask for while it plans a request. The answers come from the index, at once; the
/// bytes follow in the order of the calls. `admission` of the engine models it.
template <class P>
concept planner = requires(P p, workload::object_key key, purpose why, std::uint32_t times, tokens n) {
    { p.contains(key) } -> std::same_as<bool>;
    { p.read(key, why, times) } -> std::same_as<bool>; ///< a hit: the entry is read `times` times over
    { p.write(key, why, n) } -> std::same_as<bool>;    ///< placed; only for a key just denied
};

/// A planner that an access model can be tried on without an engine.
struct archetype_planner {
    bool contains(workload::object_key) { return false; }
    bool read(workload::object_key, purpose, std::uint32_t) { return false; }
    bool write(workload::object_key, purpose, tokens) { return false; }
};

template <class M>
concept access_model = requires(const M model, const workload::request& r, archetype_planner& p) {
    { model.plan(r, p) } -> std::same_as<void>;
};

/// One sentence for whoever writes an access model and forgets a member.
template <class M>
constexpr void check_access_model() {
    static_assert(
        requires(const M m, const workload::request& r, archetype_planner& p) {
            { m.plan(r, p) } -> std::same_as<void>;
        },
        "kvmark: an access model needs `template <class Planner> void plan(const workload::request&, "
        "Planner&) const`");
}

} // namespace kvmark::engine

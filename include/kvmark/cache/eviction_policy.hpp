// The eviction_policy concept: which entry of a tier leaves first.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

namespace kvmark::cache {

using tier::entry_id;
using tier::no_entry;

/// One object of the policy serves one tier. Entries are dense numbers, so a policy can keep its links in
/// arrays and need not allocate once they have grown. insert and remove alternate for an entry; touch and
/// victim see only entries that are in.
template <class P>
concept eviction_policy = requires(P policy, entry_id e) {
    { policy.insert(e) } -> std::same_as<void>;    ///< the entry came into the tier
    { policy.touch(e) } -> std::same_as<void>;     ///< it was read
    { policy.remove(e) } -> std::same_as<void>;    ///< it left
    { policy.victim() } -> std::same_as<entry_id>; ///< who should go next; no_entry when the tier is empty
};

/// One sentence for whoever writes a policy and forgets a member.
template <class P>
constexpr void check_eviction_policy() {
    static_assert(
        requires(P p, entry_id e) {
            { p.insert(e) } -> std::same_as<void>;
        },
        "kvmark: an eviction policy needs `void insert(entry_id)`");
    static_assert(
        requires(P p, entry_id e) {
            { p.touch(e) } -> std::same_as<void>;
        },
        "kvmark: an eviction policy needs `void touch(entry_id)`");
    static_assert(
        requires(P p, entry_id e) {
            { p.remove(e) } -> std::same_as<void>;
        },
        "kvmark: an eviction policy needs `void remove(entry_id)`");
    static_assert(
        requires(P p) {
            { p.victim() } -> std::same_as<entry_id>;
        },
        "kvmark: an eviction policy needs `entry_id victim()`");
}

} // namespace kvmark::cache

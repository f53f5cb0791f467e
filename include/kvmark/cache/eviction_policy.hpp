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

/// What a cache of blocks knows of a block when it inserts or touches it. A policy that wants more than the
/// block's number takes it as `insert(const block_use&)` and `touch(const block_use&)`.
struct block_use {
    static constexpr std::uint32_t never = ~std::uint32_t{0};

    entry_id block = no_entry;
    entry_id parent = no_entry;     ///< the block before it in its prefix; no_entry: it opens the prefix
    std::uint32_t position = 0;     ///< blocks before it in its prefix
    std::uint32_t next_use = never; ///< see next_use.hpp; known offline alone
};

// Optional members, each with what stands in for it when a policy has none. A cache of blocks numbers them
// for good, so an evicted block can be known again by its number; a waterfall of entries does not.

/// It is told how many entries its tier holds at most, and how many numbers there are, before the first one.
template <class P>
constexpr void set_capacity(P& policy, std::uint64_t capacity, std::uint64_t numbers) {
    if constexpr (requires { policy.set_capacity(capacity); }) policy.set_capacity(capacity);
    if constexpr (requires { policy.reserve(numbers); }) policy.reserve(numbers);
}
/// An entry is looked up and not in: it will be inserted if room can be made. Told before evict().
template <class P>
KVMARK_INLINE void note_miss(P& policy, const block_use& use) {
    if constexpr (requires { policy.miss(use.block); }) policy.miss(use.block);
}
/// Whether a newcomer is worth an eviction. Asked only when the tier is full.
template <class P>
[[nodiscard]] KVMARK_INLINE bool admits(P& policy, const block_use& newcomer) {
    if constexpr (requires { policy.admits(newcomer); })
        return policy.admits(newcomer);
    else
        return true;
}
/// Takes the next victim out, which the policy may remember; no_entry: there is none to take.
template <class P>
[[nodiscard]] KVMARK_INLINE entry_id evict_from(P& policy) {
    if constexpr (requires { policy.evict(); }) {
        return policy.evict();
    } else {
        const entry_id victim = policy.victim();
        if (victim != no_entry) policy.remove(victim);
        return victim;
    }
}
/// Whether one more must leave for the newcomer for whom evict() has just taken one; then evict() comes
/// again.
template <class P>
[[nodiscard]] KVMARK_INLINE bool evicts_more(const P& policy) {
    if constexpr (requires { policy.evicts_more(); })
        return policy.evicts_more();
    else
        return false;
}
template <class P>
KVMARK_INLINE void insert_into(P& policy, const block_use& use) {
    if constexpr (requires { policy.insert(use); })
        policy.insert(use);
    else
        policy.insert(use.block);
}
template <class P>
KVMARK_INLINE void touch_in(P& policy, const block_use& use) {
    if constexpr (requires { policy.touch(use); })
        policy.touch(use);
    else
        policy.touch(use.block);
}
/// Whether it evicts a block only after all that continue its prefix. Such a policy also has
/// `protect(entry_id)`, which keeps a block that is in from being evicted until `release()`.
template <class P>
[[nodiscard]] KVMARK_INLINE constexpr bool keeps_prefixes(const P& policy) {
    if constexpr (requires { policy.keeps_prefixes(); })
        return policy.keeps_prefixes();
    else
        return false;
}
/// Whether insert or touch take a block_use.
template <class P>
inline constexpr bool wants_block_use = requires(P p, const block_use& use) {
    p.insert(use);
}
|| requires(P p, const block_use& use) { p.touch(use); };

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

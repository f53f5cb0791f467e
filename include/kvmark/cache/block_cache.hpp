// A cache of fixed-size blocks over a stack of tiers: longest prefix, promotion, demotion, eviction.
#pragma once

#include <kvmark/cache/eviction_policy.hpp>
#include <kvmark/core/units.hpp>

#include <span>
#include <vector>

namespace kvmark::cache {

using block_number = std::uint32_t;

/// Where a new block is written.
enum class write_mode : std::uint8_t {
    on_eviction, ///< to the first tier; to the next one when it is evicted. A block is in one tier
    back,        ///< likewise, but what was promoted leaves its copy below, so its eviction writes nothing
    through,     ///< to every tier at once
};

/// When a hit in a lower tier brings the block into the first.
enum class promotion_mode : std::uint8_t { never, always, on_nth_hit };

struct block_cache_config {
    std::vector<std::uint64_t> capacity{}; ///< blocks, by tier; 0: the tier is not there
    write_mode writes = write_mode::on_eviction;
    promotion_mode promotion = promotion_mode::always;
    std::uint32_t promote_at =
        2;               ///< the hit, counted from a block's arrival in its tier, that promotes it; 1..255
    bool demotes = true; ///< false: what leaves a tier for lack of room is dropped
    std::uint32_t pinned_blocks =
        0; ///< the first so many of every request stay in the first tier, up to half of it
    nanoseconds time_to_live{}; ///< a block not used for longer is no hit; 0: for ever
    std::vector<bool>
        recomputes{}; ///< by tier: its hits are computed anew, since loading is slower; empty: none
};

/// One request, as the cache sees it.
struct block_access {
    std::span<const block_number> blocks;
    std::span<const std::uint32_t> next_uses{}; ///< of each; empty when the future is not known
    nanoseconds arrival{};                      ///< intended; what time_to_live counts by
};

struct block_hits {
    std::size_t prefix = 0;     ///< leading blocks that are loaded
    std::size_t recomputed = 0; ///< those after them that are cached, and computed all the same
    std::size_t any = 0;        ///< blocks that are cached when their turn comes, wherever they are
};

/// The decisions, from the index alone, before any byte moves. `Sink` is told them in the order in which they
/// must be carried out: read(block, tier), write(block, tier), move(block, from, to), drop(block, tier). A
/// block that is evicted while a request uses it is read first.
///
/// Memory: 1 byte for each block number, 1 more with promotion_mode::on_nth_hit, 8 with a time to live, 16
/// with several tiers and a policy that takes a block_use, and what the policies keep.
template <class Policy>
class block_cache {
public:
    /// `blocks`: numbers are below it. At most eight tiers.
    block_cache(block_cache_config c, std::uint64_t blocks, const Policy& policy = {})
        : block_cache(std::move(c), blocks, std::vector<Policy>(c.capacity.size(), policy)) {}

    /// With the policy of each tier.
    block_cache(block_cache_config c, std::uint64_t blocks, std::vector<Policy> policies)
        : config_(std::move(c)), resident_(blocks) {
        check_eviction_policy<Policy>();
        for (std::size_t t = 0; t < policies.size(); ++t) {
            tiers_.push_back({std::move(policies[t]), config_.capacity[t]});
            set_capacity(tiers_.back().policy, config_.capacity[t], blocks);
            prefixes_ = prefixes_ || cache::keeps_prefixes(tiers_.back().policy);
        }
        first_ = present_tier(0);
        config_.recomputes.resize(tiers_.size());
        if (wants_block_use<Policy> && tiers_.size() > 1) facts_.resize(blocks);
        if (config_.promotion == promotion_mode::on_nth_hit) hits_.resize(blocks);
        if (config_.time_to_live.count != 0) last_use_.resize(blocks);
        if (config_.pinned_blocks != 0) pinned_.resize(blocks);
    }

    /// Decides everything that one request does.
    template <class Sink>
    KVMARK_INLINE block_hits serve(const block_access& a, Sink& sink) {
        if (!last_use_.empty()) expire(a, sink);
        block_hits hits = find_prefix(a);
        for (std::size_t i = 0; i < hits.prefix; ++i) sink.read(a.blocks[i], fastest(resident_[a.blocks[i]]));
        if (prefixes_) protect(a);
        for (std::size_t i = 0; i < hits.prefix; ++i) use(a, i, sink);
        hits.any = hits.prefix;
        for (std::size_t i = hits.prefix; i < a.blocks.size(); ++i) {
            if (resident_[a.blocks[i]] != 0) {
                ++hits.any;
                touch(a, i);
            } else if (!insert(a, i, sink) && prefixes_) {
                break; // what continues an absent prefix is not cached either
            }
        }
        if (prefixes_) release();
        return hits;
    }

    /// The tiers that hold the block, a bit each.
    [[nodiscard]] unsigned tiers_of(block_number b) const { return resident_[b]; }
    [[nodiscard]] std::uint64_t blocks_in(std::size_t tier) const { return tiers_[tier].blocks; }

    /// Takes a block whose bytes were lost out of a tier.
    void forget(block_number b, std::size_t tier) {
        if ((resident_[b] >> tier & 1) == 0) return;
        if (!is_pinned(b, tier)) tiers_[tier].policy.remove(b);
        leave(b, tier);
    }

    /// Takes a tier out of the stack for good: all that is in it is dropped, and nothing enters it again.
    template <class Sink>
    KVMARK_COLD void retire(std::size_t tier, Sink& sink) {
        for (block_number b = 0; b < resident_.size(); ++b) {
            if ((resident_[b] >> tier & 1) == 0) continue;
            forget(b, tier);
            sink.drop(b, static_cast<unsigned>(tier));
        }
        tiers_[tier].capacity = 0;
        first_ = present_tier(0);
    }

private:
    struct level {
        Policy policy;
        std::uint64_t capacity = 0;
        std::uint64_t blocks = 0;
        std::uint64_t pinned = 0;
    };
    static constexpr unsigned no_tier = 8;

    [[nodiscard]] KVMARK_INLINE static unsigned fastest(std::uint8_t tiers) {
        return static_cast<unsigned>(__builtin_ctz(tiers));
    }
    [[nodiscard]] bool is_pinned(block_number b, std::size_t tier) const {
        return tier == first_ && !pinned_.empty() && pinned_[b];
    }

    /// The first tier from `t` down that is there.
    [[nodiscard]] unsigned present_tier(unsigned t) const {
        while (t < tiers_.size() && tiers_[t].capacity == 0) ++t;
        return t < tiers_.size() ? t : no_tier;
    }

    [[nodiscard]] block_use use_of(block_number b) const {
        if constexpr (wants_block_use<Policy>)
            return facts_[b];
        else
            return {.block = b};
    }
    KVMARK_INLINE block_use learn(const block_access& a, std::size_t i) {
        block_use use{.block = a.blocks[i]};
        if constexpr (wants_block_use<Policy>) {
            use.parent = i == 0 ? no_entry : a.blocks[i - 1];
            use.position = static_cast<std::uint32_t>(i);
            if (!a.next_uses.empty()) use.next_use = a.next_uses[i];
            if (!facts_.empty()) facts_[use.block] = use;
        }
        return use;
    }

    [[nodiscard]] KVMARK_INLINE block_hits find_prefix(const block_access& a) const {
        block_hits hits;
        std::size_t n = 0;
        while (n < a.blocks.size() && resident_[a.blocks[n]] != 0 &&
               !config_.recomputes[fastest(resident_[a.blocks[n]])])
            ++n;
        hits.prefix = n;
        while (n < a.blocks.size() && resident_[a.blocks[n]] != 0) ++n;
        hits.recomputed = n - hits.prefix;
        return hits;
    }

    /// Touches a block that is cached.
    KVMARK_INLINE void touch(const block_access& a, std::size_t i) {
        const block_use use = learn(a, i);
        const unsigned t = fastest(resident_[use.block]);
        if (!last_use_.empty()) last_use_[use.block] = a.arrival;
        if (!is_pinned(use.block, t)) touch_in(tiers_[t].policy, use);
    }

    /// Of a block that was loaded: promotes it or touches it.
    template <class Sink>
    KVMARK_INLINE void use(const block_access& a, std::size_t i, Sink& sink) {
        const block_number b = a.blocks[i];
        if (resident_[b] == 0) return; // a promotion before it has pushed it out
        if (KVMARK_LIKELY(fastest(resident_[b]) == first_) || !is_time_to_promote(b) || !promote(a, i, sink))
            touch(a, i);
    }

    [[nodiscard]] bool is_time_to_promote(block_number b) {
        if (config_.promotion != promotion_mode::on_nth_hit)
            return config_.promotion == promotion_mode::always;
        if (hits_[b] < 255) ++hits_[b];
        return hits_[b] >= config_.promote_at;
    }

    /// False: the first tier would not make room for it.
    template <class Sink>
    bool promote(const block_access& a, std::size_t i, Sink& sink) {
        const block_use use = learn(a, i);
        const block_number b = use.block;
        const unsigned from = fastest(resident_[b]), to = first_;
        level& l = tiers_[to];
        note_miss(l.policy, use);
        entry_id victim = no_entry;
        if (l.blocks == l.capacity && (victim = take_victim(to, use)) == no_entry) return false;
        if (config_.writes == write_mode::on_eviction) { // out first: its room may serve the victim
            forget(b, from);
            sink.drop(b, from);
        }
        if (victim != no_entry) demote(victim, to, sink);
        while (evicts_more(l.policy)) demote(take(to), to, sink);
        enter(b, to, use);
        sink.write(b, to);
        if (!last_use_.empty()) last_use_[b] = a.arrival;
        return true;
    }

    template <class Sink>
    bool insert(const block_access& a, std::size_t i, Sink& sink) {
        const block_use use = learn(a, i);
        bool placed = false;
        for (unsigned t = first_; t != no_tier; t = present_tier(t + 1)) {
            note_miss(tiers_[t].policy, use);
            if (make_room(t, use, sink)) {
                // Its parent may be who made room.
                if (prefixes_ && i > 0 && resident_[a.blocks[i - 1]] == 0) break;
                if (t == first_ && i < config_.pinned_blocks && tiers_[t].pinned < tiers_[t].capacity / 2)
                    pinned_[use.block] = true;
                enter(use.block, t, use);
                sink.write(use.block, t);
                placed = true;
            }
            if (config_.writes != write_mode::through) break;
        }
        if (placed && !last_use_.empty()) last_use_[use.block] = a.arrival;
        return placed;
    }

    template <class Sink>
    KVMARK_INLINE bool make_room(unsigned t, const block_use& newcomer, Sink& sink) {
        if (tiers_[t].blocks < tiers_[t].capacity) return true;
        const entry_id victim = take_victim(t, newcomer);
        if (victim == no_entry) return false;
        demote(victim, t, sink);
        while (evicts_more(tiers_[t].policy)) demote(take(t), t, sink);
        return true;
    }

    /// Out of a full tier; no_entry: nothing in it should make room for this newcomer.
    KVMARK_INLINE entry_id take_victim(unsigned t, const block_use& newcomer) {
        return admits(tiers_[t].policy, newcomer) ? take(t) : no_entry;
    }
    /// Whoever the tier's policy evicts next; no_entry: nobody.
    KVMARK_INLINE entry_id take(unsigned t) {
        const entry_id victim = evict_from(tiers_[t].policy);
        if (victim != no_entry) leave(victim, t);
        return victim;
    }

    /// Of a block that has just left tier `from`.
    template <class Sink>
    KVMARK_INLINE void demote(block_number b, unsigned from, Sink& sink) {
        const unsigned to = present_tier(from + 1);
        if (resident_[b] != 0 || !config_.demotes || to == no_tier) return sink.drop(b, from);
        const block_use use = use_of(b);
        note_miss(tiers_[to].policy, use);
        if (!make_room_below(to, use, sink)) return sink.drop(b, from);
        enter(b, to, use);
        sink.move(b, from, to);
    }
    /// make_room() once more, as a call: inlining cannot recurse.
    template <class Sink>
    [[gnu::noinline]] bool make_room_below(unsigned t, const block_use& newcomer, Sink& sink) {
        return make_room(t, newcomer, sink);
    }

    KVMARK_INLINE void enter(block_number b, unsigned t, const block_use& use) {
        resident_[b] = static_cast<std::uint8_t>(resident_[b] | 1u << t);
        ++tiers_[t].blocks;
        if (!hits_.empty()) hits_[b] = 0;
        if (is_pinned(b, t))
            ++tiers_[t].pinned;
        else
            insert_into(tiers_[t].policy, use);
    }
    KVMARK_INLINE void leave(block_number b, std::size_t t) {
        resident_[b] = static_cast<std::uint8_t>(resident_[b] & ~(1u << t));
        --tiers_[t].blocks;
        if (!is_pinned(b, t)) return;
        --tiers_[t].pinned;
        pinned_[b] = false;
    }

    template <class Sink>
    void expire(const block_access& a, Sink& sink) {
        for (const block_number b : a.blocks) {
            if (resident_[b] == 0 || a.arrival - last_use_[b] <= config_.time_to_live) continue;
            for (unsigned t = 0; t < tiers_.size(); ++t) {
                if ((resident_[b] >> t & 1) == 0) continue;
                forget(b, t);
                sink.drop(b, t);
            }
        }
    }

    void protect(const block_access& a) {
        for (const block_number b : a.blocks)
            for (std::size_t t = 0; t < tiers_.size(); ++t)
                if constexpr (requires(Policy p) { p.protect(b); })
                    if ((resident_[b] >> t & 1) != 0 && !is_pinned(b, t)) tiers_[t].policy.protect(b);
    }
    void release() {
        for (level& l : tiers_)
            if constexpr (requires { l.policy.release(); }) l.policy.release();
    }

    block_cache_config config_;
    std::vector<level> tiers_;
    unsigned first_ = no_tier;           // the first tier that is there
    std::vector<std::uint8_t> resident_; // by block: a bit for each tier that holds it
    std::vector<block_use> facts_;       // by block: what was last known of it; empty with a single tier
    std::vector<std::uint8_t> hits_;
    std::vector<nanoseconds> last_use_;
    std::vector<bool> pinned_;
    bool prefixes_ = false;
};

} // namespace kvmark::cache

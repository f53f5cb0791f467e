// TinyLFU: admission in front of any policy (Einziger, Friedman, Manes, ACM Transactions on Storage, 2017).
#pragma once

#include <kvmark/cache/frequency_sketch.hpp>
#include <kvmark/cache/lru.hpp>

namespace kvmark::cache {

/// A newcomer is let in only if it was looked up more often than the victim of `Policy`, of late and as far
/// as a frequency_sketch knows, with its doorkeeper if `Doorkeeper`. Without set_capacity(), or where
/// admits() is not asked, as in a waterfall, it is `Policy`.
///
/// Memory: Policy's, and 2 to 4 bytes for each block of capacity; with the doorkeeper 4 to 8.
template <eviction_policy Policy = lru, bool Doorkeeper = false>
class tinylfu {
public:
    static constexpr std::string_view name = "tinylfu";

    tinylfu() = default;
    explicit tinylfu(Policy policy) : policy_(std::move(policy)) {}

    void set_capacity(std::uint64_t capacity) {
        if (capacity == 0) return;
        seen_ = frequency_sketch(capacity, Doorkeeper);
        if constexpr (requires(Policy p) { p.set_capacity(capacity); }) policy_.set_capacity(capacity);
    }
    void reserve(std::uint64_t numbers) {
        if constexpr (requires(Policy p) { p.reserve(numbers); }) policy_.reserve(numbers);
    }

    void miss(entry_id e) {
        note(e);
        note_miss(policy_, {.block = e});
    }
    [[nodiscard]] bool admits(const block_use& newcomer) {
        if (!cache::admits(policy_, newcomer)) return false;
        if (seen_.empty()) return true;
        const entry_id victim = policy_.victim();
        return victim == no_entry || seen_.estimate(newcomer.block) > seen_.estimate(victim);
    }
    void insert(entry_id e) { policy_.insert(e); }
    void insert(const block_use& use) requires wants_block_use<Policy> { insert_into(policy_, use); }
    void touch(entry_id e) {
        note(e);
        policy_.touch(e);
    }
    void touch(const block_use& use) requires wants_block_use<Policy> {
        note(use.block);
        touch_in(policy_, use);
    }
    void remove(entry_id e) { policy_.remove(e); }
    [[nodiscard]] entry_id victim() { return policy_.victim(); }
    [[nodiscard]] entry_id evict() { return evict_from(policy_); }
    [[nodiscard]] bool evicts_more() const { return cache::evicts_more(policy_); }

    [[nodiscard]] bool keeps_prefixes() const { return cache::keeps_prefixes(policy_); }
    void protect(entry_id e) requires requires(Policy p) { p.protect(e); }
    { policy_.protect(e); }
    void release() requires requires(Policy p) { p.release(); }
    { policy_.release(); }

private:
    KVMARK_INLINE void note(entry_id e) {
        if (!seen_.empty()) seen_.note(e);
    }

    Policy policy_;
    frequency_sketch seen_;
};

} // namespace kvmark::cache

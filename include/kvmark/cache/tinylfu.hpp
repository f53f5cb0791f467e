// TinyLFU: admission in front of any policy (Einziger, Friedman, Manes, ACM Transactions on Storage, 2017).
#pragma once

#include <kvmark/cache/frequency_sketch.hpp>
#include <kvmark/cache/lru.hpp>

namespace kvmark::cache {

/// A newcomer is let in only if it was seen more often lately than the victim of `Policy`: in the last ten
/// capacities of look-ups, hits and misses, by a sketch. Without set_capacity(), or where admits() is not
/// asked, as in a waterfall, it is `Policy`.
///
/// `Doorkeeper`: a number's first look-up is kept by a Bloom filter of a bit, so that what is seen once does
/// not use up counters; it is emptied whenever the counters are halved.
///
/// Memory: Policy's, and 2 to 4 bytes for each block of capacity; with the doorkeeper 2 to 4 more.
template <eviction_policy Policy = lru, bool Doorkeeper = false>
class tinylfu {
public:
    static constexpr std::string_view name = "tinylfu";

    tinylfu() = default;
    explicit tinylfu(Policy policy) : policy_(std::move(policy)) {}

    void set_capacity(std::uint64_t capacity) {
        if (capacity == 0) return;
        seen_ = frequency_sketch(capacity);
        if constexpr (requires(Policy p) { p.set_capacity(capacity); }) policy_.set_capacity(capacity);
        if constexpr (Doorkeeper) {
            std::uint64_t bits = 64;
            while (bits < 16 * capacity) bits *= 2;
            door_.resize(bits / 64);
        }
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
        return victim == no_entry || frequency(newcomer.block) > frequency(victim);
    }
    /// How often `e` was seen lately, as far as the sketch knows.
    [[nodiscard]] unsigned frequency(entry_id e) const {
        return seen_.estimate(e) + (Doorkeeper && has_passed(e));
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
        if (seen_.empty()) return;
        if constexpr (Doorkeeper) {
            if (!has_passed(e)) {
                const std::uint64_t bit = door_bit(e);
                door_[bit / 64] |= std::uint64_t{1} << bit % 64;
                if (seen_.count_note()) open_door();
                return;
            }
        }
        if (seen_.note(e) && Doorkeeper) open_door();
    }
    [[nodiscard]] std::uint64_t door_bit(entry_id e) const {
        return mix(~std::uint64_t{e}) & (door_.size() * 64 - 1);
    }
    [[nodiscard]] bool has_passed(entry_id e) const {
        const std::uint64_t bit = door_bit(e);
        return (door_[bit / 64] >> bit % 64 & 1) != 0;
    }
    KVMARK_COLD void open_door() {
        for (std::uint64_t& word : door_) word = 0;
    }

    Policy policy_;
    frequency_sketch seen_;
    std::vector<std::uint64_t> door_;
};

} // namespace kvmark::cache

// Placement: an entry goes into the first tier that can make room, and a tier makes room by letting entries
// fall.
#pragma once

#include <kvmark/cache/eviction_policy.hpp>
#include <kvmark/cache/tier_bounds.hpp>
#include <kvmark/core/key_index.hpp>

#include <array>
#include <vector>

namespace kvmark::cache {

/// One step by which room was made: the entry falls to tier `to`, or is dropped.
struct displacement {
    static constexpr std::uint8_t dropped = 0xff;
    entry_id entry = no_entry;
    std::uint8_t from = 0;
    std::uint8_t to = dropped;
};

/// What is where, decided from this index alone and before any byte moves. Room is counted in granules. The
/// reference's rules (kv_cache_engine.md, "Tiers"): no promotion on read; a tier that is not the last is kept
/// at or below 80 % of its limit, except for an entry that would fit a nearly empty tier (below 5 %) alone;
/// the last tier fills up and drops.
template <class Eviction>
class waterfall {
public:
    struct entry {
        std::uint64_t key = 0;
        bytes size{};
        std::uint32_t generation = 0; ///< of its content; differs for each write in a run
        std::uint8_t tier = 0;
        bool in_cache = false; ///< false: on its way out, its number not yet free
    };

    explicit waterfall(std::vector<tier_bounds> tiers) : bounds_(std::move(tiers)) {
        check_eviction_policy<Eviction>();
        levels_.resize(bounds_.size());
    }

    /// The entry of that key, or no_entry. Changes nothing.
    [[nodiscard]] entry_id find(std::uint64_t key) const { return index_.find(key).value_or(no_entry); }
    /// Notes a read.
    void touch(entry_id e) { levels_[entries_[e].tier].policy.touch(e); }

    /// Places a new entry; precondition: the key is absent. The displacements that make room are appended in
    /// the order in which they must be decided. no_entry when no tier takes it.
    [[nodiscard]] entry_id place(std::uint64_t key, bytes size, std::vector<displacement>& moved) {
        for (std::size_t i = 0; i < bounds_.size(); ++i) {
            const auto t = static_cast<std::uint8_t>(i);
            if (!make_room(t, size, moved)) continue;
            const entry_id e = take_number();
            entries_[e] = {key, size, ++generation_, t, true};
            index_.insert(key, e);
            enter(e, t);
            return e;
        }
        return no_entry;
    }

    /// Takes an entry out of the index; its number stays taken until release().
    void forget(entry_id e) {
        leave(e);
        index_.erase(entries_[e].key);
        entries_[e].in_cache = false;
    }
    /// Takes tier t out of the stack for good: all that is in it is dropped, and nothing enters it again.
    KVMARK_COLD void retire(std::size_t t, std::vector<displacement>& moved) {
        bounds_[t].limit = {};
        for (entry_id e; (e = levels_[t].policy.victim()) != no_entry;) {
            forget(e);
            moved.push_back({e, static_cast<std::uint8_t>(t), displacement::dropped});
        }
    }
    /// Gives the number of a forgotten entry back, once its bytes are gone.
    void release(entry_id e) { free_.push_back(e); }

    [[nodiscard]] const entry& operator[](entry_id e) const { return entries_[e]; }
    [[nodiscard]] bytes used(std::size_t t) const { return levels_[t].used; }
    [[nodiscard]] std::uint64_t entries_in(std::size_t t) const { return levels_[t].entries; }
    [[nodiscard]] const tier_bounds& bounds(std::size_t t) const { return bounds_[t]; }
    /// What an entry of `size` occupies in tier t.
    [[nodiscard]] bytes footprint(std::size_t t, bytes size) const {
        return round_up(size, bounds_[t].granule);
    }

private:
    struct level {
        Eviction policy;
        bytes used{};
        std::uint64_t entries = 0;
    };

    [[nodiscard]] static bytes share(bytes limit, double part) {
        if (part >= 1) return limit; // exact, and a limit of all ones stays one
        return bytes(static_cast<std::uint64_t>(static_cast<double>(limit.count) * part));
    }

    bool make_room(std::uint8_t t, bytes size, std::vector<displacement>& moved) {
        const tier_bounds& b = bounds_[t];
        const bytes needed = footprint(t, size);
        if (needed > share(b.limit, b.largest)) return false;
        level& l = levels_[t];
        const bytes target = share(b.limit, b.target);
        const bytes nearly_empty = share(b.limit, 0.05);
        while (l.used + needed > target && !(l.used < nearly_empty && l.used + needed <= b.limit)) {
            const entry_id victim = l.policy.victim();
            if (victim == no_entry) return false;
            displace(victim, moved);
        }
        return true;
    }

    void displace(entry_id victim, std::vector<displacement>& moved) {
        const std::uint8_t from = entries_[victim].tier;
        for (std::size_t below = from + std::size_t{1}; below < bounds_.size(); ++below) {
            const auto to = static_cast<std::uint8_t>(below);
            if (!make_room(to, entries_[victim].size, moved)) continue;
            leave(victim);
            enter(victim, to);
            moved.push_back({victim, from, to});
            return;
        }
        forget(victim);
        moved.push_back({victim, from, displacement::dropped});
    }

    void enter(entry_id e, std::uint8_t t) {
        entries_[e].tier = t;
        levels_[t].policy.insert(e);
        levels_[t].used += footprint(t, entries_[e].size);
        ++levels_[t].entries;
    }
    void leave(entry_id e) {
        const std::uint8_t t = entries_[e].tier;
        levels_[t].policy.remove(e);
        levels_[t].used -= footprint(t, entries_[e].size);
        --levels_[t].entries;
    }

    entry_id take_number() {
        if (free_.empty()) {
            entries_.emplace_back();
            return static_cast<entry_id>(entries_.size() - 1);
        }
        const entry_id e = free_.back();
        free_.pop_back();
        return e;
    }

    std::vector<tier_bounds> bounds_;
    std::vector<level> levels_;
    std::vector<entry> entries_;
    std::vector<entry_id> free_;
    key_index index_;
    std::uint32_t generation_ = 0;
};

} // namespace kvmark::cache

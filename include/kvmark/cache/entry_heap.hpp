// Entries by a key that changes: the largest is at hand.
#pragma once

#include <kvmark/cache/entry_links.hpp>

namespace kvmark::cache {

/// A heap of four children to a node, which knows where each entry stands. Of equal keys the larger number
/// comes first. 4 bytes for each number, 8 for each entry that is in; O(log n) for whatever changes.
class entry_heap {
public:
    void reserve(std::uint64_t numbers) { place_.resize(numbers, nowhere); }

    void reserve_entries(std::uint64_t entries) { heap_.reserve(entries); }

    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }
    [[nodiscard]] KVMARK_INLINE bool contains(entry_id e) const {
        return e < place_.size() && place_[e] != nowhere;
    }
    /// The entry of the largest key; no_entry when empty.
    [[nodiscard]] KVMARK_INLINE entry_id top() const {
        return heap_.empty() ? no_entry : number_of(heap_[0]);
    }
    /// Precondition: not empty.
    [[nodiscard]] KVMARK_INLINE std::uint32_t top_key() const { return key_of(heap_[0]); }

    /// Precondition: absent.
    KVMARK_INLINE void push(entry_id e, std::uint32_t key) {
        if (e >= place_.size()) place_.resize(std::size_t{e} + 1 + e / 2, nowhere);
        heap_.emplace_back();
        rise(heap_.size() - 1, item(key, e));
    }
    /// Precondition of both: present.
    KVMARK_INLINE void change(entry_id e, std::uint32_t key) { settle(place_[e], item(key, e)); }
    KVMARK_INLINE void erase(entry_id e) {
        const std::size_t hole = place_[e];
        place_[e] = nowhere;
        const std::uint64_t last = heap_.back();
        heap_.pop_back();
        if (hole < heap_.size()) settle(hole, last);
    }
    void clear() {
        for (const std::uint64_t i : heap_) place_[number_of(i)] = nowhere;
        heap_.clear();
    }

private:
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    [[nodiscard]] static std::uint64_t item(std::uint32_t key, entry_id e) {
        return std::uint64_t{key} << 32 | e;
    }
    [[nodiscard]] static std::uint32_t key_of(std::uint64_t item) {
        return static_cast<std::uint32_t>(item >> 32);
    }
    [[nodiscard]] static entry_id number_of(std::uint64_t item) { return static_cast<entry_id>(item); }

    KVMARK_INLINE void put(std::size_t at, std::uint64_t item) {
        heap_[at] = item;
        place_[number_of(item)] = static_cast<std::uint32_t>(at);
    }
    KVMARK_INLINE void settle(std::size_t at, std::uint64_t item) {
        if (at > 0 && heap_[(at - 1) / 4] < item)
            rise(at, item);
        else
            sink(at, item);
    }
    void rise(std::size_t at, std::uint64_t item) {
        while (at > 0 && heap_[(at - 1) / 4] < item) {
            put(at, heap_[(at - 1) / 4]);
            at = (at - 1) / 4;
        }
        put(at, item);
    }
    void sink(std::size_t at, std::uint64_t item) {
        const std::size_t n = heap_.size();
        for (std::size_t child; (child = 4 * at + 1) < n; at = child) {
            const std::size_t end = child + 4 < n ? child + 4 : n;
            for (std::size_t c = child + 1; c < end; ++c)
                if (heap_[c] > heap_[child]) child = c;
            if (heap_[child] < item) break;
            put(at, heap_[child]);
        }
        put(at, item);
    }

    std::vector<std::uint64_t> heap_;  // key, then number
    std::vector<std::uint32_t> place_; // by number
};

} // namespace kvmark::cache

// Segmented LRU: what was hit once is protected from what was never hit (Karedla et al., 1994).
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// Four fifths of the capacity, rounded down, are the protected segment; without set_capacity(), of the
/// present population. A hit moves an entry there; who overflows it becomes the newest on probation. Evicts
/// the oldest on probation, or the oldest protected one if nobody is on probation. 9 bytes for each number.
class slru {
public:
    static constexpr std::string_view name = "slru";

    void set_capacity(std::uint64_t capacity) { capacity_ = capacity; }
    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        is_protected_.resize(numbers);
    }
    void insert(entry_id e) {
        make_slot(is_protected_, e);
        is_protected_[e] = 0;
        links_.push_newest(probation_, e);
    }
    void touch(entry_id e) {
        if (is_protected_[e] != 0) return links_.move_to_newest(protected_, e);
        links_.remove(probation_, e);
        links_.push_newest(protected_, e);
        is_protected_[e] = 1;
        while (protected_.size > protected_share()) {
            const entry_id overflow = protected_.oldest;
            links_.remove(protected_, overflow);
            links_.push_newest(probation_, overflow);
            is_protected_[overflow] = 0;
        }
    }
    void remove(entry_id e) { links_.remove(is_protected_[e] != 0 ? protected_ : probation_, e); }
    [[nodiscard]] entry_id victim() { return probation_.size != 0 ? probation_.oldest : protected_.oldest; }

private:
    [[nodiscard]] std::uint64_t protected_share() const {
        return (capacity_ != 0 ? capacity_ : probation_.size + protected_.size) * 4 / 5;
    }

    entry_links links_;
    entry_links::list probation_, protected_;
    std::vector<std::uint8_t> is_protected_;
    std::uint64_t capacity_ = 0;
};

} // namespace kvmark::cache

// SIEVE: a FIFO that keeps what was hit where it stands (Zhang et al., NSDI 2024).
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// A hand moves from the oldest entry to the newest and round again. It clears the bit of entries that were
/// hit and evicts the first that was not, and stays there for the next time. 9 bytes for each number.
class sieve {
public:
    static constexpr std::string_view name = "sieve";

    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        hit_.resize(numbers);
    }
    void insert(entry_id e) {
        make_slot(hit_, e);
        hit_[e] = 0;
        links_.push_newest(order_, e);
    }
    void touch(entry_id e) { hit_[e] = 1; }
    void remove(entry_id e) {
        if (hand_ == e) hand_ = links_.newer(e);
        links_.remove(order_, e);
    }
    [[nodiscard]] entry_id victim() {
        if (order_.size == 0) return no_entry;
        if (hand_ == no_entry) hand_ = order_.oldest;
        while (hit_[hand_] != 0) {
            hit_[hand_] = 0;
            hand_ = links_.newer(hand_);
            if (hand_ == no_entry) hand_ = order_.oldest;
        }
        return hand_;
    }

private:
    entry_links links_;
    entry_links::list order_;
    std::vector<std::uint8_t> hit_;
    entry_id hand_ = no_entry; // no_entry: at the oldest
};

} // namespace kvmark::cache

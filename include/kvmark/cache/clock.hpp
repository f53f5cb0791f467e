// CLOCK, or second chance: a FIFO whose head, if it was hit, goes round once more (Corbato, 1968).
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// A bit that is clear at insertion and set by a hit; a head with its bit set is cleared and goes to the
/// tail. 9 bytes for each number.
class clock {
public:
    static constexpr std::string_view name = "clock";

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
    void remove(entry_id e) { links_.remove(order_, e); }
    [[nodiscard]] entry_id victim() {
        while (order_.oldest != no_entry && hit_[order_.oldest] != 0) {
            const entry_id head = order_.oldest;
            hit_[head] = 0;
            links_.move_to_newest(order_, head);
        }
        return order_.oldest;
    }

private:
    entry_links links_;
    entry_links::list order_;
    std::vector<std::uint8_t> hit_;
};

} // namespace kvmark::cache

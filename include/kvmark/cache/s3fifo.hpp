// S3-FIFO: three queues, of which the small one lets what is never hit leave soon (Yang et al., SOSP 2023).
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// The small queue has a tenth of the capacity, at least 1; main has the rest. A hit adds 1 to an entry's
/// count, up to 3. While small holds its share its heads are looked at: one with a count of 2 or more goes to
/// main's tail, any other is evicted and remembered. Else main's: one with a count goes to the tail with one
/// less, another is evicted. Who is remembered comes back into main. Main remembers as many as it holds.
/// Without set_capacity() the shares are those of the present population, and nothing is remembered.
///
/// 9 bytes for each number, 4 for each block that is remembered.
class s3fifo {
public:
    static constexpr std::string_view name = "s3fifo";

    void set_capacity(std::uint64_t capacity) {
        capacity_ = capacity;
        ghosts_.assign(main_share(), no_entry);
    }
    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        state_.resize(numbers);
    }
    void insert(entry_id e) {
        make_slot(state_, e);
        state_[e] &= is_ghost;
        if (state_[e] != 0) {
            state_[e] |= in_main;
            links_.push_newest(main_, e);
        } else {
            links_.push_newest(small_, e);
        }
    }
    void touch(entry_id e) {
        if (hits(e) < 3) ++state_[e];
    }
    void remove(entry_id e) { links_.remove((state_[e] & in_main) != 0 ? main_ : small_, e); }

    [[nodiscard]] entry_id victim() {
        while (takes_from_small()) {
            const entry_id head = small_.oldest;
            if (head == no_entry) break;
            if (hits(head) < 2) return head;
            if (main_.size != 0 && main_.size >= main_share()) return main_head();
            promote(head);
        }
        return main_head();
    }
    /// Main may have to make room for a head of the small queue: then one leaves of each.
    [[nodiscard]] entry_id evict() {
        const bool from_small = takes_from_small();
        const entry_id e = victim();
        if (e == no_entry) return e;
        remove(e);
        small_goes_on_ = false;
        if ((state_[e] & in_main) == 0) {
            remember(e);
        } else if (from_small && small_.size != 0) {
            promote(small_.oldest);
            small_goes_on_ = small_.size != 0;
        }
        return e;
    }
    [[nodiscard]] bool evicts_more() const { return small_goes_on_; }

private:
    static constexpr std::uint8_t count_bits = 3, in_main = 4, is_ghost = 8;

    [[nodiscard]] unsigned hits(entry_id e) const { return state_[e] & count_bits; }
    [[nodiscard]] std::uint64_t capacity() const {
        return capacity_ != 0 ? capacity_ : small_.size + main_.size;
    }
    [[nodiscard]] std::uint64_t small_share() const { return capacity() < 20 ? 1 : capacity() / 10; }
    [[nodiscard]] std::uint64_t main_share() const {
        return capacity() == 0 ? 0 : capacity() - small_share();
    }
    [[nodiscard]] bool takes_from_small() const {
        return small_goes_on_ || small_.size >= small_share() || main_.size == 0;
    }

    [[nodiscard]] entry_id main_head() {
        while (main_.oldest != no_entry && hits(main_.oldest) != 0) {
            const entry_id head = main_.oldest;
            --state_[head];
            links_.move_to_newest(main_, head);
        }
        return main_.oldest;
    }
    void promote(entry_id head) {
        links_.remove(small_, head);
        links_.push_newest(main_, head);
        state_[head] = static_cast<std::uint8_t>((state_[head] & is_ghost) | in_main);
    }
    /// A remembered block that comes back goes into main, from where nobody is remembered: so it is here
    /// once.
    void remember(entry_id e) {
        if (ghosts_.empty()) return;
        if (ghosts_[next_ghost_] != no_entry)
            state_[ghosts_[next_ghost_]] &= static_cast<std::uint8_t>(~is_ghost);
        ghosts_[next_ghost_] = e;
        state_[e] |= is_ghost;
        next_ghost_ = next_ghost_ + 1 == ghosts_.size() ? 0 : next_ghost_ + 1;
    }

    entry_links links_;
    entry_links::list small_, main_;
    std::vector<std::uint8_t> state_;
    std::vector<entry_id> ghosts_; // a ring
    std::size_t next_ghost_ = 0;
    std::uint64_t capacity_ = 0;
    bool small_goes_on_ = false;
};

} // namespace kvmark::cache

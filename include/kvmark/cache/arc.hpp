// ARC: recency and frequency, balanced by what was evicted too early (Megiddo and Modha, FAST 2003).
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// The lists T1 (seen once) and T2 (seen again) hold what is in, B1 and B2 the numbers of what left them; `p`
/// is the share of T1. p and the quotients are real numbers. Without miss() and evict(), as in a waterfall,
/// nothing is remembered and p stays 0: T1 leaves before T2, each in the order of LRU.
///
/// 9 bytes for each number: the remembered need no more, since the lists share their links.
class arc {
public:
    static constexpr std::string_view name = "arc";

    void set_capacity(std::uint64_t capacity) { capacity_ = capacity; }
    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        list_of_.resize(numbers);
    }

    /// Adapts p, and forgets whom the newcomer leaves no room to remember.
    void miss(entry_id e) {
        make_slot(list_of_, e);
        newcomer_was_in_b2_ = list_of_[e] == b2;
        forget_evicted_ = false;
        const double b1_size = static_cast<double>(size(b1)), b2_size = static_cast<double>(size(b2));
        if (list_of_[e] == b1) {
            p_ += b2_size > b1_size ? b2_size / b1_size : 1;
            if (p_ > static_cast<double>(capacity())) p_ = static_cast<double>(capacity());
        } else if (list_of_[e] == b2) {
            p_ -= b1_size > b2_size ? b1_size / b2_size : 1;
            if (p_ < 0) p_ = 0;
        } else if (size(t1) + size(b1) >= capacity()) {
            if (size(b1) != 0)
                take_out(lists_[b1].oldest);
            else
                forget_evicted_ = size(t1) != 0;
        } else if (size(t1) + size(t2) + size(b1) + size(b2) >= 2 * capacity() && size(b2) != 0) {
            take_out(lists_[b2].oldest);
        }
    }
    void insert(entry_id e) {
        make_slot(list_of_, e);
        const bool was_seen = list_of_[e] != nowhere;
        if (was_seen) take_out(e);
        put(was_seen ? t2 : t1, e);
    }
    void touch(entry_id e) {
        take_out(e);
        put(t2, e);
    }
    void remove(entry_id e) { take_out(e); }
    [[nodiscard]] entry_id victim() {
        if (forget_evicted_ && size(t1) != 0) return lists_[t1].oldest;
        const auto seen_once = static_cast<double>(size(t1));
        const bool from_t1 =
            size(t1) != 0 &&
            (seen_once > p_ || (newcomer_was_in_b2_ && size(t1) == static_cast<std::uint64_t>(p_)));
        return from_t1 || size(t2) == 0 ? lists_[t1].oldest : lists_[t2].oldest;
    }
    [[nodiscard]] entry_id evict() {
        const entry_id e = victim();
        if (e == no_entry) return e;
        const where from = list_of_[e];
        take_out(e);
        if (!forget_evicted_) put(from == t1 ? b1 : b2, e);
        forget_evicted_ = false;
        return e;
    }

private:
    enum where : std::uint8_t { nowhere, t1, t2, b1, b2 };

    [[nodiscard]] std::uint64_t size(where w) const { return lists_[w].size; }
    [[nodiscard]] std::uint64_t capacity() const { return capacity_ != 0 ? capacity_ : size(t1) + size(t2); }
    KVMARK_INLINE void put(where w, entry_id e) {
        list_of_[e] = w;
        links_.push_newest(lists_[w], e);
    }
    KVMARK_INLINE void take_out(entry_id e) {
        links_.remove(lists_[list_of_[e]], e);
        list_of_[e] = nowhere;
    }

    entry_links links_;
    entry_links::list lists_[5]; // by where; nowhere's is not used
    std::vector<where> list_of_;
    std::uint64_t capacity_ = 0;
    double p_ = 0;
    bool newcomer_was_in_b2_ = false;
    bool forget_evicted_ = false; // T1 alone fills the cache: its victim is not remembered
};

} // namespace kvmark::cache

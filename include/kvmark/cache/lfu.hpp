// Least frequently used.
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// Evicts the smallest (count, last access). The count starts at 1 and is forgotten when the entry leaves.
/// Entries of one count are a list in order of access, and the lists a list in order of count, so every
/// operation is a few writes (Shah, Mitra, Matani, 2010). 12 bytes for each number, 40 for each count.
class lfu {
public:
    static constexpr std::string_view name = "lfu";

    void reserve(std::uint64_t numbers) {
        links_.reserve(numbers);
        bucket_of_.resize(numbers);
        buckets_.reserve(numbers < 4096 ? numbers : 4096);
    }
    void insert(entry_id e) {
        make_slot(bucket_of_, e);
        if (lowest_ == none || buckets_[lowest_].count != 1) lowest_ = open_bucket(1, none, lowest_);
        append(lowest_, e);
    }
    void touch(entry_id e) {
        const std::uint32_t from = bucket_of_[e];
        const std::uint32_t next = buckets_[from].higher;
        const std::uint64_t count = buckets_[from].count + 1;
        if (next != none && buckets_[next].count == count) {
            take_out(e);
            append(next, e);
        } else if (buckets_[from].entries.size == 1) {
            buckets_[from].count = count;
        } else {
            const std::uint32_t to = open_bucket(count, from, next);
            take_out(e);
            append(to, e);
        }
    }
    void remove(entry_id e) { take_out(e); }
    [[nodiscard]] entry_id victim() { return lowest_ == none ? no_entry : buckets_[lowest_].entries.oldest; }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    struct bucket {
        std::uint64_t count = 0;
        entry_links::list entries;
        std::uint32_t lower = none;
        std::uint32_t higher = none; // of a free bucket: the next free one
    };

    std::uint32_t open_bucket(std::uint64_t count, std::uint32_t lower, std::uint32_t higher) {
        std::uint32_t b = free_;
        if (b == none) {
            b = static_cast<std::uint32_t>(buckets_.size());
            buckets_.emplace_back();
        } else {
            free_ = buckets_[b].higher;
        }
        buckets_[b] = {count, {}, lower, higher};
        if (lower != none) buckets_[lower].higher = b;
        if (higher != none) buckets_[higher].lower = b;
        return b;
    }
    void append(std::uint32_t b, entry_id e) {
        bucket_of_[e] = b;
        links_.push_newest(buckets_[b].entries, e);
    }
    void take_out(entry_id e) {
        const std::uint32_t b = bucket_of_[e];
        bucket& from = buckets_[b];
        links_.remove(from.entries, e);
        if (from.entries.size != 0) return;
        (from.lower == none ? lowest_ : buckets_[from.lower].higher) = from.higher;
        if (from.higher != none) buckets_[from.higher].lower = from.lower;
        from.higher = free_;
        free_ = b;
    }

    entry_links links_;
    std::vector<std::uint32_t> bucket_of_;
    std::vector<bucket> buckets_;
    std::uint32_t lowest_ = none;
    std::uint32_t free_ = none;
};

} // namespace kvmark::cache

// Least recently used.
#pragma once

#include <kvmark/cache/eviction_policy.hpp>

#include <vector>

namespace kvmark::cache {

/// A doubly linked list through two arrays: every operation is a few writes.
class lru {
public:
    static constexpr std::string_view name = "lru";

    void reserve(std::uint64_t numbers) { links_.resize(numbers); }
    void insert(entry_id e) {
        if (e >= links_.size()) links_.resize(std::size_t{e} + 1 + e / 2);
        links_[e] = {newest_, no_entry};
        (newest_ == no_entry ? oldest_ : links_[newest_].newer) = e;
        newest_ = e;
    }
    void touch(entry_id e) {
        if (e == newest_) return;
        remove(e);
        insert(e);
    }
    void remove(entry_id e) {
        const link l = links_[e];
        (l.older == no_entry ? oldest_ : links_[l.older].newer) = l.newer;
        (l.newer == no_entry ? newest_ : links_[l.newer].older) = l.older;
    }
    [[nodiscard]] entry_id victim() { return oldest_; }

private:
    struct link {
        entry_id older = no_entry;
        entry_id newer = no_entry;
    };
    std::vector<link> links_;
    entry_id oldest_ = no_entry;
    entry_id newest_ = no_entry;
};

} // namespace kvmark::cache

// Lists of entries through one array, which most eviction policies are made of.
#pragma once

#include <kvmark/cache/eviction_policy.hpp>

#include <vector>

namespace kvmark::cache {

/// Makes v[e] exist. Does nothing where reserve() was told how many numbers there are.
template <class T>
KVMARK_INLINE void make_slot(std::vector<T>& v, entry_id e) {
    if (e >= v.size()) v.resize(std::size_t{e} + 1 + e / 2);
}

/// Doubly linked lists that share their links, so an entry is in at most one of them: 8 bytes for each
/// number, and every operation is a few writes.
class entry_links {
public:
    struct list {
        entry_id oldest = no_entry;
        entry_id newest = no_entry;
        std::uint64_t size = 0;
    };

    void reserve(std::uint64_t numbers) { links_.resize(numbers); }

    KVMARK_INLINE void push_newest(list& l, entry_id e) {
        make_slot(links_, e);
        links_[e] = {l.newest, no_entry};
        (l.newest == no_entry ? l.oldest : links_[l.newest].newer) = e;
        l.newest = e;
        ++l.size;
    }
    KVMARK_INLINE void push_oldest(list& l, entry_id e) {
        make_slot(links_, e);
        links_[e] = {no_entry, l.oldest};
        (l.oldest == no_entry ? l.newest : links_[l.oldest].older) = e;
        l.oldest = e;
        ++l.size;
    }
    KVMARK_INLINE void remove(list& l, entry_id e) {
        const link at = links_[e];
        (at.older == no_entry ? l.oldest : links_[at.older].newer) = at.newer;
        (at.newer == no_entry ? l.newest : links_[at.newer].older) = at.older;
        --l.size;
    }
    KVMARK_INLINE void move_to_newest(list& l, entry_id e) {
        if (e == l.newest) return;
        remove(l, e);
        push_newest(l, e);
    }
    [[nodiscard]] KVMARK_INLINE entry_id newer(entry_id e) const { return links_[e].newer; }

private:
    struct link {
        entry_id older = no_entry;
        entry_id newer = no_entry;
    };
    std::vector<link> links_;
};

} // namespace kvmark::cache

// A prefix leaves from its end: a block may be evicted only when nothing in the tier continues it.
#pragma once

#include <kvmark/cache/entry_links.hpp>

namespace kvmark::cache {

/// Keeps which blocks may be evicted: the leaves of the trie of prefixes that no request in flight uses.
/// `Order` ranks them: note(use) at each insertion and touch of any block, add(e) and drop(e) as a block
/// becomes and ceases to be evictable, forget(e) when it leaves, first() for who goes next. A block keeps the
/// parent that it was inserted with. An entry of a waterfall has none and is a leaf.
///
/// 8 bytes for each number, and Order's.
template <class Order>
class leaf_first {
public:
    leaf_first() = default;

    void set_capacity(std::uint64_t capacity) {
        if constexpr (requires(Order o) { o.set_capacity(capacity); }) order_.set_capacity(capacity);
    }
    void reserve(std::uint64_t numbers) {
        nodes_.resize(numbers);
        order_.reserve(numbers);
    }
    [[nodiscard]] static constexpr bool keeps_prefixes() { return true; }

    void insert(entry_id e) { insert(block_use{.block = e}); }
    void insert(const block_use& use) {
        make_slot(nodes_, use.block);
        order_.note(use);
        if (use.parent != no_entry) {
            make_slot(nodes_, use.parent);
            node& parent = nodes_[use.parent];
            if (parent.is_evictable()) order_.drop(use.parent);
            ++parent.children;
        }
        node& n = nodes_[use.block];
        n.parent = use.parent;
        n.is_in = 1;
        n.is_protected = 0;
        if (n.is_evictable()) order_.add(use.block);
    }
    void touch(entry_id e) { touch(block_use{.block = e}); }
    void touch(const block_use& use) {
        const bool ranked = nodes_[use.block].is_evictable();
        if (ranked) order_.drop(use.block);
        order_.note(use);
        if (ranked) order_.add(use.block);
    }
    void remove(entry_id e) {
        node& n = nodes_[e];
        if (n.is_evictable()) order_.drop(e);
        n.is_in = 0;
        order_.forget(e);
        if (n.parent == no_entry) return;
        node& parent = nodes_[n.parent];
        --parent.children;
        if (parent.is_evictable()) order_.add(n.parent);
    }
    [[nodiscard]] entry_id victim() { return order_.first(); }

    void protect(entry_id e) {
        node& n = nodes_[e];
        if (n.is_in == 0 || n.is_protected != 0) return;
        if (n.is_evictable()) order_.drop(e);
        n.is_protected = 1;
        protected_.push_back(e);
    }
    void release() {
        for (const entry_id e : protected_) {
            node& n = nodes_[e];
            if (n.is_protected == 0) continue; // it left and came back
            n.is_protected = 0;
            if (n.is_evictable()) order_.add(e);
        }
        protected_.clear();
    }

protected:
    Order order_;

private:
    struct node {
        entry_id parent = no_entry;
        std::uint32_t children : 30 = 0; // in this tier
        std::uint32_t is_in : 1 = 0;
        std::uint32_t is_protected : 1 = 0;

        [[nodiscard]] KVMARK_INLINE bool is_evictable() const {
            return is_in != 0 && children == 0 && is_protected == 0;
        }
    };
    static_assert(sizeof(node) == 8);

    std::vector<node> nodes_;
    std::vector<entry_id> protected_;
};

} // namespace kvmark::cache

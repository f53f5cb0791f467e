// The eviction policies once more, as lists and maps that are searched: obviously right and slow. Each has
// the members of the policy that it is held against, so that both serve the same cache.
#pragma once

#include <kvmark/cache/frequency_sketch.hpp>
#include <kvmark/cache/policy_names.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <vector>

namespace kvmark::test {

using cache::block_use;
using cache::entry_id;
using cache::no_entry;

struct plain_lru {
    std::list<entry_id> order; // oldest first

    void insert(entry_id e) { order.push_back(e); }
    void touch(entry_id e) {
        order.remove(e);
        order.push_back(e);
    }
    void remove(entry_id e) { order.remove(e); }
    entry_id victim() { return order.empty() ? no_entry : order.front(); }
};

struct plain_fifo : plain_lru {
    void touch(entry_id) {}
};

struct plain_clock : plain_fifo {
    std::set<entry_id> hit;

    void touch(entry_id e) { hit.insert(e); }
    void remove(entry_id e) {
        order.remove(e);
        hit.erase(e);
    }
    entry_id victim() {
        while (!order.empty() && hit.erase(order.front()) == 1) {
            order.push_back(order.front());
            order.pop_front();
        }
        return plain_lru::victim();
    }
};

struct plain_sieve {
    std::vector<entry_id> order; // oldest first
    std::set<entry_id> hit;
    std::size_t hand = 0; // its place in order

    void insert(entry_id e) { order.push_back(e); }
    void touch(entry_id e) { hit.insert(e); }
    void remove(entry_id e) {
        std::size_t at = 0;
        while (order[at] != e) ++at;
        order.erase(order.begin() + static_cast<std::ptrdiff_t>(at));
        hit.erase(e);
        if (at < hand) --hand;
        if (hand == order.size()) hand = 0;
    }
    entry_id victim() {
        if (order.empty()) return no_entry;
        while (hit.erase(order[hand]) == 1) hand = (hand + 1) % order.size();
        return order[hand];
    }
};

struct plain_slru {
    plain_lru probation, shielded;
    std::uint64_t capacity = 0;

    void set_capacity(std::uint64_t c) { capacity = c; }
    bool is_shielded(entry_id e) const {
        for (const entry_id s : shielded.order)
            if (s == e) return true;
        return false;
    }
    void insert(entry_id e) { probation.insert(e); }
    void touch(entry_id e) {
        if (is_shielded(e)) return shielded.touch(e);
        probation.remove(e);
        shielded.insert(e);
        const std::uint64_t all = capacity != 0 ? capacity : probation.order.size() + shielded.order.size();
        while (shielded.order.size() * 5 > all * 4) { // more than 0.8
            probation.insert(shielded.victim());
            shielded.remove(shielded.victim());
        }
    }
    void remove(entry_id e) {
        probation.remove(e);
        shielded.remove(e);
    }
    entry_id victim() { return probation.order.empty() ? shielded.victim() : probation.victim(); }
};

/// Whose victim has the smallest key.
template <class Key>
struct plain_ranking {
    std::map<entry_id, Key> key;

    void remove(entry_id e) { key.erase(e); }
    entry_id victim() {
        entry_id least = no_entry;
        for (const auto& [e, k] : key)
            if (least == no_entry || k < key[least]) least = e;
        return least;
    }
};

struct plain_lfu : plain_ranking<std::pair<std::uint64_t, std::uint64_t>> {
    std::uint64_t clock = 0;

    void insert(entry_id e) { key[e] = {1, ++clock}; }
    void touch(entry_id e) { key[e] = {key[e].first + 1, ++clock}; }
};

struct plain_length_aware : plain_ranking<std::pair<std::int64_t, std::uint64_t>> {
    std::uint64_t clock = 0;

    void insert(entry_id e) { key[e] = {0, ++clock}; }
    void insert(const block_use& u) { key[u.block] = {-std::int64_t{u.position}, ++clock}; }
    void touch(entry_id e) { key[e].second = ++clock; }
    void touch(const block_use& u) { insert(u); }
};

/// The farthest use has the smallest key, then the largest number.
struct plain_belady : plain_ranking<std::pair<std::int64_t, std::int64_t>> {
    void insert(entry_id e) { insert(block_use{.block = e}); }
    void insert(const block_use& u) { key[u.block] = {-std::int64_t{u.next_use}, -std::int64_t{u.block}}; }
    void touch(entry_id) {}
    void touch(const block_use& u) { insert(u); }
};
struct plain_belady_bypass : plain_belady {
    bool admits(const block_use& newcomer) {
        return !key.empty() && newcomer.next_use < -key[victim()].first;
    }
};

/// As golden/README.md words it. A pass over the small queue may evict several: they leave one by one.
struct plain_s3fifo {
    std::deque<entry_id> small, main, ghost;
    std::map<entry_id, int> count;
    std::deque<entry_id> leaving;
    std::uint64_t capacity = 0;

    void set_capacity(std::uint64_t c) { capacity = c; }
    std::uint64_t all() const { return capacity != 0 ? capacity : small.size() + main.size(); }
    std::uint64_t share() const { return std::max<std::uint64_t>(1, all() / 10); }
    std::uint64_t rest() const { return all() - share(); }

    void insert(entry_id e) {
        const bool known = std::count(ghost.begin(), ghost.end(), e) > 0;
        (known ? main : small).push_back(e);
        count[e] = 0;
    }
    void touch(entry_id e) { count[e] = std::min(3, count[e] + 1); }
    void remove(entry_id e) {
        std::erase(small, e);
        std::erase(main, e);
    }
    entry_id main_head() {
        while (!main.empty() && count[main.front()] > 0) {
            --count[main.front()];
            main.push_back(main.front());
            main.pop_front();
        }
        return main.empty() ? no_entry : main.front();
    }
    void evict_from_main() {
        if (main_head() == no_entry) return;
        leaving.push_back(main.front());
        main.pop_front();
    }
    void promote() {
        count[small.front()] = 0;
        main.push_back(small.front());
        small.pop_front();
    }
    void evict_from_small() {
        while (!small.empty()) {
            if (count[small.front()] < 2) {
                ghost.push_back(small.front());
                if (ghost.size() > rest()) ghost.pop_front();
                leaving.push_back(small.front());
                small.pop_front();
                return;
            }
            if (main.size() >= rest()) evict_from_main();
            promote();
        }
    }
    entry_id evict() {
        while (leaving.empty() && !(small.empty() && main.empty())) {
            if (small.size() >= share() || main.empty())
                evict_from_small();
            else
                evict_from_main();
        }
        if (leaving.empty()) return no_entry;
        const entry_id e = leaving.front();
        leaving.pop_front();
        return e;
    }
    bool evicts_more() const { return !leaving.empty(); }
    /// Without evict(): one at a time, each as the first of what would leave.
    entry_id victim() {
        while (!small.empty() && (small.size() >= share() || main.empty())) {
            if (count[small.front()] < 2) return small.front();
            if (!main.empty() && main.size() >= rest()) return main_head();
            promote();
        }
        return main_head();
    }
};

/// The paper's Figure 4, told of a miss before it evicts.
struct plain_arc {
    plain_lru t1, t2, b1, b2;
    std::uint64_t capacity = 0;
    double p = 0;
    bool newcomer_in_b2 = false, forget = false;

    static bool has(const plain_lru& l, entry_id e) {
        return std::find(l.order.begin(), l.order.end(), e) != l.order.end();
    }
    static double size(const plain_lru& l) { return static_cast<double>(l.order.size()); }
    double c() const { return capacity != 0 ? static_cast<double>(capacity) : size(t1) + size(t2); }

    void set_capacity(std::uint64_t n) { capacity = n; }
    void miss(entry_id e) {
        newcomer_in_b2 = has(b2, e);
        forget = false;
        if (has(b1, e))
            p = std::min(c(), p + std::max(1.0, size(b2) / size(b1)));
        else if (has(b2, e))
            p = std::max(0.0, p - std::max(1.0, size(b1) / size(b2)));
        else if (size(t1) + size(b1) >= c()) {
            if (b1.order.empty())
                forget = true;
            else
                b1.order.pop_front();
        } else if (size(t1) + size(t2) + size(b1) + size(b2) >= 2 * c() && !b2.order.empty())
            b2.order.pop_front();
    }
    void insert(entry_id e) {
        const bool again = has(b1, e) || has(b2, e);
        b1.remove(e);
        b2.remove(e);
        (again ? t2 : t1).insert(e);
    }
    void touch(entry_id e) {
        remove(e);
        t2.insert(e);
    }
    void remove(entry_id e) {
        t1.remove(e);
        t2.remove(e);
    }
    entry_id victim() {
        if (forget && !t1.order.empty()) return t1.victim();
        const bool from_t1 =
            !t1.order.empty() && (size(t1) > p || (newcomer_in_b2 && size(t1) == std::floor(p)));
        return from_t1 || t2.order.empty() ? t1.victim() : t2.victim();
    }
    entry_id evict() {
        const entry_id e = victim();
        if (e == no_entry) return e;
        if (!forget) (has(t1, e) ? b1 : b2).insert(e);
        forget = false;
        remove(e);
        return e;
    }
};

/// Counters that are integers, where a sketch of the same capacity says that they stand.
struct plain_sketch {
    cache::frequency_sketch places; ///< is never told anything
    std::vector<std::map<std::uint64_t, unsigned>> counter{4};
    std::set<std::uint64_t> door;
    bool has_door = false;
    std::uint64_t sample = 0, notes = 0;

    plain_sketch() = default;
    plain_sketch(std::uint64_t capacity, bool doorkeeper)
        : places(capacity, doorkeeper), has_door(doorkeeper), sample(10 * capacity) {}

    unsigned least(std::uint64_t n) {
        unsigned l = 15;
        for (unsigned row = 0; row < 4; ++row) l = std::min(l, counter[row][places.column(n, row)]);
        return l;
    }
    unsigned estimate(std::uint64_t n) {
        return least(n) + (has_door && door.contains(places.door_place(n)));
    }
    void note(std::uint64_t n) {
        if (!has_door || !door.insert(places.door_place(n)).second) {
            const unsigned l = least(n);
            for (unsigned row = 0; row < 4; ++row) {
                unsigned& c = counter[row][places.column(n, row)];
                if (c == l && l < 15) ++c;
            }
        }
        if (++notes < sample) return;
        notes /= 2;
        door.clear();
        for (auto& row : counter)
            for (auto& [column, c] : row) c /= 2;
    }
};

template <bool Doorkeeper>
struct plain_tinylfu : plain_lru {
    plain_sketch seen;
    bool sized = false;

    void set_capacity(std::uint64_t c) {
        sized = c != 0;
        if (sized) seen = plain_sketch(c, Doorkeeper);
    }
    void miss(entry_id e) {
        if (sized) seen.note(e);
    }
    void touch(entry_id e) {
        miss(e);
        plain_lru::touch(e);
    }
    bool admits(const block_use& newcomer) {
        return !sized || victim() == no_entry || seen.estimate(newcomer.block) > seen.estimate(victim());
    }
};

/// Nodes of a trie; the victim is the leaf of the smallest key that is not protected.
struct plain_leaves {
    struct node {
        entry_id parent;
        std::pair<std::int64_t, std::int64_t> key;
    };
    std::map<entry_id, node> nodes;
    std::set<entry_id> shielded;

    bool keeps_prefixes() const { return true; }
    void remove(entry_id e) {
        nodes.erase(e);
        shielded.erase(e);
    }
    entry_id victim() const {
        std::set<entry_id> parents;
        for (const auto& [e, n] : nodes) parents.insert(n.parent);
        entry_id best = no_entry;
        for (const auto& [e, n] : nodes)
            if (!parents.contains(e) && !shielded.contains(e))
                if (best == no_entry || n.key < nodes.at(best).key) best = e;
        return best;
    }
    void protect(entry_id e) { shielded.insert(e); }
    void release() { shielded.clear(); }
};

struct plain_lru_leaf : plain_leaves {
    std::int64_t clock = 0;

    void insert(entry_id e) { insert(block_use{.block = e}); }
    void insert(const block_use& u) { nodes[u.block] = {u.parent, {++clock, 0}}; }
    void touch(entry_id e) { nodes[e].key = {++clock, 0}; }
    void touch(const block_use& u) { touch(u.block); }
};

struct plain_belady_leaf : plain_leaves {
    void insert(entry_id e) { insert(block_use{.block = e}); }
    void insert(const block_use& u) {
        nodes[u.block].parent = u.parent;
        touch(u);
    }
    void touch(entry_id e) { touch(block_use{.block = e}); }
    void touch(const block_use& u) {
        nodes[u.block].key = {-std::int64_t{u.next_use}, -std::int64_t{u.block}};
    }
    bool admits(const block_use& newcomer) const {
        return victim() != no_entry && -nodes.at(victim()).key.first > newcomer.next_use;
    }
};

} // namespace kvmark::test

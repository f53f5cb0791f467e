// From 64-bit keys to numbers: the index of a cache, and the numbering of a trace.
#pragma once

#include <kvmark/core/random.hpp>

#include <optional>
#include <vector>

namespace kvmark {

/// Open addressing with linear probing and backward-shift deletion, at most 3/4 full: a lookup touches one
/// cache line or two, an erase leaves no tombstone, 16 bytes a place. Grows by doubling; a full run never
/// shrinks it.
class key_index {
public:
    explicit key_index(std::size_t expected = 1024) {
        std::size_t size = 16;
        while (size * 3 / 4 < expected) size *= 2;
        places_.resize(size);
    }

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t key) const {
        for (std::size_t at = home(key); places_[at].used; at = next(at))
            if (places_[at].key == key) return places_[at].value;
        return std::nullopt;
    }

    /// Precondition: `key` is absent.
    void insert(std::uint64_t key, std::uint32_t value) {
        if ((size_ + 1) * 4 > places_.size() * 3) grow();
        std::size_t at = home(key);
        while (places_[at].used) at = next(at);
        places_[at] = {key, value, true};
        ++size_;
    }

    /// Precondition: `key` is present.
    void erase(std::uint64_t key) {
        std::size_t hole = home(key);
        while (places_[hole].key != key || !places_[hole].used) hole = next(hole);
        for (std::size_t at = next(hole); places_[at].used; at = next(at)) {
            const std::size_t wanted = home(places_[at].key);
            const bool may_move = ((at - wanted) & mask()) >= ((at - hole) & mask());
            if (!may_move) continue;
            places_[hole] = places_[at];
            hole = at;
        }
        places_[hole].used = false;
        --size_;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct place {
        std::uint64_t key = 0;
        std::uint32_t value = 0;
        bool used = false;
    };

    [[nodiscard]] std::size_t mask() const { return places_.size() - 1; }
    [[nodiscard]] std::size_t home(std::uint64_t key) const { return mix(key) & mask(); }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

    void grow() {
        std::vector<place> old(places_.size() * 2);
        old.swap(places_);
        size_ = 0;
        for (const place& p : old)
            if (p.used) insert(p.key, p.value);
    }

    std::vector<place> places_;
    std::size_t size_ = 0;
};

} // namespace kvmark

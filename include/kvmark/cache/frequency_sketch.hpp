// How often numbers were seen lately, in a few bits for each (Einziger, Friedman, Manes, 2017).
#pragma once

#include <kvmark/core/random.hpp>

#include <vector>

namespace kvmark::cache {

/// A count-min sketch of four rows of 4-bit counters, each row as wide as the next power of two of the
/// capacity, with conservative update: only the smallest of a number's counters grow. After ten times the
/// capacity of notes all counters are halved, so that what was popular once is forgotten. 2 to 4 bytes for
/// each block of capacity.
///
/// A doorkeeper in front of it, a Bloom filter of one hash, keeps the first note of a number, so that what is
/// seen once uses no counter. It is emptied when the counters are halved. 2 to 4 bytes more.
class frequency_sketch {
public:
    static constexpr std::uint64_t notes_per_block = 10;
    static constexpr unsigned rows = 4;
    static constexpr unsigned largest = 15; ///< that a counter holds

    frequency_sketch() = default;
    explicit frequency_sketch(std::uint64_t capacity, bool doorkeeper = false)
        : sample_(notes_per_block * capacity) {
        std::uint64_t width = 16;
        while (width < capacity) width *= 2;
        mask_ = width - 1;
        words_.resize(width * rows / 16);
        if (doorkeeper) door_.resize(width * 16 / 64);
    }

    /// Whether it has no room at all; then it must not be asked or told.
    [[nodiscard]] bool empty() const { return words_.empty(); }
    /// Never less than the number's share of the notes that still count, up to `largest` and the
    /// doorkeeper's 1.
    [[nodiscard]] KVMARK_INLINE unsigned estimate(std::uint64_t number) const {
        return least_counter(mix(number)) + (!door_.empty() && has_passed(number));
    }
    KVMARK_INLINE void note(std::uint64_t number) {
        if (door_.empty() || has_passed(number))
            count(mix(number));
        else
            door_[door_place(number) / 64] |= std::uint64_t{1} << door_place(number) % 64;
        if (++notes_ == sample_) halve();
    }

    /// Where a number's counter of a row stands.
    [[nodiscard]] std::uint64_t column(std::uint64_t number, unsigned row) const {
        return hashed_column(mix(number), row);
    }
    /// Which bit the doorkeeper keeps of a number. Precondition: there is one.
    [[nodiscard]] KVMARK_INLINE std::uint64_t door_place(std::uint64_t number) const {
        return mix(~number) & (door_.size() * 64 - 1);
    }

private:
    [[nodiscard]] KVMARK_INLINE std::uint64_t hashed_column(std::uint64_t hash, unsigned row) const {
        return (hash + row * (hash >> 32 | 1)) & mask_;
    }
    [[nodiscard]] KVMARK_INLINE unsigned counter(std::uint64_t column, unsigned row) const {
        return static_cast<unsigned>(words_[column / 4] >> shift(column, row) & largest);
    }
    [[nodiscard]] KVMARK_INLINE static std::uint64_t shift(std::uint64_t column, unsigned row) {
        return (column % 4 * rows + row) * 4;
    }
    [[nodiscard]] KVMARK_INLINE unsigned least_counter(std::uint64_t hash) const {
        unsigned least = largest;
        for (unsigned row = 0; row < rows; ++row) {
            const unsigned c = counter(hashed_column(hash, row), row);
            least = c < least ? c : least;
        }
        return least;
    }
    KVMARK_INLINE void count(std::uint64_t hash) {
        const unsigned least = least_counter(hash);
        if (least == largest) return;
        for (unsigned row = 0; row < rows; ++row) {
            const std::uint64_t column = hashed_column(hash, row); // no branch: it would be a coin toss
            words_[column / 4] += std::uint64_t{counter(column, row) == least} << shift(column, row);
        }
    }
    [[nodiscard]] KVMARK_INLINE bool has_passed(std::uint64_t number) const {
        const std::uint64_t place = door_place(number);
        return (door_[place / 64] >> place % 64 & 1) != 0;
    }
    KVMARK_COLD void halve() {
        for (std::uint64_t& word : words_) word = word >> 1 & 0x7777'7777'7777'7777u;
        for (std::uint64_t& word : door_) word = 0;
        notes_ /= 2;
    }

    std::vector<std::uint64_t> words_; // four columns each
    std::vector<std::uint64_t> door_;
    std::uint64_t mask_ = 0;
    std::uint64_t sample_ = 0;
    std::uint64_t notes_ = 0;
};

} // namespace kvmark::cache

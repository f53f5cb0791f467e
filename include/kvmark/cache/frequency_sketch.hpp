// How often numbers were seen lately, in a few bits for each (Einziger, Friedman, Manes, 2017).
#pragma once

#include <kvmark/core/random.hpp>

#include <vector>

namespace kvmark::cache {

/// A count-min sketch of four rows of 4-bit counters, each row as wide as the next power of two of the
/// capacity, with conservative update: only the smallest of a number's counters grow. After ten times the
/// capacity of notes all counters are halved, so that what was popular once is forgotten. 2 to 4 bytes for
/// each block of capacity.
class frequency_sketch {
public:
    static constexpr std::uint64_t notes_per_block = 10;
    static constexpr unsigned rows = 4;
    static constexpr unsigned largest = 15;

    frequency_sketch() = default;
    explicit frequency_sketch(std::uint64_t capacity) : sample_(notes_per_block * capacity) {
        std::uint64_t width = 16;
        while (width < capacity) width *= 2;
        mask_ = width - 1;
        words_.resize(width * rows / 16);
    }

    /// Whether it has room at all; a sketch without must not be asked or told.
    [[nodiscard]] bool empty() const { return words_.empty(); }
    [[nodiscard]] KVMARK_INLINE unsigned estimate(std::uint64_t number) const {
        const std::uint64_t hash = mix(number);
        unsigned least = largest;
        for (unsigned row = 0; row < rows; ++row) {
            const place at = place_of(hash, row);
            const auto count = static_cast<unsigned>(words_[at.word] >> at.shift & largest);
            if (count < least) least = count;
        }
        return least;
    }
    /// True when this note has halved the counters.
    KVMARK_INLINE bool note(std::uint64_t number) {
        const unsigned least = estimate(number);
        if (least < largest) {
            const std::uint64_t hash = mix(number);
            for (unsigned row = 0; row < rows; ++row) {
                const place at = place_of(hash, row);
                if ((words_[at.word] >> at.shift & largest) == least)
                    words_[at.word] += std::uint64_t{1} << at.shift;
            }
        }
        return count_note();
    }
    /// A note that the sketch need not keep, since it is kept elsewhere, but counts.
    KVMARK_INLINE bool count_note() {
        if (++notes_ < sample_) return false;
        halve();
        return true;
    }

private:
    struct place {
        std::size_t word;
        unsigned shift;
    };
    [[nodiscard]] KVMARK_INLINE place place_of(std::uint64_t hash, unsigned row) const {
        const std::uint64_t column = (hash + row * (hash >> 32 | 1)) & mask_;
        return {static_cast<std::size_t>(column / 4), static_cast<unsigned>((column % 4 * rows + row) * 4)};
    }
    KVMARK_COLD void halve() {
        for (std::uint64_t& word : words_) word = word >> 1 & 0x7777'7777'7777'7777u;
        notes_ /= 2;
    }

    std::vector<std::uint64_t> words_;
    std::uint64_t mask_ = 0;
    std::uint64_t sample_ = 0;
    std::uint64_t notes_ = 0;
};

} // namespace kvmark::cache

// The context of a made request: what is shared, then what is its own, and the numbers of its blocks.
#pragma once

#include <kvmark/core/distributions.hpp>
#include <kvmark/workload/synthetic_config.hpp>
#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// A whole number of tokens, at least 1 and at most `limit`.
[[nodiscard]] inline std::uint32_t draw_length(random_stream& draw, const lognormal& l, std::uint32_t limit) {
    const double length = draw_lognormal(draw, l.median, l.sigma);
    return length >= limit ? limit : length < 1 ? 1 : static_cast<std::uint32_t>(length);
}
[[nodiscard]] inline nanoseconds draw_time(random_stream& draw, const lognormal& l) {
    const double seconds = draw_lognormal(draw, l.median, l.sigma);
    return from_seconds(seconds < 1e8 ? seconds : 1e8);
}
/// 1, 2, ...: each is the last with the same chance, which makes the mean `mean` >= 1.
[[nodiscard]] inline std::uint64_t draw_geometric(random_stream& draw, double mean) {
    if (mean <= 1) return 1;
    return 1 + static_cast<std::uint64_t>(draw.exponential(1) / -__builtin_log1p(-1 / mean));
}

/// Tokens that open many contexts, always behind the same ones. Their full blocks are the same blocks
/// wherever they appear, and get their numbers when they first do.
struct shared_prefix {
    std::uint32_t tokens = 0;
    block_number first_block = no_block; ///< those that follow count up from it
};

/// Tokens in a row. A block that is full stays what it is while the context grows; the partial one at the end
/// is another block once more tokens are in it.
class synthetic_context {
public:
    void clear() {
        tokens_ = 0;
        blocks_.clear();
        partial_ = false;
    }
    [[nodiscard]] std::uint64_t tokens() const { return tokens_; }
    void append(std::uint64_t tokens) { tokens_ += tokens; }

    /// Precondition: all that is in the context is shared, and was appended by this.
    void append_shared(shared_prefix& p, std::uint64_t block_tokens, block_numbering& numbers) {
        tokens_ += p.tokens;
        const std::uint64_t full = tokens_ / block_tokens;
        if (p.first_block == no_block) {
            p.first_block = numbers.count();
            for (std::uint64_t i = blocks_.size(); i < full; ++i) static_cast<void>(numbers.fresh());
        }
        for (block_number b = p.first_block; blocks_.size() < full; ++b) blocks_.push_back(b);
    }

    /// Of all tokens, those new since the last time with new numbers. Valid until the context changes.
    [[nodiscard]] std::span<const block_number> blocks(std::uint64_t block_tokens, block_numbering& numbers) {
        if (partial_) blocks_.pop_back();
        const std::uint64_t all = (tokens_ + block_tokens - 1) / block_tokens;
        while (blocks_.size() < all) blocks_.push_back(numbers.fresh());
        partial_ = tokens_ % block_tokens != 0;
        return blocks_;
    }

private:
    std::uint64_t tokens_ = 0;
    std::vector<block_number> blocks_;
    bool partial_ = false; // whether the last of blocks_ is
};

} // namespace kvmark::workload

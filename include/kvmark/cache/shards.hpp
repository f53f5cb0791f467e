// The hit ratio of an LRU cache of every size from a sample of the blocks, with its error.
#pragma once

#include <kvmark/cache/depth_buckets.hpp>
#include <kvmark/cache/miss_ratio_curve.hpp>
#include <kvmark/core/key_index.hpp>

#include <array>

namespace kvmark::cache {

struct shards_config {
    double rate = 0.01;            ///< share of the blocks that is followed at first, 0 < rate <= 1
    std::uint32_t most_blocks = 0; ///< followed at once; the rate falls to keep to it. 0: no bound
    std::uint64_t seed = 1;        ///< of the choice
};

/// What a sample says of the curves. A hit counts wherever it is in its request: a sample of blocks knows no
/// prefixes.
struct sampled_curves {
    static constexpr std::size_t part_count = 8;

    miss_ratio_curve blocks;
    miss_ratio_curve tokens;                        ///< partial blocks by their tokens
    std::array<miss_ratio_curve, part_count> parts; ///< of blocks, each by an eighth of the sample
    double rate = 1;                                ///< at the end
    std::uint64_t sampled_references = 0;

    /// Half the width of the interval that holds the true hit ratio of blocks nineteen times in twenty: what
    /// the parts differ by (their standard error, by Student's t of 7 degrees of freedom), and what the curve
    /// moves within a standard deviation of a sampled distance, sqrt(capacity / rate).
    [[nodiscard]] double error(std::uint64_t capacity) const {
        constexpr double n = part_count;
        double mean = 0, squares = 0;
        for (const miss_ratio_curve& p : parts) mean += p.hit_ratio(capacity) / n;
        for (const miss_ratio_curve& p : parts) {
            const double d = p.hit_ratio(capacity) - mean;
            squares += d * d;
        }
        const double standard_error = __builtin_sqrt(squares / (n * (n - 1)));
        const auto c = static_cast<double>(capacity);
        const double blur = __builtin_sqrt(c / rate);
        const double below = c > blur ? c - blur : 0;
        return 2.365 * standard_error + (blocks.hit_ratio(static_cast<std::uint64_t>(c + blur)) -
                                         blocks.hit_ratio(static_cast<std::uint64_t>(below))) /
                                            2;
    }
};

/// SHARDS (Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC construction with SHARDS", USENIX FAST
/// 2015), with a fixed rate or a fixed size, and the correction of SHARDS-adj: a block is followed if its
/// hash is below a threshold, and its distances are divided by the rate. A bounded sample that is full lowers
/// its threshold by a sixteenth, not to its next hash, which makes room for many blocks in one sweep. The
/// same sample is also split by other bits of the hash in eight, each with a curve of its own.
///
/// Memory: 2 MiB, and about 100 bytes for each block that is followed. With `most_blocks` it is bounded
/// whatever the trace.
class shards {
public:
    explicit shards(const shards_config& c)
        : config_(c), salt_(mix(c.seed)), threshold_(threshold(c.rate)), rate_(c.rate) {}

    /// A request references its blocks, of `block` tokens each; `counts`: in the curves.
    KVMARK_INLINE void access(const workload::block_request& r, tokens block, bool counts) {
        if (counts) {
            references_ += r.blocks.size();
            tokens_ += workload::leading_tokens(r.input, block, r.blocks.size());
        }
        for (std::size_t i = 0; i < r.blocks.size(); ++i) {
            const std::uint64_t hash = mix(salt_ ^ r.blocks[i]);
            if (hash <= threshold_)
                follow(r.blocks[i], hash, counts ? workload::tokens_in_block(r.input, block, i) : 0);
        }
    }

    /// Blocks in the sample.
    [[nodiscard]] std::uint32_t followed() const { return whole_.stack.size(); }

    [[nodiscard]] sampled_curves finish() const {
        sampled_curves c;
        c.rate = rate_;
        c.sampled_references = sampled_;
        c.blocks = curve(whole_, &sums::references, references_);
        c.tokens = curve(whole_, &sums::tokens, tokens_);
        for (std::size_t p = 0; p < part_count; ++p)
            c.parts[p] = curve(parts_[p], &sums::references, references_);
        return c;
    }

private:
    using buckets = depth_buckets<8>;
    static constexpr std::size_t part_count = sampled_curves::part_count;

    /// References and tokens that the sampled ones stand for.
    struct sums {
        double references = 0;
        double tokens = 0;
    };
    struct sample {
        stack_distance stack;
        std::vector<sums> by_depth = std::vector<sums>(buckets::count);
        sums all;

        void access(std::uint32_t slot, double rate, std::uint64_t tokens) {
            const std::uint32_t distance = stack.access(slot);
            if (tokens == 0) return; // not counted
            const sums stands_for{1 / rate, static_cast<double>(tokens) / rate};
            all.references += stands_for.references;
            all.tokens += stands_for.tokens;
            if (distance == stack_distance::cold) return;
            // The block itself is there for certain, the others by the rate.
            const double depth = 1 + (distance - 1) / rate;
            const std::uint32_t bucket =
                depth < 0x1p34 ? buckets::of(static_cast<std::uint64_t>(depth)) : buckets::count - 1;
            by_depth[bucket].references += stands_for.references;
            by_depth[bucket].tokens += stands_for.tokens;
        }
    };
    struct followed_block {
        std::uint64_t hash = 0;
        workload::block_number block = workload::no_block; ///< no_block: the slot is free
    };

    [[nodiscard]] static std::uint64_t threshold(double rate) {
        return rate >= 1 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(rate * 0x1p64);
    }
    [[nodiscard]] sample& part_of(std::uint64_t hash) { return parts_[hash % part_count]; }

    void follow(workload::block_number block, std::uint64_t hash, std::uint64_t tokens) {
        const auto known = index_.find(block);
        const std::uint32_t slot = known ? *known : take_slot(block, hash);
        sampled_ += tokens != 0;
        whole_.access(slot, rate_, tokens);
        part_of(hash).access(slot, rate_ / part_count, tokens);
        if (config_.most_blocks != 0 && whole_.stack.size() > config_.most_blocks) thin_out();
    }

    std::uint32_t take_slot(workload::block_number block, std::uint64_t hash) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(slots_.size()));
            slots_.emplace_back();
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        slots_[slot] = {hash, block};
        index_.insert(block, slot);
        return slot;
    }

    KVMARK_COLD void thin_out() {
        while (whole_.stack.size() > config_.most_blocks) {
            threshold_ -= threshold_ / 16;
            rate_ = static_cast<double>(threshold_) * 0x1p-64;
            for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
                followed_block& f = slots_[slot];
                if (f.block == workload::no_block || f.hash <= threshold_) continue;
                whole_.stack.forget(slot);
                part_of(f.hash).stack.forget(slot);
                index_.erase(f.block);
                f.block = workload::no_block;
                free_.push_back(slot);
            }
        }
    }

    /// SHARDS-adj: what the sample stands for too much or too little of is taken for hits at distance 1, as
    /// a very popular block that was or was not chosen has most of the blame.
    [[nodiscard]] static miss_ratio_curve curve(const sample& s, double sums::*what, std::uint64_t all) {
        const auto most = static_cast<double>(all);
        double sum = most - s.all.*what;
        std::vector<miss_ratio_curve::step> steps;
        const auto add = [&](std::uint64_t capacity) {
            const double hits = sum < 0 ? 0 : sum < most ? sum : most;
            steps.push_back({capacity, static_cast<std::uint64_t>(hits + 0.5)});
        };
        if (sum > 0) add(1);
        for (std::uint32_t b = 0; b < buckets::count; ++b) {
            if (s.by_depth[b].*what == 0) continue;
            sum += s.by_depth[b].*what;
            add(buckets::largest(b));
        }
        return {std::move(steps), all};
    }

    shards_config config_;
    std::uint64_t salt_;
    std::uint64_t threshold_;
    double rate_; // threshold_ as a share
    std::uint64_t references_ = 0, tokens_ = 0, sampled_ = 0;
    key_index index_; // of the blocks that are followed
    std::vector<followed_block> slots_;
    std::vector<std::uint32_t> free_;
    sample whole_;
    std::array<sample, part_count> parts_;
};

/// The curves of a trace. Requests before number `warmup` are played and not counted.
[[nodiscard]] inline sampled_curves sample_curves(const workload::block_trace& trace, const shards_config& c,
                                                  std::uint64_t warmup = 0) {
    shards sampling(c);
    workload::block_trace::cursor at(trace);
    workload::block_request r;
    while (at.next(r)) sampling.access(r, trace.block_tokens(), r.id >= warmup);
    return sampling.finish();
}

} // namespace kvmark::cache

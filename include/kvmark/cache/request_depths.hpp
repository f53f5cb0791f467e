// How deep in the LRU stack the blocks of each request lie.
#pragma once

#include <kvmark/cache/depth_buckets.hpp>
#include <kvmark/cache/stack_distance.hpp>

namespace kvmark::cache {

/// The distances of the requests of a trace, so that any stack of LRU tiers can be asked what each request
/// loads from where, without another pass. Depths are gathered in buckets and equal neighbours in runs: a
/// shared prefix is one run. Memory: 16 bytes for each request that is kept and 12 for each of its runs.
class request_depths {
public:
    using buckets = depth_buckets<5>;

    struct request {
        std::uint32_t first_run = 0;
        std::uint32_t runs = 0;   ///< up to its first block that was never seen
        std::uint64_t tokens = 0; ///< of all its blocks
    };

    /// Requests before number `warmup` are played and not kept; where more than `most` follow, every second,
    /// third or nth is kept.
    explicit request_depths(const workload::block_trace& trace, std::uint64_t warmup = 0,
                            std::uint64_t most = 50'000) {
        const std::uint64_t measured = trace.requests() > warmup ? trace.requests() - warmup : 0;
        const std::uint64_t stride = measured > most ? (measured + most - 1) / most : 1;
        for_each_stack_distance(trace, [&](const workload::block_request& r,
                                           std::span<const std::uint32_t> distances) {
            if (distances.size() > longest_) longest_ = distances.size();
            if (r.id < warmup || (r.id - warmup) % stride != 0) return;
            requests_.push_back({static_cast<std::uint32_t>(runs_.size()), 0,
                                 workload::leading_tokens(r.input, trace.block_tokens(), distances.size())});
            for (std::size_t i = 0; i < distances.size() && distances[i] != stack_distance::cold; ++i)
                add_block(distances[i], workload::tokens_in_block(r.input, trace.block_tokens(), i));
        });
    }

    [[nodiscard]] std::size_t size() const { return requests_.size(); }
    /// The bucket of the largest distance; 0 where no block comes twice.
    [[nodiscard]] std::uint32_t largest_bucket() const { return largest_; }

    /// Blocks of the longest request.
    [[nodiscard]] std::size_t longest() const { return longest_; }

    /// Calls visit(request) until it returns false; whether it never did.
    template <class Visit>
    KVMARK_INLINE bool for_each(Visit&& visit) const {
        for (const request& r : requests_)
            if (!visit(r)) return false;
        return true;
    }

    /// Calls load(tier, blocks) for the runs of the request's longest prefix in a stack that holds the
    /// buckets up to last[t] in tier t or one above; the tokens of that prefix.
    template <class Load>
    KVMARK_INLINE std::uint64_t loads(const request& r, std::span<const std::uint32_t> last,
                                      Load&& load) const {
        std::uint64_t tokens = 0;
        for (std::uint32_t i = r.first_run; i < r.first_run + r.runs; ++i) {
            const run& next = runs_[i];
            std::size_t tier = 0;
            while (tier < last.size() && next.bucket > last[tier]) ++tier;
            if (tier == last.size()) break;
            load(tier, next.blocks);
            tokens += next.tokens;
        }
        return tokens;
    }

private:
    struct run {
        std::uint32_t bucket = 0;
        std::uint32_t blocks = 0;
        std::uint32_t tokens = 0;
    };

    void add_block(std::uint32_t distance, std::uint64_t tokens) {
        const std::uint32_t bucket = buckets::of(distance);
        if (bucket > largest_) largest_ = bucket;
        request& r = requests_.back();
        if (r.runs == 0 || runs_.back().bucket != bucket) {
            runs_.push_back({bucket, 0, 0});
            ++r.runs;
        }
        ++runs_.back().blocks;
        runs_.back().tokens += static_cast<std::uint32_t>(tokens);
    }

    std::vector<request> requests_;
    std::vector<run> runs_;
    std::uint32_t largest_ = 0;
    std::size_t longest_ = 0;
};

} // namespace kvmark::cache

// The cheapest stack of tiers whose time to first token meets a target.
#pragma once

#include <kvmark/cache/request_depths.hpp>

#include <limits>

namespace kvmark::cache {

/// A tier that can be bought in any size.
struct tier_offer {
    bool offered = true; ///< false: the stack has none
    double price_per_gib = 0;
    nanoseconds latency{};
    double bytes_per_second = 0; ///< of loads; 0: they take the latency alone
};

struct plan_question {
    std::vector<tier_offer> tiers; ///< fastest first, at most eight
    bytes block{};
    std::uint64_t least_blocks = 1;       ///< a tier that is there holds so many
    double prefill_tokens_per_second = 0; ///< 0: it takes no time
    nanoseconds target{};                 ///< of the time to first token
    double percentile = 95;               ///< 0..100: so many percent of the requests must meet it
};

struct stack_plan {
    bool meets_target = false;
    std::vector<std::uint64_t> capacity; ///< blocks, by tier
    double price = 0;
    nanoseconds ttft{};              ///< at the percentile
    std::vector<std::uint64_t> read; ///< blocks that the requests load, by tier
};

/// Searches the sizes of the tiers. The model: blocks are promoted when hit and demoted when evicted, by LRU,
/// so the stack is one LRU list, and a block is loaded from the tier in which its depth falls. A request's
/// TTFT is the slowest of its tiers (latency + bytes / bandwidth), which load side by side, and then the
/// prefill of what is not loaded, at least one token. Nobody queues.
class stack_search {
public:
    stack_search(const request_depths& requests, const plan_question& question)
        : requests_(requests), tiers_(question.tiers), target_(question.target),
          least_blocks_(question.least_blocks) {
        const auto n = static_cast<double>(requests.size());
        const auto must = static_cast<std::uint64_t>(__builtin_ceil(n * question.percentile / 100 - 1e-9));
        may_fail_ = requests.size() - must;
        if (question.prefill_tokens_per_second > 0) token_ns_ = 1e9 / question.prefill_tokens_per_second;
        for (const tier_offer& t : tiers_) {
            const auto size = static_cast<double>(question.block.count);
            block_ns_.push_back(t.bytes_per_second > 0 ? size / t.bytes_per_second * 1e9 : 0);
            block_price_.push_back(t.price_per_gib * to_gib(question.block));
        }
    }

    /// The cheapest stack that meets the target; where none does, the cheapest of the fastest. First on a
    /// grid of four sizes for each power of two, or all of them where they are few, then between its lines
    /// on one of 32.
    [[nodiscard]] stack_plan find() {
        const std::uint32_t largest = requests_.largest_bucket();
        const std::uint32_t first = largest > octaves ? largest - octaves : 0;
        const std::uint32_t step = (largest - first) / most_lines + 1;
        std::vector<std::uint32_t> line;
        for (std::uint32_t b = largest; b > first; b = b - first > step ? b - step : first)
            line.insert(line.begin(), b);
        grid_.assign(tiers_.size(), line);

        stack_plan plan;
        std::vector<std::uint32_t> found = cheapest(target_);
        plan.meets_target = !found.empty();
        nanoseconds limit = target_;
        if (found.empty()) {
            limit = fastest();
            found = cheapest(limit);
        }
        refine(found, step);
        if (const std::vector<std::uint32_t> better = cheapest(limit); !better.empty()) found = better;

        std::uint64_t above = 0;
        for (std::size_t t = 0; t < found.size(); ++t) {
            plan.capacity.push_back(buckets::largest(found[t]) - above);
            plan.price += static_cast<double>(plan.capacity[t]) * block_price_[t];
            above = buckets::largest(found[t]);
        }
        plan.ttft = percentile_of(found);
        plan.read.resize(tiers_.size());
        requests_.for_each([&](const request_depths::request& r) {
            requests_.loads(r, found, [&](std::size_t t, std::uint32_t blocks) { plan.read[t] += blocks; });
            return true;
        });
        return plan;
    }

private:
    using buckets = request_depths::buckets;
    using bounds = std::vector<std::uint32_t>; ///< by tier: the last bucket that it or one above holds
    static constexpr std::uint32_t octaves = 12 * buckets::per_octave; ///< that the grid spans
    static constexpr std::uint32_t most_lines = 48;

    [[nodiscard]] double ttft_ns(const request_depths::request& r, const bounds& b) const {
        std::uint32_t blocks[8] = {};
        const std::uint64_t loaded =
            requests_.loads(r, b, [&](std::size_t t, std::uint32_t n) { blocks[t] += n; });
        double load = 0;
        for (std::size_t t = 0; t < tiers_.size(); ++t) {
            if (blocks[t] == 0) continue;
            const double ns = static_cast<double>(tiers_[t].latency.count) + blocks[t] * block_ns_[t];
            if (ns > load) load = ns;
        }
        const std::uint64_t computed = r.tokens > loaded ? r.tokens - loaded : 1;
        return load + static_cast<double>(computed) * token_ns_;
    }

    [[nodiscard]] bool meets(const bounds& b, nanoseconds limit) const {
        std::uint64_t failed = 0;
        return requests_.for_each([&](const request_depths::request& r) {
            failed += ttft_ns(r, b) > static_cast<double>(limit.count);
            return failed <= may_fail_;
        });
    }
    /// The smallest limit that it meets.
    [[nodiscard]] nanoseconds percentile_of(const bounds& b) const {
        nanoseconds low{-1}, high{1};
        while (!meets(b, high)) high = high * 2;
        while ((high - low).count > 1) {
            const nanoseconds middle = low + (high - low) / 2;
            (meets(b, middle) ? high : low) = middle;
        }
        return high;
    }

    /// Calls visit(bounds, price) for the stacks of the grid; `true` skips those that only have more in the
    /// last tier.
    template <class Visit>
    void for_each_stack(bounds& b, double price, Visit& visit) const {
        const std::size_t t = b.size();
        const std::uint32_t above = t == 0 ? 0 : b.back();
        const auto go_deeper = [&](std::uint32_t bound) {
            const auto blocks = static_cast<double>(buckets::largest(bound) - buckets::largest(above));
            const double sum = price + blocks * block_price_[t];
            b.push_back(bound);
            const bool enough =
                t + 1 == tiers_.size() ? visit(b, sum) : (for_each_stack(b, sum, visit), false);
            b.pop_back();
            return enough;
        };
        if (go_deeper(above) || !tiers_[t].offered) return; // without this tier
        for (const std::uint32_t bound : grid_[t])
            if (bound > above && buckets::largest(bound) - buckets::largest(above) >= least_blocks_ &&
                go_deeper(bound))
                return;
    }

    [[nodiscard]] bounds cheapest(nanoseconds limit) const {
        bounds best, b;
        double least = std::numeric_limits<double>::infinity();
        auto visit = [&](const bounds& stack, double price) {
            if (price >= least) return true;
            if (!meets(stack, limit)) return false;
            least = price;
            best = stack;
            return true;
        };
        for_each_stack(b, 0, visit);
        return best;
    }
    /// The least percentile of all stacks.
    [[nodiscard]] nanoseconds fastest() const {
        nanoseconds least{INT64_MAX};
        bounds b;
        auto visit = [&](const bounds& stack, double) {
            if (meets(stack, least - nanoseconds(1))) least = percentile_of(stack);
            return false;
        };
        for_each_stack(b, 0, visit);
        return least;
    }

    /// A finer grid around a stack.
    void refine(const bounds& around, std::uint32_t step) {
        for (std::size_t t = 0; t < around.size(); ++t) {
            grid_[t].clear();
            const std::uint32_t first = around[t] > step ? around[t] - step : 0;
            for (std::uint32_t b = first; b < around[t] + step && b <= requests_.largest_bucket(); ++b)
                grid_[t].push_back(b);
        }
    }

    const request_depths& requests_;
    std::vector<tier_offer> tiers_;
    nanoseconds target_;
    std::uint64_t least_blocks_;
    std::uint64_t may_fail_ = 0;
    double token_ns_ = 0;
    std::vector<double> block_ns_; // to load one, by tier
    std::vector<double> block_price_;
    std::vector<std::vector<std::uint32_t>> grid_;
};

} // namespace kvmark::cache

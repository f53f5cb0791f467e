// A made trace of conversations, played through caches of three sizes: how many of its tokens need not be
// computed again.
#include <kvmark/kvmark.hpp>
#include <kvmark/workload/synthetic_blocks.hpp>

#include <cstdio>

namespace workload = kvmark::workload;
namespace cache = kvmark::cache;

int main() {
    workload::synthetic_config config = *workload::synthetic_by_name("conversations");
    config.seed = 42;
    config.requests = 20'000;
    config.session_rate = 2; // new conversations per second
    const workload::block_trace trace = workload::make_synthetic(config);
    std::printf("%llu requests in %u conversations, %llu blocks of %llu tokens\n",
                static_cast<unsigned long long>(trace.requests()), trace.header().sessions,
                static_cast<unsigned long long>(trace.distinct_blocks()),
                static_cast<unsigned long long>(trace.block_tokens().count));

    for (const std::uint64_t capacity : {2'000, 8'000, 32'000}) {
        cache::block_cache<cache::lru> lru({.capacity = {capacity}}, trace.distinct_blocks());
        cache::replay_counts counts;
        cache::counting_sink sink{counts};
        workload::block_replay requests(trace, {});
        while (const auto r = requests.next()) {
            const cache::block_hits hits = lru.serve({.blocks = r->blocks, .arrival = r->arrival}, sink);
            cache::count_request(counts, *r, requests.block_tokens(), hits);
        }
        std::printf(
            "%6llu blocks: %4.1f %% of the tokens are hits\n", static_cast<unsigned long long>(capacity),
            100.0 * static_cast<double>(counts.hit_tokens) / static_cast<double>(counts.measured_tokens));
    }
}

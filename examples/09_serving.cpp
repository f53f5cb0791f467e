// A serving cache: conversations of growing prompts against host memory and a directory.
#include <kvmark/cache/s3fifo.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/workload/synthetic_blocks.hpp>

#include <cstdio>

int main() {
    using namespace kvmark;
    using stack = tier::stack<tier::host, tier::direct_file>;
    benchmark<exec::serial, launch::none, stack, access::prefix_blocks<cache::s3fifo>> bench{
        {.seed = 1, .serving = {.capacity_blocks = {16, 200}, .kv_bytes_per_token = 1024}}};

    auto kind = workload::synthetic_by_name("conversations");
    kind->requests = 200;
    kind->block_tokens = tokens(256);
    workload::block_replay source(workload::make_synthetic(*kind), {.speedup = 0});
    measure::no_observer nobody;
    const auto report = bench.run_from(source, nobody);
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        return 1;
    }
    const cache::replay_counts& c = report->serving->counts;
    std::printf("%llu requests, %llu of %llu blocks hit\n", static_cast<unsigned long long>(c.requests),
                static_cast<unsigned long long>(c.hit_blocks_prefix),
                static_cast<unsigned long long>(c.block_refs));
    for (std::size_t t = 0; t < stack::size; ++t)
        std::printf("%-12s %llu blocks loaded\n", report->tiers[t].name.c_str(),
                    static_cast<unsigned long long>(c.tiers[t].read));
    return report->clean() ? 0 : 1;
}

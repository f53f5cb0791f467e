// GPU memory over host memory over files: what falls from each tier, and that every byte comes back. Needs no
// CUDA to build; where there is no GPU to use, run() says why.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/cuda.hpp>

#include <cstdio>

using kvmark::tier::cuda, kvmark::tier::host, kvmark::tier::direct_file;

int main() {
    kvmark::benchmark<kvmark::exec::local, kvmark::launch::none, kvmark::tier::stack<cuda, host, direct_file>>
        bench{{.model = kvmark::models::tiny_1b,
               .num_users = 4,
               .duration = 2,
               .gpu_mem_gb = 0.2,
               .cpu_mem_gb = 0.2,
               .generation_mode = kvmark::generation_mode::none,
               .seed = 42,
               .storage_capacity_gb = 0.5}};
    const auto report = bench.run();
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        return 1;
    }
    for (const auto& tier : report->tiers)
        std::printf("%-12s read %6.2f GiB/s, write %6.2f GiB/s, %llu entries fell into it\n",
                    tier.name.c_str(), kvmark::to_gib(tier.read.moved) / kvmark::to_seconds(report->elapsed),
                    kvmark::to_gib(tier.write.moved) / kvmark::to_seconds(report->elapsed),
                    static_cast<unsigned long long>(tier.demotions_in));
    std::printf("%s\n", report->clean() ? "every byte read was as written" : "some bytes were lost");
    return report->clean() ? 0 : 1;
}

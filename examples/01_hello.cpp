// The smallest benchmark: ten users of a small model, on host memory and a real file system, for two seconds.
#include <kvmark/kvmark.hpp>

#include <cstdio>

int main() {
    kvmark::benchmark<> bench{{.model = kvmark::models::tiny_1b,
                               .num_users = 10,
                               .duration = 2,
                               .cpu_mem_gb = 0.5,
                               .generation_mode = kvmark::generation_mode::none,
                               .seed = 42,
                               .storage_capacity_gb = 1}};

    const auto report = bench.run();
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        return 1;
    }
    std::printf("%llu requests in %.0f s\n", static_cast<unsigned long long>(report->requests_completed),
                kvmark::to_seconds(report->elapsed));
    for (const auto& tier : report->tiers)
        std::printf("%-12s read %6.2f GiB/s, write %6.2f GiB/s\n", tier.name.c_str(),
                    kvmark::to_gib(tier.read.moved) / kvmark::to_seconds(report->elapsed),
                    kvmark::to_gib(tier.write.moved) / kvmark::to_seconds(report->elapsed));
    return report->clean() ? 0 : 1;
}

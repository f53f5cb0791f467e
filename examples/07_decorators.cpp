// Decorators: a disk of known speed, on which two reads in a hundred fail and two in a hundred flip a bit.
// The report knows of every one of them.
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/faulty.hpp>
#include <kvmark/tier/throttled.hpp>

#include <cstdio>

using disk = kvmark::tier::throttled<kvmark::tier::faulty<kvmark::tier::direct_file>>;

int main() {
    constexpr double rate = 400e6;
    kvmark::tier::fault_counts injected; // outlives the run, which owns its tiers
    const disk::config config{
        .read = {.bytes_per_second = rate},
        .write = {.bytes_per_second = rate, .latency = kvmark::nanoseconds(100'000)},
        .inner = {.odds = {.read = {.error = 0.02, .corrupt = 0.02}}, .seed = 42, .counts = &injected}};

    kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, kvmark::tier::stack<disk>> bench{
        {.model = kvmark::models::tiny_1b,
         .num_users = 10,
         .duration = 2,
         .generation_mode = kvmark::generation_mode::none,
         .seed = 42,
         .storage_capacity_gb = 1},
        {config}};
    const auto report = bench.run();
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        return 1;
    }

    const auto& storage = report->tiers[0];
    const double moved = static_cast<double>((storage.read.moved + storage.write.moved).count);
    const double most = rate * kvmark::to_seconds(report->elapsed + disk::burst);
    std::printf("%s\n", storage.name.c_str());
    std::printf("the rate was %s\n", moved <= most ? "kept" : "exceeded");
    std::printf("errors: %s\n", report->failed_operations == injected.failures() ? "all reported" : "lost");
    std::printf("flipped bits: %s\n",
                report->corrupt_sectors == injected.read.corrupt ? "all found" : "lost");
    return injected.failures() > 0 && injected.read.corrupt > 0 ? 0 : 1;
}

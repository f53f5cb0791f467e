// The microbenchmark of one tier: blocks at random places, at several depths, reads and writes; every block
// is checked. Whatever models blocking_tier can stand where direct_file stands.
#include <kvmark/benchmark/block_benchmark.hpp>
#include <kvmark/tier/direct_file.hpp>

#include <cstdio>

int main() {
    using namespace kvmark;
    block_benchmark<tier::direct_file> bench(
        {.io_chunk = bytes(mib_bytes), .cache_dir = "/var/tmp/kvmark-example"}, bytes(256 * mib_bytes),
        verify_mode::full);
    if (const auto opened = bench.open(); !opened) {
        std::fprintf(stderr, "%s\n", opened.error().message.c_str());
        return 1;
    }
    const std::atomic<bool> stop{false};
    bool good = true;
    for (const std::uint32_t depth : {1u, 4u})
        for (const int read_percent : {100, 0}) {
            const auto r = bench.measure({.block = bytes(128 * kib_bytes),
                                          .depth = depth,
                                          .read_percent = read_percent,
                                          .duration = from_seconds(0.5)},
                                         stop);
            if (!r) {
                std::fprintf(stderr, "%s\n", r.error().message.c_str());
                return 1;
            }
            const measure::histogram& latency = read_percent == 100 ? r->read_latency : r->write_latency;
            std::printf("%s, depth %u: %6.3f GiB/s, P50 %6.1f us, P99 %6.1f us\n",
                        read_percent == 100 ? "read " : "write", depth,
                        r->bytes_per_second() / static_cast<double>(gib_bytes),
                        static_cast<double>(latency.quantile(0.5).count) / 1e3,
                        static_cast<double>(latency.quantile(0.99).count) / 1e3);
            good = good && r->errors == 0 && r->corrupt_sectors == 0;
        }
    std::printf("every block %s\n", good ? "came back as written" : "did not come back as written");
    return good ? 0 : 1;
}

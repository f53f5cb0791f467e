// What the index of a cache of blocks takes in memory, and what it decides in a second, as it grows to what
// fits this machine. Hypothesis: 1 byte for where a block is and 8 for its links, whatever the size, so a
// billion resident blocks take 9 GiB; beyond the processor's caches a reference is a few misses, so the rate
// falls to some millions/s and stays there.
//
//     index_scale [LARGEST] [MILLIONS]
//
// LARGEST (100,000,000): resident blocks of the last row; the rows before have a tenth each. Every row fills
// an LRU cache, evicts a tenth of it, then plays MILLIONS (20) of references, as many as it has blocks at
// most: half hit, at random places, half are new blocks. Memory is what the kernel counts as resident.
#include <kvmark/kvmark.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace kvmark;

namespace {

double resident_bytes() {
    std::FILE* status = std::fopen("/proc/self/statm", "r");
    unsigned long long pages = 0;
    if (status == nullptr || std::fscanf(status, "%*u %llu", &pages) != 1) pages = 0;
    if (status != nullptr) std::fclose(status);
    return static_cast<double>(pages) * 4096;
}

struct nothing {
    void read(cache::block_number, unsigned) {}
    void write(cache::block_number, unsigned) {}
    void move(cache::block_number, unsigned, unsigned) {}
    void drop(cache::block_number, unsigned) {}
};

void measure_index(std::uint64_t capacity, std::uint64_t references) {
    const double before = resident_bytes();
    const std::uint64_t evicted = capacity / 10, numbers = capacity + evicted + references / 2 + 32;
    cache::block_cache<cache::lru> index({.capacity = {capacity}}, numbers);
    nothing sink;
    std::array<cache::block_number, 32> request{};
    cache::block_number fresh = 0;
    const auto serve_new = [&] {
        for (cache::block_number& b : request) b = fresh++;
        static_cast<void>(index.serve({.blocks = request}, sink));
    };
    const nanoseconds begin = clocks::monotonic_now();
    while (fresh < capacity + evicted) serve_new();
    const nanoseconds filled = clocks::monotonic_now();

    random_stream draw(1);
    std::uint64_t hits = 0;
    for (std::uint64_t played = 0; played < references; played += 2 * request.size()) {
        const std::uint64_t oldest = fresh - capacity / 2; // the newer half is surely there
        for (cache::block_number& b : request)
            b = static_cast<cache::block_number>(oldest + draw.next() % (capacity / 2));
        hits += index.serve({.blocks = request}, sink).any;
        serve_new();
    }
    const nanoseconds end = clocks::monotonic_now();
    std::printf("%14llu %16.1f %14.1f %16.1f %10.1f %%\n",
                static_cast<unsigned long long>(index.blocks_in(0)),
                (resident_bytes() - before) / static_cast<double>(index.blocks_in(0)),
                static_cast<double>(capacity + evicted) / to_seconds(filled - begin) / 1e6,
                static_cast<double>(references) / to_seconds(end - filled) / 1e6,
                200.0 * static_cast<double>(hits) / static_cast<double>(references));
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const std::uint64_t largest = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000'000;
    const std::uint64_t references = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20) * 1'000'000;
    std::printf("%14s %16s %14s %16s %12s\n", "resident", "bytes per block", "filled M/s", "references M/s",
                "hits of half");
    for (std::uint64_t capacity : {largest / 100, largest / 10, largest})
        measure_index(capacity, references < capacity ? references : capacity);
    return 0;
}

// What a 4 KiB read costs in software, through uring_file's queue, raw liburing and pread, on a page-cached
// file, where the device costs nothing.
// Hypothesis: the queue adds a slot's state and a borrowed file part to what one writes by hand, some 50 ns,
// so it stays within 15 % of raw liburing at depth 1 and 32. What was seen stands in docs/measuring.md.
#include "raw_liburing.hpp"
#include "support/count_allocations.hpp"

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/tier/slab.hpp>
#include <kvmark/tier/uring_file.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

using namespace kvmark;

namespace {

constexpr bytes block{4096}, file_size{64 * mib_bytes}, chunk{mib_bytes};
constexpr std::uint64_t count = 200'000;
constexpr std::size_t rounds = 9;

/// uring_file on a slab that goes through the page cache.
class cached_uring_file : public tier::basic_uring_file<tier::slab> {
public:
    KVMARK_COLD result<void> open(const tier::tier_setup& setup) {
        return this->layout().open(setup, tier::page_cache::used);
    }
};

/// Reads `count` blocks through a queue that is open.
template <class Queue>
bool read_blocks(Queue& queue, std::span<std::byte> memory, std::uint32_t depth, random_stream& draw) {
    bool good = true;
    std::uint64_t begun = 0, done = 0;
    const auto begin = [&](std::uint32_t slot) {
        const bytes at = block * (draw.next() % (file_size.count / block.count));
        queue.read(slot, 0, at, memory.subspan(slot * block.count, block.count));
        ++begun;
    };
    for (std::uint32_t slot = 0; slot < depth; ++slot) begin(slot);
    while (done < count) {
        queue.wait();
        queue.reap([&](std::uint32_t slot, tier::io_status status) {
            good = good && status.good();
            ++done;
            if (begun < count) begin(slot);
        });
    }
    return good;
}

template <class F>
double ns_per_op(F&& f) {
    const nanoseconds start = clocks::monotonic_now();
    if (!f()) std::exit(1);
    return static_cast<double>((clocks::monotonic_now() - start).count) / static_cast<double>(count);
}

void print(const char* what, std::uint32_t depth, std::array<double, rounds> figures, double peer) {
    std::sort(figures.begin(), figures.end());
    const double median = figures[rounds / 2];
    std::printf("%-16s depth %2u %7.0f ns/op, spread %5.0f to %5.0f, %5.3f x raw liburing\n", what, depth,
                median, figures.front(), figures.back(), median / peer);
}

} // namespace

int main() {
    cached_uring_file tier;
    const tier::tier_setup setup{
        .limit = file_size, .io_chunk = chunk, .cache_dir = "/var/tmp/kvmark-software-cost"};
    if (!tier.can_queue(setup)) {
        std::printf("SKIPPED: %s\n", tier.note().c_str());
        return 0;
    }
    if (!tier.open(setup) || !tier.create(0, file_size).good()) return 1;
    const huge_page_buffer memory(chunk);
    memory.touch(chunk);
    for (bytes at{}; at < file_size; at += chunk)
        if (!tier.write(0, at, memory.span()).good()) return 1;
    const int fd = tier.layout().only_fd();

    for (const std::uint32_t depth : {1u, 32u}) {
        std::array<double, rounds> raws{}, queues{}, preads{};
        cached_uring_file::queue queue;
        if (!queue.open(tier, depth, memory.span())) return 1;
        std::uint64_t allocated = 0;
        for (std::size_t r = 0; r < rounds; ++r) {
            random_stream draw(1, r), same(1, r), third(1, r);
            const auto place = [&](random_stream& d) {
                return d.next() % (file_size.count / block.count) * block.count;
            };
            raws[r] = ns_per_op([&] {
                return raw::read_blocks(fd, reinterpret_cast<char*>(memory.data()), block.count, depth, count,
                                        [&] { return place(draw); });
            });
            const std::uint64_t before = test::allocations;
            queues[r] = ns_per_op([&] { return read_blocks(queue, memory.span(), depth, same); });
            if (r > 0) allocated += test::allocations - before;
            preads[r] = ns_per_op([&] {
                bool good = true;
                for (std::uint64_t i = 0; i < count; ++i)
                    good = good && tier.read(0, bytes(place(third)), memory.span().first(block.count)).good();
                return good;
            });
        }
        auto sorted = raws;
        std::sort(sorted.begin(), sorted.end());
        const double peer = sorted[rounds / 2];
        print("raw liburing", depth, raws, peer);
        print("uring_file", depth, queues, peer);
        print("pread", depth, preads, peer);
        std::printf("%-16s depth %2u %7.6f allocations per op\n", "uring_file", depth,
                    static_cast<double>(allocated) / static_cast<double>(count * (rounds - 1)));
    }
    return 0;
}

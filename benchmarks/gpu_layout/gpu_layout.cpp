// Moving KV blocks between the paged cache of a server and contiguous memory, by the layout kernels, beside a
// plain copy of as many bytes on the same GPU and beside a copy for each page. The cache is that of
// llama3.1-70b: 80 planes of 64 KiB pages, a block 16 tokens, 5 MiB.
// Hypothesis: gather has enough loads under way to move at least 0.8 of the bytes that cuMemcpyDtoD moves; a
// copy for each page is bound by what starting a copy costs, so gathering first and copying once is faster by
// far, though the bytes move twice. Found: nothing yet; it was only run on the stand-in
// (docs/layout_kernels.md).
//
// Times are those of events on the GPU. Without a GPU it says why, and exits with 77.
#include <kvmark/core/buffer.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/gpu/layout_kernels.hpp>
#include <kvmark/gpu/page_copies.hpp>
#include <kvmark/model/presets.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string_view>

using namespace kvmark;

namespace {

constexpr model::geometry geometry = models::llama3_1_70b_instruct;
constexpr tokens block_tokens{16};
constexpr bytes block_size = geometry.per_token() * block_tokens.count;
constexpr bytes page_size = block_size / geometry.layers;
constexpr std::size_t rounds = 15;

void require(const result<void>& done) {
    if (done) return;
    std::printf("%s\n", done.error().message.c_str());
    std::exit(1);
}
template <class T>
T require(result<T> made) {
    if (made) return std::move(*made);
    std::printf("%s\n", made.error().message.c_str());
    std::exit(1);
}

/// A GPU with a cache of which every `numbers` is a page, and as much contiguous memory on both sides.
struct machine {
    machine(const gpu::driver& d, std::uint32_t blocks_, std::uint32_t pages)
        : card(require(gpu::device::open(d, 0))), blocks(blocks_), size(block_size * blocks_) {
        std::vector<gpu::device_address> addresses;
        for (std::uint32_t layer = 0; layer < geometry.layers; ++layer) {
            planes.push_back(require(gpu::device_memory::allocate(card, page_size * pages)));
            addresses.push_back(planes.back().address());
        }
        cache = require(gpu::paged_cache::describe(card, addresses, page_size, pages));
        packed = require(gpu::device_memory::allocate(card, size));
        copied = require(gpu::device_memory::allocate(card, size));

        // Pages in no order, as in a server that has run for a while.
        std::vector<std::uint32_t> all(pages);
        std::iota(all.begin(), all.end(), 0u);
        random_stream draw(1);
        for (std::size_t left = pages; left > 1; --left)
            std::swap(all[left - 1], all[draw.uniform_int(0, left - 1)]);
        numbers.assign(all.begin(), all.begin() + blocks);
        numbers_there = require(gpu::upload(card, std::as_bytes(std::span(numbers))));

        host.touch(size);
        pinned = require(gpu::pinned_memory::pin(card, host.span()));
    }

    gpu::device card;
    const std::uint32_t blocks;
    const bytes size; ///< of all blocks
    gpu::owned_stream order = require(gpu::make_stream(card));
    gpu::owned_event begin = require(gpu::make_event(card, 0)), end = require(gpu::make_event(card, 0));
    gpu::layout_kernels kernels = require(gpu::layout_kernels::load(card));
    std::vector<gpu::device_memory> planes{};
    gpu::paged_cache cache{};
    gpu::device_memory packed{}, copied{};
    std::vector<std::uint32_t> numbers{};
    gpu::device_memory numbers_there{};
    huge_page_buffer host{size};
    gpu::pinned_memory pinned{};

    void check(gpu::status s) const {
        if (s != gpu::status::success) require(card.failure("a benchmark's call", s));
    }
    void finish() const { check(gpu::await(card.api(), order.get())); }

    // The `count` first blocks, each way of moving them.
    void copy(std::uint32_t count) const {
        check(card.api().copy_on_device(copied.address(), packed.address(), block_size.count * count,
                                        order.get()));
    }
    void gather(std::uint32_t count) const {
        require(kernels.gather(order.get(), cache, numbers_there.address(), count, packed.address(), size));
    }
    void scatter(std::uint32_t count) const {
        require(kernels.scatter(order.get(), cache, numbers_there.address(), count, packed.address(), size));
    }
    void copy_pages(std::uint32_t count) const {
        check(gpu::copy_pages_on_device(card, order.get(), cache, some(count), packed.address()));
    }
    void pages_to_host(std::uint32_t count) const {
        check(gpu::copy_pages_to_host(card, order.get(), cache, some(count), host.data()));
    }
    void to_host(std::uint32_t count) const {
        check(card.api().copy_to_host(host.data(), packed.address(), block_size.count * count, order.get()));
    }
    void gather_to_host(std::uint32_t count) const {
        gather(count);
        to_host(count);
    }
    void gather_into_host(std::uint32_t count) const {
        require(kernels.gather(order.get(), cache, numbers_there.address(), count,
                               reinterpret_cast<gpu::device_address>(host.data()), size));
    }

    /// Seconds for one call of `work`, over `times` of them.
    template <class Work>
    double seconds(int times, Work&& work) const {
        check(card.api().record_event(begin.get(), order.get()));
        for (int i = 0; i < times; ++i) work();
        check(card.api().record_event(end.get(), order.get()));
        finish();
        float milliseconds = 0;
        check(card.api().elapsed_ms(&milliseconds, begin.get(), end.get()));
        return milliseconds / 1e3 / times;
    }

private:
    std::span<const std::uint32_t> some(std::uint32_t count) const { return std::span(numbers).first(count); }
};

std::uint64_t word(std::size_t i) { return mix(i); }

/// Writes noise through scatter into the pages, and reads it back by each way; the bytes must be the same.
bool moves_right(const machine& m) {
    const std::size_t words = m.size.count / sizeof(std::uint64_t);
    auto* host = reinterpret_cast<std::uint64_t*>(m.host.data());
    for (std::size_t i = 0; i < words; ++i) host[i] = word(i);
    m.check(m.card.api().copy_to_device(m.packed.address(), host, m.size.count, m.order.get()));
    m.scatter(m.blocks);
    m.finish();
    const auto arrives = [&](const char* way, auto&& move) {
        std::memset(host, 0, m.size.count);
        m.check(m.card.api().copy_to_device(m.packed.address(), host, m.size.count, m.order.get()));
        move();
        m.finish();
        for (std::size_t i = 0; i < words; ++i)
            if (host[i] != word(i)) return std::printf("%s: byte %zu is wrong\n", way, 8 * i), false;
        return true;
    };
    return arrives("gather", [&] { m.gather_to_host(m.blocks); }) &&
           arrives("gather into host memory", [&] { m.gather_into_host(m.blocks); }) &&
           arrives("pages to host", [&] { m.pages_to_host(m.blocks); }) && arrives("page copies", [&] {
               m.copy_pages(m.blocks);
               m.to_host(m.blocks);
           });
}

struct way {
    const char* name;
    void (machine::*move)(std::uint32_t) const;
    int passes;       ///< each byte is moved so often: a copy on the GPU reads it and writes it
    bool many_copies; ///< so long that once is enough
    std::size_t peer; ///< row to be compared with
};
constexpr std::array ways{
    way{"device copy", &machine::copy, 2, false, 0},
    way{"gather", &machine::gather, 2, false, 0},
    way{"scatter", &machine::scatter, 2, false, 0},
    way{"copy for each page", &machine::copy_pages, 2, true, 0},
    way{"to host: one copy", &machine::to_host, 1, false, 4},
    way{"to host: copy for each page", &machine::pages_to_host, 1, true, 4},
    way{"to host: gather, one copy", &machine::gather_to_host, 1, false, 4},
    way{"to host: gather into it", &machine::gather_into_host, 1, false, 4},
};

/// The median of gather over the device copy.
double measure(const machine& m, std::uint32_t blocks, int times) {
    const bytes size = block_size * blocks;
    std::printf("\n%u block%s, %.0f MiB in %u pages\n", blocks, blocks == 1 ? "" : "s",
                static_cast<double>(size.count) / static_cast<double>(mib_bytes), blocks * geometry.layers);
    std::array<std::array<double, rounds>, ways.size()> rates{}, ratios{};
    for (std::size_t r = 0; r <= rounds; ++r) { // the first is for warming up
        for (std::size_t w = 0; w < ways.size(); ++w) {
            const double taken =
                m.seconds(ways[w].many_copies ? 1 : times, [&] { (m.*ways[w].move)(blocks); });
            if (r > 0) rates[w][r - 1] = ways[w].passes * to_gib(size) / taken;
        }
    }
    double found = 0;
    for (std::size_t w = 0; w < ways.size(); ++w)
        for (std::size_t r = 0; r < rounds; ++r) ratios[w][r] = rates[w][r] / rates[ways[w].peer][r];
    for (std::size_t w = 0; w < ways.size(); ++w) {
        for (auto* figures : {&rates[w], &ratios[w]}) std::sort(figures->begin(), figures->end());
        const double ratio = ratios[w][rounds / 2];
        std::printf("%-28s %8.2f GiB/s, spread %8.2f to %8.2f, %6.3f x %s\n", ways[w].name,
                    rates[w][rounds / 2], rates[w].front(), rates[w].back(), ratio, ways[ways[w].peer].name);
        if (ways[w].move == &machine::gather) found = ratio;
    }
    return found;
}

} // namespace

int main() {
    const auto& driver = gpu::driver::get();
    if (!driver) {
        std::printf("SKIPPED: %s\n", driver.error().message.c_str());
        return 77;
    }
    char name[128] = "";
    gpu::device_number first = 0;
    driver->device(&first, 0);
    driver->device_name(name, sizeof name, first);
    const bool is_real = !std::string_view(name).starts_with("Stand-in");

    // Far more than the GPU's caches hold.
    const machine m(*driver, is_real ? 64 : 2, is_real ? 256 : 4);
    std::printf("%s; kernels: %s; medians of %zu interleaved rounds; read and written bytes on the GPU\n",
                name, gpu::layout_kernels::is_compiled ? "compiled" : "PTX", rounds);
    if (!is_real) std::printf("a stand-in is no GPU: these figures mean nothing\n");
    if (!moves_right(m)) return 1;

    double ratio = 0;
    for (std::uint32_t blocks = 1; blocks <= m.blocks; blocks *= is_real ? 8 : 2)
        ratio = measure(m, blocks, is_real ? 20 : 1);
    std::printf("\ngather is %.3f of the device copy: the hypothesis, at least 0.8, %s\n", ratio,
                !is_real       ? "was not tested"
                : ratio >= 0.8 ? "holds"
                               : "does not hold");
    return 0;
}

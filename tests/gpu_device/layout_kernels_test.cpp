// Gather and scatter put every byte where the formula says, and touch no other.
#include "gpu_device/paged_caches.hpp"

#include <kvmark/gpu/page_copies.hpp>

using namespace kvmark;
using test::cache_shape;
using test::difference;
using test::filled_cache;

namespace {

/// Of a multiple of 16 bytes, less than what a warp moves at once, as much, a part more, several times as
/// much; pages of an 8-bit MLA cache and of llama3.1-70b.
const std::initializer_list<cache_shape> shapes = {
    {1, 3, 16, 1},   {2, 7, 48, 5},   {5, 11, 2032, 7}, {3, 9, 2048, 9},
    {5, 9, 2064, 4}, {4, 6, 4080, 6}, {61, 4, 9216, 3}, {16, 5, 65536, 3},
};

struct kernels_on_a_device : test::test_device {
    gpu::layout_kernels kernels = load(card);

    static gpu::layout_kernels load(const gpu::device& card) {
        auto loaded = gpu::layout_kernels::load(card);
        if (!loaded) FAIL(loaded.error().message);
        return std::move(*loaded);
    }
    result<void> gather(const filled_cache& c, gpu::device_address to, bytes size) const {
        return kernels.gather(order.get(), c.cache, c.numbers_there.address(), c.shape.blocks, to, size);
    }
    result<void> scatter(const filled_cache& c, gpu::device_address from, bytes size) const {
        return kernels.scatter(order.get(), c.cache, c.numbers_there.address(), c.shape.blocks, from, size);
    }
};

} // namespace

TEST_CASE("layout kernels: gather puts each page where it belongs, and nothing elsewhere") {
    const kernels_on_a_device d;
    const filled_cache c(d, GENERATE(values(shapes)));
    const bytes behind(4096);
    const auto packed = d.memory(c.packed_size() + behind, std::byte{0xa5});
    REQUIRE(d.gather(c, packed.address(), c.packed_size()));
    d.finish();
    auto expected = c.packed();
    expected.resize(packed.size().count, std::byte{0xa5});
    CHECK(difference(d.content(packed), expected) < 0);
    CHECK(c.same_as_host());
}

TEST_CASE("layout kernels: scatter writes the pages of its blocks, and no other") {
    const kernels_on_a_device d;
    filled_cache c(d, GENERATE(values(shapes)));
    const auto blocks = test::noise(c.packed_size().count, 99);
    const auto packed = d.holding(blocks);
    REQUIRE(d.scatter(c, packed.address(), packed.size()));
    d.finish();
    c.unpack(blocks);
    CHECK(c.same_as_host());
    CHECK(difference(d.content(packed), blocks) < 0);
}

TEST_CASE("layout kernels: what was gathered and scattered to other pages is the same when gathered again") {
    const kernels_on_a_device d;
    const filled_cache from(d, {7, 13, 4096 + 16, 9}), to(d, {7, 29, 4096 + 16, 9});
    const auto first = d.memory(from.packed_size()), second = d.memory(from.packed_size());
    REQUIRE(d.gather(from, first.address(), first.size()));
    REQUIRE(d.scatter(to, first.address(), first.size()));
    REQUIRE(d.gather(to, second.address(), second.size()));
    d.finish();
    CHECK(difference(d.content(second), from.packed()) < 0);
}

TEST_CASE("layout kernels: more pages than there are warps at once") {
    const kernels_on_a_device d;
    filled_cache c(d, {70, 512, 16, 512});
    const auto packed = d.memory(c.packed_size());
    REQUIRE(d.gather(c, packed.address(), packed.size()));
    d.finish();
    CHECK(difference(d.content(packed), c.packed()) < 0);
}

TEST_CASE("layout kernels: gather straight into pinned memory of the host, and back") {
    const kernels_on_a_device d;
    filled_cache c(d, {6, 8, 2048, 5});
    std::vector<std::byte> host(c.packed_size().count + 16);
    const auto pinned = gpu::pinned_memory::pin(d.card, host);
    REQUIRE(pinned);
    const auto begin = round_up(bytes(reinterpret_cast<std::uintptr_t>(host.data())), gpu::paged_cache::unit);
    const std::span packed(reinterpret_cast<std::byte*>(begin.count), c.packed_size().count);
    REQUIRE(d.gather(c, begin.count, c.packed_size()));
    d.finish();
    CHECK(difference(packed, c.packed()) < 0);

    std::reverse(packed.begin(), packed.end());
    REQUIRE(d.scatter(c, begin.count, c.packed_size()));
    d.finish();
    c.unpack(packed);
    CHECK(c.same_as_host());
}

TEST_CASE("layout kernels: copies page by page give the same as gather") {
    const kernels_on_a_device d;
    const filled_cache c(d, {6, 8, 4096, 5});
    const auto packed = d.memory(c.packed_size());
    CHECK(gpu::copy_pages_on_device(d.card, d.order.get(), c.cache, c.numbers, packed.address()) ==
          gpu::status::success);
    std::vector<std::byte> host(c.packed_size().count);
    CHECK(gpu::copy_pages_to_host(d.card, d.order.get(), c.cache, c.numbers, host.data()) ==
          gpu::status::success);
    d.finish();
    CHECK(difference(d.content(packed), c.packed()) < 0);
    CHECK(difference(host, c.packed()) < 0);

    const std::uint32_t beyond[] = {0, 8};
    CHECK(gpu::copy_pages_to_host(d.card, d.order.get(), c.cache, beyond, host.data()) ==
          gpu::status::invalid_value);
    d.finish();
}

TEST_CASE("layout kernels: what they cannot move is refused, and nothing is begun") {
    const kernels_on_a_device d;
    const filled_cache c(d, {2, 8, 64, 4});
    const auto packed = d.memory(c.packed_size() + bytes(64), std::byte{0xa5});
    const auto message = [&](gpu::device_address numbers, std::uint32_t blocks, gpu::device_address to,
                             bytes size) {
        const auto begun = d.kernels.gather(d.order.get(), c.cache, numbers, blocks, to, size);
        REQUIRE_FALSE(begun);
        CHECK(begun.error().kind == error_kind::invalid_argument);
        return begun.error().message;
    };
    const gpu::device_address numbers = c.numbers_there.address(), to = packed.address();
    CHECK(message(numbers, 0, to, packed.size()) == "layout kernels: no block to move");
    CHECK(message(numbers + 2, 4, to, packed.size()) ==
          "layout kernels: page numbers do not begin at a multiple of 4");
    CHECK(message(numbers, 4, to + 8, c.packed_size()) ==
          "layout kernels: contiguous memory does not begin at a multiple of 16");
    CHECK(message(numbers, 4, to, c.packed_size() - bytes(1)) ==
          "layout kernels: 4 blocks take 512 bytes, not 511");
    CHECK(message(numbers, 1u << 30, to, from_gib(1000)) ==
          "layout kernels: 1073741824 blocks are too many for one launch");
    d.finish();
    CHECK(difference(d.content(packed), std::vector<std::byte>(packed.size().count, std::byte{0xa5})) < 0);
}

TEST_CASE("paged cache: what the kernels could not move is refused") {
    const test::test_device d;
    const auto memory = d.memory(bytes(4096));
    const auto message = [&](std::vector<gpu::device_address> planes, bytes page, std::uint32_t pages) {
        const auto described = gpu::paged_cache::describe(d.card, planes, page, pages);
        REQUIRE_FALSE(described);
        CHECK(described.error().kind == error_kind::invalid_argument);
        return described.error().message;
    };
    CHECK(message({}, bytes(16), 1) == "paged cache: no planes, or no pages in them");
    CHECK(message({memory.address()}, bytes(16), 0) == "paged cache: no planes, or no pages in them");
    CHECK(message({memory.address()}, bytes(24), 1) ==
          "paged cache: pages of 24 bytes, which is no multiple of 16, or too large");
    CHECK(message({memory.address(), memory.address() + 8}, bytes(16), 1) ==
          "paged cache: plane 1 does not begin at a multiple of 16");
}

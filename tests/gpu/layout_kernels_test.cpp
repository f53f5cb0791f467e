// What layout kernels do when the driver fails, on the stand-in. What they move is in tests/gpu_device.
#include "gpu_device/paged_caches.hpp"
#include "stand_in/stand_in.hpp"
#include "support/count_allocations.hpp"

using namespace kvmark;
using gpu::status;
using test::difference;
using test::filled_cache;

namespace {

struct stand_in_device : private test::stand_in_cuda, test::test_device {
    const test::stand_in_cuda& gpus() const { return *this; }
};

} // namespace

TEST_CASE("layout kernels: one launch for any number of blocks, which allocates nothing") {
    const stand_in_device d;
    const auto kernels = gpu::layout_kernels::load(d.card);
    REQUIRE(kernels);
    const filled_cache c(d, {4, 64, 64, 64});
    const auto packed = d.memory(c.packed_size());
    const std::uint64_t before = test::allocations;
    const auto begun = kernels->gather(d.order.get(), c.cache, c.numbers_there.address(), 64,
                                       packed.address(), packed.size());
    const std::uint64_t allocated = test::allocations - before;
    CHECK(begun);
    CHECK(allocated == 0);
    d.finish();
    CHECK(d.gpus().calls("cuLaunchKernel") == 1);
    CHECK(difference(d.content(packed), c.packed()) < 0);
}

TEST_CASE("layout kernels: an error of the driver says what could not be done") {
    const stand_in_device d;
    SECTION("it does not take the code") {
        d.gpus().fail("cuModuleLoadData", 218);
        const auto kernels = gpu::layout_kernels::load(d.card);
        REQUIRE_FALSE(kernels);
        CHECK(kernels.error().message ==
              "GPU 0: the layout kernels cannot be loaded: CUDA_ERROR_INVALID_PTX (218): a PTX JIT "
              "compilation failed");
    }
    SECTION("a launch fails") {
        const auto kernels = gpu::layout_kernels::load(d.card);
        REQUIRE(kernels);
        const filled_cache c(d, {1, 1, 16, 1});
        const auto packed = d.memory(c.packed_size());
        d.gpus().fail("cuLaunchKernel", 2);
        const auto begun = kernels->gather(d.order.get(), c.cache, c.numbers_there.address(), 1,
                                           packed.address(), packed.size());
        REQUIRE_FALSE(begun);
        CHECK(begun.error().message == "GPU 0: a layout kernel cannot be started: "
                                       "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
    }
    SECTION("a table cannot be copied") {
        d.gpus().fail("cuMemcpyHtoDAsync_v2", 1);
        const gpu::device_address plane = 4096;
        const auto described = gpu::paged_cache::describe(d.card, {&plane, 1}, bytes(16), 1);
        REQUIRE_FALSE(described);
        CHECK_THAT(described.error().message, Catch::StartsWith("GPU 0: a table cannot be copied to it: "));
        CHECK(d.gpus().live_allocations() == 0);
    }
}

TEST_CASE(
    "layout kernels: a page that the cache does not have is an illegal address at the end of the memory") {
    const stand_in_device d;
    const auto kernels = gpu::layout_kernels::load(d.card);
    REQUIRE(kernels);
    const filled_cache c(d, {2, 4, 4096, 1});
    const std::uint32_t beyond = 4;
    const auto numbers = d.holding(std::as_bytes(std::span(&beyond, 1)));
    const auto packed = d.memory(c.packed_size());
    REQUIRE(kernels->gather(d.order.get(), c.cache, numbers.address(), 1, packed.address(), packed.size()));
    CHECK(gpu::await(d.card.api(), d.order.get()) == status{700});
}

// Memory of the GPU and pinned memory of the host live as long as their owners; what is not to be had says
// so.
#include "gpu/open_gpu.hpp"

#include <kvmark/gpu/memory.hpp>

#include <vector>

using namespace kvmark;
using gpu::device_memory;
using gpu::pinned_memory;
using test::open_gpu;
using test::stand_in_cuda;

TEST_CASE("device memory: it is there until its owner ends, whoever it was moved to") {
    const stand_in_cuda gpus;
    const gpu::device card = open_gpu();
    {
        auto made = device_memory::allocate(card, bytes(1000));
        REQUIRE(made);
        CHECK(made->size() == bytes(1000));
        CHECK(made->address() % 256 == 0);
        device_memory moved = std::move(*made), again;
        again = std::move(moved);
        CHECK(gpus.host_pointer(again.address(), 1000) != nullptr);
        CHECK(gpus.live_allocations() == 1);
    }
    CHECK(gpus.live_allocations() == 0);
    CHECK(gpus.calls("cuMemFree_v2") == 1);
}

TEST_CASE("device memory: when there is not enough, the error says how much there is") {
    const stand_in_cuda gpus("memory=1G");
    const gpu::device card = open_gpu();
    const auto half = device_memory::allocate(card, bytes(gib_bytes / 2));
    REQUIRE(half);
    const auto more = device_memory::allocate(card, bytes(gib_bytes));
    REQUIRE(!more);
    CHECK(more.error().message == "GPU 0: no memory for 1.000000 GiB (0.500000 of 1.000000 GiB are free): "
                                  "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
    CHECK(gpus.live_allocations() == 1);
}

TEST_CASE("device memory: what was freed can be had again") {
    const stand_in_cuda gpus("memory=64M");
    const gpu::device card = open_gpu();
    for (int i = 0; i < 10; ++i) CHECK(device_memory::allocate(card, bytes(48u << 20)));
}

TEST_CASE("pinned memory: it is pinned until its owner ends, once for all GPUs") {
    const stand_in_cuda gpus;
    const gpu::device card = open_gpu();
    std::vector<std::byte> host(4096);
    {
        auto pinned = pinned_memory::pin(card, host);
        REQUIRE(pinned);
        pinned_memory moved = std::move(*pinned), again;
        again = std::move(moved);
        CHECK(gpus.pinned_ranges() == 1);
    }
    CHECK(gpus.pinned_ranges() == 0);
    CHECK(gpus.calls("cuMemHostUnregister") == 1);
}

TEST_CASE("pinned memory: what cannot be pinned says how much it was; nothing is no error") {
    const stand_in_cuda gpus;
    const gpu::device card = open_gpu();
    CHECK(pinned_memory::pin(card, {}));
    CHECK(gpus.calls("cuMemHostRegister_v2") == 0);
    gpus.fail("cuMemHostRegister_v2", 2);
    std::vector<std::byte> host(1 << 20);
    const auto pinned = pinned_memory::pin(card, host);
    REQUIRE(!pinned);
    CHECK(pinned.error().message == "GPU 0: cannot pin 0.000977 GiB of host memory (`ulimit -l`?): "
                                    "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
}

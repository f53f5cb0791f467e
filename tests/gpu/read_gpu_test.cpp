// What a report tells of a GPU, with the management library and without it.
#include "gpu/open_gpu.hpp"

#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/read_gpu.hpp>

using namespace kvmark;
using gpu::read_gpu;
using test::open_gpu;

TEST_CASE("GPU facts: driver and management library tell all of them") {
    const test::stand_in_cuda gpus("devices=2 memory=512M");
    const test::stand_in_nvml nvml;
    const gpu::device card = open_gpu(1);
    const auto used = gpu::device_memory::allocate(card, bytes(256u << 20));
    const gpu::gpu_facts f = read_gpu(card);
    CHECK(f.index == 1);
    CHECK(f.name == "Stand-in GPU 1");
    CHECK(f.uuid == "GPU-00112233-4455-6677-8899-aabbccddee01");
    CHECK(f.pci_address == "0000:02:00.0");
    CHECK(f.driver_version == "580.159.04");
    CHECK(f.cuda_version == "13.0");
    CHECK(f.compute == "9.0");
    CHECK(f.memory == bytes(512u << 20));
    CHECK(f.memory_free == bytes(256u << 20));
    CHECK(f.processors == 132);
    CHECK(f.copy_engines == 3);
    CHECK(f.memory_bandwidth == Approx(4.917e12).epsilon(0.001)); // the data sheet of the H200: 4.8 TB/s
    CHECK(f.link_generation == 4);
    CHECK(f.link_generation_max == 5);
    CHECK(f.link_width == 8);
    CHECK(f.link_width_max == 16);
    CHECK(nvml.calls("nvmlShutdown") == nvml.calls("nvmlInit_v2"));
}

TEST_CASE("GPU facts: what nobody tells is empty or zero") {
    const test::stand_in_cuda gpus;
    const test::stand_in_nvml nvml;
    const gpu::device card = open_gpu();
    nvml.fail("nvmlInit_v2", 9); // the driver is not loaded
    gpus.fail("cuDeviceGetAttribute", 1);
    gpus.fail("cuDeviceGetUuid", 1);
    gpus.fail("cuMemGetInfo_v2", 719);
    const gpu::gpu_facts f = read_gpu(card);
    CHECK(f.name == "Stand-in GPU 0");
    CHECK(f.uuid.empty());
    CHECK(f.compute.empty());
    CHECK(f.memory_free == bytes());
    CHECK(f.memory_bandwidth == 0);
    CHECK(f.driver_version.empty());
    CHECK(f.link_width_max == 0);
}

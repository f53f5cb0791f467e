// A GPU's context is held while the device lives; what cannot be opened says why.
#include "gpu/open_gpu.hpp"

using namespace kvmark;
using gpu::device;
using gpu::status;
using test::open_gpu;
using test::stand_in_cuda;

namespace {

std::string why_not(std::uint32_t ordinal) {
    const auto opened = device::open(*gpu::driver::get(), ordinal);
    REQUIRE(!opened);
    return opened.error().message;
}

} // namespace

TEST_CASE("device: it is the GPU of its number, whose context every thread shares") {
    const stand_in_cuda gpus("devices=2");
    const device first = open_gpu(0), second = open_gpu(1), again = open_gpu(1);
    CHECK(second.ordinal() == 1);
    CHECK(second.context() == again.context());
    CHECK(second.context() != first.context());
    char name[64] = "";
    CHECK(second.api().device_name(name, sizeof name, second.number()) == status::success);
    CHECK(std::string(name) == "Stand-in GPU 1");
}

TEST_CASE("device: its context is released once, whoever it was moved to") {
    const stand_in_cuda gpus;
    {
        device first = open_gpu(), second = std::move(first), third;
        third = std::move(second);
        CHECK(third.make_current() == status::success);
        CHECK(gpus.calls("cuDevicePrimaryCtxRelease_v2") == 0);
    }
    CHECK(gpus.calls("cuDevicePrimaryCtxRetain") == 1);
    CHECK(gpus.calls("cuDevicePrimaryCtxRelease_v2") == 1);
}

TEST_CASE("device: one that is not there or does not open says which and why") {
    const stand_in_cuda gpus("devices=2");
    CHECK(why_not(2) == "GPU 2: this process sees 2, numbered from 0");
    gpus.fail("cuDevicePrimaryCtxRetain", 2);
    CHECK(why_not(1) == "GPU 1: cannot be opened: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
    gpus.fail("cuDeviceGetCount", 999);
    CHECK(why_not(0) == "no usable GPU: CUDA error (999)");
    CHECK(gpus.calls("cuDevicePrimaryCtxRelease_v2") == 0);
}

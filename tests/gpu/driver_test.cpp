// The driver is there, or one line says why there is no GPU to use.
#include "stand_in/stand_in.hpp"

#include <kvmark/gpu/driver.hpp>

using namespace kvmark;
using gpu::driver;
using test::stand_in_cuda;

namespace {

std::string why_not(const char* path) {
    const auto loaded = driver::load(path);
    REQUIRE(!loaded);
    CHECK(loaded.error().kind == error_kind::unsupported);
    return loaded.error().message;
}

} // namespace

TEST_CASE("driver: where the library is missing, the error names it") {
    CHECK(why_not("/nowhere/libcuda.so.1") ==
          "no usable GPU: /nowhere/libcuda.so.1: cannot open shared object file: No such file or directory");
}

TEST_CASE("driver: one without a function that kvmark calls is too old") {
    CHECK(why_not("libm.so.6") == "no usable GPU: the CUDA driver is too old: it has no function cuInit");
}

TEST_CASE("driver: one without a device, or that does not start, is no GPU to use") {
    const stand_in_cuda gpus("devices=0");
    CHECK(why_not(gpus.path) ==
          "no usable GPU: CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected");
    gpus.reset("fail=cuInit:3@1");
    CHECK(why_not(gpus.path) == "no usable GPU: CUDA_ERROR_NOT_INITIALIZED (3): initialization error");
    gpus.reset("fail=cuDeviceGetCount:999@1");
    CHECK(why_not(gpus.path) == "no usable GPU: CUDA error (999)");
}

TEST_CASE("driver: KVMARK_CUDA_DRIVER names it, and it is loaded and started once") {
    const stand_in_cuda gpus;
    const auto& loaded = driver::get();
    REQUIRE(loaded);
    CHECK(&driver::get() == &loaded);
    int version = 0;
    CHECK(loaded->driver_version(&version) == gpu::status::success);
    CHECK(version == 13000);
    CHECK(gpus.calls("cuInit") <= 1); // another test of this process may have come first
}

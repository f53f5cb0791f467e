// Our types and numbers are those of NVIDIA's cuda.h; compiled where there is one.
#include <kvmark/gpu/driver.hpp>

#define __CUDA_API_VERSION_INTERNAL // every version of a function under its own name
#include <cuda.h>

#include <type_traits>

using namespace kvmark::gpu;

namespace {

/// Both are passed in the same way.
template <class Ours, class Theirs>
constexpr bool
    same_value = sizeof(Ours) == sizeof(Theirs) &&
                 std::is_pointer_v<Ours> == std::is_pointer_v<Theirs>&& std::is_floating_point_v<Ours> ==
                     std::is_floating_point_v<Theirs>;

template <class Ours, class Theirs>
struct same_call : std::false_type {};
template <class... Ours, class... Theirs>
    requires(sizeof...(Ours) == sizeof...(Theirs))
struct same_call<status (*)(Ours...), CUresult (*)(Theirs...)>
    : std::bool_constant<(same_value<Ours, Theirs> && ...)> {};

template <class Ours>
constexpr bool is(Ours ours, int theirs) {
    return static_cast<int>(ours) == theirs;
}

static_assert(same_value<device_number, CUdevice> && same_value<device_address, CUdeviceptr> &&
              same_value<context, CUcontext> && same_value<stream, CUstream> && same_value<event, CUevent> &&
              same_value<kvmark::gpu::module, CUmodule> && same_value<kernel, CUfunction> &&
              same_value<attribute, CUdevice_attribute> && same_value<status, CUresult>);
static_assert(sizeof(CUuuid) == 16);

static_assert(is(status::success, CUDA_SUCCESS) && is(status::invalid_value, CUDA_ERROR_INVALID_VALUE) &&
              is(status::out_of_memory, CUDA_ERROR_OUT_OF_MEMORY) &&
              is(status::not_initialized, CUDA_ERROR_NOT_INITIALIZED) &&
              is(status::no_device, CUDA_ERROR_NO_DEVICE) &&
              is(status::invalid_context, CUDA_ERROR_INVALID_CONTEXT) &&
              is(status::not_ready, CUDA_ERROR_NOT_READY) &&
              is(peer_access_already_enabled, CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED));

static_assert(is(attribute::memory_clock_khz, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE) &&
              is(attribute::memory_bus_bits, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH) &&
              is(attribute::multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) &&
              is(attribute::copy_engines, CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT) &&
              is(attribute::compute_major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) &&
              is(attribute::compute_minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));

static_assert(is(stream_non_blocking, CU_STREAM_NON_BLOCKING) &&
              is(event_without_timing, CU_EVENT_DISABLE_TIMING) &&
              is(host_portable, CU_MEMHOSTREGISTER_PORTABLE));

// The pairs of driver::load().
template <class Ours, class Theirs>
constexpr bool calls = same_call<Ours, Theirs*>::value;

static_assert(calls<decltype(driver::init), decltype(cuInit)>);
static_assert(calls<decltype(driver::driver_version), decltype(cuDriverGetVersion)>);
static_assert(calls<decltype(driver::error_name), decltype(cuGetErrorName)>);
static_assert(calls<decltype(driver::error_text), decltype(cuGetErrorString)>);
static_assert(calls<decltype(driver::device_count), decltype(cuDeviceGetCount)>);
static_assert(calls<decltype(driver::device), decltype(cuDeviceGet)>);
static_assert(calls<decltype(driver::device_name), decltype(cuDeviceGetName)>);
static_assert(calls<decltype(driver::device_uuid), decltype(cuDeviceGetUuid)>);
static_assert(calls<decltype(driver::device_memory), decltype(cuDeviceTotalMem_v2)>);
static_assert(calls<decltype(driver::device_attribute), decltype(cuDeviceGetAttribute)>);
static_assert(calls<decltype(driver::device_pci_address), decltype(cuDeviceGetPCIBusId)>);
static_assert(calls<decltype(driver::can_access_peer), decltype(cuDeviceCanAccessPeer)>);
static_assert(calls<decltype(driver::retain_primary_context), decltype(cuDevicePrimaryCtxRetain)>);
static_assert(calls<decltype(driver::release_primary_context), decltype(cuDevicePrimaryCtxRelease_v2)>);
static_assert(calls<decltype(driver::set_context), decltype(cuCtxSetCurrent)>);
static_assert(calls<decltype(driver::enable_peer_access), decltype(cuCtxEnablePeerAccess)>);
static_assert(calls<decltype(driver::memory_info), decltype(cuMemGetInfo_v2)>);
static_assert(calls<decltype(driver::allocate), decltype(cuMemAlloc_v2)>);
static_assert(calls<decltype(driver::free), decltype(cuMemFree_v2)>);
static_assert(calls<decltype(driver::register_host), decltype(cuMemHostRegister_v2)>);
static_assert(calls<decltype(driver::unregister_host), decltype(cuMemHostUnregister)>);
static_assert(calls<decltype(driver::copy_to_device), decltype(cuMemcpyHtoDAsync_v2)>);
static_assert(calls<decltype(driver::copy_to_host), decltype(cuMemcpyDtoHAsync_v2)>);
static_assert(calls<decltype(driver::copy_on_device), decltype(cuMemcpyDtoDAsync_v2)>);
static_assert(calls<decltype(driver::copy_to_peer), decltype(cuMemcpyPeerAsync)>);
static_assert(calls<decltype(driver::create_stream), decltype(cuStreamCreate)>);
static_assert(calls<decltype(driver::destroy_stream), decltype(cuStreamDestroy_v2)>);
static_assert(calls<decltype(driver::query_stream), decltype(cuStreamQuery)>);
static_assert(calls<decltype(driver::create_event), decltype(cuEventCreate)>);
static_assert(calls<decltype(driver::destroy_event), decltype(cuEventDestroy_v2)>);
static_assert(calls<decltype(driver::record_event), decltype(cuEventRecord)>);
static_assert(calls<decltype(driver::query_event), decltype(cuEventQuery)>);
static_assert(calls<decltype(driver::elapsed_ms), decltype(cuEventElapsedTime)>);
static_assert(calls<decltype(driver::load_module), decltype(cuModuleLoadData)>);
static_assert(calls<decltype(driver::unload_module), decltype(cuModuleUnload)>);
static_assert(calls<decltype(driver::find_kernel), decltype(cuModuleGetFunction)>);
static_assert(calls<decltype(driver::launch), decltype(cuLaunchKernel)>);

} // namespace

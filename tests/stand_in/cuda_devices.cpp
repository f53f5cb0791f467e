// The functions about the driver, its devices and their contexts.
#include "stand_in/cuda_objects.hpp"

#include <cstdio>
#include <cstring>

namespace kvmark::gpu {

using stand_in::machine;

KVMARK_CUDA status cuInit(unsigned flags) {
    KVMARK_CUDA_CALL();
    if (flags != 0) return status::invalid_value;
    if (machine::get().gpus.empty()) return status::no_device;
    machine::get().started = true;
    return status::success;
}

KVMARK_CUDA status cuDriverGetVersion(int* version) {
    KVMARK_CUDA_CALL();
    if (version == nullptr) return status::invalid_value;
    *version = 13000;
    return status::success;
}

namespace {

struct description {
    status code;
    const char *name, *text;
};
constexpr description descriptions[] = {
    {status::success, "CUDA_SUCCESS", "no error"},
    {status::invalid_value, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {status::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {status::not_initialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {status::no_device, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {cuda_status::invalid_device, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {cuda_status::invalid_image, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {status::invalid_context, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {cuda_status::invalid_ptx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {cuda_status::invalid_handle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {cuda_status::not_found, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {status::not_ready, "CUDA_ERROR_NOT_READY", "device not ready"},
    {cuda_status::illegal_address, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {cuda_status::peer_access_already_enabled, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED",
     "peer access is already enabled"},
    {cuda_status::context_is_destroyed, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {cuda_status::host_memory_already_registered, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
     "part or all of the requested memory range is already mapped"},
    {cuda_status::host_memory_not_registered, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
     "pointer does not correspond to a registered memory region"},
    {cuda_status::launch_failed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
};
const description* description_of(status code) {
    for (const description& d : descriptions)
        if (d.code == code) return &d;
    return nullptr;
}

} // namespace

KVMARK_CUDA status cuGetErrorName(status code, const char** name) {
    KVMARK_CUDA_CALL();
    const description* d = description_of(code);
    *name = d ? d->name : nullptr;
    return d ? status::success : status::invalid_value;
}

KVMARK_CUDA status cuGetErrorString(status code, const char** text) {
    KVMARK_CUDA_CALL();
    const description* d = description_of(code);
    *text = d ? d->text : nullptr;
    return d ? status::success : status::invalid_value;
}

KVMARK_CUDA status cuDeviceGetCount(int* count) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (count == nullptr) return status::invalid_value;
    *count = static_cast<int>(machine::get().gpus.size());
    return status::success;
}

KVMARK_CUDA status cuDeviceGet(device_number* number, int ordinal) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (number == nullptr) return status::invalid_value;
    if (machine::get().gpu(ordinal) == nullptr) return cuda_status::invalid_device;
    *number = ordinal;
    return status::success;
}

KVMARK_CUDA status cuDeviceGetName(char* name, int size, device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    const context c = machine::get().gpu(number);
    if (c == nullptr) return cuda_status::invalid_device;
    if (name == nullptr || size <= 0) return status::invalid_value;
    std::snprintf(name, static_cast<std::size_t>(size), "Stand-in GPU %d", c->physical);
    return status::success;
}

KVMARK_CUDA status cuDeviceGetUuid(unsigned char uuid[16], device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    const context c = machine::get().gpu(number);
    if (c == nullptr) return cuda_status::invalid_device;
    for (int i = 0; i < 16; ++i) uuid[i] = static_cast<unsigned char>(16 * i + i);
    uuid[15] = static_cast<unsigned char>(c->physical);
    return status::success;
}

KVMARK_CUDA status cuDeviceTotalMem_v2(std::size_t* bytes, device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    const context c = machine::get().gpu(number);
    if (c == nullptr) return cuda_status::invalid_device;
    if (bytes == nullptr) return status::invalid_value;
    *bytes = c->memory.size();
    return status::success;
}

KVMARK_CUDA status cuDeviceGetAttribute(int* value, attribute which, device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (machine::get().gpu(number) == nullptr) return cuda_status::invalid_device;
    if (value == nullptr) return status::invalid_value;
    switch (which) { // those of an H200
    case attribute::memory_clock_khz:
        *value = 3'201'000;
        break;
    case attribute::memory_bus_bits:
        *value = 6144;
        break;
    case attribute::multiprocessors:
        *value = 132;
        break;
    case attribute::threads_per_multiprocessor:
        *value = 2048;
        break;
    case attribute::copy_engines:
        *value = 3;
        break;
    case attribute::compute_major:
        *value = 9;
        break;
    case attribute::compute_minor:
        *value = 0;
        break;
    default:
        return status::invalid_value;
    }
    return status::success;
}

KVMARK_CUDA status cuDeviceGetPCIBusId(char* text, int size, device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    const context c = machine::get().gpu(number);
    if (c == nullptr) return cuda_status::invalid_device;
    if (text == nullptr || size < 13) return status::invalid_value;
    std::snprintf(text, static_cast<std::size_t>(size), "0000:%02x:00.0",
                  static_cast<unsigned>(c->physical + 1));
    return status::success;
}

KVMARK_CUDA status cuDeviceCanAccessPeer(int* can, device_number number, device_number peer) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (machine::get().gpu(number) == nullptr || machine::get().gpu(peer) == nullptr)
        return cuda_status::invalid_device;
    if (can == nullptr) return status::invalid_value;
    *can = number != peer;
    return status::success;
}

KVMARK_CUDA status cuDevicePrimaryCtxRetain(context* made, device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    const context c = machine::get().gpu(number);
    if (c == nullptr) return cuda_status::invalid_device;
    if (made == nullptr) return status::invalid_value;
    if (c->error != status::success) return c->error;
    ++c->references;
    *made = c;
    return status::success;
}

/// What was not destroyed stays, for a test to find.
KVMARK_CUDA status cuDevicePrimaryCtxRelease_v2(device_number number) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    const context c = machine::get().gpu(number);
    if (c == nullptr) return cuda_status::invalid_device;
    const std::lock_guard mine(c->turn);
    if (c->references == 0) return status::invalid_context;
    if (--c->references == 0) {
        c->null_stream.reset();
        c->peers.clear();
    }
    return c->error;
}

KVMARK_CUDA status cuCtxSetCurrent(context c) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (c != nullptr && (machine::get().gpu(c) == nullptr || c->references == 0))
        return status::invalid_context;
    stand_in::set_current_context(c);
    return c != nullptr ? c->error.load() : status::success;
}

KVMARK_CUDA status cuCtxEnablePeerAccess(context peer, unsigned flags) {
    KVMARK_CUDA_CALL_IN(current);
    if (flags != 0) return status::invalid_value;
    if (machine::get().gpu(peer) == nullptr || peer->references == 0) return status::invalid_context;
    if (peer == current) return cuda_status::invalid_device;
    const std::lock_guard mine(current->turn);
    return current->peers.insert(peer).second ? status::success : cuda_status::peer_access_already_enabled;
}

static_assert(
    std::is_same_v<decltype(&cuInit), decltype(driver::init)> &&
    std::is_same_v<decltype(&cuDriverGetVersion), decltype(driver::driver_version)> &&
    std::is_same_v<decltype(&cuGetErrorName), decltype(driver::error_name)> &&
    std::is_same_v<decltype(&cuGetErrorString), decltype(driver::error_text)> &&
    std::is_same_v<decltype(&cuDeviceGetCount), decltype(driver::device_count)> &&
    std::is_same_v<decltype(&cuDeviceGet), decltype(driver::device)> &&
    std::is_same_v<decltype(&cuDeviceGetName), decltype(driver::device_name)> &&
    std::is_same_v<decltype(&cuDeviceGetUuid), decltype(driver::device_uuid)> &&
    std::is_same_v<decltype(&cuDeviceTotalMem_v2), decltype(driver::device_memory)> &&
    std::is_same_v<decltype(&cuDeviceGetAttribute), decltype(driver::device_attribute)> &&
    std::is_same_v<decltype(&cuDeviceGetPCIBusId), decltype(driver::device_pci_address)> &&
    std::is_same_v<decltype(&cuDeviceCanAccessPeer), decltype(driver::can_access_peer)> &&
    std::is_same_v<decltype(&cuDevicePrimaryCtxRetain), decltype(driver::retain_primary_context)> &&
    std::is_same_v<decltype(&cuDevicePrimaryCtxRelease_v2), decltype(driver::release_primary_context)> &&
    std::is_same_v<decltype(&cuCtxSetCurrent), decltype(driver::set_context)> &&
    std::is_same_v<decltype(&cuCtxEnablePeerAccess), decltype(driver::enable_peer_access)>);

} // namespace kvmark::gpu

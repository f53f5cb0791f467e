// The CUDA driver, loaded when it is first asked for: the functions that kvmark calls, under short names.
#pragma once

#include <kvmark/gpu/shared_library.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace kvmark::gpu {

/// What a call of the driver returns: CUresult of cuda.h. The values that kvmark tells apart.
enum class status : int {
    success = 0,
    invalid_value = 1,
    out_of_memory = 2,
    not_initialized = 3,
    no_device = 100,
    invalid_context = 201,
    not_ready = 600, ///< what was asked about is still under way
};

/// The types of cuda.h (11.0 and later), as far as kvmark passes them on.
using device_number = int;                 ///< CUdevice
using device_address = unsigned long long; ///< CUdeviceptr
using context = struct context_of_driver*; ///< CUcontext
using stream = struct stream_of_driver*;   ///< CUstream
using event = struct event_of_driver*;     ///< CUevent
using module = struct module_of_driver*;   ///< CUmodule
using kernel = struct kernel_of_driver*;   ///< CUfunction

/// CUdevice_attribute, those that kvmark asks for.
enum class attribute : int {
    memory_clock_khz = 36,
    memory_bus_bits = 37,
    multiprocessors = 16,
    threads_per_multiprocessor = 39,
    copy_engines = 40,
    compute_major = 75,
    compute_minor = 76,
};
inline constexpr unsigned stream_non_blocking = 1;  ///< CU_STREAM_NON_BLOCKING: apart from the null stream
inline constexpr unsigned event_without_timing = 2; ///< CU_EVENT_DISABLE_TIMING
inline constexpr unsigned host_portable = 1;        ///< CU_MEMHOSTREGISTER_PORTABLE: pinned for every context
inline constexpr status peer_access_already_enabled{704};
inline constexpr status host_memory_already_registered{712};

/// Each function is the driver's own of the name beside it in load(), with its meaning and its errors
/// (CUDA Driver API reference). One that has a _v2 is taken by that name.
struct driver {
    status (*init)(unsigned flags);
    status (*driver_version)(int* version); ///< 1000 * major + 10 * minor
    status (*error_name)(status, const char** name);
    status (*error_text)(status, const char** text);

    status (*device_count)(int* count);
    status (*device)(device_number*, int ordinal);
    status (*device_name)(char* name, int size, device_number);
    status (*device_uuid)(unsigned char uuid[16], device_number);
    status (*device_memory)(std::size_t* bytes, device_number);
    status (*device_attribute)(int* value, attribute, device_number);
    status (*device_pci_address)(char* text, int size, device_number);
    status (*can_access_peer)(int* can, device_number, device_number peer);

    status (*retain_primary_context)(context*, device_number);
    status (*release_primary_context)(device_number);
    status (*set_context)(context);                             ///< of the calling thread
    status (*enable_peer_access)(context peer, unsigned flags); ///< from the calling thread's context

    status (*memory_info)(std::size_t* free, std::size_t* total);
    status (*allocate)(device_address*, std::size_t);
    status (*free)(device_address);
    status (*register_host)(void*, std::size_t, unsigned flags); ///< pins memory that is there already
    status (*unregister_host)(void*);

    status (*copy_to_device)(device_address, const void*, std::size_t, stream);
    status (*copy_to_host)(void*, device_address, std::size_t, stream);
    status (*copy_on_device)(device_address to, device_address from, std::size_t, stream);
    status (*copy_to_peer)(device_address to, context, device_address from, context, std::size_t, stream);

    status (*create_stream)(stream*, unsigned flags);
    status (*destroy_stream)(stream);
    status (*query_stream)(stream); ///< success: it is empty
    status (*create_event)(event*, unsigned flags);
    status (*destroy_event)(event);
    status (*record_event)(event, stream);
    status (*query_event)(event);
    status (*elapsed_ms)(float*, event begin, event end);

    status (*load_module)(module*, const void* image); ///< PTX as text, or machine code
    status (*unload_module)(module);
    status (*find_kernel)(kernel*, module, const char* name);
    status (*launch)(kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                     unsigned block_y, unsigned block_z, unsigned shared_bytes, stream, void** arguments,
                     void** extra);

    /// Loads the driver and starts it: once in a process, whose later calls get the same answer.
    /// KVMARK_CUDA_DRIVER names another file than libcuda.so.1. The error, `unsupported`, says in one line
    /// why there is no GPU to use.
    [[nodiscard]] KVMARK_COLD static const result<driver>& get() {
        static const result<driver> loaded = load(std::getenv("KVMARK_CUDA_DRIVER"));
        return loaded;
    }

    /// The same, not remembered; `path` null: libcuda.so.1.
    [[nodiscard]] KVMARK_COLD static result<driver> load(const char* path) {
        auto library = path ? shared_library::open(path) : shared_library::open("libcuda.so.1");
        if (!library) return no_gpu(library.error().message);
        driver d{};
        library->bind(d.init, "cuInit");
        library->bind(d.driver_version, "cuDriverGetVersion");
        library->bind(d.error_name, "cuGetErrorName");
        library->bind(d.error_text, "cuGetErrorString");
        library->bind(d.device_count, "cuDeviceGetCount");
        library->bind(d.device, "cuDeviceGet");
        library->bind(d.device_name, "cuDeviceGetName");
        library->bind(d.device_uuid, "cuDeviceGetUuid");
        library->bind(d.device_memory, "cuDeviceTotalMem_v2");
        library->bind(d.device_attribute, "cuDeviceGetAttribute");
        library->bind(d.device_pci_address, "cuDeviceGetPCIBusId");
        library->bind(d.can_access_peer, "cuDeviceCanAccessPeer");
        library->bind(d.retain_primary_context, "cuDevicePrimaryCtxRetain");
        library->bind(d.release_primary_context, "cuDevicePrimaryCtxRelease_v2");
        library->bind(d.set_context, "cuCtxSetCurrent");
        library->bind(d.enable_peer_access, "cuCtxEnablePeerAccess");
        library->bind(d.memory_info, "cuMemGetInfo_v2");
        library->bind(d.allocate, "cuMemAlloc_v2");
        library->bind(d.free, "cuMemFree_v2");
        library->bind(d.register_host, "cuMemHostRegister_v2");
        library->bind(d.unregister_host, "cuMemHostUnregister");
        library->bind(d.copy_to_device, "cuMemcpyHtoDAsync_v2");
        library->bind(d.copy_to_host, "cuMemcpyDtoHAsync_v2");
        library->bind(d.copy_on_device, "cuMemcpyDtoDAsync_v2");
        library->bind(d.copy_to_peer, "cuMemcpyPeerAsync");
        library->bind(d.create_stream, "cuStreamCreate");
        library->bind(d.destroy_stream, "cuStreamDestroy_v2");
        library->bind(d.query_stream, "cuStreamQuery");
        library->bind(d.create_event, "cuEventCreate");
        library->bind(d.destroy_event, "cuEventDestroy_v2");
        library->bind(d.record_event, "cuEventRecord");
        library->bind(d.query_event, "cuEventQuery");
        library->bind(d.elapsed_ms, "cuEventElapsedTime");
        library->bind(d.load_module, "cuModuleLoadData");
        library->bind(d.unload_module, "cuModuleUnload");
        library->bind(d.find_kernel, "cuModuleGetFunction");
        library->bind(d.launch, "cuLaunchKernel");
        if (auto complete = library->complete(); !complete)
            return no_gpu("the CUDA driver is too old: " + complete.error().message);
        if (const status s = d.init(0); s != status::success) return no_gpu(d.describe(s));
        int count = 0;
        if (const status s = d.device_count(&count); s != status::success) return no_gpu(d.describe(s));
        if (count == 0) return no_gpu("the CUDA driver finds no device (CUDA_VISIBLE_DEVICES?)");
        return d;
    }

    /// "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory".
    [[nodiscard]] KVMARK_COLD std::string describe(status s) const {
        const char *name = nullptr, *text = nullptr;
        error_name(s, &name);
        error_text(s, &text);
        std::string all =
            (name ? name : "CUDA error") + std::string(" (") + std::to_string(static_cast<int>(s)) + ")";
        if (text) all += std::string(": ") + text;
        return all;
    }

private:
    KVMARK_COLD static error no_gpu(const std::string& why) {
        return {error_kind::unsupported, "no usable GPU: " + why};
    }
};

} // namespace kvmark::gpu

// What cuFile's calls return: its codes, their names, and what they mean to a tier.
#pragma once

#include <kvmark/gpu/errno_of.hpp>

#include <iterator>
#include <string>

namespace kvmark::gpu {

/// CUfileOpError of cufile.h. The values that kvmark tells apart.
enum class cufile_code : int {
    success = 0,
    io_not_supported = 5008,
    cuda_driver_error = 5011,
    cuda_pointer_invalid = 5012,
    cuda_context_mismatch = 5015,
    invalid_mapping_size = 5016,
    invalid_mapping_range = 5017,
    invalid_file_type = 5018,
    dio_not_set = 5020,
    invalid_value = 5022,
    permission_denied = 5025,
    handle_already_registered = 5028,
    io_disabled = 5034,
    pinning_failed = 5036,
    no_memory = 5043,
};

/// CUfileError_t.
struct cufile_outcome {
    cufile_code code = cufile_code::success;
    status driver = status::success; ///< of code cuda_driver_error
    [[nodiscard]] KVMARK_INLINE bool good() const { return code == cufile_code::success; }
};

/// "CU_FILE_IO_NOT_SUPPORTED (5008)"; the names are those of cuFile 1.16.
[[nodiscard]] KVMARK_COLD std::string describe(cufile_outcome o) {
    constexpr int first = 5001;
    constexpr const char* names[] = {
        "DRIVER_NOT_INITIALIZED",
        "DRIVER_INVALID_PROPS",
        "DRIVER_UNSUPPORTED_LIMIT",
        "DRIVER_VERSION_MISMATCH",
        "DRIVER_VERSION_READ_ERROR",
        "DRIVER_CLOSING",
        "PLATFORM_NOT_SUPPORTED",
        "IO_NOT_SUPPORTED",
        "DEVICE_NOT_SUPPORTED",
        "NVFS_DRIVER_ERROR",
        "CUDA_DRIVER_ERROR",
        "CUDA_POINTER_INVALID",
        "CUDA_MEMORY_TYPE_INVALID",
        "CUDA_POINTER_RANGE_ERROR",
        "CUDA_CONTEXT_MISMATCH",
        "INVALID_MAPPING_SIZE",
        "INVALID_MAPPING_RANGE",
        "INVALID_FILE_TYPE",
        "INVALID_FILE_OPEN_FLAG",
        "DIO_NOT_SET",
        nullptr,
        "INVALID_VALUE",
        "MEMORY_ALREADY_REGISTERED",
        "MEMORY_NOT_REGISTERED",
        "PERMISSION_DENIED",
        "DRIVER_ALREADY_OPEN",
        "HANDLE_NOT_REGISTERED",
        "HANDLE_ALREADY_REGISTERED",
        "DEVICE_NOT_FOUND",
        "INTERNAL_ERROR",
        "GETNEWFD_FAILED",
        nullptr,
        "NVFS_SETUP_ERROR",
        "IO_DISABLED",
        "BATCH_SUBMIT_FAILED",
        "GPU_MEMORY_PINNING_FAILED",
        "BATCH_FULL",
        "ASYNC_NOT_SUPPORTED",
        "INTERNAL_BATCH_SETUP_ERROR",
        "INTERNAL_BATCH_SUBMIT_ERROR",
        "INTERNAL_BATCH_GETSTATUS_ERROR",
        "INTERNAL_BATCH_CANCEL_ERROR",
        "NOMEM_ERROR",
        "IO_ERROR",
        "INTERNAL_BUF_REGISTER_ERROR",
        "HASH_OPR_ERROR",
        "INVALID_CONTEXT_ERROR",
        "NVFS_INTERNAL_DRIVER_ERROR",
        "BATCH_NOCOMPAT_ERROR",
    };
    const int code = static_cast<int>(o.code);
    const bool known =
        code >= first && code < first + static_cast<int>(std::size(names)) && names[code - first];
    std::string all = known ? std::string("CU_FILE_") + names[code - first] : std::string("cuFile error");
    all += " (" + std::to_string(code) + ")";
    if (o.code == cufile_code::cuda_driver_error)
        all += ", CUDA error " + std::to_string(static_cast<int>(o.driver));
    return all;
}

/// EOPNOTSUPP of a file that cuFile does not take, ENOMEM of GPU memory that it cannot pin, EINVAL of what
/// kvmark did wrong, EACCES, and ENODEV of all else.
[[nodiscard]] KVMARK_COLD int errno_of(cufile_code code) {
    switch (code) {
    case cufile_code::success:
        return 0;
    case cufile_code::io_not_supported:
    case cufile_code::invalid_file_type:
    case cufile_code::dio_not_set:
    case cufile_code::io_disabled:
        return EOPNOTSUPP;
    case cufile_code::invalid_mapping_size:
    case cufile_code::invalid_mapping_range:
    case cufile_code::pinning_failed:
    case cufile_code::no_memory:
        return ENOMEM;
    case cufile_code::cuda_pointer_invalid:
    case cufile_code::cuda_context_mismatch:
    case cufile_code::invalid_value:
    case cufile_code::handle_already_registered:
        return EINVAL;
    case cufile_code::permission_denied:
        return EACCES;
    default:
        return ENODEV;
    }
}

} // namespace kvmark::gpu

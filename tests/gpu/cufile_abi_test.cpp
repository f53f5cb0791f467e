// What kvmark declares of cuFile, against NVIDIA's header; CMake looks for it.
#include <kvmark/gpu/cufile_mode.hpp>

#if __has_include(<cufile.h>) && __has_include(<cuda.h>)

#include "support/catch.hpp"

#include <cuda.h>
#include <cufile.h>

#include <cstddef>
#include <type_traits>

using namespace kvmark;

static_assert(sizeof(gpu::cufile_outcome) == sizeof(CUfileError_t));
static_assert(offsetof(gpu::cufile_outcome, code) == offsetof(CUfileError_t, err));
static_assert(offsetof(gpu::cufile_outcome, driver) == offsetof(CUfileError_t, cu_err));
static_assert(std::is_trivially_copyable_v<gpu::cufile_outcome>); // and so returned in registers

static_assert(sizeof(gpu::cufile_handle) == sizeof(CUfileHandle_t));
static_assert(sizeof(gpu::cufile_descriptor) == sizeof(CUfileDescr_t));
static_assert(offsetof(gpu::cufile_descriptor, type) == offsetof(CUfileDescr_t, type));
static_assert(offsetof(gpu::cufile_descriptor, fd) == offsetof(CUfileDescr_t, handle.fd));
static_assert(offsetof(gpu::cufile_descriptor, fs_ops) == offsetof(CUfileDescr_t, fs_ops));
static_assert(gpu::cufile_descriptor{}.type == CU_FILE_HANDLE_TYPE_OPAQUE_FD);

static_assert(sizeof(gpu::cufile_properties) > sizeof(CUfileDrvProps_t));
static_assert(offsetof(gpu::cufile_properties, nvfs.major_version) ==
              offsetof(CUfileDrvProps_t, nvfs.major_version));
static_assert(offsetof(gpu::cufile_properties, nvfs.minor_version) ==
              offsetof(CUfileDrvProps_t, nvfs.minor_version));
static_assert(offsetof(gpu::cufile_properties, nvfs.serves) == offsetof(CUfileDrvProps_t, nvfs.dstatusflags));
static_assert(offsetof(gpu::cufile_properties, nvfs.control) ==
              offsetof(CUfileDrvProps_t, nvfs.dcontrolflags));
static_assert(offsetof(gpu::cufile_properties, features) == offsetof(CUfileDrvProps_t, fflags));
static_assert(offsetof(gpu::cufile_properties, added_later) == sizeof(CUfileDrvProps_t));

// Whoever declares another signature would not link in C++, but dlsym() takes any.
template <class Own, class Theirs>
inline constexpr bool same_shape = false;
template <class Own, class Theirs, class... OwnArguments, class... TheirArguments>
inline constexpr bool same_shape<Own (*)(OwnArguments...), Theirs (*)(TheirArguments...)> = [] {
    if constexpr (sizeof...(OwnArguments) != sizeof...(TheirArguments))
        return false;
    else if constexpr (std::is_void_v<Own> || std::is_void_v<Theirs>)
        return std::is_void_v<Own> && std::is_void_v<Theirs> &&
               ((sizeof(OwnArguments) == sizeof(TheirArguments)) && ...);
    else
        return sizeof(Own) == sizeof(Theirs) && ((sizeof(OwnArguments) == sizeof(TheirArguments)) && ...);
}();
static_assert(same_shape<decltype(gpu::cufile::open_driver), decltype(&cuFileDriverOpen)>);
static_assert(same_shape<decltype(gpu::cufile::close_driver), decltype(&cuFileDriverClose)>);
static_assert(same_shape<decltype(gpu::cufile::driver_properties), decltype(&cuFileDriverGetProperties)>);
static_assert(same_shape<decltype(gpu::cufile::register_handle), decltype(&cuFileHandleRegister)>);
static_assert(same_shape<decltype(gpu::cufile::deregister_handle), decltype(&cuFileHandleDeregister)>);
static_assert(same_shape<decltype(gpu::cufile::register_buffer), decltype(&cuFileBufRegister)>);
static_assert(same_shape<decltype(gpu::cufile::deregister_buffer), decltype(&cuFileBufDeregister)>);
static_assert(same_shape<decltype(gpu::cufile::read), decltype(&cuFileRead)>);
static_assert(same_shape<decltype(gpu::cufile::write), decltype(&cuFileWrite)>);

static_assert(static_cast<int>(gpu::cufile_code::io_not_supported) == CU_FILE_IO_NOT_SUPPORTED);
static_assert(static_cast<int>(gpu::cufile_code::cuda_driver_error) == CU_FILE_CUDA_DRIVER_ERROR);
static_assert(static_cast<int>(gpu::cufile_code::invalid_mapping_size) == CU_FILE_INVALID_MAPPING_SIZE);
static_assert(static_cast<int>(gpu::cufile_code::dio_not_set) == CU_FILE_DIO_NOT_SET);
static_assert(static_cast<int>(gpu::cufile_code::permission_denied) == CU_FILE_PERMISSION_DENIED);
static_assert(static_cast<int>(gpu::cufile_code::pinning_failed) == CU_FILE_GPU_MEMORY_PINNING_FAILED);
static_assert(gpu::cufile_mode::allow_compat_mode == CU_FILE_ALLOW_COMPAT_MODE);

TEST_CASE("cuFile: the names of its codes are those of cufile.h") {
#define CUFILE_OP(code, name, text)                                                                          \
    if (std::string_view(#name) != "CU_FILE_SUCCESS" && std::string_view(#name) != "CU_FILE_IO_MAX_ERROR")   \
        CHECK(gpu::describe({gpu::cufile_code{code}}).starts_with(#name " ("));
    CUFILEOP_STATUS_ENTRIES
#undef CUFILE_OP
}

#endif

// What a failed call of the driver means to a tier, as an errno.
#pragma once

#include <kvmark/gpu/driver.hpp>

#include <cerrno>

namespace kvmark::gpu {

/// 0 of success; ENOMEM of memory that is not there; EINVAL of what kvmark did wrong; ENODEV of all else: an
/// error that a copy or a kernel ends with leaves its context unusable for the rest of the process (CUDA
/// Runtime API, cudaError: "inconsistent state ... the process must be terminated and relaunched").
[[nodiscard]] KVMARK_INLINE int errno_of(status s) {
    if (KVMARK_LIKELY(s == status::success)) return 0;
    if (s == status::out_of_memory) return ENOMEM;
    if (s == status::invalid_value || s == status::invalid_context) return EINVAL;
    return ENODEV;
}

} // namespace kvmark::gpu

// Whether one GPU reaches the memory of another by itself.
#pragma once

#include <kvmark/gpu/device.hpp>

namespace kvmark::gpu {

/// Lets `own` read and write the memory of `other` over NVLink or PCIe. False where the two do not reach each
/// other: the driver then takes copies between them through memory of the host. Makes `own` current.
[[nodiscard]] KVMARK_COLD bool reach(const device& own, const device& other) {
    int can = 0;
    const driver& d = own.api();
    if (d.can_access_peer(&can, own.number(), other.number()) != status::success || can == 0) return false;
    if (own.make_current() != status::success) return false;
    const status s = d.enable_peer_access(other.context(), 0);
    return s == status::success || s == peer_access_already_enabled;
}

} // namespace kvmark::gpu

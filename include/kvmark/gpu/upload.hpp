// Tables of the host that a GPU's kernels read.
#pragma once

#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/stream.hpp>

#include <sched.h>

namespace kvmark::gpu {

/// Waits until all that was given to `s` is done, without sleeping; the status is that of the work.
KVMARK_COLD status wait_for(const device& d, stream s) {
    status now = status::not_ready;
    while ((now = d.api().query_stream(s)) == status::not_ready) ::sched_yield();
    return now;
}

/// A copy of `table`, which is not empty, in the memory of `d`; it is there when the call returns.
[[nodiscard]] KVMARK_COLD result<device_memory> upload(const device& d, std::span<const std::byte> table) {
    auto memory = device_memory::allocate(d, bytes(table.size()));
    if (!memory) return memory;
    auto order = make_stream(d);
    if (!order) return order.error();
    status s = d.api().copy_to_device(memory->address(), table.data(), table.size(), order->get());
    if (s == status::success) s = wait_for(d, order->get());
    if (s != status::success) return d.failure("a table cannot be copied to it", s);
    return memory;
}

} // namespace kvmark::gpu

// Tables of the host that a GPU's kernels read.
#pragma once

#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/single_work.hpp>

namespace kvmark::gpu {

/// A copy of `table`, which is not empty, in the memory of `d`; it is there when the call returns.
[[nodiscard]] KVMARK_COLD result<device_memory> upload(const device& d, std::span<const std::byte> table) {
    auto memory = device_memory::allocate(d, bytes(table.size()));
    if (!memory) return memory;
    auto copied = do_at_once(d, "a table cannot be copied to it", [&](stream order) {
        return d.api().copy_to_device(memory->address(), table.data(), table.size(), order);
    });
    if (!copied) return copied.error();
    return memory;
}

} // namespace kvmark::gpu

// The functions about memory, of the device and of the host, and copies between them.
#include "stand_in/cuda_objects.hpp"
#include "stand_in/cuda_streams.hpp"

namespace kvmark::gpu {

using stand_in::machine;

KVMARK_CUDA status cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    KVMARK_CUDA_CALL_IN(current);
    if (free == nullptr || total == nullptr) return status::invalid_value;
    *free = current->memory.left();
    *total = current->memory.size();
    return status::success;
}

KVMARK_CUDA status cuMemAlloc_v2(device_address* at, std::size_t bytes) {
    KVMARK_CUDA_CALL_IN(current);
    if (at == nullptr || bytes == 0) return status::invalid_value;
    const std::uint64_t made = current->memory.allocate(bytes);
    if (made == 0) return status::out_of_memory;
    *at = made;
    return status::success;
}

/// Like the other functions that destroy: they do so after an error too, which they end with.
KVMARK_CUDA status cuMemFree_v2(device_address at) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    context current = nullptr;
    const status state = stand_in::current_context(current);
    if (current == nullptr) return state;
    if (at == 0) return state;
    const context owner = machine::get().owner_of(at);
    if (owner == nullptr) return status::invalid_value;
    stand_in::wait_for_all_streams_of(*owner);
    return owner->memory.free(at) ? state : status::invalid_value;
}

KVMARK_CUDA status cuMemHostRegister_v2(void* at, std::size_t bytes, unsigned flags) {
    KVMARK_CUDA_CALL_IN(current);
    if (at == nullptr || bytes == 0 || flags > 0xf) return status::invalid_value;
    const auto answer = machine::get().pinned.add(reinterpret_cast<std::uintptr_t>(at), bytes);
    return answer == stand_in::pinned_ranges::answer::done ? status::success
                                                           : cuda_status::host_memory_already_registered;
}

KVMARK_CUDA status cuMemHostUnregister(void* at) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    context current = nullptr;
    const status state = stand_in::current_context(current);
    if (current == nullptr) return state;
    const auto answer = machine::get().pinned.remove(reinterpret_cast<std::uintptr_t>(at));
    return answer == stand_in::pinned_ranges::answer::done ? state : cuda_status::host_memory_not_registered;
}

namespace {

/// A copy that touches host memory which is not pinned is done when the call returns.
status push_copy(const task& t, stream s, std::uint64_t host, std::size_t bytes) {
    const bool waits = host != 0 && !machine::get().pinned.covers(host, bytes);
    const std::uint64_t tasks = s->push(t);
    if (!waits) return status::success;
    ++machine::get().pageable_copies;
    s->wait(tasks);
    return s->owner.error;
}

} // namespace

KVMARK_CUDA status cuMemcpyHtoDAsync_v2(device_address to, const void* from, std::size_t bytes, stream s) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    if (from == nullptr) return status::invalid_value;
    const auto host = reinterpret_cast<std::uint64_t>(from);
    return push_copy({.to = to, .from = host, .to_gpu = &s->owner, .bytes = bytes}, s, host, bytes);
}

KVMARK_CUDA status cuMemcpyDtoHAsync_v2(void* to, device_address from, std::size_t bytes, stream s) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    if (to == nullptr) return status::invalid_value;
    const auto host = reinterpret_cast<std::uint64_t>(to);
    return push_copy({.to = host, .from = from, .from_gpu = &s->owner, .bytes = bytes}, s, host, bytes);
}

KVMARK_CUDA status cuMemcpyDtoDAsync_v2(device_address to, device_address from, std::size_t bytes, stream s) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    return push_copy({.to = to, .from = from, .to_gpu = &s->owner, .from_gpu = &s->owner, .bytes = bytes}, s,
                     0, bytes);
}

KVMARK_CUDA status cuMemcpyPeerAsync(device_address to, context to_gpu, device_address from, context from_gpu,
                                     std::size_t bytes, stream s) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    if (machine::get().gpu(to_gpu) == nullptr || machine::get().gpu(from_gpu) == nullptr)
        return status::invalid_context;
    for (const context c : {to_gpu, from_gpu})
        if (c->error != status::success) return c->error;
    return push_copy({.to = to, .from = from, .to_gpu = to_gpu, .from_gpu = from_gpu, .bytes = bytes}, s, 0,
                     bytes);
}

static_assert(std::is_same_v<decltype(&cuMemGetInfo_v2), decltype(driver::memory_info)> &&
              std::is_same_v<decltype(&cuMemAlloc_v2), decltype(driver::allocate)> &&
              std::is_same_v<decltype(&cuMemFree_v2), decltype(driver::free)> &&
              std::is_same_v<decltype(&cuMemHostRegister_v2), decltype(driver::register_host)> &&
              std::is_same_v<decltype(&cuMemHostUnregister), decltype(driver::unregister_host)> &&
              std::is_same_v<decltype(&cuMemcpyHtoDAsync_v2), decltype(driver::copy_to_device)> &&
              std::is_same_v<decltype(&cuMemcpyDtoHAsync_v2), decltype(driver::copy_to_host)> &&
              std::is_same_v<decltype(&cuMemcpyDtoDAsync_v2), decltype(driver::copy_on_device)> &&
              std::is_same_v<decltype(&cuMemcpyPeerAsync), decltype(driver::copy_to_peer)>);

} // namespace kvmark::gpu

// Memory of a GPU, and memory of the host that a GPU's copy engines reach.
#pragma once

#include <kvmark/core/units.hpp>
#include <kvmark/gpu/device.hpp>

#include <span>

namespace kvmark::gpu {

/// One allocation of device memory.
class device_memory {
public:
    device_memory() = default;
    device_memory(device_memory&& o) noexcept { swap(o); }
    device_memory& operator=(device_memory&& o) noexcept {
        swap(o);
        return *this;
    }
    KVMARK_COLD ~device_memory() {
        if (address_ == 0) return;
        device_->make_current();
        device_->api().free(address_);
    }

    /// `size` above 0; aligned to 256 bytes at least. The error says how much the GPU has left. `d` must
    /// outlive the memory, and stay where it is.
    [[nodiscard]] KVMARK_COLD static result<device_memory> allocate(const device& d, bytes size) {
        device_memory made;
        status s = d.make_current();
        if (s == status::success) s = d.api().allocate(&made.address_, size.count);
        if (s != status::success) {
            made.address_ = 0;
            std::size_t free = 0, total = 0;
            const bool known = d.memory_info(free, total) == status::success;
            return d.failure("no memory for " + std::to_string(to_gib(size)) + " GiB" +
                                 (known ? " (" + std::to_string(to_gib(bytes(free))) + " of " +
                                              std::to_string(to_gib(bytes(total))) + " GiB are free)"
                                        : ""),
                             s);
        }
        made.device_ = &d;
        made.size_ = size;
        return made;
    }

    [[nodiscard]] KVMARK_INLINE device_address address() const { return address_; }
    [[nodiscard]] bytes size() const { return size_; }

private:
    void swap(device_memory& o) noexcept {
        std::swap(device_, o.device_);
        std::swap(address_, o.address_);
        std::swap(size_, o.size_);
    }

    const device* device_ = nullptr;
    device_address address_ = 0;
    bytes size_{};
};

/// Pins memory of the host for as long as it lives: only then do the copy engines read and write it by
/// themselves, while the calling thread goes on. The memory must outlive it.
class pinned_memory {
public:
    pinned_memory() = default;
    pinned_memory(pinned_memory&& o) noexcept { swap(o); }
    pinned_memory& operator=(pinned_memory&& o) noexcept {
        swap(o);
        return *this;
    }
    KVMARK_COLD ~pinned_memory() {
        if (memory_ == nullptr) return;
        device_->make_current();
        device_->api().unregister_host(memory_);
    }

    /// For every GPU of the process. `d` must outlive the result, and stay where it is.
    [[nodiscard]] KVMARK_COLD static result<pinned_memory> pin(const device& d, std::span<std::byte> memory) {
        pinned_memory made;
        if (memory.empty()) return made;
        status s = d.make_current();
        if (s == status::success) s = d.api().register_host(memory.data(), memory.size(), host_portable);
        if (s == host_memory_already_registered) return made; // by somebody whose it stays
        if (s != status::success)
            return d.failure("cannot pin " + std::to_string(to_gib(bytes(memory.size()))) +
                                 " GiB of host memory (`ulimit -l`?)",
                             s);
        made.device_ = &d;
        made.memory_ = memory.data();
        return made;
    }

    /// Null when somebody else has pinned the memory.
    [[nodiscard]] const void* data() const { return memory_; }

private:
    void swap(pinned_memory& o) noexcept {
        std::swap(device_, o.device_);
        std::swap(memory_, o.memory_);
    }

    const device* device_ = nullptr;
    void* memory_ = nullptr;
};

} // namespace kvmark::gpu

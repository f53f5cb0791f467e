// Streams, in whose order a GPU works, and events, by which the host sees how far it is.
#pragma once

#include <kvmark/gpu/device.hpp>

namespace kvmark::gpu {

/// What is made in a device's context and destroyed there.
template <class Handle, auto Destroy>
class owned {
public:
    owned() = default;
    owned(const device& d, Handle h) : device_(&d), handle_(h) {}
    owned(owned&& o) noexcept { swap(o); }
    owned& operator=(owned&& o) noexcept {
        swap(o);
        return *this;
    }
    KVMARK_COLD ~owned() {
        if (handle_ == nullptr) return;
        device_->make_current();
        (device_->api().*Destroy)(handle_);
    }
    [[nodiscard]] KVMARK_INLINE Handle get() const { return handle_; }

private:
    void swap(owned& o) noexcept {
        std::swap(device_, o.device_);
        std::swap(handle_, o.handle_);
    }

    const device* device_ = nullptr;
    Handle handle_ = nullptr;
};
using owned_stream = owned<stream, &driver::destroy_stream>;
using owned_event = owned<event, &driver::destroy_event>;

/// `d` must outlive it and stay where it is; so for the other one.
[[nodiscard]] KVMARK_COLD result<owned_stream> make_stream(const device& d) {
    stream made = nullptr;
    status s = d.make_current();
    if (s == status::success) s = d.api().create_stream(&made, stream_non_blocking);
    if (s != status::success) return d.failure("no stream", s);
    return owned_stream(d, made);
}

/// `flags`: event_without_timing, which is quicker, or 0 for one that elapsed_ms() takes.
[[nodiscard]] KVMARK_COLD result<owned_event> make_event(const device& d,
                                                         unsigned flags = event_without_timing) {
    event made = nullptr;
    status s = d.make_current();
    if (s == status::success) s = d.api().create_event(&made, flags);
    if (s != status::success) return d.failure("no event", s);
    return owned_event(d, made);
}

} // namespace kvmark::gpu

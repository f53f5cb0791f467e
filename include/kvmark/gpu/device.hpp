// One GPU as this process uses it: its primary context, which every thread shares.
#pragma once

#include <kvmark/gpu/driver.hpp>
#include <kvmark/gpu/errno_of.hpp>

#include <utility>

namespace kvmark::gpu {

/// Holds the context of a GPU. Movable; whatever was made in the context goes first.
class device {
public:
    device() = default;
    device(device&& o) noexcept { swap(o); }
    device& operator=(device&& o) noexcept {
        swap(o);
        return *this;
    }
    KVMARK_COLD ~device() {
        if (context_ != nullptr) driver_->release_primary_context(number_);
    }

    /// `ordinal` counts from 0 among those that CUDA_VISIBLE_DEVICES leaves. The error says which GPU would
    /// not open, and why. The driver must outlive the device, as that of driver::get() does.
    [[nodiscard]] KVMARK_COLD static result<device> open(const driver& d, std::uint32_t ordinal) {
        int count = 0;
        if (const status s = d.device_count(&count); s != status::success)
            return error{error_kind::unsupported, "no usable GPU: " + d.describe(s)};
        if (ordinal >= static_cast<std::uint32_t>(count))
            return error{error_kind::unsupported, "GPU " + std::to_string(ordinal) + ": this process sees " +
                                                      std::to_string(count) + ", numbered from 0"};
        device opened;
        opened.driver_ = &d;
        opened.ordinal_ = ordinal;
        status s = d.device(&opened.number_, static_cast<int>(ordinal));
        if (s == status::success) s = d.retain_primary_context(&opened.context_, opened.number_);
        if (s != status::success) return opened.failure("cannot be opened", s);
        return opened;
    }

    [[nodiscard]] KVMARK_INLINE const driver& api() const { return *driver_; }
    [[nodiscard]] std::uint32_t ordinal() const { return ordinal_; }
    [[nodiscard]] device_number number() const { return number_; }
    [[nodiscard]] KVMARK_INLINE gpu::context context() const { return context_; }

    /// Makes it the one that the calling thread's calls are for: once in a thread, and after each change.
    KVMARK_INLINE status make_current() const { return driver_->set_context(context_); }

    /// Bytes that are free now, and all. Makes it current.
    [[nodiscard]] KVMARK_COLD status memory_info(std::size_t& free, std::size_t& total) const {
        const status s = make_current();
        return s == status::success ? driver_->memory_info(&free, &total) : s;
    }

    /// "GPU 0: `what`: CUDA_ERROR_...".
    [[nodiscard]] KVMARK_COLD error failure(const std::string& what, status s) const {
        return {error_kind::system,
                "GPU " + std::to_string(ordinal_) + ": " + what + ": " + driver_->describe(s)};
    }

private:
    void swap(device& o) noexcept {
        std::swap(driver_, o.driver_);
        std::swap(ordinal_, o.ordinal_);
        std::swap(number_, o.number_);
        std::swap(context_, o.context_);
    }

    const driver* driver_ = nullptr;
    std::uint32_t ordinal_ = 0;
    device_number number_ = 0;
    gpu::context context_ = nullptr;
};

} // namespace kvmark::gpu

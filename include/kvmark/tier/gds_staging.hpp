// Device memory between a file and the host, for the callers whose bytes are in neither.
#pragma once

#include <kvmark/gpu/cufile.hpp>
#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/poll_pace.hpp>
#include <kvmark/gpu/stream.hpp>
#include <kvmark/tier/extent_stack.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <vector>

namespace kvmark::tier {

/// A buffer of one io_chunk for each I/O in flight, all of one allocation, each with a stream of its own.
/// They are taken and given back without a lock.
class gds_staging {
public:
    gds_staging() = default;
    gds_staging(const gds_staging&) = delete;
    gds_staging& operator=(const gds_staging&) = delete;
    KVMARK_COLD ~gds_staging() {
        if (registered_) files_->deregister_buffer(base());
    }

    /// `files` and `d` must outlive it and stay where they are. What cuFile refuses to register is used all
    /// the same, and note() says so.
    KVMARK_COLD result<void> open(const gpu::cufile& files, const gpu::device& d, std::uint32_t buffers,
                                  bytes size) {
        files_ = &files;
        size_ = size;
        auto memory = gpu::device_memory::allocate(d, size * buffers);
        if (!memory) return memory.error();
        memory_ = std::move(*memory);
        for (std::uint32_t i = 0; i < buffers; ++i) {
            auto stream = gpu::make_stream(d);
            if (!stream) return stream.error();
            streams_.push_back(std::move(*stream));
        }
        const gpu::cufile_outcome registered = files.register_buffer(base(), memory_.size().count, 0);
        registered_ = registered.good();
        if (!registered_) refusal_ = gpu::describe(registered);
        free_.open(buffers);
        return {};
    }

    /// One buffer, for the time of an I/O. Waits where all are taken.
    class lease {
    public:
        KVMARK_INLINE explicit lease(gds_staging& from) : from_(from) {
            gpu::poll_pace pace;
            while ((buffer_ = from_.free_.take()) == extent_stack::none) pace.pause();
        }
        lease(const lease&) = delete;
        lease& operator=(const lease&) = delete;
        KVMARK_INLINE ~lease() { from_.free_.give_back(buffer_); }

        [[nodiscard]] KVMARK_INLINE bytes offset() const { return from_.size_ * std::uint64_t{buffer_}; }
        [[nodiscard]] KVMARK_INLINE gpu::device_address address() const {
            return from_.memory_.address() + offset().count;
        }
        [[nodiscard]] KVMARK_INLINE gpu::stream stream() const { return from_.streams_[buffer_].get(); }

    private:
        gds_staging& from_;
        std::uint32_t buffer_ = 0;
    };

    /// What cuFile knows the buffers by.
    [[nodiscard]] KVMARK_INLINE void* base() const { return reinterpret_cast<void*>(memory_.address()); }
    /// Empty when cuFile has registered the buffers.
    [[nodiscard]] const std::string& refusal() const { return refusal_; }

private:
    const gpu::cufile* files_ = nullptr;
    gpu::device_memory memory_;
    std::vector<gpu::owned_stream> streams_;
    extent_stack free_;
    bytes size_{};
    std::string refusal_;
    bool registered_ = false;
};

} // namespace kvmark::tier

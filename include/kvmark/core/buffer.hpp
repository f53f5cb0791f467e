// Page-aligned memory for O_DIRECT and for the host tier: 2 MiB-aligned, huge-page backed, touched up front.
#pragma once

#include <kvmark/core/units.hpp>

#include <cstddef>
#include <span>
#include <sys/mman.h>
#include <utility>

namespace kvmark {

/// An anonymous mapping aligned to 2 MiB and advised MADV_HUGEPAGE. Without huge pages O_DIRECT loses half of
/// its bandwidth (docs/measuring.md). Empty when the kernel refused the size.
class huge_page_buffer {
public:
    static constexpr bytes alignment{2 * mib_bytes};

    huge_page_buffer() = default;
    /// Reserves address space for `size` bytes, 0 allowed; memory arrives at the first touch.
    KVMARK_COLD explicit huge_page_buffer(bytes size) {
        if (size.count == 0) return;
        const std::size_t mapped = round_up(size, alignment).count + alignment.count;
        void* raw = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (raw == MAP_FAILED) return;
        mapping_ = raw;
        mapped_ = mapped;
        const auto address = reinterpret_cast<std::uintptr_t>(raw);
        data_ = reinterpret_cast<std::byte*>((address + alignment.count - 1) & ~(alignment.count - 1));
        size_ = size.count;
        ::madvise(data_, round_up(size, alignment).count, MADV_HUGEPAGE);
    }
    huge_page_buffer(huge_page_buffer&& o) noexcept { swap(o); }
    huge_page_buffer& operator=(huge_page_buffer&& o) noexcept {
        swap(o);
        return *this;
    }
    ~huge_page_buffer() {
        if (mapping_) ::munmap(mapping_, mapped_);
    }

    [[nodiscard]] std::span<std::byte> span() const { return {data_, size_}; }
    [[nodiscard]] KVMARK_INLINE std::byte* data() const { return data_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    /// Makes the first `size` bytes resident, so that no page fault falls into a measurement.
    KVMARK_COLD void touch(bytes size) const {
        const std::size_t end = size.count < size_ ? size.count : size_;
        for (std::size_t at = 0; at < end; at += 4096) *static_cast<volatile std::byte*>(data_ + at) = {};
    }

private:
    void swap(huge_page_buffer& o) noexcept {
        std::swap(mapping_, o.mapping_);
        std::swap(mapped_, o.mapped_);
        std::swap(data_, o.data_);
        std::swap(size_, o.size_);
    }

    void* mapping_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace kvmark

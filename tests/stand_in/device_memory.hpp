// The memory of a GPU that is none: host memory under addresses that the CPU faults at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <sys/mman.h>

namespace kvmark::stand_in {

/// First fit, in pages of 4 KiB. Each function may be called by several threads.
class device_memory {
public:
    /// Bit 62 without bit 63 is canonical in no paging mode of x86-64.
    static constexpr std::uint64_t device_bit = std::uint64_t{1} << 62;

    device_memory(int gpu, std::size_t size)
        : first_(device_bit | static_cast<std::uint64_t>(gpu + 1) << 48), size_(size / page * page) {
        void* mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped == MAP_FAILED) std::abort();
        host_ = static_cast<std::byte*>(mapped);
    }
    device_memory(const device_memory&) = delete;
    device_memory& operator=(const device_memory&) = delete;
    ~device_memory() { ::munmap(host_, size_); }

    static bool is_device(std::uint64_t address) { return (address >> 62) == 1; }

    /// 0 where no gap is as long.
    std::uint64_t allocate(std::size_t bytes) {
        const std::size_t length = (bytes + page - 1) / page * page;
        const std::lock_guard mine(turn_);
        std::size_t gap = 0;
        for (const auto& [at, taken] : taken_) {
            if (at - gap >= length) break;
            gap = at + taken.pages;
        }
        if (length < bytes || size_ - gap < length) return 0;
        taken_[gap] = {length, bytes};
        used_ += length;
        return first_ + gap;
    }
    /// False: nothing begins there.
    bool free(std::uint64_t address) {
        const std::lock_guard mine(turn_);
        const auto found = taken_.find(address - first_);
        if (found == taken_.end()) return false;
        ::madvise(host_ + found->first, found->second.pages, MADV_DONTNEED);
        used_ -= found->second.pages;
        taken_.erase(found);
        return true;
    }
    /// Where the CPU finds it; null unless all lies in one allocation.
    std::byte* host_pointer(std::uint64_t address, std::size_t bytes) {
        const std::lock_guard mine(turn_);
        if (address < first_ || address - first_ >= size_) return nullptr;
        const std::size_t at = address - first_;
        auto after = taken_.upper_bound(at);
        if (after == taken_.begin()) return nullptr;
        const auto& [begin, taken] = *--after;
        return at - begin <= taken.bytes && bytes <= taken.bytes - (at - begin) ? host_ + at : nullptr;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    std::size_t left() {
        const std::lock_guard mine(turn_);
        return size_ - used_;
    }
    std::size_t allocations() {
        const std::lock_guard mine(turn_);
        return taken_.size();
    }

private:
    static constexpr std::size_t page = 4096;
    struct range {
        std::size_t pages = 0; ///< bytes of them
        std::size_t bytes = 0;
    };

    std::uint64_t first_;
    std::size_t size_;
    std::byte* host_ = nullptr;
    std::mutex turn_;
    std::map<std::size_t, range> taken_{}; ///< by offset
    std::size_t used_ = 0;
};

} // namespace kvmark::stand_in

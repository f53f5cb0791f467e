// The memory of one or more GPUs as blocks of one size.
#pragma once

#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/peer_access.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace kvmark::tier {

/// An arena on each GPU, cut into blocks of one io_chunk. Block b lies on GPU b mod n, so that the blocks of
/// an entry use every GPU's link. A GPU that is lost stays lost: its context cannot be used again in this
/// process.
class cuda_pool {
public:
    /// One GPU's part.
    struct part {
        gpu::device device;
        gpu::device_memory arena;
        std::atomic<int> failed{0}; ///< the first status that was not that of a lack of memory; 0: none
        std::atomic<std::uint64_t> reached{0}; ///< a bit for each GPU that reach() was told of

        /// The first time that this part is to read another GPU's memory.
        KVMARK_INLINE void reach(const gpu::device& other) {
            const std::uint64_t bit = std::uint64_t{1} << other.ordinal() % 64;
            if (KVMARK_LIKELY((reached.load(std::memory_order_relaxed) & bit) != 0)) return;
            static_cast<void>(gpu::reach(device, other));
            reached.fetch_or(bit);
        }
    };

    /// Opens `count` GPUs from number `first` on, counted in turns over those that the process sees, and
    /// takes no memory yet.
    [[nodiscard]] KVMARK_COLD result<void> open(std::uint32_t first, std::uint32_t count) {
        const auto& driver = gpu::driver::get();
        if (!driver) return driver.error();
        int seen = 0;
        driver->device_count(&seen);
        if (count < 1 || count > static_cast<std::uint32_t>(seen))
            return error{error_kind::invalid_argument, "--num-gpus " + std::to_string(count) +
                                                           ": this process sees " + std::to_string(seen) +
                                                           " (CUDA_VISIBLE_DEVICES)"};
        for (std::uint32_t i = 0; i < count; ++i) {
            auto device = gpu::device::open(*driver, (first + i) % static_cast<std::uint32_t>(seen));
            if (!device) {
                parts_.clear();
                return device.error();
            }
            parts_.push_back(std::make_unique<part>());
            parts_.back()->device = std::move(*device);
        }
        return {};
    }
    [[nodiscard]] bool is_open() const { return !parts_.empty(); }

    /// The least that a GPU of the pool has free, times their number.
    [[nodiscard]] KVMARK_COLD bytes free_memory() const {
        std::size_t least = ~std::size_t{0};
        for (const auto& p : parts_) {
            std::size_t free = 0, total = 0;
            static_cast<void>(p->device.memory_info(free, total));
            least = free < least ? free : least;
        }
        return parts_.empty() ? bytes() : bytes(least * parts_.size());
    }

    /// Takes the memory: `blocks` of `size` on each GPU.
    [[nodiscard]] KVMARK_COLD result<void> allocate(std::uint64_t blocks, bytes size) {
        block_size_ = size;
        for (const auto& p : parts_) {
            auto arena = gpu::device_memory::allocate(p->device, size * blocks);
            if (!arena) return arena.error();
            p->arena = std::move(*arena);
        }
        return {};
    }

    [[nodiscard]] KVMARK_INLINE std::uint32_t size() const {
        return static_cast<std::uint32_t>(parts_.size());
    }
    [[nodiscard]] KVMARK_INLINE part& operator[](std::uint32_t gpu) { return *parts_[gpu]; }
    [[nodiscard]] const part& operator[](std::uint32_t gpu) const { return *parts_[gpu]; }

    [[nodiscard]] KVMARK_INLINE std::uint32_t gpu_of(std::uint32_t block) const { return block % size(); }
    [[nodiscard]] KVMARK_INLINE gpu::device_address address_of(std::uint32_t block, bytes within) const {
        return parts_[gpu_of(block)]->arena.address() + (block / size()) * block_size_.count + within.count;
    }

    /// The errno of a call for that GPU; what makes the GPU unusable is kept for lost() and note().
    [[nodiscard]] KVMARK_INLINE int outcome(std::uint32_t gpu, gpu::status s) {
        if (KVMARK_LIKELY(s == gpu::status::success)) return 0;
        return failure(gpu, s);
    }
    [[nodiscard]] KVMARK_INLINE bool is_lost(std::uint32_t gpu) const {
        return parts_[gpu]->failed.load(std::memory_order_relaxed) != 0;
    }
    [[nodiscard]] KVMARK_COLD bool is_lost() const {
        for (std::uint32_t gpu = 0; gpu < size(); ++gpu)
            if (is_lost(gpu)) return true;
        return false;
    }
    /// One line for each GPU that is lost.
    [[nodiscard]] KVMARK_COLD std::string note() const {
        std::string all;
        for (const auto& p : parts_)
            if (const int failed = p->failed.load(); failed != 0)
                all += (all.empty() ? "" : "; ") +
                       p->device.failure("lost during the run", gpu::status{failed}).message;
        return all;
    }

private:
    KVMARK_COLD int failure(std::uint32_t gpu, gpu::status s) {
        const int number = gpu::errno_of(s);
        int none = 0;
        if (number == ENODEV) parts_[gpu]->failed.compare_exchange_strong(none, static_cast<int>(s));
        return number;
    }

    std::vector<std::unique_ptr<part>> parts_; ///< each stays where it is: memory and streams point to it
    bytes block_size_{};
};

} // namespace kvmark::tier

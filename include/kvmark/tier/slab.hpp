// The layout of a store that owns its space: one preallocated file, or a raw block device, in extents.
#pragma once

#include <kvmark/core/path.hpp>
#include <kvmark/tier/extent_table.hpp>
#include <kvmark/tier/open_flags.hpp>
#include <kvmark/tier/raw_device.hpp>

namespace kvmark::tier {

/// An extent is an io_chunk, so an I/O never straddles two. To create or erase an entry is a few memory
/// operations, and there is one descriptor, which an engine can register. The space is taken at open(): the
/// whole limit.
class slab {
public:
    static constexpr std::string_view name = "slab";
    static constexpr bool instant_metadata = true;

    slab() = default;
    slab(const slab&) = delete;
    slab& operator=(const slab&) = delete;
    KVMARK_COLD ~slab() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// 95 % of the free space, or the device but for its margins.
    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        if (raw_device::is_block_device(setup.cache_dir)) return raw_device::usable(setup.cache_dir);
        return free_space(setup.cache_dir) / 100 * 95;
    }
    [[nodiscard]] static bytes granule(const tier_setup& setup) { return setup.io_chunk; }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        extent_size_ = setup.io_chunk;
        const std::uint64_t extents = setup.limit.count / extent_size_.count;
        if (extents >= ~std::uint32_t{0})
            return error{error_kind::invalid_argument,
                         "slab: more than 2^32 extents of --io-chunk bytes; give a larger --io-chunk"};
        extents_.open(static_cast<std::uint32_t>(extents));
        if (raw_device::is_block_device(setup.cache_dir)) return open_device(setup);
        if (!setup.raw_device.empty())
            return error{error_kind::invalid_argument,
                         "raw device " + setup.raw_device + ": is not a block device"};
        return open_file(setup, cache, extent_size_ * extents);
    }
    [[nodiscard]] bool bypasses_cache() const { return on_device_ || how_.bypasses_cache(); }
    [[nodiscard]] int only_fd() const { return fd_; }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return {extents_.create(e, round_up(size, extent_size_).count / extent_size_.count) ? 0 : ENOSPC};
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        extents_.erase(e);
        return {};
    }
    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id) { return {::fdatasync(fd_) == 0 ? 0 : errno}; }

    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        const std::uint64_t extent = extents_.at(e, offset.count / extent_size_.count);
        return {.fd = fd_,
                .at = start_.count + extent * extent_size_.count + offset.count % extent_size_.count};
    }
    KVMARK_INLINE void give_back(const file_part&) {}

private:
    KVMARK_COLD result<void> open_file(const tier_setup& setup, page_cache cache, bytes size) {
        if (auto opened = directory_.open(setup.cache_dir); !opened) return opened;
        if (auto chosen = how_.choose(directory_, setup, cache); !chosen) return chosen;
        const auto failure = [&] {
            return error{error_kind::system, "slab: " + std::to_string(to_gib(size)) + " GiB in " +
                                                 setup.cache_dir + ": " + std::strerror(errno) +
                                                 "; give a smaller --storage-capacity-gb"};
        };
        fd_ = ::openat(directory_.fd(), "slab.kv", how_.flags() | O_CREAT, 0600);
        if (fd_ < 0) return failure();
        if (size.count == 0) return {};
        errno = allocate(fd_, size);
        return errno == 0 ? result<void>() : failure();
    }

    KVMARK_COLD result<void> open_device(const tier_setup& setup) {
        auto opened = raw_device::open(setup.cache_dir, setup.raw_device);
        if (!opened) return opened.error();
        fd_ = *opened;
        start_ = raw_device::margin;
        on_device_ = true;
        return {};
    }

    cache_directory directory_;
    open_flags how_;
    extent_table extents_;
    bytes extent_size_{};
    bytes start_{}; ///< of the first extent
    int fd_ = -1;
    bool on_device_ = false;
};

} // namespace kvmark::tier

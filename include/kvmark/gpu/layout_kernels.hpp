// Kernels that move KV blocks between a paged cache and contiguous memory of the GPU, one launch for any
// number of blocks: docs/layout_kernels.md. Their source is layout_kernels.cu.
#pragma once

#include <kvmark/gpu/layout_kernels_ptx.hpp>
#include <kvmark/gpu/paged_cache.hpp>

#include <algorithm>
#include <array>

#ifdef KVMARK_LAYOUT_KERNELS_IMAGE
/// Machine code that a CUDA compiler made when the program was built (target kvmark::layout_kernels).
extern "C" const unsigned char kvmark_layout_kernels_image[];
#endif

namespace kvmark::gpu {

/// Contiguous memory has the blocks in the order of their page numbers, and of each block the pages in the
/// order of the planes: [block][plane][byte of the page]. Both calls only begin the work, in the order of
/// `order`; what they are given must stay until it is done. They allocate nothing.
class layout_kernels {
public:
    layout_kernels() = default;

    /// `d` must outlive it and stay where it is. The error: the driver does not take the code.
    [[nodiscard]] KVMARK_COLD static result<layout_kernels> load(const device& d) {
        layout_kernels made;
        made.device_ = &d;
        int processors = 0, threads = 0;
        module code = nullptr;
        status s = d.make_current();
        if (s == status::success)
            s = d.api().device_attribute(&processors, attribute::multiprocessors, d.number());
        if (s == status::success)
            s = d.api().device_attribute(&threads, attribute::threads_per_multiprocessor, d.number());
        if (s == status::success) s = d.api().load_module(&code, image());
        if (s != status::success) return d.failure("the layout kernels cannot be loaded", s);
        made.code_ = {d, code};
        s = d.api().find_kernel(&made.gather_, code, "kvmark_gather");
        if (s == status::success) s = d.api().find_kernel(&made.scatter_, code, "kvmark_scatter");
        if (s != status::success) return d.failure("the layout kernels are not in their module", s);
        made.resident_ =
            static_cast<unsigned>(std::max(processors * (threads / static_cast<int>(block_threads)), 1));
        return made;
    }

    /// The pages of `blocks` blocks, at least one, into contiguous memory. `page_numbers`: an address of as
    /// many std::uint32_t in the memory of the GPU; a number that is no page of `cache` reads what is not the
    /// cache's. `packed`: at a multiple of 16, `packed_size` long, of the GPU or pinned memory of the host.
    [[nodiscard]] result<void> gather(stream order, const paged_cache& cache, device_address page_numbers,
                                      std::uint32_t blocks, device_address packed, bytes packed_size) const {
        return start(gather_, order, cache, page_numbers, blocks, packed, packed_size);
    }
    /// The other way. No page may be there twice; a number that is no page of `cache` writes over what is not
    /// the cache's.
    [[nodiscard]] result<void> scatter(stream order, const paged_cache& cache, device_address page_numbers,
                                       std::uint32_t blocks, device_address packed, bytes packed_size) const {
        return start(scatter_, order, cache, page_numbers, blocks, packed, packed_size);
    }

    /// Whether the code is a CUDA compiler's, or PTX that the driver compiles.
    static constexpr bool is_compiled =
#ifdef KVMARK_LAYOUT_KERNELS_IMAGE
        true;
#else
        false;
#endif

private:
    // Those of layout_kernels.cu: a warp moves 2 KiB of a page at a time.
    static constexpr unsigned block_threads = 256, warps_of_block = block_threads / 32;
    static constexpr std::uint64_t part_bytes = 2048;

    static const void* image() {
#ifdef KVMARK_LAYOUT_KERNELS_IMAGE
        return kvmark_layout_kernels_image;
#else
        return layout_kernels_ptx;
#endif
    }

    result<void> start(kernel what, stream order, const paged_cache& cache, device_address page_numbers,
                       std::uint32_t blocks, device_address packed, bytes packed_size) const {
        const std::uint64_t parts =
            (cache.page_size().count + part_bytes - 1) / part_bytes * cache.plane_count() * blocks;
        if (parts == 0 || parts >= std::uint64_t{1} << 31 || page_numbers % sizeof(std::uint32_t) != 0 ||
            packed % paged_cache::unit.count != 0 || packed_size < cache.block_size() * blocks)
            return refusal(cache, page_numbers, blocks, packed, packed_size);

        device_address planes = cache.table();
        auto plane_count = cache.plane_count();
        auto vectors = static_cast<std::uint32_t>(cache.page_size().count / paged_cache::unit.count);
        void* arguments[] = {&planes, &page_numbers, &packed, &plane_count, &blocks, &vectors};
        // No more than are resident at once: each goes on to further parts by itself.
        const auto grid = static_cast<unsigned>(
            std::min<std::uint64_t>((parts + warps_of_block - 1) / warps_of_block, resident_));
        const status s =
            device_->api().launch(what, grid, 1, 1, block_threads, 1, 1, 0, order, arguments, nullptr);
        if (KVMARK_LIKELY(s == status::success)) return {};
        return device_->failure("a layout kernel cannot be started", s);
    }

    KVMARK_COLD static error refusal(const paged_cache& cache, device_address page_numbers,
                                     std::uint32_t blocks, device_address packed, bytes packed_size) {
        const auto refuse = [](const std::string& why) {
            return error{error_kind::invalid_argument, "layout kernels: " + why};
        };
        if (blocks == 0 || cache.plane_count() == 0) return refuse("no block to move");
        if (page_numbers % sizeof(std::uint32_t) != 0)
            return refuse("page numbers do not begin at a multiple of 4");
        if (packed % paged_cache::unit.count != 0)
            return refuse("contiguous memory does not begin at a multiple of 16");
        const std::uint64_t needed = cache.block_size().count * blocks;
        if (packed_size.count < needed)
            return refuse(std::to_string(blocks) + " blocks take " + std::to_string(needed) + " bytes, not " +
                          std::to_string(packed_size.count));
        return refuse(std::to_string(blocks) + " blocks are too many for one launch");
    }

    const device* device_ = nullptr;
    owned<module, &driver::unload_module> code_{};
    kernel gather_ = nullptr, scatter_ = nullptr;
    unsigned resident_ = 1; ///< blocks of the grid that the GPU runs at once
};

} // namespace kvmark::gpu

// The KV cache of a server as it lies in GPU memory: planes, one or two for each layer, of pages.
#pragma once

#include <kvmark/gpu/upload.hpp>

#include <vector>

namespace kvmark::gpu {

/// Where the blocks of a server's cache are. vLLM, for one, has a plane for each layer of the model, or two,
/// of keys and of values; a block has a page in each, of the same number. Owns none of that memory.
class paged_cache {
public:
    /// What the kernels move at once, and so the unit of a page and of its place.
    static constexpr bytes unit{16};

    paged_cache() = default;

    /// `planes`: the addresses in the memory of `d`, in the order in which a block shall have its pages; each
    /// of `pages` pages of `page` bytes. The error says what is no multiple of `unit`, or missing.
    [[nodiscard]] KVMARK_COLD static result<paged_cache>
    describe(const device& d, std::span<const device_address> planes, bytes page, std::uint32_t pages) {
        if (planes.empty() || page == bytes{} || pages == 0) return wrong("no planes, or no pages in them");
        if (page.count % unit.count != 0 || page.count / unit.count > ~std::uint32_t{0})
            return wrong("pages of " + std::to_string(page.count) +
                         " bytes, which is no multiple of 16, or too large");
        for (const device_address& plane : planes)
            if (plane % unit.count != 0)
                return wrong("plane " + std::to_string(&plane - planes.data()) +
                             " does not begin at a multiple of 16");
        auto table = upload(d, std::as_bytes(planes));
        if (!table) return table.error();
        paged_cache made;
        made.planes_.assign(planes.begin(), planes.end());
        made.table_ = std::move(*table);
        made.page_ = page;
        made.pages_ = pages;
        return made;
    }

    [[nodiscard]] std::uint32_t plane_count() const { return static_cast<std::uint32_t>(planes_.size()); }
    [[nodiscard]] std::uint32_t pages() const { return pages_; }
    [[nodiscard]] bytes page_size() const { return page_; }
    /// Of one block, over all planes.
    [[nodiscard]] bytes block_size() const { return page_ * planes_.size(); }
    /// Of `page` in `plane`, both of which are there.
    [[nodiscard]] KVMARK_INLINE device_address at(std::uint32_t plane, std::uint32_t page) const {
        return planes_[plane] + page * page_.count;
    }
    /// The addresses of the planes in the memory of the GPU.
    [[nodiscard]] device_address table() const { return table_.address(); }

private:
    KVMARK_COLD static error wrong(const std::string& what) {
        return {error_kind::invalid_argument, "paged cache: " + what};
    }

    std::vector<device_address> planes_{};
    device_memory table_{};
    bytes page_{};
    std::uint32_t pages_ = 0;
};

} // namespace kvmark::gpu

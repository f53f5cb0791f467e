// Host memory: one arena of huge pages, entries in lists of 256 KiB pages.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/memory_info.hpp>
#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <vector>

namespace kvmark::tier {

/// Real memory, really copied. The arena is as large as the limit; up to a quarter of the free memory is
/// touched before the clock starts, the rest at its first use.
class host {
public:
    static constexpr std::string_view name = "host";
    static constexpr tier_role role = tier_role::cpu;
    static constexpr bool instant_metadata = true;
    static constexpr bytes page_size{256 * kib_bytes};

    /// 80 % of the memory that is available now.
    [[nodiscard]] KVMARK_COLD bytes capacity(const tier_setup&) const {
        return bytes(available_memory().count / 5 * 4);
    }
    [[nodiscard]] static constexpr bytes granule() { return page_size; }
    /// As many copies at once as there are processors, four at most: more would only take turns.
    [[nodiscard]] KVMARK_COLD std::uint32_t depth() const {
        const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
        return processors < 1 ? 1 : processors > 4 ? 4 : static_cast<std::uint32_t>(processors);
    }

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        const std::uint64_t pages = setup.limit.count / page_size.count;
        arena_ = huge_page_buffer(bytes(pages * page_size.count));
        if (pages != 0 && arena_.empty())
            return error{error_kind::system, "host tier: no address space for " +
                                                 std::to_string(to_gib(setup.limit)) +
                                                 " GiB; give a smaller --cpu-mem-gb"};
        const bytes quarter(available_memory().count / 4);
        arena_.touch(setup.limit < quarter ? setup.limit : quarter);
        next_.resize(pages);
        for (std::uint64_t page = pages; page-- > 0;) give_back(static_cast<std::uint32_t>(page));
        return {};
    }

    [[nodiscard]] io_status create(entry_id e, bytes size) {
        page_list& list = lists_.ensure(e);
        const std::uint64_t wanted = round_up(size, page_size).count / page_size.count;
        if (wanted > free_count_) return {ENOMEM};
        std::uint32_t tail = no_page;
        for (std::uint64_t i = 0; i < wanted; ++i) {
            const std::uint32_t page = free_;
            free_ = next_[page];
            (tail == no_page ? list.first : next_[tail]) = page;
            next_[page] = no_page;
            tail = page;
        }
        free_count_ -= wanted;
        list.cursor.store(list.first, std::memory_order_relaxed);
        return {};
    }

    [[nodiscard]] io_status erase(entry_id e) {
        page_list* list = lists_.find(e);
        if (!list) return {};
        for (std::uint32_t page = list->first; page != no_page;) {
            const std::uint32_t following = next_[page];
            give_back(page);
            page = following;
        }
        list->first = no_page;
        return {};
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        for_each_piece(e, offset, from.size(),
                       [&](std::byte* at, std::size_t done, std::size_t n)
                           KVMARK_INLINE_LAMBDA { std::memcpy(at, from.data() + done, n); });
        return {};
    }

    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        for_each_piece(e, offset, into.size(),
                       [&](std::byte* at, std::size_t done, std::size_t n)
                           KVMARK_INLINE_LAMBDA { std::memcpy(into.data() + done, at, n); });
        return {};
    }

private:
    static constexpr std::uint32_t no_page = ~std::uint32_t{0};

    /// `cursor` is a hint, (index of a page in the list) << 32 | page: chunks come nearly in order, so the
    /// walk to a chunk's first page is a few steps from the last one's.
    struct page_list {
        std::uint32_t first = no_page;
        std::atomic<std::uint64_t> cursor{0};
    };

    template <class F>
    KVMARK_INLINE void for_each_piece(entry_id e, bytes offset, std::size_t size, F&& f) {
        page_list& list = lists_[e];
        const std::uint64_t wanted = offset.count / page_size.count;
        const std::uint64_t hint = list.cursor.load(std::memory_order_relaxed);
        std::uint64_t index = hint >> 32;
        auto page = static_cast<std::uint32_t>(hint);
        if (index > wanted) {
            index = 0;
            page = list.first;
        }
        for (; index < wanted; ++index) page = next_[page];
        list.cursor.store(wanted << 32 | page, std::memory_order_relaxed);

        std::size_t within = offset.count % page_size.count;
        for (std::size_t done = 0; done < size;) {
            const std::size_t room = page_size.count - within;
            const std::size_t n = size - done < room ? size - done : room;
            f(arena_.data() + page * page_size.count + within, done, n);
            done += n;
            within = 0;
            if (done < size) page = next_[page];
        }
    }

    void give_back(std::uint32_t page) {
        next_[page] = free_;
        free_ = page;
        ++free_count_;
    }

    huge_page_buffer arena_;
    std::vector<std::uint32_t> next_; ///< by page: the entry's next page, or the next free one
    std::uint32_t free_ = no_page;
    std::uint64_t free_count_ = 0;
    stable_table<page_list> lists_;
};

} // namespace kvmark::tier

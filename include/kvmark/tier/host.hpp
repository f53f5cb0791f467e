// Host memory: one arena of huge pages, entries in lists of 256 KiB pages.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/memory_info.hpp>
#include <kvmark/core/streaming_copy.hpp>
#include <kvmark/tier/extent_table.hpp>

#include <cerrno>
#include <unistd.h>

namespace kvmark::tier {

/// Real memory, really copied. The arena is as large as the limit; up to a quarter of the free memory is
/// touched before the clock starts, the rest at its first use.
class host {
public:
    static constexpr std::string_view name = "host";
    static constexpr tier_role role = tier_role::cpu;
    static constexpr bool instant_metadata = true;
    static constexpr bool in_memory = true;
    static constexpr bytes page_size{256 * kib_bytes};

    /// 80 % of the memory that is available now.
    [[nodiscard]] KVMARK_COLD bytes capacity(const tier_setup&) const {
        return bytes(available_memory().count / 5 * 4);
    }
    [[nodiscard]] static constexpr bytes granule(const tier_setup&) { return page_size; }
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
        pages_.open(static_cast<std::uint32_t>(pages));
        return {};
    }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return {pages_.create(e, round_up(size, page_size).count / page_size.count) ? 0 : ENOMEM};
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        pages_.erase(e);
        return {};
    }

    /// Large pieces go past the caches: they are read again much later, if at all.
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        for_each_piece(e, offset, from.size(),
                       [&](std::byte* at, std::size_t done, std::size_t n) KVMARK_INLINE_LAMBDA {
                           if (n >= streamed_from.count)
                               streaming_copy(at, from.data() + done, n);
                           else
                               std::memcpy(at, from.data() + done, n);
                       });
        return {};
    }

    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        for_each_piece(e, offset, into.size(),
                       [&](std::byte* at, std::size_t done, std::size_t n)
                           KVMARK_INLINE_LAMBDA { std::memcpy(into.data() + done, at, n); });
        return {};
    }

private:
    /// 0.6 of memcpy's speed at 4 KiB, 1.7 times at 64 KiB (benchmarks/tiers/host_copy.cpp).
    static constexpr bytes streamed_from{64 * kib_bytes};

    /// Calls f(memory, bytes done before, bytes) for each page's part of an I/O.
    template <class F>
    KVMARK_INLINE void for_each_piece(entry_id e, bytes offset, std::size_t size, F&& f) {
        std::uint64_t index = offset.count / page_size.count;
        std::size_t within = offset.count % page_size.count;
        for (std::size_t done = 0; done < size;) {
            const std::size_t room = page_size.count - within;
            const std::size_t n = size - done < room ? size - done : room;
            f(arena_.data() + pages_.at(e, index++) * page_size.count + within, done, n);
            done += n;
            within = 0;
        }
    }

    huge_page_buffer arena_;
    extent_table pages_;
};

} // namespace kvmark::tier

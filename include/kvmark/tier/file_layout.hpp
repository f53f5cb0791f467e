// The file_layout concept: where on a file system the bytes of an entry lie.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

namespace kvmark::tier {

/// Whether files are opened past the page cache (O_DIRECT).
enum class page_cache : std::uint8_t { used, bypassed };

/// One I/O's place. Borrowed from a layout and given back when the I/O is over.
struct file_part {
    int fd = -1;          ///< -1: there is none, for the reason in error_number
    std::uint64_t at = 0; ///< bytes from the start of that file
    int error_number = 0;
    bool opened_for_it = false; ///< the descriptor serves this I/O alone
};

/// A policy of the file tiers. Calls come from several threads at once, under the rules of a blocking tier;
/// an I/O lies within one io_chunk of its entry, and in one part.
template <class L>
concept file_layout = requires(L l, const L c, const tier_setup& setup, page_cache cache, entry_id e, bytes n,
                               const file_part& part) {
    { L::name } -> std::convertible_to<std::string_view>; ///< as in --layout
    { L::capacity(setup) } -> std::same_as<bytes>;        ///< asked before open()
    { L::granule(setup) } -> std::same_as<bytes>;         ///< the unit in which it gives out room
    {
        l.open(setup, cache)
        } -> std::same_as<result<void>>;          ///< an error too where `strict` forbids a fallback
    { c.bypasses_cache() } -> std::same_as<bool>; ///< false: the file system refused O_DIRECT
    { l.create(e, n) } -> std::same_as<io_status>;
    { l.erase(e) } -> std::same_as<io_status>;
    { l.sync(e) } -> std::same_as<io_status>;      ///< makes the entry durable
    { l.borrow(e, n) } -> std::same_as<file_part>; ///< the part that holds the entry's byte `n`
    { l.give_back(part) } -> std::same_as<void>;
};

/// The one descriptor that every part of a layout has, or -1: an engine can register it.
template <class L>
[[nodiscard]] constexpr int only_fd_of(const L& layout) {
    if constexpr (requires { layout.only_fd(); })
        return layout.only_fd();
    else
        return -1;
}

} // namespace kvmark::tier

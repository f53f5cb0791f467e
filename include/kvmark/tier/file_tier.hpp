// What every storage tier made of files has in common, whatever moves its bytes and wherever they lie.
#pragma once

#include <kvmark/tier/file_layout.hpp>
#include <kvmark/tier/transfer.hpp>

namespace kvmark::tier {

/// A tier derives from it, opens its layout with or without the page cache, and adds what it does its own
/// way.
template <file_layout Layout>
class file_tier {
public:
    static constexpr tier_role role = tier_role::storage;
    static constexpr bool instant_metadata = has_instant_metadata<Layout>;

    [[nodiscard]] static bytes capacity(const tier_setup& setup) { return Layout::capacity(setup); }
    [[nodiscard]] static bytes granule(const tier_setup& setup) { return Layout::granule(setup); }

    [[nodiscard]] KVMARK_INLINE Layout& layout() { return layout_; }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) { return layout_.create(e, size); }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) { return layout_.erase(e); }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            return write_all(part.fd, part.at, from);
        });
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            return read_all(part.fd, part.at, into);
        });
    }

protected:
    /// Calls `use(part)`, which gives an io_status, with the place of the entry's byte `offset`.
    template <class Use>
    [[nodiscard]] KVMARK_INLINE io_status with_part(entry_id e, bytes offset, Use&& use) {
        const file_part part = layout_.borrow(e, offset);
        if (!KVMARK_LIKELY(part.fd >= 0)) return {part.error_number};
        const io_status status = use(part);
        layout_.give_back(part);
        return status;
    }

    Layout layout_;
};

} // namespace kvmark::tier

// Tiers whose bytes lie in the memory of a GPU.
#pragma once

#include <kvmark/gpu/device.hpp>
#include <kvmark/tier/storage_tier.hpp>

namespace kvmark::tier {

/// A tier that says where in device memory a part of an entry lies. The part lies within one io_chunk of the
/// entry, and so in one piece.
template <class T>
concept device_resident_tier = blocking_tier<T> && requires(T t, entry_id e, bytes offset) {
    { t.device_address_of(e, offset) } -> std::same_as<gpu::device_address>;
    { t.device_of(e, offset) } -> std::same_as<const gpu::device&>; ///< whose memory it is
};

} // namespace kvmark::tier

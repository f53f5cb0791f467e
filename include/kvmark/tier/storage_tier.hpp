// The storage_tier concept: what a place for KV-cache entries must be able to do.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/core/units.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kvmark::tier {

/// A tier's name for an entry: dense from 0, reused after erase().
using entry_id = std::uint32_t;
inline constexpr entry_id no_entry = ~entry_id{0};

/// Where a tier stands in the reference's result file.
enum class tier_role : std::uint8_t { gpu, cpu, storage };

enum class direction : std::uint8_t { read, write };

/// Every entry is a whole number of sectors, and every I/O too.
inline constexpr bytes sector_size{4096};

/// What a tier is told before the clock starts.
struct tier_setup {
    bytes limit{};                 ///< it will never hold more; 0: it is not used
    bytes io_chunk{};              ///< the largest single I/O, a multiple of sector_size
    std::uint32_t queue_depth = 1; ///< I/Os in flight that the run asks of the storage tier
    std::string cache_dir{};       ///< where a tier made of files puts them
};

/// The outcome of one I/O: 0 or an errno. No message is built on the path of a block.
struct io_status {
    int error_number = 0;
    [[nodiscard]] KVMARK_INLINE constexpr bool good() const { return error_number == 0; }
};

/// Common to every tier. `open` is called once, before the clock starts; the destructor leaves nothing
/// behind.
template <class T>
concept storage_tier = requires(T t, const T c, const tier_setup& setup) {
    { T::name } -> std::convertible_to<std::string_view>;
    { T::role } -> std::convertible_to<tier_role>;
    { t.open(setup) } -> std::same_as<result<void>>;
};

/// A tier that holds real bytes and whose calls return when the bytes have moved. Calls for different
/// entries, and reads and writes within one entry, come from several threads at once; create and erase of an
/// entry never overlap another call for it. Spans are whole sectors of at most io_chunk, and aligned to 4096.
template <class T>
concept blocking_tier = storage_tier<T> &&
    requires(T t, entry_id e, bytes size, bytes offset, std::span<std::byte> into,
             std::span<const std::byte> from) {
    { t.create(e, size) } -> std::same_as<io_status>;        ///< room for an entry of that size
    { t.write(e, offset, from) } -> std::same_as<io_status>; ///< all of it or an error
    { t.read(e, offset, into) } -> std::same_as<io_status>;
    { t.erase(e) } -> std::same_as<io_status>; ///< good too for an entry never created
};

/// A tier that holds no bytes and says instead when an operation would end: what virtual time runs on.
template <class T>
concept timed_tier = storage_tier<T> && requires(T t, direction d, bytes size, nanoseconds now) {
    { t.schedule(d, size, now) } -> std::same_as<nanoseconds>; ///< the instant of completion, >= now
};

// Optional members, each with the default used when a tier has none of its own.

/// The unit in which the tier gives out room; one sector by default.
template <class T>
[[nodiscard]] constexpr bytes granule_of(const T& t) {
    if constexpr (requires { t.granule(); })
        return t.granule();
    else
        return sector_size;
}

/// How many I/Os it wants in flight, at least one; the run's queue depth by default.
template <class T>
[[nodiscard]] std::uint32_t depth_of(const T& t, const tier_setup& setup) {
    if constexpr (requires { t.depth(); })
        return t.depth() > 0 ? t.depth() : 1;
    else
        return setup.queue_depth;
}

/// What a reader of the report must know of it (a fallback it took); nothing by default.
template <class T>
[[nodiscard]] std::string note_of(const T& t) {
    if constexpr (requires { t.note(); })
        return t.note();
    else
        return {};
}

/// The most it can hold on this machine, asked before open(); unbounded by default.
template <class T>
[[nodiscard]] bytes capacity_of(const T& t, const tier_setup& setup) {
    if constexpr (requires { t.capacity(setup); })
        return t.capacity(setup);
    else
        return bytes(~std::uint64_t{0});
}

/// Whether create and erase are a few memory operations, and so may run on the engine's thread.
template <class T>
inline constexpr bool has_instant_metadata = requires {
    requires T::instant_metadata;
};

/// Makes what was written durable once an entry is whole, if the tier has such a step.
template <class T>
[[nodiscard]] KVMARK_INLINE io_status commit(T& t, entry_id e) {
    if constexpr (requires { t.commit(e); })
        return t.commit(e);
    else
        return {};
}
template <class T>
inline constexpr bool has_commit = requires(T t, entry_id e) {
    t.commit(e);
};

} // namespace kvmark::tier

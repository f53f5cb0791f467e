// The storage_tier concept: what a place for KV-cache entries must be able to do.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/core/units.hpp>
#include <kvmark/gpu/gpu_facts.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::tier {

/// A tier's name for an entry: dense from 0, reused after erase().
using entry_id = std::uint32_t;
inline constexpr entry_id no_entry = ~entry_id{0};

/// Where a tier stands in the reference's result file, which has no place for `peer`: memory of other ranks.
enum class tier_role : std::uint8_t { gpu, cpu, storage, peer };

enum class direction : std::uint8_t { read, write };

/// Every entry is a whole number of sectors, and every I/O too.
inline constexpr bytes sector_size{4096};

/// How a tier made of files lays entries out, where that is chosen at run time (tier::selected_layout).
enum class layout_kind : std::uint8_t { file_per_entry, file_per_block, slab };

/// What a tier is told before the clock starts.
struct tier_setup {
    bytes limit{};                 ///< it will never hold more; 0: it is not used
    bytes io_chunk{};              ///< the largest single I/O, a multiple of sector_size
    std::uint32_t queue_depth = 1; ///< I/Os in flight that the run asks of the storage tier
    std::string cache_dir{};       ///< where a tier made of files puts them; a block device for a raw slab
    layout_kind layout = layout_kind::file_per_entry;
    std::string raw_device{};      ///< the block device named a second time, which lets a slab overwrite it
    bool strict = false;           ///< open() fails where the tier would otherwise fall back and note it
    std::uint32_t descriptors = 1; ///< that a tier made of files needs for each that is open
    std::uint32_t local_rank = 0;  ///< this process among those of the run on this host
    std::uint32_t local_ranks = 1; ///< how many they are
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
/// entry never overlap another call for it. Spans are whole sectors, aligned to 4096; an I/O lies within one
/// io_chunk of the entry, counted from its start.
template <class T>
concept blocking_tier = storage_tier<T> &&
    requires(T t, entry_id e, bytes size, bytes offset, std::span<std::byte> into,
             std::span<const std::byte> from) {
    { t.create(e, size) } -> std::same_as<io_status>;        ///< room for an entry of that size
    { t.write(e, offset, from) } -> std::same_as<io_status>; ///< all of it or an error
    { t.read(e, offset, into) } -> std::same_as<io_status>;
    { t.erase(e) } -> std::same_as<io_status>; ///< good too for an entry never created
};

/// A blocking tier that can also keep several I/Os of one thread in flight. A `queue` belongs to the thread
/// that opened it; wake() may come from another, and its end, with nothing in flight. A slot is a number
/// below `depth` that the caller gives an I/O and is told again when it is done; it names one I/O at a time,
/// and its span stays where it is until then. reap() is told every outcome: all of the bytes or an error.
template <class T>
concept queued_tier = blocking_tier<T> && std::default_initializable<typename T::queue> &&
    requires(T t, typename T::queue q, const tier_setup& setup, std::uint32_t slot, entry_id e, bytes offset,
             std::span<std::byte> into, std::span<const std::byte> from,
             void (*done)(std::uint32_t, io_status)) {
    { t.can_queue(setup) } -> std::same_as<bool>; ///< asked before open(); if not, note() says why
    /// After t.open(). `into` is all the memory that spans will lie in, for engines that register it.
    { q.open(t, slot, into) } -> std::same_as<result<void>>;
    { q.read(slot, e, offset, into) } -> std::same_as<void>; ///< prepares; nothing is begun before wait()
    { q.write(slot, e, offset, from) } -> std::same_as<void>;
    { q.submit() } -> std::same_as<void>; ///< begins what was prepared, and does not wait
    { q.wait() } -> std::same_as<void>;   ///< the same, and sleeps until an I/O is done or wake() was called
    { q.reap(done) } -> std::same_as<void>; ///< done(slot, status) for each I/O that ended; does not wait
    { q.wake() } -> std::same_as<void>;     ///< ends the present wait() or the next one; from any thread
};

/// A queue that can be asked beside another one, which it then must not put to sleep.
template <class T>
concept polled_tier = queued_tier<T> && requires(typename T::queue q) {
    { q.poll() } -> std::same_as<void>; ///< wait() without the sleep: reap() is told of what is over
};

/// I/Os to prepare before they are handed over, while more are to come: the device works on the first ones
/// meanwhile. One system call for all of a deep queue left it idle between batches (4 KiB at depth 64: 0.8
/// of the rate), one for each cost half as much processor time again.
inline constexpr std::size_t queue_batch = 8;

/// A tier that holds no bytes and says instead when an operation would end: what virtual time runs on.
template <class T>
concept timed_tier = storage_tier<T> && requires(T t, direction d, bytes size, nanoseconds now) {
    { t.schedule(d, size, now) } -> std::same_as<nanoseconds>; ///< the instant of completion, >= now
};

// Optional members, each with the default used when a tier has none of its own.

/// The unit in which the tier gives out room, asked before open(); one sector by default.
template <class T>
[[nodiscard]] constexpr bytes granule_of(const T& t, const tier_setup& setup) {
    if constexpr (requires { t.granule(setup); })
        return t.granule(setup);
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

/// The GPUs whose memory it is made of, or reads and writes; none by default.
template <class T>
[[nodiscard]] std::vector<gpu::gpu_facts> gpus_of(const T& t) {
    if constexpr (requires { t.gpus(); })
        return t.gpus();
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

/// Whether capacity() is this process's own part, where several run on a host; by default it is the host's,
/// and shared evenly.
template <class T>
inline constexpr bool has_own_capacity = requires {
    requires T::own_capacity;
};

/// Whether the device under it is gone for good: each of its calls fails, and the run goes on without it.
template <class T>
[[nodiscard]] bool is_lost(const T& t) {
    if constexpr (requires { t.is_lost(); })
        return t.is_lost();
    else
        return false;
}

/// Tells a tier of memory that spans of read() and write() will lie in, from now until release_memory(); for
/// those that make it known to a device.
template <class T>
void adopt_memory(T& t, std::span<std::byte> memory) {
    if constexpr (requires { t.adopt(memory); }) t.adopt(memory);
}
template <class T>
void release_memory(T& t, std::span<std::byte> memory) {
    if constexpr (requires { t.release(memory); }) t.release(memory);
}

/// Whether To fetches a part of an entry from the tier From by itself, so that the bytes pass no buffer of
/// the host: from one GPU to another, between a GPU and a file.
template <class To, class From>
concept takes_from = requires(To to, From from, entry_id e, bytes offset, bytes length) {
    { to.take(from, e, offset, length) } -> std::same_as<io_status>; ///< it lies within one io_chunk
};

/// Whether create and erase are a few memory operations, and so may run on the engine's thread.
template <class T>
inline constexpr bool has_instant_metadata = requires {
    requires T::instant_metadata;
};

/// Whether its reads and writes are copies in memory, which count as such and not as time of a device.
template <class T>
inline constexpr bool is_in_memory = requires {
    requires T::in_memory;
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

// kvmark 0.1.0 in one header, Apache-2.0. Written by single_include/amalgamate.py: edit include/kvmark instead.
// Define before the first include what the program needs of: KVMARK_WITH_LOCAL, KVMARK_WITH_READERS, KVMARK_WITH_REPORT, KVMARK_WITH_CHECKSUMMED, KVMARK_WITH_URING, KVMARK_WITH_ASIO_FILE, KVMARK_WITH_JOB, KVMARK_WITH_MPI.
#pragma once

// kvmark/core/config.hpp
// Version and the code-generation macros. Nothing else in kvmark is a macro.

#define KVMARK_VERSION_MAJOR 0
#define KVMARK_VERSION_MINOR 1
#define KVMARK_VERSION_PATCH 0
#define KVMARK_VERSION "0.1.0"

/// Every layer between run() and a tier's read carries it. g++ 12 drops plain `inline` and `flatten`
/// once an instantiation is called from two places; always_inline on each layer holds
/// (tests/inlining proves it on the object code).
#define KVMARK_INLINE [[gnu::always_inline]] inline
/// The same for a lambda, written behind its parameters.
#define KVMARK_INLINE_LAMBDA __attribute__((always_inline))

/// Error exits and set-up code: kept out of line so that they do not dilute a hot path.
#define KVMARK_COLD [[gnu::cold, gnu::noinline]] inline

#define KVMARK_LIKELY(condition) __builtin_expect(static_cast<bool>(condition), 1)

// kvmark/core/units.hpp
// Strong types for the quantities of a public signature: bytes, tokens, nanoseconds.

#include <compare>
#include <cstdint>

namespace kvmark {

/// A count of one kind of thing. Arithmetic stays inside the kind; `.count` is the way out.
template <class Tag, class Rep>
struct quantity {
    Rep count = 0;

    KVMARK_INLINE constexpr quantity() = default;
    KVMARK_INLINE constexpr explicit quantity(Rep n) : count(n) {}

    KVMARK_INLINE constexpr quantity& operator+=(quantity o) { return count += o.count, *this; }
    KVMARK_INLINE constexpr quantity& operator-=(quantity o) { return count -= o.count, *this; }
    KVMARK_INLINE friend constexpr quantity operator+(quantity a, quantity b) {
        return quantity(static_cast<Rep>(a.count + b.count));
    }
    KVMARK_INLINE friend constexpr quantity operator-(quantity a, quantity b) {
        return quantity(static_cast<Rep>(a.count - b.count));
    }
    KVMARK_INLINE friend constexpr quantity operator*(quantity a, Rep k) {
        return quantity(static_cast<Rep>(a.count * k));
    }
    KVMARK_INLINE friend constexpr quantity operator*(Rep k, quantity a) { return a * k; }
    KVMARK_INLINE friend constexpr quantity operator/(quantity a, Rep k) {
        return quantity(static_cast<Rep>(a.count / k));
    }
    KVMARK_INLINE friend constexpr auto operator<=>(quantity, quantity) = default;
};

using bytes = quantity<struct bytes_tag, std::uint64_t>;
using tokens = quantity<struct tokens_tag, std::uint64_t>;
/// A duration, or an instant counted from the start of its clock; 292 years in 64 bits.
using nanoseconds = quantity<struct nanoseconds_tag, std::int64_t>;

inline constexpr std::uint64_t kib_bytes = std::uint64_t{1} << 10;
inline constexpr std::uint64_t mib_bytes = std::uint64_t{1} << 20;
inline constexpr std::uint64_t gib_bytes = std::uint64_t{1} << 30;

/// GiB is 2^30 bytes throughout kvmark; a fraction of a byte is dropped.
[[nodiscard]] constexpr bytes from_gib(double gib) {
    return bytes(static_cast<std::uint64_t>(gib * static_cast<double>(gib_bytes)));
}
[[nodiscard]] constexpr double to_gib(bytes b) {
    return static_cast<double>(b.count) / static_cast<double>(gib_bytes);
}
[[nodiscard]] constexpr nanoseconds from_seconds(double s) {
    return nanoseconds(static_cast<std::int64_t>(s * 1e9));
}
[[nodiscard]] constexpr double to_seconds(nanoseconds n) { return static_cast<double>(n.count) / 1e9; }
[[nodiscard]] constexpr double to_milliseconds(nanoseconds n) { return static_cast<double>(n.count) / 1e6; }

/// The smallest multiple of `unit` (a power of two or not, > 0) that holds `b`.
[[nodiscard]] constexpr bytes round_up(bytes b, bytes unit) {
    return bytes((b.count + unit.count - 1) / unit.count * unit.count);
}

} // namespace kvmark

// kvmark/core/buffer.hpp
// Page-aligned memory for O_DIRECT and for the host tier: 2 MiB-aligned, huge-page backed, touched up front.

#include <cstddef>
#include <span>
#include <sys/mman.h>
#include <utility>

namespace kvmark {

/// An anonymous mapping aligned to 2 MiB and advised MADV_HUGEPAGE. Without huge pages O_DIRECT loses half of
/// its bandwidth (docs/measuring.md). Empty when the kernel refused the size.
class huge_page_buffer {
public:
    static constexpr bytes alignment{2 * mib_bytes};

    huge_page_buffer() = default;
    /// Reserves address space for `size` bytes, 0 allowed; memory arrives at the first touch.
    KVMARK_COLD explicit huge_page_buffer(bytes size) {
        if (size.count == 0) return;
        const std::size_t mapped = round_up(size, alignment).count + alignment.count;
        void* raw = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (raw == MAP_FAILED) return;
        mapping_ = raw;
        mapped_ = mapped;
        const auto address = reinterpret_cast<std::uintptr_t>(raw);
        data_ = reinterpret_cast<std::byte*>((address + alignment.count - 1) & ~(alignment.count - 1));
        size_ = size.count;
        ::madvise(data_, round_up(size, alignment).count, MADV_HUGEPAGE);
    }
    huge_page_buffer(huge_page_buffer&& o) noexcept { swap(o); }
    huge_page_buffer& operator=(huge_page_buffer&& o) noexcept {
        swap(o);
        return *this;
    }
    ~huge_page_buffer() {
        if (mapping_) ::munmap(mapping_, mapped_);
    }

    [[nodiscard]] std::span<std::byte> span() const { return {data_, size_}; }
    [[nodiscard]] KVMARK_INLINE std::byte* data() const { return data_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    /// Makes the first `size` bytes resident, so that no page fault falls into a measurement.
    KVMARK_COLD void touch(bytes size) const {
        const std::size_t end = size.count < size_ ? size.count : size_;
        for (std::size_t at = 0; at < end; at += 4096) *static_cast<volatile std::byte*>(data_ + at) = {};
    }

private:
    void swap(huge_page_buffer& o) noexcept {
        std::swap(mapping_, o.mapping_);
        std::swap(mapped_, o.mapped_);
        std::swap(data_, o.data_);
        std::swap(size_, o.size_);
    }

    void* mapping_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace kvmark

// kvmark/core/clock.hpp
// The clock concept, and the two clocks: one that waits for devices, one that jumps.

#include <concepts>
#include <time.h>

namespace kvmark {

/// A clock tells the time since its own start. `is_virtual` says whether the engine may jump ahead with
/// advance_to() in place of waiting.
template <class C>
concept clock_policy = requires(C clock, const C constant, nanoseconds t) {
    { constant.now() } -> std::same_as<nanoseconds>;
    { clock.advance_to(t) } -> std::same_as<void>;
    { C::is_virtual } -> std::convertible_to<bool>;
};

/// One sentence for whoever writes a clock and forgets a member.
template <class C>
constexpr void check_clock() {
    static_assert(
        requires(const C c) {
            { c.now() } -> std::same_as<nanoseconds>;
        },
        "kvmark: a clock needs `nanoseconds now() const`");
    static_assert(
        requires(C c, nanoseconds t) {
            { c.advance_to(t) } -> std::same_as<void>;
        },
        "kvmark: a clock needs `void advance_to(nanoseconds)`");
    static_assert(
        requires {
            { C::is_virtual } -> std::convertible_to<bool>;
        },
        "kvmark: a clock needs a static member `is_virtual` (bool)");
}

namespace clocks {

[[nodiscard]] KVMARK_INLINE nanoseconds monotonic_now() {
    timespec t;
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return nanoseconds(static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

/// CLOCK_MONOTONIC, counted from construction. About 23 ns a reading.
class steady {
public:
    static constexpr bool is_virtual = false;

    [[nodiscard]] KVMARK_INLINE nanoseconds now() const { return monotonic_now() - start_; }
    KVMARK_INLINE void advance_to(nanoseconds) {}

private:
    nanoseconds start_ = monotonic_now();
};

/// Time that passes only when the engine has nothing left to do at an instant: a run becomes a simulation of
/// the same code. Needs tiers that model their own time (tier::modelled, tier::null).
class virtual_time {
public:
    static constexpr bool is_virtual = true;

    [[nodiscard]] KVMARK_INLINE nanoseconds now() const { return now_; }
    KVMARK_INLINE void advance_to(nanoseconds t) {
        if (t > now_) now_ = t;
    }

private:
    nanoseconds now_{};
};

} // namespace clocks
} // namespace kvmark

// kvmark/core/random.hpp
// Random streams: one per user and per request, so that a draw never depends on who else has drawn.

namespace kvmark {

/// A full-avalanche 64-bit mix (the finalizer of SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
[[nodiscard]] KVMARK_INLINE constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// SplitMix64 under a name of its own: `random_stream(seed, what, which)` gives the same numbers in every
/// run, on every machine. std:: distributions are not used, since their results differ between libraries.
class random_stream {
public:
    constexpr explicit random_stream(std::uint64_t seed, std::uint64_t what = 0, std::uint64_t which = 0)
        : state_(mix(mix(mix(seed) ^ what) ^ which)) {}

    constexpr std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        return mix(state_);
    }

    /// Uniform in [0, 1), 53 bits.
    constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// Uniform in [low, high).
    constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// Uniform integer in [low, high]; needs low <= high and a span below 2^32.
    constexpr std::uint64_t uniform_int(std::uint64_t low, std::uint64_t high) {
        const std::uint64_t span = high - low + 1;
        return low + ((next() >> 32) * span >> 32);
    }
    constexpr bool chance(double probability) { return uniform() < probability; }
    /// Exponential with the given mean, in the unit of the mean.
    double exponential(double mean) { return -mean * __builtin_log1p(-uniform()); }

private:
    std::uint64_t state_;
};

} // namespace kvmark

// kvmark/core/key_index.hpp
// From 64-bit keys to numbers: the index of a cache, and the numbering of a trace.

#include <optional>
#include <vector>

namespace kvmark {

/// Open addressing with linear probing and backward-shift deletion, at most 3/4 full: a lookup touches one
/// cache line or two, an erase leaves no tombstone, 16 bytes a place. Grows by doubling; a full run never
/// shrinks it.
class key_index {
public:
    explicit key_index(std::size_t expected = 1024) {
        std::size_t size = 16;
        while (size * 3 / 4 < expected) size *= 2;
        places_.resize(size);
    }

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t key) const {
        for (std::size_t at = home(key); places_[at].used; at = next(at))
            if (places_[at].key == key) return places_[at].value;
        return std::nullopt;
    }

    /// Precondition: `key` is absent.
    void insert(std::uint64_t key, std::uint32_t value) {
        if ((size_ + 1) * 4 > places_.size() * 3) grow();
        std::size_t at = home(key);
        while (places_[at].used) at = next(at);
        places_[at] = {key, value, true};
        ++size_;
    }

    /// Precondition: `key` is present.
    void erase(std::uint64_t key) {
        std::size_t hole = home(key);
        while (places_[hole].key != key || !places_[hole].used) hole = next(hole);
        for (std::size_t at = next(hole); places_[at].used; at = next(at)) {
            const std::size_t wanted = home(places_[at].key);
            const bool may_move = ((at - wanted) & mask()) >= ((at - hole) & mask());
            if (!may_move) continue;
            places_[hole] = places_[at];
            hole = at;
        }
        places_[hole].used = false;
        --size_;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct place {
        std::uint64_t key = 0;
        std::uint32_t value = 0;
        bool used = false;
    };

    [[nodiscard]] std::size_t mask() const { return places_.size() - 1; }
    [[nodiscard]] std::size_t home(std::uint64_t key) const { return mix(key) & mask(); }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

    void grow() {
        std::vector<place> old(places_.size() * 2);
        old.swap(places_);
        size_ = 0;
        for (const place& p : old)
            if (p.used) insert(p.key, p.value);
    }

    std::vector<place> places_;
    std::size_t size_ = 0;
};

} // namespace kvmark

// kvmark/core/memory_info.hpp
// How much memory the machine could give now.

#include <cstdio>

namespace kvmark {

/// MemAvailable of /proc/meminfo: free memory and what the kernel would give back from its caches (proc(5)).
/// 0 where the file cannot be read.
[[nodiscard]] KVMARK_COLD bytes available_memory() {
    unsigned long long kib = 0;
    if (std::FILE* file = std::fopen("/proc/meminfo", "re")) {
        char line[128];
        while (std::fgets(line, sizeof line, file) && std::sscanf(line, "MemAvailable: %llu", &kib) != 1) {
        }
        std::fclose(file);
    }
    return bytes(kib * kib_bytes);
}

} // namespace kvmark

// kvmark/core/path.hpp
// Questions to the file system about a path that may not exist yet.

#include <string>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace kvmark {

/// `path`, or the nearest of its parents that exists. Empty for an empty path.
[[nodiscard]] KVMARK_COLD std::string nearest_existing(std::string path) {
    struct stat info {};
    while (!path.empty() && path != "/" && path != "." && ::stat(path.c_str(), &info) != 0) {
        const auto slash = path.find_last_of('/');
        path = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    }
    return path;
}

/// What an unprivileged user may still write on the file system of `path`; 0 where it cannot be asked.
[[nodiscard]] KVMARK_COLD bytes free_space(const std::string& path) {
    struct statvfs info {};
    if (::statvfs(nearest_existing(path).c_str(), &info) != 0) return {};
    return bytes(std::uint64_t{info.f_bavail} * info.f_frsize);
}

} // namespace kvmark

// kvmark/core/result.hpp
// Errors as values: an error says what was wrong, with what value, and what to do.

namespace kvmark {

/// What a caller can act on; the exit codes of the tool follow it.
enum class error_kind {
    invalid_argument, ///< the user asked for something that cannot be
    system,           ///< the operating system refused: a path, a limit, a device
    data,             ///< bytes read back are not the bytes written
    unsupported,      ///< this build or this machine lacks it
};

struct error {
    error_kind kind = error_kind::invalid_argument;
    std::string message;
};

/// A T or an error: the part of C++23's std::expected that kvmark uses, under its names.
/// boost::system::result would do the same for 0.33 s of compile time in every source file, a third of the
/// budget of kvmark.hpp (benchmarks/compile_time).
template <class T>
class [[nodiscard]] result {
public:
    result(T value) : value_(std::move(value)) {}
    result(kvmark::error e) : error_(std::move(e)) {}

    [[nodiscard]] bool has_value() const { return value_.has_value(); }
    explicit operator bool() const { return has_value(); }

    /// Precondition of all four: has_value().
    T& operator*() & { return *value_; }
    const T& operator*() const& { return *value_; }
    T&& operator*() && { return *std::move(value_); }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }

    /// Precondition: !has_value().
    [[nodiscard]] const kvmark::error& error() const { return error_; }

private:
    std::optional<T> value_;
    kvmark::error error_;
};

struct success {};

/// Success or an error; success is written `return {};`.
template <>
class [[nodiscard]] result<void> : public result<success> {
public:
    using result<success>::result;
    result() : result<success>(success{}) {}
};

} // namespace kvmark

// kvmark/core/stable_table.hpp
// An array that grows while others read it: elements never move.

#include <array>
#include <atomic>

namespace kvmark {

/// Elements are value-initialised, a page at a time, by whichever thread first ensures one of them. Nothing
/// is locked; reaching an element is two loads. Holds 67 million elements.
template <class T>
class stable_table {
public:
    stable_table() = default;
    stable_table(const stable_table&) = delete;
    stable_table& operator=(const stable_table&) = delete;
    ~stable_table() {
        for (auto& page : pages_) delete[] page.load(std::memory_order_relaxed);
    }

    /// The element, there from now on.
    KVMARK_INLINE T& ensure(std::uint32_t i) {
        T* page = pages_[i >> page_bits].load(std::memory_order_acquire);
        if (!KVMARK_LIKELY(page)) page = add_page(i >> page_bits);
        return page[i & (page_size - 1)];
    }
    /// Precondition: ensured before.
    [[nodiscard]] KVMARK_INLINE T& operator[](std::uint32_t i) {
        return pages_[i >> page_bits].load(std::memory_order_acquire)[i & (page_size - 1)];
    }
    /// Null when its page was never ensured.
    [[nodiscard]] KVMARK_INLINE T* find(std::uint32_t i) {
        T* page = pages_[i >> page_bits].load(std::memory_order_acquire);
        return page ? page + (i & (page_size - 1)) : nullptr;
    }

    /// Calls f(element) for every element of every page in use. No other thread may be using the table.
    template <class F>
    void for_each(F&& f) {
        for (auto& slot : pages_)
            if (T* page = slot.load(std::memory_order_relaxed))
                for (std::uint32_t i = 0; i < page_size; ++i) f(page[i]);
    }

private:
    static constexpr unsigned page_bits = 14;
    static constexpr std::uint32_t page_size = 1u << page_bits;

    KVMARK_COLD T* add_page(std::uint32_t which) {
        T* fresh = new T[page_size]();
        T* expected = nullptr;
        if (pages_[which].compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) return fresh;
        delete[] fresh;
        return expected;
    }

    std::array<std::atomic<T*>, 4096> pages_{};
};

} // namespace kvmark

// kvmark/core/streaming_copy.hpp
// A copy that leaves the caches to others: for blocks that will not be read soon.

#include <cstring>

namespace kvmark {

#if defined(__SSE2__)
namespace detail {
/// The compiler's own, since <emmintrin.h> is 3,500 lines.
using vector16 = long long __attribute__((vector_size(16)));
KVMARK_INLINE void stream(vector16* to, const std::byte* from) {
    vector16 value;
    std::memcpy(&value, from, sizeof value);
#if defined(__clang__)
    __builtin_nontemporal_store(value, to);
#else
    __builtin_ia32_movntdq(to, value);
#endif
}
} // namespace detail
#endif

/// memcpy by non-temporal stores: memory is not read before it is overwritten, and no cached line is thrown
/// out for it (benchmarks/tiers/host_copy.cpp). Where there are none, or `to` is not aligned to 16 bytes,
/// memcpy.
KVMARK_INLINE void streaming_copy(std::byte* to, const std::byte* from, std::size_t size) {
#if defined(__SSE2__)
    constexpr std::size_t width = sizeof(detail::vector16);
    if (reinterpret_cast<std::uintptr_t>(to) % width == 0) {
        auto* target = reinterpret_cast<detail::vector16*>(to);
        std::size_t at = 0;
        for (; at + 4 * width <= size; at += 4 * width)
            for (std::size_t i = 0; i < 4; ++i) detail::stream(target++, from + at + i * width);
        __builtin_ia32_sfence();
        std::memcpy(to + at, from + at, size - at);
        return;
    }
#endif
    std::memcpy(to, from, size);
}

} // namespace kvmark

// kvmark/model/geometry.hpp
// Attention geometry -> bytes of KV cache per token.

#include <string_view>

namespace kvmark::model {

enum class dtype { float32, float16, bfloat16, int8 };

[[nodiscard]] constexpr std::uint64_t bytes_of(dtype d) {
    return d == dtype::float32 ? 4 : d == dtype::int8 ? 1 : 2;
}

/// What decides the size of a token's keys and values. Multi-head and grouped-query attention store
/// layers x kv_heads x head_dim keys and as many values; multi-head latent attention (MLA, `kv_lora_rank` >
/// 0) stores one compressed vector and one rotary key per layer.
struct geometry {
    std::string_view name{};
    std::uint32_t layers = 0;
    std::uint32_t hidden = 0;
    std::uint32_t heads = 0;
    std::uint32_t kv_heads = 0;
    std::uint32_t head_dim = 0;         ///< 0: hidden / heads
    std::uint32_t kv_lora_rank = 0;     ///< above 0: MLA
    std::uint32_t qk_rope_head_dim = 0; ///< MLA only
    dtype type = dtype::float16;

    [[nodiscard]] constexpr bool is_mla() const { return kv_lora_rank > 0; }

    /// Bytes of KV cache for one token over all layers.
    [[nodiscard]] constexpr bytes per_token() const {
        const std::uint64_t elements =
            is_mla() ? std::uint64_t{kv_lora_rank} + qk_rope_head_dim
                     : std::uint64_t{2} * kv_heads * (head_dim != 0 ? head_dim : hidden / heads);
        return bytes(layers * elements * bytes_of(type));
    }

    /// Large models get shorter documents in the reference workload.
    [[nodiscard]] constexpr bool is_large() const { return hidden >= 8192 || layers >= 64; }

    friend constexpr bool operator==(const geometry&, const geometry&) = default;
};

} // namespace kvmark::model

// kvmark/model/presets.hpp
// The named models of the reference benchmark, under its keys.

namespace kvmark::models {

using model::geometry;

inline constexpr geometry tiny_1b{.name = "tiny-1b", .layers = 12, .hidden = 1024, .heads = 8, .kv_heads = 4};
inline constexpr geometry mistral_7b{
    .name = "mistral-7b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 8};
inline constexpr geometry llama2_7b{
    .name = "llama2-7b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 32};
inline constexpr geometry llama3_1_8b{
    .name = "llama3.1-8b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 8};
inline constexpr geometry llama3_1_70b_instruct{
    .name = "llama3.1-70b-instruct", .layers = 80, .hidden = 8192, .heads = 64, .kv_heads = 8};
inline constexpr geometry deepseek_v3{.name = "deepseek-v3",
                                      .layers = 61,
                                      .hidden = 7168,
                                      .heads = 128,
                                      .kv_lora_rank = 512,
                                      .qk_rope_head_dim = 64};
inline constexpr geometry qwen3_32b{
    .name = "qwen3-32b", .layers = 64, .hidden = 5120, .heads = 64, .kv_heads = 8, .head_dim = 128};
inline constexpr geometry gpt_oss_120b{
    .name = "gpt-oss-120b", .layers = 36, .hidden = 2880, .heads = 64, .kv_heads = 8, .head_dim = 64};
inline constexpr geometry gpt_oss_20b{
    .name = "gpt-oss-20b", .layers = 24, .hidden = 2880, .heads = 64, .kv_heads = 8, .head_dim = 64};

inline constexpr std::array all{tiny_1b,     mistral_7b, llama2_7b,    llama3_1_8b, llama3_1_70b_instruct,
                                deepseek_v3, qwen3_32b,  gpt_oss_120b, gpt_oss_20b};

/// The preset of that name, or a null pointer.
[[nodiscard]] constexpr const geometry* find(std::string_view name) {
    for (const geometry& m : all)
        if (m.name == name) return &m;
    return nullptr;
}

} // namespace kvmark::models

// kvmark/workload/arrivals.hpp
// When requests arrive: a queue of users who think, or a process of a given rate.

namespace kvmark::workload {

/// How a given rate spaces its arrivals: gaps drawn from an exponential distribution, or all equal.
enum class arrival_process : std::uint8_t { poisson, fixed };

struct arrival {
    nanoseconds at{};
    std::uint32_t user = 0;
    /// By time, then by user: the order does not depend on how the queue came to be.
    friend constexpr auto operator<=>(const arrival&, const arrival&) = default;
};

/// A binary min-heap of the users' next arrivals, one for each. It allocates in reserve() alone.
class think_queue {
public:
    void reserve(std::size_t users) { heap_.reserve(users); }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    /// The earliest arrival. Precondition of both: !empty().
    [[nodiscard]] const arrival& top() const { return heap_.front(); }
    void replace_top(arrival a) { sift_down(0, a); }

    void push(arrival a) {
        heap_.push_back(a);
        std::size_t hole = heap_.size() - 1;
        for (; hole > 0 && a < heap_[(hole - 1) / 2]; hole = (hole - 1) / 2)
            heap_[hole] = heap_[(hole - 1) / 2];
        heap_[hole] = a;
    }

    /// Forgets the arrivals of users `first` and above.
    void drop_from(std::uint64_t first) {
        std::erase_if(heap_, [first](const arrival& a) { return a.user >= first; });
        for (std::size_t node = heap_.size() / 2; node-- > 0;) sift_down(node, heap_[node]);
    }

private:
    void sift_down(std::size_t hole, arrival a) {
        const std::size_t size = heap_.size();
        for (std::size_t child; (child = 2 * hole + 1) < size; hole = child) {
            if (child + 1 < size && heap_[child + 1] < heap_[child]) ++child;
            if (!(heap_[child] < a)) break;
            heap_[hole] = heap_[child];
        }
        heap_[hole] = a;
    }

    std::vector<arrival> heap_;
};

/// Arrivals at a given rate, whatever becomes of the requests: an open loop. The first gap starts at time 0.
class rate_process {
public:
    /// `per_second` > 0.
    rate_process(std::uint64_t seed, arrival_process kind, double per_second)
        : draw_(seed, salt), kind_(kind), gap_ns_(1e9 / per_second) {}

    nanoseconds next() {
        // A fixed arrival is computed from its number, so that rounding to nanoseconds adds up to no drift.
        ++since_epoch_;
        last_ = kind_ == arrival_process::fixed
                    ? epoch_ + rounded(static_cast<double>(since_epoch_) * gap_ns_)
                    : last_ + rounded(draw_.exponential(gap_ns_));
        return last_;
    }

    /// Gaps of the new rate follow, the first one from `from`, which is not before the last arrival.
    void set_rate(double per_second, nanoseconds from) {
        gap_ns_ = 1e9 / per_second;
        epoch_ = last_ = from;
        since_epoch_ = 0;
    }

private:
    static constexpr std::uint64_t salt = 0x72617465; // "rate"
    static nanoseconds rounded(double ns) { return nanoseconds(__builtin_llrint(ns)); }

    random_stream draw_;
    arrival_process kind_;
    double gap_ns_;
    nanoseconds epoch_{};
    nanoseconds last_{};
    std::uint64_t since_epoch_ = 0;
};

} // namespace kvmark::workload

// kvmark/workload/block_trace.hpp
// A trace of requests in blocks, in the compact form that every replay reads: in memory, or mapped from a
// file.

#include <memory>

namespace kvmark::workload {

/// A block of a trace: dense from 0, in the order in which blocks first appear.
using block_number = std::uint32_t;
inline constexpr block_number no_block = ~block_number{0};

/// One request of a trace.
struct block_request {
    static constexpr std::uint64_t nobody = ~std::uint64_t{0};

    std::uint64_t id = 0;         ///< its place in the trace, from 0
    nanoseconds arrival{};        ///< from the trace's first request on; never before the request before it
    std::uint64_t after = nobody; ///< the request whose answer it waits for in a closed loop; an earlier one
    nanoseconds think{};          ///< pause between that answer and this request
    std::uint32_t session = 0;    ///< whose request it is
    tokens input{};
    tokens output{};
    std::span<const block_number> blocks{}; ///< of the input, first to last; the last one may be partial
};

/// Tokens in block `index` of an input of `input` tokens: the length of a block, but for the last one; at
/// least 1.
[[nodiscard]] KVMARK_INLINE constexpr std::uint64_t tokens_in_block(tokens input, tokens block,
                                                                    std::size_t index) {
    const std::uint64_t before = block.count * index;
    if (input.count <= before) return 1;
    return input.count - before < block.count ? input.count - before : block.count;
}

/// What stands at the start of the compact form; then a trace_record for each request, followed by the
/// numbers of its blocks and padded to eight bytes. All in the machine's byte order.
struct trace_header {
    static constexpr std::array<char, 8> right_magic{'k', 'v', 'm', 'a', 'r', 'k', 'b', 't'};
    static constexpr std::uint32_t right_version = 1;

    std::array<char, 8> magic = right_magic;
    std::uint32_t version = right_version;
    std::uint32_t block_tokens = 0;
    std::uint64_t requests = 0;
    std::uint64_t references = 0; ///< to blocks, by all requests
    std::uint64_t distinct = 0;   ///< blocks
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    std::int64_t duration_ns = 0; ///< from the first arrival to the last
    std::uint32_t sessions = 0;
    std::uint32_t prefix_unique = 1; ///< 1: a block has the same predecessor wherever it appears
    std::uint64_t checksum = 0;      ///< of all that follows the header
    std::array<char, 32> format{};   ///< what it was made from, zero-terminated
};
static_assert(sizeof(trace_header) == 112);

struct trace_record {
    std::int64_t arrival_ns = 0;
    std::int64_t think_ns = 0;
    std::uint64_t after = block_request::nobody;
    std::uint32_t session = 0;
    std::uint32_t input = 0;
    std::uint32_t output = 0;
    std::uint32_t blocks = 0;

    /// Bytes from this record to the next one.
    [[nodiscard]] KVMARK_INLINE static constexpr std::size_t stride(std::size_t blocks) {
        return sizeof(trace_record) + (blocks * sizeof(block_number) + 7) / 8 * 8;
    }
};
static_assert(sizeof(trace_record) == 40);

/// An immutable trace, cheap to copy: copies share its bytes.
class block_trace {
public:
    block_trace() = default;
    /// `body` is what follows the header, wholly checked before, and is kept alive by `owner`.
    block_trace(const trace_header& header, std::span<const std::byte> body,
                std::shared_ptr<const void> owner)
        : header_(header), body_(body), owner_(std::move(owner)) {}

    [[nodiscard]] const trace_header& header() const { return header_; }
    [[nodiscard]] tokens block_tokens() const { return tokens(header_.block_tokens); }
    [[nodiscard]] std::uint64_t requests() const { return header_.requests; }
    [[nodiscard]] std::uint64_t references() const { return header_.references; }
    [[nodiscard]] std::uint64_t distinct_blocks() const { return header_.distinct; }
    [[nodiscard]] std::span<const std::byte> body() const { return body_; }

    /// Walks over the requests in order. The blocks it hands out live as long as the trace.
    class cursor {
    public:
        explicit cursor(const block_trace& t) : at_(t.body_.data()), end_(at_ + t.body_.size()) {}

        /// The next request in `r`; false after the last.
        KVMARK_INLINE bool next(block_request& r) {
            if (at_ == end_) return false;
            trace_record record;
            std::memcpy(&record, at_, sizeof record);
            r.id = id_++;
            r.arrival = nanoseconds(record.arrival_ns);
            r.after = record.after;
            r.think = nanoseconds(record.think_ns);
            r.session = record.session;
            r.input = tokens(record.input);
            r.output = tokens(record.output);
            r.blocks = {reinterpret_cast<const block_number*>(at_ + sizeof record), record.blocks};
            at_ += trace_record::stride(record.blocks);
            return true;
        }

    private:
        const std::byte* at_;
        const std::byte* end_;
        std::uint64_t id_ = 0;
    };

private:
    trace_header header_;
    std::span<const std::byte> body_;
    std::shared_ptr<const void> owner_;
};

} // namespace kvmark::workload

// kvmark/workload/conversations.hpp
// The live conversations: at most one per user, and a bound over all, kept by dropping the least recently
// used.

namespace kvmark::workload {

/// One turn of one conversation. Turns count from 1; a conversation's id is never used again.
struct turn_ref {
    std::uint64_t conversation = 0;
    std::uint32_t turn = 0;
};

/// A user has one conversation at a time, so the table is an array over users threaded by a circular list in
/// order of use; no operation but reserve_users() allocates.
class conversation_table {
public:
    /// `max_live` at least 1.
    explicit conversation_table(std::uint32_t max_live) : max_live_(max_live) { slots_.resize(1); }

    /// Makes room for users 0 to `users` - 1; never shrinks.
    void reserve_users(std::uint64_t users) {
        if (users + 1 > slots_.size()) slots_.resize(users + 1);
    }

    [[nodiscard]] bool is_open(std::uint32_t user) const { return turns(user) > 0; }
    /// Turns of the user's open conversation so far; 0: none is open.
    [[nodiscard]] std::uint32_t turns(std::uint32_t user) const { return slots_[user + 1].current.turn; }
    [[nodiscard]] std::uint32_t live() const { return live_; }

    /// The next turn of the user's conversation, or the first of a new one. A conversation too many costs the
    /// least recently used one its place: its user opens a new one next time.
    turn_ref advance(std::uint32_t user) {
        slot& s = slots_[user + 1];
        if (is_open(user)) {
            unlink(s);
        } else {
            if (live_ == max_live_) close(slots_[0].newer - 1);
            s.current = {++last_conversation_, 0};
            ++live_;
        }
        link_as_newest(user + 1);
        ++s.current.turn;
        return s.current;
    }

    /// Ends the user's conversation, if one is open.
    void close(std::uint32_t user) {
        if (!is_open(user)) return;
        unlink(slots_[user + 1]);
        slots_[user + 1].current = {};
        --live_;
    }

private:
    struct slot {
        turn_ref current;
        std::uint32_t newer = 0; // neighbours in order of use; slot 0 is the list's head,
        std::uint32_t older = 0; // and user u has slot u + 1
    };

    void unlink(const slot& s) {
        slots_[s.newer].older = s.older;
        slots_[s.older].newer = s.newer;
    }
    void link_as_newest(std::uint32_t at) {
        slots_[at].older = slots_[0].older;
        slots_[at].newer = 0;
        slots_[slots_[0].older].newer = at;
        slots_[0].older = at;
    }

    std::vector<slot> slots_;
    std::uint32_t max_live_;
    std::uint32_t live_ = 0;
    std::uint64_t last_conversation_ = 0;
};

} // namespace kvmark::workload

// kvmark/workload/request.hpp
// A request: what one user asks of the service, drawn before anything is known of the cache.

namespace kvmark::workload {

enum class service_class : std::uint8_t { interactive, responsive, batch };
inline constexpr std::array<std::string_view, 3> service_class_names{"interactive", "responsive", "batch"};

enum class phase : std::uint8_t { prefill, decode, prefill_decode };

/// What kind of thing an entry's key names.
enum class object_kind : std::uint8_t { turn, single, system_prompt, document_chunk, prepared };

/// The 64-bit name of a cache entry: kind (4 bits), owner (40 bits), part (20 bits). It holds no text and can
/// be turned back into the reference's key for a report.
struct object_key {
    std::uint64_t packed = 0;

    constexpr object_key() = default;
    constexpr object_key(object_kind kind, std::uint64_t owner, std::uint32_t part = 0)
        : packed(std::uint64_t{static_cast<std::uint8_t>(kind)} << 60 | (owner & 0xff'ffff'ffff) << 20 |
                 (part & 0xf'ffff)) {}

    [[nodiscard]] constexpr object_kind kind() const { return static_cast<object_kind>(packed >> 60); }
    [[nodiscard]] constexpr std::uint64_t owner() const { return packed >> 20 & 0xff'ffff'ffff; }
    [[nodiscard]] constexpr std::uint32_t part() const { return packed & 0xf'ffff; }
    friend constexpr bool operator==(object_key, object_key) = default;
};

/// One chunk of a document that the request retrieves.
struct chunk_ref {
    std::uint32_t document = 0;
    std::uint32_t chunk = 0;
    tokens size{};
};

struct request {
    static constexpr std::size_t max_chunks = 16;
    static constexpr std::uint8_t no_system_prompt = 0xff;

    std::uint64_t id = 0;
    std::uint64_t user = 0;
    std::uint64_t conversation = 0; ///< unused when `turn` is 0
    std::uint32_t turn = 0;         ///< counted from 1; 0: a single request outside any conversation
    nanoseconds arrival{};          ///< intended, from the start of the run
    service_class service = service_class::batch;
    workload::phase phase = workload::phase::prefill_decode;
    tokens input{};
    tokens output{};
    std::uint8_t system_prompt = no_system_prompt; ///< index of the shared system prompt that opens the input
    tokens system_prompt_tokens{};
    std::uint8_t chunk_count = 0;               ///< document chunks read by this request
    std::array<chunk_ref, max_chunks> chunks{}; ///< the first `chunk_count` hold

    /// Higher is served first.
    [[nodiscard]] constexpr int priority() const { return 3 - static_cast<int>(service); }
    /// The key of the entry this request writes at prefill and reads at decode.
    [[nodiscard]] constexpr object_key key() const {
        return turn == 0 ? object_key(object_kind::single, id)
                         : object_key(object_kind::turn, conversation, turn);
    }
};

} // namespace kvmark::workload

// kvmark/workload/parameters.hpp
// The numbers of the reference workload, each a default that the YAML configuration can replace.

namespace kvmark::workload {

template <class T>
struct range {
    T low{};
    T high{};
    friend constexpr bool operator==(const range&, const range&) = default;
};

struct persona {
    std::string_view name;
    range<std::uint32_t> context_tokens;
    range<std::uint32_t> generated_tokens;
    range<double> think_seconds;
};

struct service_targets {
    double p95_ms, p99_ms, p999_ms, p9999_ms;
};

/// Source of the values: the reference benchmark's defaults (kv-cache.py and its config.yaml).
struct parameters {
    std::array<persona, 3> personas{{
        {"chatbot", {512, 4096}, {50, 200}, {0.1, 0.5}},
        {"coding", {4096, 25000}, {100, 500}, {0.2, 1.0}},
        {"document", {4096, 16384}, {200, 800}, {0.3, 1.5}},
    }};
    double think_jitter = 0.2; ///< each pause is the user's own think time x uniform(1 - jitter, 1 + jitter)

    double interactive_probability = 0.15;
    double responsive_threshold = 0.50; ///< cumulative: 35 % responsive
    std::array<service_targets, 3> targets{
        {{50, 100, 150, 200}, {100, 200, 350, 500}, {1000, 5000, 7500, 10000}}};

    std::uint32_t max_conversations = 1000;
    std::uint32_t max_turns = 50;
    double end_conversation_probability = 0.2;
    std::uint32_t prefill_only_tokens = 10'000; ///< a context of this size or more asks for no decode

    double system_prompt_probability = 0.2;
    std::array<std::uint32_t, 3> system_prompt_tokens{5, 8, 6};

    std::uint32_t chunk_tokens = 512;
    std::uint32_t chunks_per_query = 5;
    bytes max_chunk_bytes{256 * mib_bytes};
    double rag_probability = 0.1;
    bool rag_uniform = false; ///< false: the chance of a chunk falls as 1 / rank
    range<std::uint32_t> document_tokens{4000, 12000};
    range<std::uint32_t> large_model_document_tokens{1024, 4096};

    std::uint32_t decode_batch = 32;      ///< tokens between two reads of the context
    std::uint32_t prepared_tokens = 2048; ///< size of the entries of decode-only and of preconditioning
    std::uint32_t prepared_per_user = 10;
    std::array<double, 3> seconds_per_token{0.0, 0.002, 0.030}; ///< generation mode none, fast, realistic

    double tier_target = 0.80; ///< a tier that is not the last is kept at or below this share of its limit
    double large_entry = 0.95; ///< an entry above this share of a tier's limit skips the tier

    std::uint32_t sharegpt_max_context = 16'384;
    std::uint32_t sharegpt_max_generation = 2'048;
    std::uint32_t sharegpt_chars_per_token = 4;

    std::uint32_t autoscale_min_users = 1;
    std::uint32_t autoscale_max_users = 10'000;
    double autoscale_up = 1.2;
    double autoscale_down = 0.8;
    std::uint32_t autoscale_consecutive = 2;
    double saturation_read_p95_ms = 100;
};

} // namespace kvmark::workload

// kvmark/workload/source_config.hpp
// What every source is told: seed, users, model, and which parts of the workload are on.

namespace kvmark::workload {

struct source_config {
    std::uint64_t seed = 0;
    std::uint64_t users = 1; ///< at the start; at least 1, below 2^32
    double request_rate = 0; ///< requests/s of all users together; 0: each user paces itself by think times
    arrival_process arrivals = arrival_process::poisson;
    model::geometry model{}; ///< a large model gets shorter documents
    bytes bytes_per_token{}; ///< as one rank stores it; bounds a document's chunks. 0: no bound
    bool multi_turn = true;
    bool prefix_caching = true;
    bool rag = false;
    std::uint32_t rag_documents = 10;
    bool prefill_only = false; ///< at most one of the two
    bool decode_only = false;
    workload::parameters parameters{};
};

} // namespace kvmark::workload

// kvmark/workload/documents.hpp
// The shared documents of retrieval-augmented generation (RAG), and which of their chunks a query reads.

namespace kvmark::workload {

/// Documents of drawn length, cut into chunks of equal size but for the last. Chunk indices stay below 2^20
/// (object_key).
class document_library {
public:
    /// Holds `c.rag_documents` documents when `c.rag` is set, else none. A chunk has `chunk_tokens` tokens,
    /// or as many as fit into `max_chunk_bytes`.
    explicit document_library(const source_config& c)
        : chunk_tokens_(chunk_size(c)), chunks_per_query_(c.parameters.chunks_per_query),
          uniform_(c.parameters.rag_uniform) {
        if (!c.rag) return;
        const auto& length =
            c.model.is_large() ? c.parameters.large_model_document_tokens : c.parameters.document_tokens;
        std::uint32_t most_chunks = 0;
        for (std::uint32_t d = 0; d < c.rag_documents; ++d) {
            random_stream draw(c.seed, salt, d);
            document_tokens_.push_back(static_cast<std::uint32_t>(draw.uniform_int(length.low, length.high)));
            if (chunk_count(d) > most_chunks) most_chunks = chunk_count(d);
        }
        weight_before_.resize(most_chunks + 1);
        for (std::uint32_t rank = 1; rank <= most_chunks; ++rank)
            weight_before_[rank] = weight_before_[rank - 1] + 1.0 / rank;
    }

    [[nodiscard]] std::uint32_t document_count() const {
        return static_cast<std::uint32_t>(document_tokens_.size());
    }
    [[nodiscard]] std::uint32_t chunk_count(std::uint32_t document) const {
        return (document_tokens_[document] + chunk_tokens_ - 1) / chunk_tokens_;
    }
    /// Precondition: `index` < chunk_count(document).
    [[nodiscard]] chunk_ref chunk(std::uint32_t document, std::uint32_t index) const {
        const std::uint32_t left = document_tokens_[document] - index * chunk_tokens_;
        return {document, index, tokens(left < chunk_tokens_ ? left : chunk_tokens_)};
    }

    /// Makes `r` read chunks of one document drawn uniformly: `chunks_per_query` of them, fewer when the
    /// document has fewer, each once. The chance of a chunk falls as 1 / rank, or is uniform. Returns the
    /// tokens read. Precondition: document_count() > 0.
    tokens retrieve(random_stream& draw, request& r) const {
        const auto document = static_cast<std::uint32_t>(draw.uniform_int(0, document_count() - 1));
        const std::uint32_t available = chunk_count(document);
        std::uint32_t wanted = chunks_per_query_ < available ? chunks_per_query_ : available;
        if (wanted > request::max_chunks) wanted = request::max_chunks;
        tokens total{};
        // Drawing again on a repeat is drawing from what is left, in proportion to its weights.
        for (r.chunk_count = 0; r.chunk_count < wanted;) {
            const auto index = uniform_ ? static_cast<std::uint32_t>(draw.uniform_int(0, available - 1))
                                        : ranked(draw.uniform(), available);
            if (reads(r, index)) continue;
            const chunk_ref c = chunk(document, index);
            r.chunks[r.chunk_count++] = c;
            total += c.size;
        }
        return total;
    }

private:
    static constexpr std::uint64_t salt = 0x646f6373; // "docs"

    static std::uint32_t chunk_size(const source_config& c) {
        std::uint64_t size = c.parameters.chunk_tokens;
        if (c.bytes_per_token.count > 0) {
            const std::uint64_t fitting = c.parameters.max_chunk_bytes.count / c.bytes_per_token.count;
            if (fitting < size) size = fitting;
        }
        return size > 0 ? static_cast<std::uint32_t>(size) : 1;
    }

    static bool reads(const request& r, std::uint32_t index) {
        for (std::uint8_t i = 0; i < r.chunk_count; ++i)
            if (r.chunks[i].chunk == index) return true;
        return false;
    }

    /// The chunk, of the first `available`, at share `u` of their weights summed in order of rank.
    std::uint32_t ranked(double u, std::uint32_t available) const {
        const double target = u * weight_before_[available];
        std::uint32_t low = 0, high = available - 1;
        while (low < high) {
            const std::uint32_t middle = low + (high - low + 1) / 2;
            if (weight_before_[middle] <= target)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    std::vector<std::uint32_t> document_tokens_;
    std::vector<double> weight_before_; // [k]: 1/1 + ... + 1/k
    std::uint32_t chunk_tokens_;
    std::uint32_t chunks_per_query_;
    bool uniform_;
};

} // namespace kvmark::workload

// kvmark/workload/key_text.hpp
// The reference's spelling of an entry's key.

namespace kvmark::workload {

/// `conv_<n>_turn_<n>`, `req_<id>`, `system_prompt_<n>`, `doc_<n>_chunk_<n>` or `prepared_<n>`. The reference
/// writes the wall clock and the user into its keys; ours are the same in every run of a seed.
[[nodiscard]] KVMARK_COLD std::string key_text(object_key key) {
    const std::string owner = std::to_string(key.owner());
    const std::string part = std::to_string(key.part());
    switch (key.kind()) {
    case object_kind::turn:
        return "conv_" + owner + "_turn_" + part;
    case object_kind::single:
        return "req_" + owner;
    case object_kind::system_prompt:
        return "system_prompt_" + owner;
    case object_kind::document_chunk:
        return "doc_" + owner + "_chunk_" + part;
    case object_kind::prepared:
        return "prepared_" + owner;
    }
    return "key_" + std::to_string(key.packed);
}

} // namespace kvmark::workload

// kvmark/workload/request_rules.hpp
// The rules that hold for a request wherever its sizes come from: phase, class of service, system prompt.

namespace kvmark::workload {

/// Long contexts are prefilled and never decoded, as if decoded elsewhere (reference: prefill_only_tokens).
[[nodiscard]] constexpr phase choose_phase(const source_config& c, tokens input) {
    if (c.decode_only) return phase::decode;
    if (c.prefill_only || input.count >= c.parameters.prefill_only_tokens) return phase::prefill;
    return phase::prefill_decode;
}

[[nodiscard]] constexpr service_class draw_service(random_stream& draw, const parameters& p) {
    const double u = draw.uniform();
    return u < p.interactive_probability ? service_class::interactive
           : u < p.responsive_threshold  ? service_class::responsive
                                         : service_class::batch;
}

/// Gives `r` a system prompt, or none. Both numbers are drawn in either case, so that prefix caching on or
/// off leaves every later draw as it was.
constexpr void draw_system_prompt(random_stream& draw, const source_config& c, request& r) {
    const bool opens = draw.chance(c.parameters.system_prompt_probability);
    const auto index = draw.uniform_int(0, c.parameters.system_prompt_tokens.size() - 1);
    if (!opens || !c.prefix_caching) return;
    r.system_prompt = static_cast<std::uint8_t>(index);
    r.system_prompt_tokens = tokens(c.parameters.system_prompt_tokens[index]);
}

} // namespace kvmark::workload

// kvmark/workload/source.hpp
// The source concept: where requests come from.

namespace kvmark::workload {

/// A source yields requests in order of arrival. What it yields depends on its seed alone, never on how fast
/// the storage is; the engine pulls the next request once the clock has reached the one before.
template <class S>
concept source = requires(S s) {
    { s.next() } -> std::same_as<std::optional<request>>; ///< empty: no request will follow
};

/// A source whose load can be changed while it runs, as the autoscaler does.
template <class S>
concept scalable_source = source<S> && requires(S s, const S c, std::uint64_t users, nanoseconds now) {
    { s.set_users(users, now) } -> std::same_as<void>; ///< those added arrive from `now` on
    { c.users() } -> std::same_as<std::uint64_t>;
};

/// A source that reads shared documents, which must be written before the clock starts.
template <class S>
concept document_source = source<S> && requires(const S c) {
    { c.document_count() } -> std::same_as<std::uint32_t>;
    { c.chunk_count(std::uint32_t{}) } -> std::same_as<std::uint32_t>;
    { c.chunk(std::uint32_t{}, std::uint32_t{}) } -> std::same_as<chunk_ref>;
};

/// One sentence for whoever writes a source and forgets a member.
template <class S>
constexpr void check_source() {
    static_assert(
        requires(S s) {
            { s.next() } -> std::same_as<std::optional<request>>;
        },
        "kvmark: a source needs `std::optional<workload::request> next()`");
}

} // namespace kvmark::workload

// kvmark/workload/trace_builder.hpp
// Makes a trace in blocks, request by request.

namespace kvmark::workload {

/// Gives blocks their numbers: dense, in the order of first appearance. Names that already count like that,
/// as Mooncake's do, cost no memory; all others 21 to 43 bytes for each block.
class block_numbering {
public:
    [[nodiscard]] block_number number(std::uint64_t name) {
        if (dense_) {
            if (name < count_) return static_cast<block_number>(name);
            if (name == count_) return count_++;
            dense_ = false;
            for (block_number known = 0; known < count_; ++known) index_.insert(known, known);
        }
        if (const auto known = index_.find(name)) return *known;
        index_.insert(name, count_);
        return count_++;
    }
    /// A number for a block that is never named. A numbering serves named blocks or these, not both.
    [[nodiscard]] block_number fresh() { return count_++; }
    [[nodiscard]] block_number count() const { return count_; }

private:
    bool dense_ = true;
    block_number count_ = 0;
    key_index index_;
};

/// One request as a reader or a generator knows it.
struct trace_row {
    nanoseconds arrival{};
    std::uint64_t after = block_request::nobody; ///< see block_request
    nanoseconds think{};
    std::uint32_t session = 0;
    tokens input{};
    tokens output{};
    std::span<const block_number> blocks{}; ///< by their numbers; each new one is the next that is free
};

/// Collects rows in memory.
class trace_builder {
public:
    /// `format` names where the rows come from, at most 31 characters.
    explicit trace_builder(tokens block_tokens, std::string_view format = "made") {
        header_.block_tokens = static_cast<std::uint32_t>(block_tokens.count);
        for (std::size_t i = 0; i < format.size() && i + 1 < header_.format.size(); ++i)
            header_.format[i] = format[i];
    }

    /// Appends a request; its place. An arrival before the last one's is moved to it.
    std::uint64_t add(const trace_row& row) {
        std::int64_t arrival = row.arrival.count;
        if (header_.requests > 0 && arrival < last_arrival_) arrival = last_arrival_;
        if (header_.requests == 0) first_arrival_ = arrival;
        last_arrival_ = arrival;
        const trace_record record{.arrival_ns = arrival - first_arrival_,
                                  .think_ns = row.think.count,
                                  .after = row.after,
                                  .session = row.session,
                                  .input = static_cast<std::uint32_t>(row.input.count),
                                  .output = static_cast<std::uint32_t>(row.output.count),
                                  .blocks = static_cast<std::uint32_t>(row.blocks.size())};
        const std::size_t at = bytes_.size();
        bytes_.resize(at + trace_record::stride(row.blocks.size()));
        std::memcpy(bytes_.data() + at, &record, sizeof record);
        if (!row.blocks.empty())
            std::memcpy(bytes_.data() + at + sizeof record, row.blocks.data(), row.blocks.size_bytes());
        note_predecessors(row.blocks);
        header_.references += row.blocks.size();
        header_.input_tokens += row.input.count;
        header_.output_tokens += row.output.count;
        header_.duration_ns = record.arrival_ns;
        if (row.session >= header_.sessions) header_.sessions = row.session + 1;
        return header_.requests++;
    }

    /// All that was added. The builder is empty afterwards.
    [[nodiscard]] block_trace finish() {
        header_.distinct = predecessor_.size();
        auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes_));
        return {header_, *owned, owned};
    }

private:
    void note_predecessors(std::span<const block_number> blocks) {
        block_number before = no_block;
        for (const block_number b : blocks) {
            if (b >= predecessor_.size())
                predecessor_.push_back(before);
            else if (predecessor_[b] != before)
                header_.prefix_unique = 0;
            before = b;
        }
    }

    trace_header header_;
    std::vector<std::byte> bytes_;
    std::vector<block_number> predecessor_;
    std::int64_t first_arrival_ = 0;
    std::int64_t last_arrival_ = 0;
};

} // namespace kvmark::workload

// kvmark/workload/users.hpp
// The users of the service: who they are, and which of them asks when.

namespace kvmark::workload {

/// One user, drawn once per run from a stream of its own.
struct user {
    random_stream draw;
    std::uint64_t think_us = 0;
    std::uint32_t context_tokens = 0; ///< the longest context this user sends
    std::uint32_t generated_tokens = 0;
    std::uint8_t persona = 0; ///< index into parameters::personas
    service_class service = service_class::batch;
};

/// User number `index` of a run. Precondition: ranges with low <= high, think times of 0 to 3,000 s.
[[nodiscard]] inline user draw_user(const source_config& c, std::uint64_t index) {
    constexpr std::uint64_t salt = 0x75736572; // "user"
    user u{.draw = random_stream(c.seed, salt, index)};
    u.persona = static_cast<std::uint8_t>(u.draw.uniform_int(0, c.parameters.personas.size() - 1));
    const persona& p = c.parameters.personas[u.persona];
    const auto draw_length = [&u](range<std::uint32_t> r) {
        return static_cast<std::uint32_t>(u.draw.uniform_int(r.low, r.high));
    };
    u.context_tokens = draw_length(p.context_tokens);
    u.generated_tokens = draw_length(p.generated_tokens);
    u.think_us = u.draw.uniform_int(static_cast<std::uint64_t>(p.think_seconds.low * 1e6 + 0.5),
                                    static_cast<std::uint64_t>(p.think_seconds.high * 1e6 + 0.5));
    u.service = draw_service(u.draw, c.parameters);
    return u;
}

/// The users of a run as a sequence of arrivals: each after its own pause, or all together at the configured
/// rate. A pause starts at the user's last intended arrival, since users do not wait for their answer; so
/// arrivals depend on the seed and on set_users() alone.
class user_population {
public:
    explicit user_population(const source_config& c)
        : config_(c), rate_(c.seed, c.arrivals, c.request_rate > 0 ? c.request_rate : 1),
          pick_(c.seed, pick_salt) {
        set_users(c.users, {});
    }

    [[nodiscard]] const source_config& config() const { return config_; }
    [[nodiscard]] std::uint64_t users() const { return active_; }
    [[nodiscard]] const user& operator[](std::uint32_t index) const { return users_[index]; }

    /// The stream of the user's next request. One number of the user's own stream seeds it, so that what one
    /// request draws, and how often, shifts nothing in the next.
    [[nodiscard]] random_stream request_stream(std::uint32_t index) {
        return random_stream(users_[index].draw.next());
    }

    /// Who asks next, and when; empty while there is no user.
    std::optional<arrival> next() {
        if (active_ == 0) return {};
        arrival a;
        if (config_.request_rate > 0) {
            a.at = rate_.next();
            a.user = static_cast<std::uint32_t>(pick_.uniform_int(0, active_ - 1));
        } else {
            a = queue_.top();
            queue_.replace_top({a.at + pause(a.user), a.user});
        }
        last_ = a.at;
        return a;
    }

    /// Users `count` and above ask no more; those added start a pause at `now`, or at the last arrival
    /// already handed out if that is later. A user who comes back draws on from where it stopped. A
    /// configured rate is taken per user: it grows and shrinks with them.
    void set_users(std::uint64_t count, nanoseconds now) {
        if (count < active_) queue_.drop_from(count);
        users_.reserve(count);
        while (users_.size() < count) users_.push_back(draw_user(config_, users_.size()));
        const nanoseconds from = now < last_ ? last_ : now;
        if (config_.request_rate > 0) {
            if (count > 0)
                rate_.set_rate(config_.request_rate *
                                   (static_cast<double>(count) / static_cast<double>(config_.users)),
                               active_ == 0 ? from : last_);
        } else {
            queue_.reserve(count);
            for (std::uint64_t u = active_; u < count; ++u) {
                const auto index = static_cast<std::uint32_t>(u);
                queue_.push({from + pause(index), index});
            }
        }
        active_ = count;
    }

private:
    static constexpr std::uint64_t pick_salt = 0x7069636b; // "pick"

    /// Whole microseconds between two single products, which a fused multiply-add does not change: the same
    /// on every machine. At least one, so that a workload without think times still lets time pass.
    nanoseconds pause(std::uint32_t index) {
        user& u = users_[index];
        const auto think = static_cast<double>(u.think_us);
        const double jitter = config_.parameters.think_jitter;
        const std::uint64_t us = u.draw.uniform_int(static_cast<std::uint64_t>(think * (1.0 - jitter)),
                                                    static_cast<std::uint64_t>(think * (1.0 + jitter)));
        return nanoseconds(static_cast<std::int64_t>((us > 0 ? us : 1) * 1000));
    }

    source_config config_;
    std::vector<user> users_; // those removed keep their place and their stream
    std::uint64_t active_ = 0;
    think_queue queue_;
    rate_process rate_;
    random_stream pick_;
    nanoseconds last_{};
};

} // namespace kvmark::workload

// kvmark/workload/user_personas.hpp
// The reference workload: chatbot, coding and document users who think, ask, and do not wait for the answer.

namespace kvmark::workload {

/// A source, scalable and with documents. What it yields is a function of its configuration and of the calls
/// of set_users(); next() does not allocate. docs/workload.md describes the workload.
class user_personas {
public:
    /// Precondition: a validated configuration (users below 2^32, max_conversations and max_turns at least 1,
    /// ranges with low <= high).
    explicit user_personas(const source_config& c)
        : population_(c), conversations_(c.parameters.max_conversations), library_(c) {
        conversations_.reserve_users(c.users);
    }

    std::optional<request> next() {
        std::optional<request> out;
        if (document_request_) {
            out.swap(document_request_);
        } else {
            const std::optional<arrival> a = population_.next();
            if (!a) return out;
            draw_request(*a, out.emplace());
        }
        out->id = next_id_++;
        return out;
    }

    [[nodiscard]] std::uint64_t users() const { return population_.users(); }
    /// Removes the highest-numbered users, or adds users who start to think at `now`.
    void set_users(std::uint64_t count, nanoseconds now) {
        for (std::uint64_t u = count; u < users(); ++u) conversations_.close(static_cast<std::uint32_t>(u));
        if (document_request_ && document_request_->user >= count) document_request_.reset();
        population_.set_users(count, now);
        conversations_.reserve_users(count);
    }

    [[nodiscard]] std::uint32_t document_count() const { return library_.document_count(); }
    [[nodiscard]] std::uint32_t chunk_count(std::uint32_t document) const {
        return library_.chunk_count(document);
    }
    [[nodiscard]] chunk_ref chunk(std::uint32_t document, std::uint32_t index) const {
        return library_.chunk(document, index);
    }

    [[nodiscard]] std::uint32_t live_conversations() const { return conversations_.live(); }

private:
    /// The order of the draws is part of the workload: a part that is off comes after all that is always on,
    /// or draws all the same, so switching it leaves the other draws as they were.
    void draw_request(arrival a, request& r) {
        const source_config& c = population_.config();
        const user& u = population_[a.user];
        random_stream draw = population_.request_stream(a.user);
        const bool ends = draw.chance(c.parameters.end_conversation_probability);
        if (c.multi_turn) {
            if (ends || conversations_.turns(a.user) >= c.parameters.max_turns) conversations_.close(a.user);
            const turn_ref t = conversations_.advance(a.user);
            r.conversation = t.conversation;
            r.turn = t.turn;
        }
        r.user = a.user;
        r.arrival = a.at;
        r.service = u.service;
        r.input = draw_length(draw, u.context_tokens);
        r.output = draw_length(draw, u.generated_tokens);
        r.phase = choose_phase(c, r.input);
        draw_system_prompt(draw, c, r);
        if (library_.document_count() == 0) return;
        if (draw.chance(c.parameters.rag_probability)) library_.retrieve(draw, r);
        if (draw.chance(c.parameters.rag_probability)) draw_document_request(r, draw);
    }

    /// The user's second request of the same instant: a question over the chunks of a document and no more.
    void draw_document_request(const request& asked, random_stream& draw) {
        const source_config& c = population_.config();
        request& r = document_request_.emplace();
        r.user = asked.user;
        r.arrival = asked.arrival;
        r.service = asked.service;
        r.input = library_.retrieve(draw, r);
        r.output = draw_length(draw, population_[static_cast<std::uint32_t>(r.user)].generated_tokens);
        r.phase = choose_phase(c, r.input);
        draw_system_prompt(draw, c, r);
    }

    /// A user's lengths are its longest; a request takes a quarter of that or more.
    static tokens draw_length(random_stream& draw, std::uint32_t longest) {
        const std::uint32_t least = longest / 4 > 0 ? longest / 4 : 1;
        return tokens(draw.uniform_int(least, longest > least ? longest : least));
    }

    user_population population_;
    conversation_table conversations_;
    document_library library_;
    std::optional<request> document_request_; // goes out next
    std::uint64_t next_id_ = 0;
};

static_assert(scalable_source<user_personas> && document_source<user_personas>);

} // namespace kvmark::workload

// kvmark/tier/cache_directory.hpp
// The directory of one run below the user's cache directory: made, owned, and gone at the end.

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace kvmark::tier {

/// `<cache_dir>/kvmark-<pid>-<n>`, held by an flock so that a later run can tell the leavings of a killed one
/// from the directory of a live one, and removes them. Files end in `.kv`, and folders within have two
/// hexadecimal digits: what has another name, like a directory that is not called as above, is the user's and
/// stays. Parents that did not exist are made, and removed again when empty.
class cache_directory {
public:
    cache_directory() = default;
    cache_directory(const cache_directory&) = delete;
    cache_directory& operator=(const cache_directory&) = delete;
    KVMARK_COLD ~cache_directory() {
        if (fd_ >= 0) {
            remove_tree(path_);
            ::close(fd_);
        }
        while (!made_.empty() && ::rmdir(made_.back().c_str()) == 0) made_.pop_back();
    }

    KVMARK_COLD result<void> open(const std::string& parent) {
        if (auto made = make_parents(parent); !made) return made;
        remove_stale(parent);
        for (int n = 0; n < 1000; ++n) {
            path_ = parent + "/kvmark-" + std::to_string(::getpid()) + "-" + std::to_string(n);
            if (::mkdir(path_.c_str(), 0700) != 0) {
                if (errno == EEXIST) continue;
                // Another run made the parent, and removed it as empty between two of our calls.
                if (errno == ENOENT && make_parents(parent)) continue;
                return failure("cannot create", path_);
            }
            fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (fd_ < 0 && errno != ENOENT) {
                const error refused = failure("cannot open", path_);
                ::rmdir(path_.c_str());
                return refused;
            }
            // A file system without locks is used without; EWOULDBLOCK is a run that takes this for stale.
            if (fd_ >= 0 && (lock(fd_) || errno != EWOULDBLOCK) && names(path_, fd_)) return {};
            ::close(std::exchange(fd_, -1));
        }
        return error{error_kind::system, "cache directory: a thousand runs of this process in " + parent};
    }

    /// Removes what runs that are gone left in `parent`, and `parent` itself if it is then empty.
    KVMARK_COLD static void remove_abandoned(const std::string& parent) {
        remove_stale(parent);
        ::rmdir(parent.c_str());
    }

    /// Makes the folders 00 to ff, so that no one of them holds too many files.
    KVMARK_COLD result<void> fan_out() const {
        for (int n = 0; n < 256; ++n) {
            const char name[]{"0123456789abcdef"[n >> 4], "0123456789abcdef"[n & 15], '\0'};
            if (::mkdirat(fd_, name, 0700) != 0) return failure("cannot create", path_ + "/" + name);
        }
        return {};
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_; }

private:
    /// Whether `path` still names the open directory. Only who holds its lock may remove it; a removed name
    /// is soon used again, by another directory.
    static bool names(const std::string& path, int fd) {
        struct stat held {};
        struct stat named {};
        return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
               held.st_ino == named.st_ino;
    }
    static bool lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0; }

    static error failure(const char* what, const std::string& path) {
        return {error_kind::system,
                std::string("cache directory: ") + what + " " + path + ": " + std::strerror(errno)};
    }

    result<void> make_parents(const std::string& path) {
        for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
            const std::string part = path.substr(0, end);
            if (::mkdir(part.c_str(), 0755) == 0)
                made_.push_back(part);
            else if (errno != EEXIST)
                return failure("cannot create", part);
            if (end == std::string::npos) return {};
        }
    }

    static bool names_a_run(const std::string& name) {
        int length = 0;
        std::sscanf(name.c_str(), "kvmark-%*[0-9]-%*[0-9]%n", &length);
        return length > 0 && static_cast<std::size_t>(length) == name.size();
    }

    static void remove_stale(const std::string& parent) {
        for (const std::string& name : names_in(parent)) {
            if (!names_a_run(name)) continue;
            const std::string path = parent + "/" + name;
            const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (fd < 0) continue;
            if (lock(fd) && names(path, fd)) remove_tree(path);
            ::close(fd);
        }
    }

    static void remove_tree(const std::string& path) {
        for (const std::string& name : names_in(path)) {
            const std::string whole = path + "/" + name;
            if (name.ends_with(".kv"))
                ::unlink(whole.c_str());
            else if (name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string::npos)
                remove_tree(whole);
        }
        ::rmdir(path.c_str());
    }

    static std::vector<std::string> names_in(const std::string& path) {
        std::vector<std::string> names;
        if (DIR* directory = ::opendir(path.c_str())) {
            while (const dirent* entry = ::readdir(directory))
                if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
                    names.emplace_back(entry->d_name);
            ::closedir(directory);
        }
        return names;
    }

    std::string path_;
    std::vector<std::string> made_;
    int fd_ = -1;
};

} // namespace kvmark::tier

// kvmark/tier/storage_tier.hpp
// The storage_tier concept: what a place for KV-cache entries must be able to do.

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
    std::string raw_device{}; ///< the block device named a second time, which lets a slab overwrite it
    bool strict = false;      ///< open() fails where the tier would otherwise fall back and note it
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

// kvmark/tier/stack.hpp
// A stack of tiers, fastest first, composed at compile time.

#include <tuple>

namespace kvmark::tier {

struct no_config {};

template <class T>
struct config_of_tier {
    using type = no_config;
};
template <class T>
    requires requires { typename T::config; }
struct config_of_tier<T> {
    using type = typename T::config;
};
template <class T>
using config_of = typename config_of_tier<T>::type;

/// One sentence for whoever writes a tier and forgets a member.
template <class T>
constexpr void check_tier() {
    static_assert(
        requires {
            { T::name } -> std::convertible_to<std::string_view>;
        },
        "kvmark: a storage tier needs a static member `name` (std::string_view)");
    static_assert(
        requires {
            { T::role } -> std::convertible_to<tier_role>;
        },
        "kvmark: a storage tier needs a static member `role` (kvmark::tier::tier_role)");
    static_assert(
        requires(T t, const tier_setup& s) {
            { t.open(s) } -> std::same_as<result<void>>;
        },
        "kvmark: a storage tier needs `result<void> open(const tier_setup&)`");
    if constexpr (!timed_tier<T>) {
        static_assert(
            requires(T t, entry_id e, bytes n) {
                { t.create(e, n) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status create(entry_id, bytes size)` "
            "(or `schedule`, if it only models time)");
        static_assert(
            requires(T t, entry_id e, bytes n, std::span<const std::byte> from) {
                { t.write(e, n, from) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status write(entry_id, bytes offset, std::span<const "
            "std::byte>)`");
        static_assert(
            requires(T t, entry_id e, bytes n, std::span<std::byte> into) {
                { t.read(e, n, into) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status read(entry_id, bytes offset, std::span<std::byte>)`");
        static_assert(
            requires(T t, entry_id e) {
                { t.erase(e) } -> std::same_as<io_status>;
            },
            "kvmark: a storage tier needs `io_status erase(entry_id)`");
    }
}

template <class... Tiers>
class stack {
public:
    static constexpr std::size_t size = sizeof...(Tiers);
    static_assert(size >= 1 && size <= 8, "kvmark: a tier stack holds one to eight tiers");
    using configs = std::tuple<config_of<Tiers>...>;

    template <std::size_t I>
    using tier_at = std::tuple_element_t<I, std::tuple<Tiers...>>;

    /// Whether no tier holds real bytes, as virtual time needs.
    static constexpr bool all_timed = (timed_tier<Tiers> && ...);

    stack() : stack(configs{}) {}
    explicit stack(const configs& c) : stack(c, std::index_sequence_for<Tiers...>{}) {}

    /// Calls f(tier) with the tier at `index`, by comparisons that the compiler turns into a jump: no pointer
    /// to a function, no virtual call.
    template <class F>
    KVMARK_INLINE void at(std::size_t index, F&& f) {
        at_impl(index, f, std::index_sequence_for<Tiers...>{});
    }
    template <class F>
    KVMARK_INLINE void for_each(F&& f) {
        for_each_impl(f, std::index_sequence_for<Tiers...>{});
    }

private:
    template <std::size_t... I>
    stack(const configs& c, std::index_sequence<I...>) : tiers_(make<I>(c)...) {
        (check_tier<Tiers>(), ...);
    }

    /// Built in place, since a tier that owns files or memory cannot be moved.
    template <std::size_t I>
    struct make {
        const configs& c;
        explicit make(const configs& all) : c(all) {}
        operator tier_at<I>() const {
            if constexpr (std::is_same_v<config_of<tier_at<I>>, no_config>)
                return tier_at<I>();
            else
                return tier_at<I>(std::get<I>(c));
        }
    };

    template <class F, std::size_t... I>
    KVMARK_INLINE void at_impl(std::size_t index, F& f, std::index_sequence<I...>) {
        static_cast<void>(((index == I && (f(std::get<I>(tiers_)), true)) || ...));
    }
    template <class F, std::size_t... I>
    KVMARK_INLINE void for_each_impl(F& f, std::index_sequence<I...>) {
        (f(I, std::get<I>(tiers_)), ...);
    }

    std::tuple<Tiers...> tiers_;
};

} // namespace kvmark::tier

// kvmark/tier/decorated.hpp
// What a decorator of a tier stands on: the tier inside, and all of its members but those that are changed.

namespace kvmark::tier {

/// One of each kind of call.
template <class Each>
struct by_call {
    Each create{};
    Each write{};
    Each read{};
    Each erase{};
    Each commit{};
};

/// A text as a template argument.
template <std::size_t Size>
struct word {
    char text[Size];
    consteval word(const char (&from)[Size]) {
        for (std::size_t i = 0; i < Size; ++i) text[i] = from[i];
    }
};

/// "throttled direct_file" of "throttled" and direct_file. The blank takes the place of the word's zero.
template <word Adjective, class T>
inline constexpr auto decorated_name = [] {
    constexpr std::string_view inner = T::name;
    std::array<char, sizeof(Adjective.text) + inner.size()> name{};
    std::size_t end = 0;
    for (std::size_t i = 0; i + 1 < sizeof(Adjective.text); ++i) name[end++] = Adjective.text[i];
    name[end++] = ' ';
    for (const char c : inner) name[end++] = c;
    return name;
}();

/// A blocking tier in front of another, which does as that one does. A decorator derives from it and hides
/// the members that it changes. It has no queue, whatever is inside: it is driven by calls that block, on a
/// thread for each I/O in flight.
template <blocking_tier T, word Adjective>
class decorated {
public:
    static constexpr std::string_view name{decorated_name<Adjective, T>.data(),
                                           decorated_name<Adjective, T>.size()};
    static constexpr tier_role role = T::role;
    static constexpr bool instant_metadata = has_instant_metadata<T>;
    static constexpr bool in_memory = is_in_memory<T>;
    using config = config_of<T>;

    decorated() : decorated(config{}) {}
    explicit decorated(const config& c) : inner_(make(c)) {}

    [[nodiscard]] KVMARK_INLINE T& inner() { return inner_; }

    result<void> open(const tier_setup& setup) { return inner_.open(setup); }
    [[nodiscard]] bytes capacity(const tier_setup& setup) const { return capacity_of(inner_, setup); }
    [[nodiscard]] bytes granule(const tier_setup& setup) const { return granule_of(inner_, setup); }
    [[nodiscard]] std::string note() const { return note_of(inner_); }
    [[nodiscard]] std::uint32_t depth() const requires requires(const T t) { t.depth(); }
    { return inner_.depth(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) { return inner_.create(e, size); }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return inner_.write(e, offset, from);
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return inner_.read(e, offset, into);
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) { return inner_.erase(e); }
    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) requires has_commit<T> {
        return inner_.commit(e);
    }

private:
    /// In place, since a tier that owns files or memory cannot be moved.
    static T make(const config& c) {
        if constexpr (std::is_same_v<config, no_config>)
            return T();
        else
            return T(c);
    }

    T inner_;
};

/// Waits until that instant of CLOCK_MONOTONIC. A thread is woken up to 50 us late, the kernel's timer slack,
/// so it goes to sleep for that much less, and spins for what is left.
inline void wait_until(nanoseconds instant) {
    constexpr nanoseconds slack{50'000};
    for (nanoseconds left; (left = instant - clocks::monotonic_now()).count > 0;) {
        if (left <= slack) continue;
        const std::int64_t wake = (instant - slack).count;
        const timespec at{wake / 1'000'000'000, wake % 1'000'000'000};
        ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    }
}

} // namespace kvmark::tier

// kvmark/tier/counted.hpp
// A tier that counts what is asked of it.

namespace kvmark::tier {

/// Calls of one kind. On a cache line of its own, so that counting reads does not slow writes down.
struct alignas(64) call_counter {
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> bytes{0}; ///< of the good reads and writes; the sizes given to good creates
    std::atomic<std::uint64_t> errors{0};
};
using call_counts = by_call<call_counter>;

/// Counts the calls, bytes and errors of the tier inside. May be read at any time; a call is counted once it
/// is over.
template <blocking_tier T>
class counted : public decorated<T, "counted"> {
public:
    struct config {
        call_counts* counts = nullptr; ///< the caller's, which outlives the tier; null: the tier's own
        config_of<T> inner{};
    };

    counted() : counted(config{}) {}
    explicit counted(const config& c)
        : counted::decorated(c.inner), counts_(c.counts ? *c.counts : own_counts_) {}

    [[nodiscard]] const call_counts& counts() const { return counts_; }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return count(counts_.create, size.count, this->inner().create(e, size));
    }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return count(counts_.write, from.size(), this->inner().write(e, offset, from));
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return count(counts_.read, into.size(), this->inner().read(e, offset, into));
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        return count(counts_.erase, 0, this->inner().erase(e));
    }
    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) requires has_commit<T> {
        return count(counts_.commit, 0, this->inner().commit(e));
    }

private:
    KVMARK_INLINE static io_status count(call_counter& c, std::uint64_t size, io_status status) {
        c.calls.fetch_add(1, std::memory_order_relaxed);
        if (KVMARK_LIKELY(status.good()))
            c.bytes.fetch_add(size, std::memory_order_relaxed);
        else
            c.errors.fetch_add(1, std::memory_order_relaxed);
        return status;
    }

    call_counts own_counts_;
    call_counts& counts_;
};

} // namespace kvmark::tier

// kvmark/tier/file_layout.hpp
// The file_layout concept: where on a file system the bytes of an entry lie.

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

// kvmark/tier/open_flags.hpp
// How a layout opens its files: past the page cache, where the file system lets it.

namespace kvmark::tier {

/// The flags of open(2) for the files of one directory. A file system that refuses O_DIRECT (tmpfs, some
/// overlays) is used through the page cache.
class open_flags {
public:
    /// An error where the setup is strict and O_DIRECT, though asked for, is refused.
    KVMARK_COLD result<void> choose(const cache_directory& directory, const tier_setup& setup,
                                    page_cache cache) {
        if (cache == page_cache::used) return {};
        const int probe = ::openat(directory.fd(), "probe.kv", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
        if (probe >= 0) {
            ::close(probe);
            flags_ |= O_DIRECT;
        }
        ::unlinkat(directory.fd(), "probe.kv", 0);
        if (probe < 0 && setup.strict)
            return error{error_kind::unsupported, "--strict: the file system of " + setup.cache_dir +
                                                      " refuses O_DIRECT; choose another --cache-dir"};
        return {};
    }

    [[nodiscard]] KVMARK_INLINE int flags() const { return flags_; }
    [[nodiscard]] bool bypasses_cache() const { return (flags_ & O_DIRECT) != 0; }

private:
    int flags_ = O_RDWR | O_CLOEXEC;
};

/// Makes room for `length` bytes, so that writes need not extend the file and can go on side by side; where
/// the file system cannot, the file has that length without it. 0 or an errno.
[[nodiscard]] KVMARK_INLINE int allocate(int fd, bytes length) {
    int failed = 0;
    do {
        failed = ::fallocate(fd, 0, 0, static_cast<off_t>(length.count)) == 0 ? 0 : errno;
    } while (failed == EINTR);
    if (failed == EOPNOTSUPP) failed = ::ftruncate(fd, static_cast<off_t>(length.count)) == 0 ? 0 : errno;
    return failed;
}

/// Writes `number` as eight hexadecimal digits.
KVMARK_INLINE void hexadecimal(std::uint32_t number, char* to) {
    for (int digit = 0; digit < 8; ++digit) to[digit] = "0123456789abcdef"[number >> (28 - 4 * digit) & 15];
}

} // namespace kvmark::tier

// kvmark/tier/file_per_entry.hpp
// The layout of the reference: a file for each entry.

#include <sys/resource.h>

namespace kvmark::tier {

/// Keeps a descriptor open for each entry as long as the process may have that many, so that a read is one
/// system call; entries past that are opened for each I/O.
class file_per_entry {
public:
    static constexpr std::string_view name = "file-per-entry";

    file_per_entry() = default;
    file_per_entry(const file_per_entry&) = delete;
    file_per_entry& operator=(const file_per_entry&) = delete;
    KVMARK_COLD ~file_per_entry() {
        descriptors_.for_each([](descriptor& d) {
            if (d.fd >= 0) ::close(d.fd);
        });
    }

    /// 95 % of the free space of the file system that holds the cache directory.
    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        return free_space(setup.cache_dir) / 100 * 95;
    }
    [[nodiscard]] static bytes granule(const tier_setup&) { return sector_size; }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &limit);
            ::getrlimit(RLIMIT_NOFILE, &limit);
            // Each I/O may have one file open for a moment.
            keep_open_ = static_cast<std::int64_t>(limit.rlim_cur) - reserved - setup.queue_depth;
        }
        if (auto opened = directory_.open(setup.cache_dir); !opened) return opened;
        return how_.choose(directory_, setup, cache);
    }
    [[nodiscard]] bool bypasses_cache() const { return how_.bypasses_cache(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        descriptor& kept = descriptors_.ensure(e);
        name_text text;
        const int fd = ::openat(directory_.fd(), name_of(e, text), how_.flags() | O_CREAT | O_TRUNC, 0600);
        if (fd < 0) return {errno};
        const int failed = allocate(fd, size);
        if (failed == 0 && kept_.fetch_add(1, std::memory_order_relaxed) < keep_open_) {
            kept.fd = fd;
            return {};
        }
        if (failed == 0)
            kept_.fetch_sub(1, std::memory_order_relaxed);
        else
            ::unlinkat(directory_.fd(), text, 0);
        ::close(fd);
        return {failed};
    }

    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        if (descriptor* kept = descriptors_.find(e); kept && kept->fd >= 0) {
            ::close(std::exchange(kept->fd, -1));
            kept_.fetch_sub(1, std::memory_order_relaxed);
        }
        name_text text;
        return {::unlinkat(directory_.fd(), name_of(e, text), 0) == 0 || errno == ENOENT ? 0 : errno};
    }

    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id e) {
        const file_part part = borrow(e, {});
        if (part.fd < 0) return {part.error_number};
        const io_status status{::fsync(part.fd) == 0 ? 0 : errno};
        give_back(part);
        return status;
    }

    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        if (const int kept = descriptors_[e].fd; KVMARK_LIKELY(kept >= 0))
            return {.fd = kept, .at = offset.count};
        name_text text;
        const int fd = ::openat(directory_.fd(), name_of(e, text), how_.flags());
        return {.fd = fd, .at = offset.count, .error_number = fd < 0 ? errno : 0, .opened_for_it = true};
    }
    KVMARK_INLINE void give_back(const file_part& part) {
        if (part.opened_for_it) ::close(part.fd);
    }

private:
    using name_text = char[16];
    static constexpr std::int64_t reserved = 64; ///< descriptors left to the rest of the process

    struct descriptor {
        int fd = -1; ///< -1: not open, or opened for each I/O
    };

    [[nodiscard]] KVMARK_INLINE static const char* name_of(entry_id e, name_text& text) {
        hexadecimal(e, text);
        std::memcpy(text + 8, ".kv", 4);
        return text;
    }

    cache_directory directory_;
    open_flags how_;
    stable_table<descriptor> descriptors_;
    std::atomic<std::int64_t> kept_{0};
    std::int64_t keep_open_ = 0;
};

} // namespace kvmark::tier

// kvmark/tier/transfer.hpp
// Whole reads and writes of a file by pread and pwrite.

namespace kvmark::tier {

/// Calls `call(done, at)` until `size` bytes have moved. A short count is carried on; 0 bytes where some are
/// due is EIO: the file is shorter than the entry.
template <class Call>
[[nodiscard]] KVMARK_INLINE io_status transfer_all(std::uint64_t at, std::size_t size, Call&& call) {
    for (std::size_t done = 0; done < size;) {
        const auto n = call(done, static_cast<off_t>(at + done));
        if (KVMARK_LIKELY(n > 0))
            done += static_cast<std::size_t>(n);
        else if (n == 0)
            return {EIO};
        else if (errno != EINTR)
            return {errno};
    }
    return {};
}

[[nodiscard]] KVMARK_INLINE io_status write_all(int fd, std::uint64_t at, std::span<const std::byte> from) {
    return transfer_all(at, from.size(), [&](std::size_t done, off_t where) KVMARK_INLINE_LAMBDA {
        return ::pwrite(fd, from.data() + done, from.size() - done, where);
    });
}
[[nodiscard]] KVMARK_INLINE io_status read_all(int fd, std::uint64_t at, std::span<std::byte> into) {
    return transfer_all(at, into.size(), [&](std::size_t done, off_t where) KVMARK_INLINE_LAMBDA {
        return ::pread(fd, into.data() + done, into.size() - done, where);
    });
}

} // namespace kvmark::tier

// kvmark/tier/file_tier.hpp
// What every storage tier made of files has in common, whatever moves its bytes and wherever they lie.

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

// kvmark/tier/direct_file.hpp
// Files past the page cache, by pread and pwrite: the storage tier that every Linux can run.

namespace kvmark::tier {

/// O_DIRECT on preallocated files. A file system that refuses it is used through the page cache, and the
/// report says so.
template <file_layout Layout>
class basic_direct_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "direct_file";

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        auto opened = this->layout_.open(setup, page_cache::bypassed);
        buffered_ = opened && !this->layout_.bypasses_cache();
        return opened;
    }

    [[nodiscard]] std::string note() const {
        return buffered_ ? "the file system refuses O_DIRECT: figures are the page cache's, not the device's"
                         : "";
    }

private:
    bool buffered_ = false;
};
using direct_file = basic_direct_file<file_per_entry>;

} // namespace kvmark::tier

// kvmark/tier/extent_stack.hpp
// The free extents of one room: taken and given back by several threads at once, without a lock.

namespace kvmark::tier {

/// Its top carries, above the extent's number, a count of changes, so that a top which went and came back
/// between two looks is not mistaken for one that stayed.
class extent_stack {
public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// Extents 0 to extents - 1, all free.
    KVMARK_COLD void open(std::uint32_t extents) {
        below_ = std::vector<std::atomic<std::uint32_t>>(extents);
        for (std::uint32_t i = 0; i < extents; ++i)
            below_[i].store(i + 1 < extents ? i + 1 : none, std::memory_order_relaxed);
        top_.store(extents == 0 ? none : 0, std::memory_order_release);
    }
    [[nodiscard]] std::size_t capacity() const { return below_.size(); }

    /// A free extent, or `none`.
    [[nodiscard]] std::uint32_t take() {
        std::uint64_t top = top_.load(std::memory_order_acquire);
        for (;;) {
            const auto extent = static_cast<std::uint32_t>(top);
            if (extent == none) return none;
            const std::uint64_t following = changed(top) | below_[extent].load(std::memory_order_relaxed);
            if (top_.compare_exchange_weak(top, following, std::memory_order_acq_rel,
                                           std::memory_order_acquire))
                return extent;
        }
    }
    void give_back(std::uint32_t extent) {
        std::uint64_t top = top_.load(std::memory_order_relaxed);
        do {
            below_[extent].store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
        } while (!top_.compare_exchange_weak(top, changed(top) | extent, std::memory_order_acq_rel));
    }

private:
    [[nodiscard]] static std::uint64_t changed(std::uint64_t top) { return ((top >> 32) + 1) << 32; }

    std::vector<std::atomic<std::uint32_t>> below_; ///< by extent: the one below it in the stack
    alignas(64) std::atomic<std::uint64_t> top_{none};
};

} // namespace kvmark::tier

// kvmark/tier/extent_table.hpp
// Room in units of one size: an entry is a list of extents, any of which serves any entry.

namespace kvmark::tier {

/// Since all extents are alike, room is never lost to fragments: an entry fits as long as enough extents are
/// free. Entries come and go from several threads at once without a lock. A list keeps its memory for the
/// next entry of that number, so that creating entries allocates nothing either once a run is warm.
class extent_table {
public:
    KVMARK_COLD void open(std::uint32_t extents) { free_.open(extents); }

    /// Gives the entry `count` extents. False, and nothing taken, when fewer are free.
    [[nodiscard]] KVMARK_COLD bool create(entry_id e, std::uint64_t count) {
        std::vector<std::uint32_t>& extents = lists_.ensure(e);
        if (count > free_.capacity()) return false;
        extents.reserve(count);
        while (extents.size() < count) {
            const std::uint32_t extent = free_.take();
            if (extent == extent_stack::none) {
                erase(e);
                return false;
            }
            extents.push_back(extent);
        }
        return true;
    }

    /// Takes its extents back; nothing for an entry never created.
    KVMARK_COLD void erase(entry_id e) {
        std::vector<std::uint32_t>* extents = lists_.find(e);
        if (!extents) return;
        for (; !extents->empty(); extents->pop_back()) free_.give_back(extents->back());
    }

    /// The number of the entry's extent `index`, counted from 0.
    [[nodiscard]] KVMARK_INLINE std::uint32_t at(entry_id e, std::uint64_t index) { return lists_[e][index]; }

private:
    extent_stack free_;
    stable_table<std::vector<std::uint32_t>> lists_;
};

} // namespace kvmark::tier

// kvmark/tier/faulty.hpp
// A tier that fails on purpose: errors, torn transfers, flipped bits and delays, the same ones for a seed.

namespace kvmark::tier {

/// What may go wrong with one kind of call; each a probability, 0 to 1. A call has at most one of the first
/// three, so their sum is 1 or less. Torn and corrupt are for reads and writes alone.
struct fault_odds {
    double error = 0;   ///< nothing happens but an error
    double torn = 0;    ///< the first half of the sectors is moved, then EIO
    double corrupt = 0; ///< all is moved and the call is good, but one bit is another
    double delay = 0;   ///< the call takes longer; what else happens to it is drawn apart
};

/// What was injected into calls of one kind.
struct fault_tally {
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> torn{0};
    std::atomic<std::uint64_t> corrupt{0};
    std::atomic<std::uint64_t> delays{0};

    /// The calls that told their caller of a failure.
    [[nodiscard]] std::uint64_t failures() const { return errors + torn; }
};
struct fault_counts : by_call<fault_tally> {
    [[nodiscard]] std::uint64_t failures() const {
        return create.failures() + write.failures() + read.failures() + erase.failures() + commit.failures();
    }
};

/// Decides the fate of each call of one kind from the seed and the call's number alone, whichever thread
/// makes it.
class fault_source {
public:
    enum class fault : std::uint8_t { none, error, torn, corrupt };
    struct fate {
        fault what = fault::none;
        bool delayed = false;
        std::uint64_t place = 0; ///< of a flipped bit: any number
    };

    fault_source(const fault_odds& odds, std::uint64_t seed, std::uint64_t kind, fault_tally& tally)
        : odds_(odds), seed_(seed), kind_(kind), tally_(tally) {}

    [[nodiscard]] const fault_odds& odds() const { return odds_; }

    [[nodiscard]] KVMARK_INLINE fate next() {
        random_stream draw(seed_, kind_, calls_.fetch_add(1, std::memory_order_relaxed));
        const double u = draw.uniform();
        fate f{.delayed = draw.chance(odds_.delay)};
        if (!KVMARK_LIKELY(u >= odds_.error + odds_.torn + odds_.corrupt)) {
            f.what = u < odds_.error                ? fault::error
                     : u < odds_.error + odds_.torn ? fault::torn
                                                    : fault::corrupt;
            f.place = draw.next();
        }
        if (!KVMARK_LIKELY(f.what == fault::none && !f.delayed)) count(f);
        return f;
    }

private:
    KVMARK_COLD void count(const fate& f) {
        if (f.delayed) ++tally_.delays;
        if (f.what == fault::error) ++tally_.errors;
        if (f.what == fault::torn) ++tally_.torn;
        if (f.what == fault::corrupt) ++tally_.corrupt;
    }

    fault_odds odds_;
    std::uint64_t seed_;
    std::uint64_t kind_;
    fault_tally& tally_;
    alignas(64) std::atomic<std::uint64_t> calls_{0};
};

/// A test of whoever uses a tier: what it injected is in the counts, and must be what its user reports.
template <blocking_tier T>
class faulty : public decorated<T, "faulty"> {
public:
    struct config {
        by_call<fault_odds> odds{};
        int error_number = EIO; ///< of `error`
        nanoseconds delay{1'000'000};
        std::uint64_t seed = 0;
        fault_counts* counts = nullptr; ///< the caller's, which outlives the tier; null: the tier's own
        config_of<T> inner{};
    };

    faulty() : faulty(config{}) {}
    explicit faulty(const config& c)
        : faulty::decorated(c.inner), counts_(c.counts ? *c.counts : own_counts_),
          create_(c.odds.create, c.seed, 0, counts_.create), write_(c.odds.write, c.seed, 1, counts_.write),
          read_(c.odds.read, c.seed, 2, counts_.read), erase_(c.odds.erase, c.seed, 3, counts_.erase),
          commit_(c.odds.commit, c.seed, 4, counts_.commit), error_number_(c.error_number), delay_(c.delay) {}

    [[nodiscard]] const fault_counts& counts() const { return counts_; }

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        for (const fault_source* s : {&create_, &write_, &read_, &erase_, &commit_}) {
            const fault_odds& o = s->odds();
            if (!is_chance(o.error) || !is_chance(o.torn) || !is_chance(o.corrupt) || !is_chance(o.delay) ||
                !is_chance(o.error + o.torn + o.corrupt))
                return refusal("probabilities are 0 to 1, and so is the sum of error, torn and corrupt");
            if (s != &read_ && s != &write_ && o.torn + o.corrupt > 0)
                return refusal("only reads and writes can be torn or corrupt");
        }
        if (error_number_ <= 0) return refusal("error_number is an errno, above 0");
        return faulty::decorated::open(setup);
    }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return fails(create_) ? io_status{error_number_} : this->inner().create(e, size);
    }
    /// A failed one has erased all the same: the number of the entry is used again, and the tier inside must
    /// not have two entries of it.
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        const bool failed = fails(erase_);
        const io_status status = this->inner().erase(e);
        return failed ? io_status{error_number_} : status;
    }
    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) requires has_commit<T> {
        return fails(commit_) ? io_status{error_number_} : this->inner().commit(e);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        const fate f = next(write_);
        if (KVMARK_LIKELY(f.what == fault::none)) return this->inner().write(e, offset, from);
        return write_badly(f, e, offset, from);
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        const fate f = next(read_);
        if (KVMARK_LIKELY(f.what == fault::none)) return this->inner().read(e, offset, into);
        return read_badly(f, e, offset, into);
    }

private:
    using fault = fault_source::fault;
    using fate = fault_source::fate;

    static bool is_chance(double p) { return p >= 0 && p <= 1; }
    static error refusal(const char* why) {
        return {error_kind::invalid_argument, std::string("faulty tier: ") + why};
    }

    [[nodiscard]] KVMARK_INLINE fate next(fault_source& calls) {
        const fate f = calls.next();
        if (!KVMARK_LIKELY(!f.delayed)) wait_until(clocks::monotonic_now() + delay_);
        return f;
    }
    [[nodiscard]] KVMARK_INLINE bool fails(fault_source& calls) { return next(calls).what != fault::none; }

    /// What arrives of a torn transfer: whole sectors, perhaps none.
    static std::size_t half(std::size_t size) { return size / sector_size.count / 2 * sector_size.count; }
    static io_status torn(io_status of_the_half) { return of_the_half.good() ? io_status{EIO} : of_the_half; }

    KVMARK_COLD io_status read_badly(const fate& f, entry_id e, bytes offset, std::span<std::byte> into) {
        if (f.what == fault::error) return {error_number_};
        if (f.what == fault::torn) {
            const auto part = into.first(half(into.size()));
            return torn(part.empty() ? io_status{} : this->inner().read(e, offset, part));
        }
        const io_status status = this->inner().read(e, offset, into);
        flip_bit(into[f.place % into.size()], f);
        return status;
    }

    /// A corrupt write is one good write, and another of the sector that is to be bad.
    KVMARK_COLD io_status write_badly(const fate& f, entry_id e, bytes offset,
                                      std::span<const std::byte> from) {
        if (f.what == fault::error) return {error_number_};
        if (f.what == fault::torn) {
            const auto part = from.first(half(from.size()));
            return torn(part.empty() ? io_status{} : this->inner().write(e, offset, part));
        }
        if (const io_status status = this->inner().write(e, offset, from); !status.good()) return status;
        alignas(sector_size.count) std::byte sector[sector_size.count];
        const std::size_t place = f.place % from.size();
        const std::size_t start = place / sizeof sector * sizeof sector;
        std::memcpy(sector, from.data() + start, sizeof sector);
        flip_bit(sector[place - start], f);
        return this->inner().write(e, offset + bytes(start), sector);
    }

    static void flip_bit(std::byte& byte, const fate& f) { byte ^= std::byte{1} << (f.place >> 61); }

    fault_counts own_counts_;
    fault_counts& counts_;
    fault_source create_, write_, read_, erase_, commit_;
    int error_number_;
    nanoseconds delay_;
};

} // namespace kvmark::tier

// kvmark/tier/file.hpp
// The reference's storage tier: files through the page cache, made durable by fsync.

namespace kvmark::tier {

/// An entry is written whole and then fsync'ed; a read first drops the cached pages it is about to read, as
/// kv-cache.py does.
template <file_layout Layout>
class basic_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "file";

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        return this->layout_.open(setup, page_cache::used);
    }

    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) { return this->layout_.sync(e); }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            ::posix_fadvise(part.fd, static_cast<off_t>(part.at), static_cast<off_t>(into.size()),
                            POSIX_FADV_DONTNEED);
            return read_all(part.fd, part.at, into);
        });
    }
};
using file = basic_file<file_per_entry>;

} // namespace kvmark::tier

// kvmark/tier/file_per_block.hpp
// The layout of caches that store blocks: a file for each io_chunk of an entry, in 256 folders.

namespace kvmark::tier {

/// Every I/O opens its file and closes it again, which is what this layout costs.
class file_per_block {
public:
    static constexpr std::string_view name = "file-per-block";

    /// 95 % of the free space of the file system that holds the cache directory.
    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        return free_space(setup.cache_dir) / 100 * 95;
    }
    [[nodiscard]] static bytes granule(const tier_setup&) { return sector_size; }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        block_size_ = setup.io_chunk;
        if (auto opened = directory_.open(setup.cache_dir); !opened) return opened;
        if (auto made = directory_.fan_out(); !made) return made;
        return how_.choose(directory_, setup, cache);
    }
    [[nodiscard]] bool bypasses_cache() const { return how_.bypasses_cache(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        const auto blocks = static_cast<std::uint32_t>(round_up(size, block_size_).count / block_size_.count);
        for (std::uint32_t block = 0; block < blocks; ++block) {
            const bytes left = size - block_size_ * block;
            const int failed = create_block(e, block, left < block_size_ ? left : block_size_);
            blocks_.ensure(e) = block + 1;
            if (failed == 0) continue;
            static_cast<void>(erase(e));
            return {failed};
        }
        return {};
    }

    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        std::uint32_t* blocks = blocks_.find(e);
        int failed = 0;
        for (; blocks && *blocks > 0; --*blocks) {
            path_text path;
            if (::unlinkat(directory_.fd(), path_of(e, *blocks - 1, path), 0) != 0 && errno != ENOENT)
                failed = errno;
        }
        return {failed};
    }

    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id e) {
        for (std::uint32_t block = 0; block < blocks_[e]; ++block) {
            const file_part part = borrow(e, block_size_ * block);
            if (part.fd < 0) return {part.error_number};
            const int failed = ::fsync(part.fd) == 0 ? 0 : errno;
            give_back(part);
            if (failed != 0) return {failed};
        }
        return {};
    }

    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        const auto block = static_cast<std::uint32_t>(offset.count / block_size_.count);
        path_text path;
        const int fd = ::openat(directory_.fd(), path_of(e, block, path), how_.flags());
        return {.fd = fd,
                .at = offset.count % block_size_.count,
                .error_number = fd < 0 ? errno : 0,
                .opened_for_it = true};
    }
    KVMARK_INLINE void give_back(const file_part& part) { ::close(part.fd); }

private:
    using path_text = char[32];

    /// A file that could not be made whole stays, for erase() to take away.
    [[nodiscard]] KVMARK_INLINE int create_block(entry_id e, std::uint32_t block, bytes size) {
        path_text path;
        const int fd =
            ::openat(directory_.fd(), path_of(e, block, path), how_.flags() | O_CREAT | O_TRUNC, 0600);
        if (fd < 0) return errno;
        const int failed = allocate(fd, size);
        ::close(fd);
        return failed;
    }

    /// `<folder>/<entry>-<block>.kv`; consecutive blocks lie in different folders.
    [[nodiscard]] KVMARK_INLINE static const char* path_of(entry_id e, std::uint32_t block, path_text& path) {
        const std::uint32_t folder = (e * 31 + block) & 255;
        path[0] = "0123456789abcdef"[folder >> 4];
        path[1] = "0123456789abcdef"[folder & 15];
        path[2] = '/';
        hexadecimal(e, path + 3);
        path[11] = '-';
        hexadecimal(block, path + 12);
        std::memcpy(path + 20, ".kv", 4);
        return path;
    }

    cache_directory directory_;
    open_flags how_;
    bytes block_size_{};
    stable_table<std::uint32_t> blocks_; ///< files that an entry has
};

} // namespace kvmark::tier

// kvmark/tier/hash_ring.hpp
// Consistent hashing: which of several members a key belongs to, so that few keys move when a member leaves.

#include <cstdlib>

namespace kvmark::tier {

/// A member stands at many points of a ring of 64-bit hashes, which follow from its number alone. A key
/// belongs to the member of the first point at or after it (Karger et al., STOC 1997). Without a member its
/// keys go to the others, and no other key moves.
class hash_ring {
public:
    /// Points of each member: shares then lie about 1/sqrt(128), 9 %, around the mean.
    static constexpr std::uint32_t points_per_member = 128;

    /// `members` are numbers of any kind, each once.
    KVMARK_COLD void open(std::span<const std::uint32_t> members) {
        points_.clear();
        points_.reserve(members.size() * points_per_member);
        for (const std::uint32_t member : members)
            for (std::uint32_t i = 0; i < points_per_member; ++i)
                points_.push_back({mix(mix(member) ^ i), member});
        // std::sort would cost every user of kvmark.hpp the time to compile <algorithm>.
        if (!points_.empty()) std::qsort(points_.data(), points_.size(), sizeof(point), in_order);
    }

    /// Calls take(member) for the owner of `key`, then for the owners of the points after it, until one takes
    /// it. False when none did. A member is asked again at each of its points.
    template <class Take>
    bool offer(std::uint64_t key, Take&& take) const {
        const std::size_t first = first_at_or_after(key);
        for (std::size_t i = 0; i < points_.size(); ++i) {
            const std::size_t at = first + i < points_.size() ? first + i : first + i - points_.size();
            if (take(points_[at].member)) return true;
        }
        return false;
    }

private:
    struct point {
        std::uint64_t hash;
        std::uint32_t member;
    };

    /// By member where hashes are equal, so that the order of `members` does not matter.
    static int in_order(const void* left, const void* right) {
        const auto& a = *static_cast<const point*>(left);
        const auto& b = *static_cast<const point*>(right);
        if (a.hash != b.hash) return a.hash < b.hash ? -1 : 1;
        return a.member < b.member ? -1 : a.member > b.member;
    }

    [[nodiscard]] std::size_t first_at_or_after(std::uint64_t key) const {
        std::size_t low = 0, high = points_.size();
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            if (points_[middle].hash < key)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    std::vector<point> points_; ///< in order of hash
};

} // namespace kvmark::tier

// kvmark/tier/host.hpp
// Host memory: one arena of huge pages, entries in lists of 256 KiB pages.

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

// kvmark/tier/mapped_file.hpp
// Files through mmap: what a cache that leaves its I/O to the kernel's paging gets.

namespace kvmark::tier {

enum class map_advice : int { normal = MADV_NORMAL, sequential = MADV_SEQUENTIAL, random = MADV_RANDOM };

struct mapped_file_config {
    /// Fault in the whole part before the copy (MADV_POPULATE_READ and _WRITE, Linux 5.14). Without it each
    /// page is a fault of its own, and an error of the device kills the process by SIGBUS.
    bool populate = true;
    map_advice advice = map_advice::normal; ///< how far the kernel reads ahead
    bool drop_cached = true; ///< a read first drops the pages it is about to read, as tier::file does
};

/// Each I/O maps its part, copies, and unmaps: so an entry needs no address space while nobody reads it, and
/// every layout will do. An entry is made durable by fsync once it is whole.
template <file_layout Layout>
class basic_mapped_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "mapped_file";
    using config = mapped_file_config;

    basic_mapped_file() = default;
    explicit basic_mapped_file(const config& c) : config_(c) {}

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        return this->layout_.open(setup, page_cache::used);
    }

    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) { return this->layout_.sync(e); }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            return with_mapping(part, from.size(), MADV_POPULATE_WRITE, [&](void* at) KVMARK_INLINE_LAMBDA {
                std::memcpy(at, from.data(), from.size());
            });
        });
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            if (config_.drop_cached)
                ::posix_fadvise(part.fd, static_cast<off_t>(part.at), static_cast<off_t>(into.size()),
                                POSIX_FADV_DONTNEED);
            return with_mapping(part, into.size(), MADV_POPULATE_READ, [&](void* at) KVMARK_INLINE_LAMBDA {
                std::memcpy(into.data(), at, into.size());
            });
        });
    }

private:
    template <class Copy>
    [[nodiscard]] KVMARK_INLINE io_status with_mapping(const file_part& part, std::size_t size, int populate,
                                                       Copy&& copy) {
        void* at =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, part.fd, static_cast<off_t>(part.at));
        if (at == MAP_FAILED) return {errno};
        if (config_.advice != map_advice::normal) ::madvise(at, size, static_cast<int>(config_.advice));
        int failed = config_.populate && ::madvise(at, size, populate) != 0 ? errno : 0;
        if (failed == EFAULT) failed = EIO; // the file is shorter than the entry, or the device failed
        if (failed == EINVAL) failed = 0; // a kernel that knows no such advice faults the pages in one by one
        if (failed == 0) copy(at);
        ::munmap(at, size);
        return {failed};
    }

    config config_{};
};
using mapped_file = basic_mapped_file<file_per_entry>;

} // namespace kvmark::tier

// kvmark/tier/modelled.hpp
// A tier made of numbers: what a device takes for an I/O alone, and for one of many. For virtual time, and
// for hardware not at hand.

namespace kvmark::tier {

/// How the time of an I/O varies: its quantiles over its mean, at the ranks of `ranks`, linear between them.
struct modelled_spread {
    static constexpr std::array<double, 11> ranks{0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1};
    std::array<double, ranks.size()> ratios{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}; ///< all 1: it never varies

    [[nodiscard]] constexpr bool varies() const {
        for (const double r : ratios)
            if (r != 1) return true;
        return false;
    }
    /// The ratio at rank u, 0..1.
    [[nodiscard]] constexpr double at(double u) const {
        std::size_t i = 1;
        while (i + 1 < ranks.size() && ranks[i] < u) ++i;
        return ratios[i - 1] + (ratios[i] - ratios[i - 1]) * (u - ranks[i - 1]) / (ranks[i] - ranks[i - 1]);
    }
    /// Of ratios drawn evenly over the ranks; 1 in a configuration that keeps to its bandwidth.
    [[nodiscard]] constexpr double mean() const {
        double sum = 0;
        for (std::size_t i = 1; i < ranks.size(); ++i)
            sum += (ratios[i] + ratios[i - 1]) / 2 * (ranks[i] - ranks[i - 1]);
        return sum;
    }
};

struct modelled_config {
    nanoseconds read_latency{80'000};
    nanoseconds write_latency{30'000};
    double read_bytes_per_second = 3.0e9;
    double write_bytes_per_second = 2.5e9;
    std::uint32_t queue_depth = 32; ///< I/Os the device serves at once
    bytes granule = sector_size;    ///< the unit in which it gives out room

    // What `kvmark calibrate` finds beyond these.
    nanoseconds read_io_cost{}; ///< of an I/O under load, whatever its size
    nanoseconds write_io_cost{};
    double read_alone_bytes_per_second = 0; ///< at which an I/O alone moves; 0: read_bytes_per_second
    double write_alone_bytes_per_second = 0;
    /// How much of the time of reads is lost to writes, and the other way round. 1: they take turns; 0: each
    /// has the device to itself; above 1: they disturb each other.
    double contention = 1;
    modelled_spread read_spread{};
    modelled_spread write_spread{};
};

/// One device in closed form. An operation moves in I/Os of io_chunk; of an I/O of n bytes
///     alone = latency + n / alone_bytes_per_second      what it takes when nothing else is under way,
///     share = max(io_cost + n / bytes_per_second, alone / depth)     what it takes off the device's time,
/// where depth is queue_depth, and in the storage role no more than the run's own. Operations are served in
/// order: one is done when the shares of all before it and its own have passed, and alone - share later. So a
/// loaded device delivers exactly n / share, and an idle one answers an I/O after `alone`. A spread stretches
/// or shortens the time from when the last I/O is handed to the device; it is drawn from a stream of its own,
/// the same in each run.
template <tier_role Role = tier_role::storage>
class modelled {
public:
    static constexpr std::string_view name = "modelled";
    static constexpr tier_role role = Role;
    using config = modelled_config;

    modelled() = default;
    explicit modelled(const config& c) : config_(c) {}

    result<void> open(const tier_setup& setup) {
        const config& c = config_;
        for (const double rate : {c.read_bytes_per_second, c.write_bytes_per_second})
            if (!(rate > 0) || c.queue_depth == 0)
                return error{error_kind::invalid_argument,
                             "modelled tier: bandwidths and queue depth must be above 0"};
        for (const double value :
             {c.read_alone_bytes_per_second, c.write_alone_bytes_per_second, c.contention,
              static_cast<double>(c.read_latency.count), static_cast<double>(c.write_latency.count),
              static_cast<double>(c.read_io_cost.count), static_cast<double>(c.write_io_cost.count)})
            if (!(value >= 0))
                return error{error_kind::invalid_argument,
                             "modelled tier: latencies, costs and contention must not be below 0"};
        const std::uint32_t run = Role == tier_role::storage ? setup.queue_depth : c.queue_depth;
        const std::uint32_t depth = c.queue_depth < run ? c.queue_depth : run;
        chunk_ = static_cast<double>(setup.io_chunk.count);
        ways_[0].fit(c.read_latency, c.read_io_cost, c.read_bytes_per_second, c.read_alone_bytes_per_second,
                     depth, c.read_spread);
        ways_[1].fit(c.write_latency, c.write_io_cost, c.write_bytes_per_second,
                     c.write_alone_bytes_per_second, depth, c.write_spread);
        handed_over_ = run > 0 ? run : 1;
        return {};
    }

    [[nodiscard]] bytes granule(const tier_setup&) const { return config_.granule; }

    /// Bytes per second that it gives under load; valid after open().
    [[nodiscard]] double saturated_rate(direction d) const { return chunk_ / way_of(d).share(chunk_) * 1e9; }

    [[nodiscard]] KVMARK_INLINE nanoseconds schedule(direction d, bytes size, nanoseconds now) {
        way& w = ways_[static_cast<std::size_t>(d)];
        way& other = ways_[1 - static_cast<std::size_t>(d)];
        const auto n = static_cast<double>(size.count);
        const auto asked = static_cast<double>(now.count);
        const auto whole = static_cast<double>(static_cast<std::uint64_t>(n / chunk_));
        const double rest = n - whole * chunk_;
        const bool idle = asked >= w.free_at;
        const double busy = whole * w.share(chunk_) + (rest > 0 ? w.share(rest) : 0);
        w.free_at = (asked > w.free_at ? asked : w.free_at) + busy;
        other.free_at = (asked > other.free_at ? asked : other.free_at) + busy * config_.contention;

        const double last = n < chunk_ ? n : chunk_;
        const double share = w.share(last), alone = w.alone(last);
        double end = w.free_at + (alone > share ? alone - share : 0);
        if (w.varies) {
            double inside = share * handed_over_;
            if (alone > inside) inside = alone;
            if (end - asked < inside) inside = end - asked;
            const double late = inside * (w.spread.at(draw_.uniform()) - 1);
            end += late;
            // Where the next I/O waits for an answer, not for the device, that begins later too; and one that
            // was alone was all that the device did. One of many is passed by the others.
            if (w.waits_for_answers(last))
                w.free_at += late / w.depth;
            else if (idle)
                w.free_at += late;
        }
        return nanoseconds(static_cast<std::int64_t>(end + 0.5));
    }

private:
    /// One direction; times in nanoseconds, whole ones would lose up to one for each operation.
    struct way {
        KVMARK_COLD void fit(nanoseconds of_alone, nanoseconds of_loaded, double loaded_rate,
                             double alone_rate, std::uint32_t in_flight, const modelled_spread& s) {
            latency = static_cast<double>(of_alone.count);
            cost = static_cast<double>(of_loaded.count);
            loaded_byte = 1e9 / loaded_rate;
            alone_byte = alone_rate > 0 ? 1e9 / alone_rate : loaded_byte;
            depth = in_flight > 0 ? in_flight : 1;
            spread = s;
            varies = s.varies();
        }
        [[nodiscard]] KVMARK_INLINE double alone(double n) const { return latency + n * alone_byte; }
        [[nodiscard]] KVMARK_INLINE double by_device(double n) const { return cost + n * loaded_byte; }
        [[nodiscard]] KVMARK_INLINE double by_depth(double n) const { return alone(n) / depth; }
        [[nodiscard]] KVMARK_INLINE bool waits_for_answers(double n) const {
            return by_depth(n) > by_device(n);
        }
        [[nodiscard]] KVMARK_INLINE double share(double n) const {
            return waits_for_answers(n) ? by_depth(n) : by_device(n);
        }

        double latency = 0, cost = 0, loaded_byte = 1, alone_byte = 1, depth = 1;
        modelled_spread spread{};
        bool varies = false;
        double free_at = 0;
    };
    [[nodiscard]] const way& way_of(direction d) const { return ways_[static_cast<std::size_t>(d)]; }

    config config_{};
    double chunk_ = static_cast<double>(sector_size.count);
    double handed_over_ = 1; ///< I/Os that the device has before it at most, served or not
    std::array<way, 2> ways_{};
    random_stream draw_{0x6d6f64656c6c6564}; ///< "modelled"
};

} // namespace kvmark::tier

// kvmark/tier/null.hpp
// A tier of accounting alone: nothing is moved and nothing takes time.

namespace kvmark::tier {

/// What remains of a run when every device is infinitely fast: the cost of kvmark itself.
template <tier_role Role = tier_role::storage>
class null {
public:
    static constexpr std::string_view name = "null";
    static constexpr tier_role role = Role;

    result<void> open(const tier_setup&) { return {}; }
    [[nodiscard]] KVMARK_INLINE nanoseconds schedule(direction, bytes, nanoseconds now) { return now; }
};

} // namespace kvmark::tier

// kvmark/tier/raw_device.hpp
// The guard before a block device is overwritten.

#include <linux/fs.h>
#include <sys/ioctl.h>

namespace kvmark::tier {

/// A whole block device, opened for a slab. It is refused unless its user named it twice, nothing else holds
/// it (a mount, LVM, RAID), and its first and last MiB are empty but for kvmark's own mark: there a file
/// system, a partition table or a volume manager keeps what makes it one. Those two MiB are never used.
class raw_device {
public:
    static constexpr bytes margin{mib_bytes};

    [[nodiscard]] KVMARK_COLD static bool is_block_device(const std::string& path) {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode);
    }

    /// Bytes between the margins; 0 when it cannot be asked.
    [[nodiscard]] KVMARK_COLD static bytes usable(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return {};
        const bytes size = size_of(fd);
        ::close(fd);
        return size > margin * 2 ? size - margin * 2 : bytes();
    }

    /// A descriptor for reading and writing, with O_DIRECT; the device then carries kvmark's mark.
    [[nodiscard]] KVMARK_COLD static result<int> open(const std::string& path, const std::string& again) {
        struct stat named {};
        struct stat repeated {};
        if (::stat(path.c_str(), &named) != 0) return refused(path, std::strerror(errno));
        if (again.empty() || ::stat(again.c_str(), &repeated) != 0 || repeated.st_rdev != named.st_rdev)
            return refused(path, "a block device is overwritten only when it is named twice: give "
                                 "--raw-device " +
                                     path + " too");
        const int fd = ::open(path.c_str(), O_RDWR | O_DIRECT | O_EXCL | O_CLOEXEC);
        if (fd < 0)
            return refused(path, errno == EBUSY ? "it is mounted, or held by a volume manager"
                                                : std::strerror(errno));
        if (auto marked = check_and_mark(fd, path); !marked) {
            ::close(fd);
            return marked.error();
        }
        return fd;
    }

private:
    static constexpr std::string_view mark = "kvmark: the slab of a storage benchmark, free to overwrite\n";

    static error refused(const std::string& path, const std::string& why) {
        return {error_kind::invalid_argument, "raw device " + path + ": " + why};
    }

    static bytes size_of(int fd) {
        std::uint64_t size = 0;
        return bytes(::ioctl(fd, BLKGETSIZE64, &size) == 0 ? size : 0);
    }

    static result<void> check_and_mark(int fd, const std::string& path) {
        const bytes size = size_of(fd);
        if (size < margin * 3) return refused(path, "it is smaller than 3 MiB");
        const huge_page_buffer buffer(margin);
        if (buffer.empty()) return refused(path, std::strerror(ENOMEM));
        for (const bytes at : {bytes(), size - margin}) {
            if (const io_status read = read_all(fd, at.count, buffer.span()); !read.good())
                return refused(path, std::strerror(read.error_number));
            const bool marked = at == bytes() && std::memcmp(buffer.data(), mark.data(), mark.size()) == 0;
            if (!is_zero(buffer.span().subspan(marked ? mark.size() : 0)))
                return refused(path, "it holds data in its first or last MiB, a file system or a partition "
                                     "table perhaps; if it may be lost: wipefs -a " +
                                         path + " && blkdiscard -z " + path);
        }
        std::memset(buffer.data(), 0, sector_size.count);
        std::memcpy(buffer.data(), mark.data(), mark.size());
        const io_status written = write_all(fd, 0, buffer.span().first(sector_size.count));
        if (!written.good()) return refused(path, std::strerror(written.error_number));
        return {};
    }

    static bool is_zero(std::span<const std::byte> part) {
        for (const std::byte b : part)
            if (b != std::byte{}) return false;
        return true;
    }
};

} // namespace kvmark::tier

// kvmark/tier/slab.hpp
// The layout of a store that owns its space: one preallocated file, or a raw block device, in extents.

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

// kvmark/tier/selected_layout.hpp
// The layout that tier_setup names: for a program whose user chooses one.

namespace kvmark::tier {

/// A comparison for each call, which the processor predicts, and so one compiled tier instead of three.
class selected_layout {
    template <class F>
    static auto ask(const tier_setup& setup, F&& f) {
        switch (setup.layout) {
        case layout_kind::file_per_block:
            return f.template operator()<file_per_block>();
        case layout_kind::slab:
            return f.template operator()<slab>();
        case layout_kind::file_per_entry:
            break;
        }
        return f.template operator()<file_per_entry>();
    }

    template <class F>
    KVMARK_INLINE auto with(F&& f) {
        if (kind_ == layout_kind::slab) return f(slab_);
        if (kind_ == layout_kind::file_per_block) return f(blocks_);
        return f(entries_);
    }

public:
    static constexpr std::string_view name = "selected";

    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        return ask(setup, [&]<class L>() { return L::capacity(setup); });
    }
    [[nodiscard]] static bytes granule(const tier_setup& setup) {
        return ask(setup, [&]<class L>() { return L::granule(setup); });
    }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        kind_ = setup.layout;
        return with([&](auto& layout) { return layout.open(setup, cache); });
    }
    [[nodiscard]] bool bypasses_cache() const {
        return const_cast<selected_layout*>(this)->with([](auto& layout) { return layout.bypasses_cache(); });
    }
    [[nodiscard]] int only_fd() const { return slab_.only_fd(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.create(e, size); });
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.erase(e); });
    }
    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id e) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.sync(e); });
    }
    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.borrow(e, offset); });
    }
    KVMARK_INLINE void give_back(const file_part& part) {
        with([&](auto& layout) KVMARK_INLINE_LAMBDA { layout.give_back(part); });
    }

private:
    layout_kind kind_ = layout_kind::file_per_entry;
    file_per_entry entries_;
    file_per_block blocks_;
    slab slab_;
};

} // namespace kvmark::tier

// kvmark/tier/stamp.hpp
// Proof of content: every 4 KiB sector says which entry it belongs to and sums up the rest of itself.

namespace kvmark::tier {

/// Opens each sector. `payload` is the wrapping sum of the sector's other 508 words, so a changed byte
/// anywhere in the sector is seen; `check` binds all four fields to the run.
struct sector_stamp {
    std::uint64_t key = 0;
    std::uint32_t sector = 0; ///< counted from the start of the entry
    std::uint32_t generation = 0;
    std::uint64_t payload = 0;
    std::uint64_t check = 0;

    friend constexpr bool operator==(const sector_stamp&, const sector_stamp&) = default;
};
static_assert(sizeof(sector_stamp) == 32);

/// What identifies an entry's content in one run.
struct content_id {
    std::uint64_t key = 0;
    std::uint32_t generation = 0;
};

[[nodiscard]] KVMARK_INLINE constexpr sector_stamp make_stamp(content_id id, std::uint32_t sector,
                                                              std::uint64_t payload, std::uint64_t salt) {
    const std::uint64_t place = std::uint64_t{sector} << 32 | id.generation;
    return {id.key, sector, id.generation, payload, mix(id.key ^ salt) ^ mix(place ^ payload)};
}

/// The wrapping sum of a sector's words behind its stamp. Plain enough for the compiler to vectorise: it runs
/// at the speed of memory (benchmarks/stamp.cpp).
[[nodiscard]] KVMARK_INLINE std::uint64_t payload_sum(const std::byte* sector) {
    std::uint64_t sum = 0;
    for (std::size_t at = sizeof(sector_stamp); at < sector_size.count; at += sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, sector + at, sizeof word);
        sum += word;
    }
    return sum;
}

/// Incompressible filler for a write buffer, made once, with the sums that go into the stamps.
class payload_noise {
public:
    payload_noise() = default;
    KVMARK_COLD payload_noise(std::span<std::byte> buffer, std::uint64_t seed) {
        random_stream noise(seed, 0x6e6f697365);
        for (std::size_t at = 0; at + sizeof(std::uint64_t) <= buffer.size(); at += sizeof(std::uint64_t)) {
            const std::uint64_t word = noise.next();
            std::memcpy(buffer.data() + at, &word, sizeof word);
        }
        for (std::size_t at = 0; at + sector_size.count <= buffer.size(); at += sector_size.count)
            sums_.push_back(payload_sum(buffer.data() + at));
    }

    [[nodiscard]] KVMARK_INLINE std::uint64_t sum(std::size_t sector) const { return sums_[sector]; }

private:
    std::vector<std::uint64_t> sums_;
};

/// Stamps a write buffer as the part of entry `id` that begins at sector `first`.
KVMARK_INLINE void stamp_sectors(std::span<std::byte> buffer, const payload_noise& noise, content_id id,
                                 std::uint32_t first, std::uint64_t salt) {
    const std::size_t sectors = buffer.size() / sector_size.count;
    for (std::size_t i = 0; i < sectors; ++i) {
        const sector_stamp stamp = make_stamp(id, first + static_cast<std::uint32_t>(i), noise.sum(i), salt);
        std::memcpy(buffer.data() + i * sector_size.count, &stamp, sizeof stamp);
    }
}

/// A sector that was not what was written: what it should say and what it says.
struct sector_mismatch {
    sector_stamp expected;
    sector_stamp found; ///< with the payload sum computed from the bytes found
};

/// Checks every sector of `buffer` and calls `report(mismatch)` for each bad one. With `with_payload` false
/// the stamps alone are read: a flipped payload byte then passes.
template <class Report>
KVMARK_INLINE void verify_sectors(std::span<const std::byte> buffer, content_id id, std::uint32_t first,
                                  std::uint64_t salt, bool with_payload, Report&& report) {
    const std::size_t sectors = buffer.size() / sector_size.count;
    for (std::size_t i = 0; i < sectors; ++i) {
        const std::byte* at = buffer.data() + i * sector_size.count;
        sector_stamp found;
        std::memcpy(&found, at, sizeof found);
        const sector_stamp expected =
            make_stamp(id, first + static_cast<std::uint32_t>(i), found.payload, salt);
        bool good = found == expected;
        if (with_payload) {
            const std::uint64_t sum = payload_sum(at);
            good = good && sum == found.payload;
            if (!good) found.payload = sum;
        }
        if (!KVMARK_LIKELY(good)) report(sector_mismatch{expected, found});
    }
}

} // namespace kvmark::tier

// kvmark/tier/throttled.hpp
// A tier made slower: a bandwidth that is not exceeded, and a latency that no I/O stays below.

namespace kvmark::tier {

/// The speed of reads, or of writes.
struct throttle {
    double bytes_per_second = 0; ///< 0: no limit
    nanoseconds latency{};       ///< an I/O lasts at least as long
};

/// A tier of known speed. All its I/Os together keep to the rate, like those of one device: while a write
/// goes on, a read waits. Each takes the next piece of one schedule, which runs on whether its caller is late
/// or not, so the rate is exact in the long run: in any time t, at most rate x (t + burst) bytes move. Only
/// reads and writes are slowed down; create, commit and erase are those of T.
template <blocking_tier T>
class throttled : public decorated<T, "throttled"> {
public:
    struct config {
        throttle read{};
        throttle write{};
        config_of<T> inner{};
    };

    /// How far the schedule may fall behind the clock before what it offered is lost: a caller that is woken
    /// late makes up for it, one that pauses cannot save the pause up.
    static constexpr nanoseconds burst{5'000'000};
    /// Its time is that of a device, whatever is inside.
    static constexpr bool in_memory = false;

    throttled() : throttled(config{}) {}
    explicit throttled(const config& c) : throttled::decorated(c.inner), read_(c.read), write_(c.write) {}

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        for (const throttle& t : {read_, write_})
            if (!(t.bytes_per_second >= 0) || t.latency.count < 0)
                return error{error_kind::invalid_argument,
                             "throttled tier: a rate of " + std::to_string(t.bytes_per_second) +
                                 " bytes/s with a latency of " + std::to_string(t.latency.count) +
                                 " ns; both must be 0 or more"};
        return throttled::decorated::open(setup);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        const nanoseconds end = reserve(write_, from.size());
        const io_status status = this->inner().write(e, offset, from);
        wait_until(end);
        return status;
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        const nanoseconds end = reserve(read_, into.size());
        const io_status status = this->inner().read(e, offset, into);
        wait_until(end);
        return status;
    }

private:
    /// The instant before which an I/O of that size, asked for now, may not end.
    [[nodiscard]] KVMARK_INLINE nanoseconds reserve(const throttle& t, std::size_t size) {
        const nanoseconds now = clocks::monotonic_now();
        const nanoseconds earliest = now + t.latency;
        if (t.bytes_per_second == 0) return earliest;
        const nanoseconds takes(
            static_cast<std::int64_t>(__builtin_ceil(static_cast<double>(size) / t.bytes_per_second * 1e9)));
        nanoseconds free_at = free_at_.load(std::memory_order_relaxed);
        nanoseconds end;
        do end = (free_at > now - burst ? free_at : now - burst) + takes;
        while (!free_at_.compare_exchange_weak(free_at, end, std::memory_order_relaxed));
        return end > earliest ? end : earliest;
    }

    throttle read_;
    throttle write_;
    alignas(64) std::atomic<nanoseconds> free_at_{nanoseconds()}; ///< monotonic, the end of the schedule
};

} // namespace kvmark::tier

// kvmark/cache/eviction_policy.hpp
// The eviction_policy concept: which entry of a tier leaves first.

namespace kvmark::cache {

using tier::entry_id;
using tier::no_entry;

/// One object of the policy serves one tier. Entries are dense numbers, so a policy can keep its links in
/// arrays and need not allocate once they have grown. insert and remove alternate for an entry; touch and
/// victim see only entries that are in.
template <class P>
concept eviction_policy = requires(P policy, entry_id e) {
    { policy.insert(e) } -> std::same_as<void>;    ///< the entry came into the tier
    { policy.touch(e) } -> std::same_as<void>;     ///< it was read
    { policy.remove(e) } -> std::same_as<void>;    ///< it left
    { policy.victim() } -> std::same_as<entry_id>; ///< who should go next; no_entry when the tier is empty
};

/// What a cache of blocks knows of a block when it inserts or touches it. A policy that wants more than the
/// block's number takes it as `insert(const block_use&)` and `touch(const block_use&)`.
struct block_use {
    static constexpr std::uint32_t never = ~std::uint32_t{0};

    entry_id block = no_entry;
    entry_id parent = no_entry;     ///< the block before it in its prefix; no_entry: it opens the prefix
    std::uint32_t position = 0;     ///< blocks before it in its prefix
    std::uint32_t next_use = never; ///< see next_use.hpp; known offline alone
};

// Optional members, each with what stands in for it when a policy has none. A cache of blocks numbers them
// for good, so an evicted block can be known again by its number; a waterfall of entries does not.

/// It is told how many entries its tier holds at most, and how many numbers there are, before the first one.
template <class P>
constexpr void set_capacity(P& policy, std::uint64_t capacity, std::uint64_t numbers) {
    if constexpr (requires { policy.set_capacity(capacity); }) policy.set_capacity(capacity);
    if constexpr (requires { policy.reserve(numbers); }) policy.reserve(numbers);
}
/// An entry is looked up and not in: it will be inserted if room can be made. Told before evict().
template <class P>
KVMARK_INLINE void note_miss(P& policy, const block_use& use) {
    if constexpr (requires { policy.miss(use.block); }) policy.miss(use.block);
}
/// Whether a newcomer is worth an eviction. Asked only when the tier is full.
template <class P>
[[nodiscard]] KVMARK_INLINE bool admits(P& policy, const block_use& newcomer) {
    if constexpr (requires { policy.admits(newcomer); })
        return policy.admits(newcomer);
    else
        return true;
}
/// Takes the next victim out, which the policy may remember; no_entry: there is none to take.
template <class P>
[[nodiscard]] KVMARK_INLINE entry_id evict_from(P& policy) {
    if constexpr (requires { policy.evict(); }) {
        return policy.evict();
    } else {
        const entry_id victim = policy.victim();
        if (victim != no_entry) policy.remove(victim);
        return victim;
    }
}
template <class P>
KVMARK_INLINE void insert_into(P& policy, const block_use& use) {
    if constexpr (requires { policy.insert(use); })
        policy.insert(use);
    else
        policy.insert(use.block);
}
template <class P>
KVMARK_INLINE void touch_in(P& policy, const block_use& use) {
    if constexpr (requires { policy.touch(use); })
        policy.touch(use);
    else
        policy.touch(use.block);
}
/// Whether it evicts a block only after all that continue its prefix. Such a policy also has
/// `protect(entry_id)`, which keeps a block that is in from being evicted until `release()`.
template <class P>
[[nodiscard]] KVMARK_INLINE constexpr bool keeps_prefixes(const P& policy) {
    if constexpr (requires { policy.keeps_prefixes(); })
        return policy.keeps_prefixes();
    else
        return false;
}
/// Whether insert or touch take a block_use.
template <class P>
inline constexpr bool wants_block_use = requires(P p, const block_use& use) {
    p.insert(use);
}
|| requires(P p, const block_use& use) { p.touch(use); };

/// One sentence for whoever writes a policy and forgets a member.
template <class P>
constexpr void check_eviction_policy() {
    static_assert(
        requires(P p, entry_id e) {
            { p.insert(e) } -> std::same_as<void>;
        },
        "kvmark: an eviction policy needs `void insert(entry_id)`");
    static_assert(
        requires(P p, entry_id e) {
            { p.touch(e) } -> std::same_as<void>;
        },
        "kvmark: an eviction policy needs `void touch(entry_id)`");
    static_assert(
        requires(P p, entry_id e) {
            { p.remove(e) } -> std::same_as<void>;
        },
        "kvmark: an eviction policy needs `void remove(entry_id)`");
    static_assert(
        requires(P p) {
            { p.victim() } -> std::same_as<entry_id>;
        },
        "kvmark: an eviction policy needs `entry_id victim()`");
}

} // namespace kvmark::cache

// kvmark/cache/block_cache.hpp
// A cache of fixed-size blocks over a stack of tiers: longest prefix, promotion, demotion, eviction.

namespace kvmark::cache {

using block_number = std::uint32_t;

/// Where a new block is written.
enum class write_mode : std::uint8_t {
    on_eviction, ///< to the first tier; to the next one when it is evicted. A block is in one tier
    back,        ///< likewise, but what was promoted leaves its copy below, so its eviction writes nothing
    through,     ///< to every tier at once
};

/// When a hit in a lower tier brings the block into the first.
enum class promotion_mode : std::uint8_t { never, always, on_nth_hit };

struct block_cache_config {
    std::vector<std::uint64_t> capacity; ///< blocks, by tier; 0: the tier is not there
    write_mode writes = write_mode::on_eviction;
    promotion_mode promotion = promotion_mode::always;
    std::uint32_t promote_at =
        2;               ///< the hit, counted from a block's arrival in its tier, that promotes it; 1..255
    bool demotes = true; ///< false: what leaves a tier for lack of room is dropped
    std::uint32_t pinned_blocks =
        0; ///< the first so many of every request stay in the first tier, up to half of it
    nanoseconds time_to_live{}; ///< a block not used for longer is no hit; 0: for ever
    std::vector<bool>
        recomputes{}; ///< by tier: its hits are computed anew, since loading is slower; empty: none
};

/// One request, as the cache sees it.
struct block_access {
    std::span<const block_number> blocks;
    std::span<const std::uint32_t> next_uses{}; ///< of each; empty when the future is not known
    nanoseconds arrival{};                      ///< intended; what time_to_live counts by
};

struct block_hits {
    std::size_t prefix = 0;     ///< leading blocks that are loaded
    std::size_t recomputed = 0; ///< those after them that are cached, and computed all the same
    std::size_t any = 0;        ///< blocks that are cached when their turn comes, wherever they are
};

/// The decisions, from the index alone, before any byte moves. `Sink` is told them in the order in which they
/// must be carried out: read(block, tier), write(block, tier), move(block, from, to), drop(block, tier). A
/// block that is evicted while a request uses it is read first.
///
/// Memory: 1 byte for each block number, 2 with promotion_mode::on_nth_hit, 8 more with a time to live, and
/// what the policies keep.
template <class Policy>
class block_cache {
public:
    /// `blocks`: numbers are below it. At most eight tiers.
    block_cache(block_cache_config c, std::uint64_t blocks, const Policy& policy = {})
        : block_cache(std::move(c), blocks, std::vector<Policy>(c.capacity.size(), policy)) {}

    /// With the policy of each tier.
    block_cache(block_cache_config c, std::uint64_t blocks, std::vector<Policy> policies)
        : config_(std::move(c)), resident_(blocks) {
        check_eviction_policy<Policy>();
        for (std::size_t t = 0; t < policies.size(); ++t) {
            tiers_.push_back({std::move(policies[t]), config_.capacity[t]});
            set_capacity(tiers_.back().policy, config_.capacity[t], blocks);
            prefixes_ = prefixes_ || cache::keeps_prefixes(tiers_.back().policy);
        }
        first_ = present_tier(0);
        config_.recomputes.resize(tiers_.size());
        if constexpr (wants_block_use<Policy>) facts_.resize(blocks);
        if (config_.promotion == promotion_mode::on_nth_hit) hits_.resize(blocks);
        if (config_.time_to_live.count != 0) last_use_.resize(blocks);
        if (config_.pinned_blocks != 0) pinned_.resize(blocks);
    }

    /// Decides everything that one request does.
    template <class Sink>
    KVMARK_INLINE block_hits serve(const block_access& a, Sink& sink) {
        if (!last_use_.empty()) expire(a, sink);
        block_hits hits = find_prefix(a);
        for (std::size_t i = 0; i < hits.prefix; ++i) read(a, i, sink);
        if (prefixes_) protect(a);
        if (promotes())
            for (std::size_t i = 0; i < hits.prefix; ++i) promote(a.blocks[i], sink);
        hits.any = hits.prefix;
        for (std::size_t i = hits.prefix; i < a.blocks.size(); ++i) {
            if (resident_[a.blocks[i]] != 0) {
                ++hits.any;
                touch(a, i);
            } else if (!insert(a, i, sink) && prefixes_) {
                break; // what continues an absent prefix is not cached either
            }
        }
        if (prefixes_) release();
        return hits;
    }

    /// The tiers that hold the block, a bit each.
    [[nodiscard]] unsigned tiers_of(block_number b) const { return resident_[b]; }
    [[nodiscard]] std::uint64_t blocks_in(std::size_t tier) const { return tiers_[tier].blocks; }

    /// Takes a block whose bytes were lost out of a tier.
    void forget(block_number b, std::size_t tier) {
        if ((resident_[b] >> tier & 1) == 0) return;
        if (!is_pinned(b, tier)) tiers_[tier].policy.remove(b);
        leave(b, tier);
    }

private:
    struct level {
        Policy policy;
        std::uint64_t capacity = 0;
        std::uint64_t blocks = 0;
        std::uint64_t pinned = 0;
    };
    static constexpr unsigned no_tier = 8;

    [[nodiscard]] KVMARK_INLINE static unsigned fastest(std::uint8_t tiers) {
        return static_cast<unsigned>(__builtin_ctz(tiers));
    }
    [[nodiscard]] bool promotes() const {
        return config_.promotion != promotion_mode::never && tiers_.size() > 1;
    }
    [[nodiscard]] bool is_pinned(block_number b, std::size_t tier) const {
        return tier == first_ && !pinned_.empty() && pinned_[b];
    }

    /// The first tier from `t` down that is there.
    [[nodiscard]] unsigned present_tier(unsigned t) const {
        while (t < tiers_.size() && tiers_[t].capacity == 0) ++t;
        return t < tiers_.size() ? t : no_tier;
    }

    [[nodiscard]] block_use use_of(block_number b) const {
        if constexpr (wants_block_use<Policy>)
            return facts_[b];
        else
            return {.block = b};
    }
    KVMARK_INLINE block_use learn(const block_access& a, std::size_t i) {
        block_use use{.block = a.blocks[i]};
        if constexpr (wants_block_use<Policy>) {
            use.parent = i == 0 ? no_entry : a.blocks[i - 1];
            use.position = static_cast<std::uint32_t>(i);
            if (!a.next_uses.empty()) use.next_use = a.next_uses[i];
            facts_[use.block] = use;
        }
        return use;
    }

    [[nodiscard]] KVMARK_INLINE block_hits find_prefix(const block_access& a) const {
        block_hits hits;
        std::size_t n = 0;
        while (n < a.blocks.size() && resident_[a.blocks[n]] != 0 &&
               !config_.recomputes[fastest(resident_[a.blocks[n]])])
            ++n;
        hits.prefix = n;
        while (n < a.blocks.size() && resident_[a.blocks[n]] != 0) ++n;
        hits.recomputed = n - hits.prefix;
        return hits;
    }

    KVMARK_INLINE void touch(const block_access& a, std::size_t i) {
        const block_use use = learn(a, i);
        const unsigned t = fastest(resident_[use.block]);
        if (!last_use_.empty()) last_use_[use.block] = a.arrival;
        if (!is_pinned(use.block, t)) touch_in(tiers_[t].policy, use);
    }
    template <class Sink>
    KVMARK_INLINE void read(const block_access& a, std::size_t i, Sink& sink) {
        touch(a, i);
        sink.read(a.blocks[i], fastest(resident_[a.blocks[i]]));
    }

    template <class Sink>
    void promote(block_number b, Sink& sink) {
        if (resident_[b] == 0) return; // another promotion has pushed it out
        const unsigned from = fastest(resident_[b]), to = first_;
        if (from == to) return;
        if (config_.promotion == promotion_mode::on_nth_hit) {
            if (hits_[b] < 255) ++hits_[b];
            if (hits_[b] < config_.promote_at) return;
        }
        const block_use use = use_of(b);
        level& l = tiers_[to];
        note_miss(l.policy, use);
        entry_id victim = no_entry;
        if (l.blocks == l.capacity && (victim = take_victim(to, use)) == no_entry) return;
        if (config_.writes == write_mode::on_eviction) { // out first: its room may serve the victim
            forget(b, from);
            sink.drop(b, from);
        }
        if (victim != no_entry) demote(victim, to, sink);
        enter(b, to, use);
        sink.write(b, to);
    }

    template <class Sink>
    bool insert(const block_access& a, std::size_t i, Sink& sink) {
        const block_use use = learn(a, i);
        if (prefixes_ && i > 0 && resident_[a.blocks[i - 1]] == 0) return false;
        bool placed = false;
        for (unsigned t = first_; t != no_tier; t = present_tier(t + 1)) {
            note_miss(tiers_[t].policy, use);
            if (make_room(t, use, sink)) {
                if (t == first_ && i < config_.pinned_blocks && tiers_[t].pinned < tiers_[t].capacity / 2)
                    pinned_[use.block] = true;
                enter(use.block, t, use);
                sink.write(use.block, t);
                placed = true;
            }
            if (config_.writes != write_mode::through) break;
        }
        if (placed && !last_use_.empty()) last_use_[use.block] = a.arrival;
        return placed;
    }

    template <class Sink>
    KVMARK_INLINE bool make_room(unsigned t, const block_use& newcomer, Sink& sink) {
        if (tiers_[t].blocks < tiers_[t].capacity) return true;
        const entry_id victim = take_victim(t, newcomer);
        if (victim == no_entry) return false;
        demote(victim, t, sink);
        return true;
    }

    /// Out of a full tier; no_entry: nothing in it should make room for this newcomer.
    KVMARK_INLINE entry_id take_victim(unsigned t, const block_use& newcomer) {
        level& l = tiers_[t];
        if (!admits(l.policy, newcomer)) return no_entry;
        const entry_id victim = evict_from(l.policy);
        if (victim != no_entry) leave(victim, t);
        return victim;
    }

    /// Of a block that has just left tier `from`.
    template <class Sink>
    KVMARK_INLINE void demote(block_number b, unsigned from, Sink& sink) {
        const unsigned to = present_tier(from + 1);
        if (resident_[b] != 0 || !config_.demotes || to == no_tier) return sink.drop(b, from);
        const block_use use = use_of(b);
        note_miss(tiers_[to].policy, use);
        if (!make_room_below(to, use, sink)) return sink.drop(b, from);
        enter(b, to, use);
        sink.move(b, from, to);
    }
    /// make_room() once more, as a call: inlining cannot recurse.
    template <class Sink>
    [[gnu::noinline]] bool make_room_below(unsigned t, const block_use& newcomer, Sink& sink) {
        return make_room(t, newcomer, sink);
    }

    KVMARK_INLINE void enter(block_number b, unsigned t, const block_use& use) {
        resident_[b] = static_cast<std::uint8_t>(resident_[b] | 1u << t);
        ++tiers_[t].blocks;
        if (!hits_.empty()) hits_[b] = 0;
        if (is_pinned(b, t))
            ++tiers_[t].pinned;
        else
            insert_into(tiers_[t].policy, use);
    }
    KVMARK_INLINE void leave(block_number b, std::size_t t) {
        resident_[b] = static_cast<std::uint8_t>(resident_[b] & ~(1u << t));
        --tiers_[t].blocks;
        if (!is_pinned(b, t)) return;
        --tiers_[t].pinned;
        pinned_[b] = false;
    }

    template <class Sink>
    void expire(const block_access& a, Sink& sink) {
        for (const block_number b : a.blocks) {
            if (resident_[b] == 0 || a.arrival - last_use_[b] <= config_.time_to_live) continue;
            for (unsigned t = 0; t < tiers_.size(); ++t) {
                if ((resident_[b] >> t & 1) == 0) continue;
                forget(b, t);
                sink.drop(b, t);
            }
        }
    }

    void protect(const block_access& a) {
        for (const block_number b : a.blocks)
            for (std::size_t t = 0; t < tiers_.size(); ++t)
                if constexpr (requires(Policy p) { p.protect(b); })
                    if ((resident_[b] >> t & 1) != 0 && !is_pinned(b, t)) tiers_[t].policy.protect(b);
    }
    void release() {
        for (level& l : tiers_)
            if constexpr (requires { l.policy.release(); }) l.policy.release();
    }

    block_cache_config config_;
    std::vector<level> tiers_;
    unsigned first_ = no_tier;           // the first tier that is there
    std::vector<std::uint8_t> resident_; // by block: a bit for each tier that holds it
    std::vector<block_use> facts_;       // by block: what was last known of it
    std::vector<std::uint8_t> hits_;
    std::vector<nanoseconds> last_use_;
    std::vector<bool> pinned_;
    bool prefixes_ = false;
};

} // namespace kvmark::cache

// kvmark/cache/lru.hpp
// Least recently used.

namespace kvmark::cache {

/// A doubly linked list through two arrays: every operation is a few writes.
class lru {
public:
    static constexpr std::string_view name = "lru";

    void reserve(std::uint64_t numbers) { links_.resize(numbers); }
    void insert(entry_id e) {
        if (e >= links_.size()) links_.resize(std::size_t{e} + 1 + e / 2);
        links_[e] = {newest_, no_entry};
        (newest_ == no_entry ? oldest_ : links_[newest_].newer) = e;
        newest_ = e;
    }
    void touch(entry_id e) {
        if (e == newest_) return;
        remove(e);
        insert(e);
    }
    void remove(entry_id e) {
        const link l = links_[e];
        (l.older == no_entry ? oldest_ : links_[l.older].newer) = l.newer;
        (l.newer == no_entry ? newest_ : links_[l.newer].older) = l.older;
    }
    [[nodiscard]] entry_id victim() { return oldest_; }

private:
    struct link {
        entry_id older = no_entry;
        entry_id newer = no_entry;
    };
    std::vector<link> links_;
    entry_id oldest_ = no_entry;
    entry_id newest_ = no_entry;
};

} // namespace kvmark::cache

// kvmark/cache/fifo.hpp
// First in, first out.

namespace kvmark::cache {

/// The list of lru without its touches.
class fifo {
public:
    static constexpr std::string_view name = "fifo";

    void reserve(std::uint64_t numbers) { order_.reserve(numbers); }
    void insert(entry_id e) { order_.insert(e); }
    void touch(entry_id) {}
    void remove(entry_id e) { order_.remove(e); }
    [[nodiscard]] entry_id victim() { return order_.victim(); }

private:
    lru order_;
};

} // namespace kvmark::cache

// kvmark/cache/replay.hpp
// A trace against a cache of blocks, decisions alone: no clock, no bytes.

namespace kvmark::cache {

/// Sums over the requests that are measured.
struct replay_counts {
    std::uint64_t requests = 0;
    std::uint64_t block_refs = 0;
    std::uint64_t hit_blocks_prefix = 0; ///< in each request's longest cached prefix
    std::uint64_t hit_blocks_any = 0;    ///< cached when their turn came, wherever in the request
    std::uint64_t recomputed_blocks = 0; ///< cached, and slower to load than to compute
    std::uint64_t measured_tokens = 0;   ///< of all inputs
    std::uint64_t hit_tokens = 0;        ///< of the prefixes; a partial block counts its tokens
    struct tier {
        std::uint64_t read = 0;    ///< blocks loaded
        std::uint64_t written = 0; ///< blocks computed or promoted into it
        std::uint64_t demoted = 0; ///< blocks that arrived from the tier above
        std::uint64_t dropped = 0; ///< blocks that left and went nowhere
    };
    std::array<tier, 8> tiers{};
};

/// Counts what a block_cache decides; while `measuring` is false, nothing.
struct counting_sink {
    replay_counts& counts;
    bool measuring = true;

    KVMARK_INLINE void read(block_number, unsigned t) { counts.tiers[t].read += measuring; }
    KVMARK_INLINE void write(block_number, unsigned t) { counts.tiers[t].written += measuring; }
    KVMARK_INLINE void move(block_number, unsigned, unsigned to) { counts.tiers[to].demoted += measuring; }
    KVMARK_INLINE void drop(block_number, unsigned t) { counts.tiers[t].dropped += measuring; }
};

/// Adds up one request: `hits` of its `r`.
KVMARK_INLINE void count_request(replay_counts& c, const workload::block_request& r, tokens block,
                                 const block_hits& hits) {
    ++c.requests;
    c.block_refs += r.blocks.size();
    c.hit_blocks_prefix += hits.prefix;
    c.hit_blocks_any += hits.any;
    c.recomputed_blocks += hits.recomputed;
    // A block has at least one token, so an input shorter than its blocks counts one for each of the rest.
    const std::size_t n = r.blocks.size();
    const auto sum = [&](std::size_t blocks) {
        const std::uint64_t whole = r.input.count / block.count;
        if (blocks <= whole) return blocks * block.count;
        const std::uint64_t rest = r.input.count % block.count;
        return r.input.count + (blocks - whole - (rest != 0));
    };
    c.measured_tokens += sum(n);
    c.hit_tokens += sum(hits.prefix);
}

/// Plays the whole trace once; requests before number `warmup` are played and not counted. `next_uses` has an
/// element for each reference of the trace, or none.
template <class Policy>
[[nodiscard]] replay_counts replay(const workload::block_trace& trace, block_cache<Policy>& cache,
                                   std::uint64_t warmup = 0, std::span<const std::uint32_t> next_uses = {}) {
    replay_counts counts;
    counting_sink sink{counts, warmup == 0};
    workload::block_trace::cursor at(trace);
    workload::block_request r;
    std::size_t reference = 0;
    while (at.next(r)) {
        block_access access{.blocks = r.blocks, .arrival = r.arrival};
        if (!next_uses.empty()) access.next_uses = next_uses.subspan(reference, r.blocks.size());
        reference += r.blocks.size();
        sink.measuring = r.id >= warmup;
        const block_hits hits = cache.serve(access, sink);
        if (sink.measuring) count_request(counts, r, trace.block_tokens(), hits);
    }
    return counts;
}

} // namespace kvmark::cache

// kvmark/cache/waterfall.hpp
// Placement: an entry goes into the first tier that can make room, and a tier makes room by letting entries
// fall.

namespace kvmark::cache {

/// The bounds of one tier.
struct tier_bounds {
    bytes limit{};        ///< 0: the tier takes nothing
    bytes granule{1};     ///< room is given out in multiples of it
    double target = 1.0;  ///< share of the limit up to which it is filled
    double largest = 1.0; ///< an entry above this share of the limit skips the tier
};

/// One step by which room was made: the entry falls to tier `to`, or is dropped.
struct displacement {
    static constexpr std::uint8_t dropped = 0xff;
    entry_id entry = no_entry;
    std::uint8_t from = 0;
    std::uint8_t to = dropped;
};

/// What is where, decided from this index alone and before any byte moves. Room is counted in granules. The
/// reference's rules (kv_cache_engine.md, "Tiers"): no promotion on read; a tier that is not the last is kept
/// at or below 80 % of its limit, except for an entry that would fit a nearly empty tier (below 5 %) alone;
/// the last tier fills up and drops.
template <class Eviction>
class waterfall {
public:
    struct entry {
        std::uint64_t key = 0;
        bytes size{};
        std::uint32_t generation = 0; ///< of its content; differs for each write in a run
        std::uint8_t tier = 0;
        bool in_cache = false; ///< false: on its way out, its number not yet free
    };

    explicit waterfall(std::vector<tier_bounds> tiers) : bounds_(std::move(tiers)) {
        check_eviction_policy<Eviction>();
        levels_.resize(bounds_.size());
    }

    /// The entry of that key, or no_entry. Changes nothing.
    [[nodiscard]] entry_id find(std::uint64_t key) const { return index_.find(key).value_or(no_entry); }
    /// Notes a read.
    void touch(entry_id e) { levels_[entries_[e].tier].policy.touch(e); }

    /// Places a new entry; precondition: the key is absent. The displacements that make room are appended in
    /// the order in which they must be decided. no_entry when no tier takes it.
    [[nodiscard]] entry_id place(std::uint64_t key, bytes size, std::vector<displacement>& moved) {
        for (std::size_t i = 0; i < bounds_.size(); ++i) {
            const auto t = static_cast<std::uint8_t>(i);
            if (!make_room(t, size, moved)) continue;
            const entry_id e = take_number();
            entries_[e] = {key, size, ++generation_, t, true};
            index_.insert(key, e);
            enter(e, t);
            return e;
        }
        return no_entry;
    }

    /// Takes an entry out of the index; its number stays taken until release().
    void forget(entry_id e) {
        leave(e);
        index_.erase(entries_[e].key);
        entries_[e].in_cache = false;
    }
    /// Gives the number of a forgotten entry back, once its bytes are gone.
    void release(entry_id e) { free_.push_back(e); }

    [[nodiscard]] const entry& operator[](entry_id e) const { return entries_[e]; }
    [[nodiscard]] bytes used(std::size_t t) const { return levels_[t].used; }
    [[nodiscard]] std::uint64_t entries_in(std::size_t t) const { return levels_[t].entries; }
    [[nodiscard]] const tier_bounds& bounds(std::size_t t) const { return bounds_[t]; }
    /// What an entry of `size` occupies in tier t.
    [[nodiscard]] bytes footprint(std::size_t t, bytes size) const {
        return round_up(size, bounds_[t].granule);
    }

private:
    struct level {
        Eviction policy;
        bytes used{};
        std::uint64_t entries = 0;
    };

    [[nodiscard]] static bytes share(bytes limit, double part) {
        if (part >= 1) return limit; // exact, and a limit of all ones stays one
        return bytes(static_cast<std::uint64_t>(static_cast<double>(limit.count) * part));
    }

    bool make_room(std::uint8_t t, bytes size, std::vector<displacement>& moved) {
        const tier_bounds& b = bounds_[t];
        const bytes needed = footprint(t, size);
        if (needed > share(b.limit, b.largest)) return false;
        level& l = levels_[t];
        const bytes target = share(b.limit, b.target);
        const bytes nearly_empty = share(b.limit, 0.05);
        while (l.used + needed > target && !(l.used < nearly_empty && l.used + needed <= b.limit)) {
            const entry_id victim = l.policy.victim();
            if (victim == no_entry) return false;
            displace(victim, moved);
        }
        return true;
    }

    void displace(entry_id victim, std::vector<displacement>& moved) {
        const std::uint8_t from = entries_[victim].tier;
        for (std::size_t below = from + std::size_t{1}; below < bounds_.size(); ++below) {
            const auto to = static_cast<std::uint8_t>(below);
            if (!make_room(to, entries_[victim].size, moved)) continue;
            leave(victim);
            enter(victim, to);
            moved.push_back({victim, from, to});
            return;
        }
        forget(victim);
        moved.push_back({victim, from, displacement::dropped});
    }

    void enter(entry_id e, std::uint8_t t) {
        entries_[e].tier = t;
        levels_[t].policy.insert(e);
        levels_[t].used += footprint(t, entries_[e].size);
        ++levels_[t].entries;
    }
    void leave(entry_id e) {
        const std::uint8_t t = entries_[e].tier;
        levels_[t].policy.remove(e);
        levels_[t].used -= footprint(t, entries_[e].size);
        --levels_[t].entries;
    }

    entry_id take_number() {
        if (free_.empty()) {
            entries_.emplace_back();
            return static_cast<entry_id>(entries_.size() - 1);
        }
        const entry_id e = free_.back();
        free_.pop_back();
        return e;
    }

    std::vector<tier_bounds> bounds_;
    std::vector<level> levels_;
    std::vector<entry> entries_;
    std::vector<entry_id> free_;
    key_index index_;
    std::uint32_t generation_ = 0;
};

} // namespace kvmark::cache

// kvmark/measure/histogram.hpp
// A mergeable log-linear histogram of durations.

#include <bit>
#include <limits>

namespace kvmark::measure {

/// Counts durations of 0 ns to 292 years in buckets that are exact below 128 ns and at most 1/128 (0.8 %)
/// wide above, as HdrHistogram's with two significant digits are. Two histograms add up to the histogram of
/// both, bucket by bucket, so percentiles over threads and over hosts are as exact as those of one.
class histogram {
public:
    static constexpr unsigned linear_bits = 7;
    static constexpr std::size_t bucket_count = (64 - linear_bits + 1) << linear_bits;

    struct bucket {
        nanoseconds low;  ///< smallest duration counted here
        nanoseconds high; ///< largest
        std::uint64_t count;
    };

    histogram() : counts_(bucket_count) {}

    KVMARK_INLINE void record(nanoseconds d) {
        const std::uint64_t v = d.count < 0 ? 0 : static_cast<std::uint64_t>(d.count);
        ++counts_[index_of(v)];
        ++total_;
        sum_ += static_cast<double>(v);
        if (v > max_) max_ = v;
    }

    void merge(const histogram& o) {
        for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += o.counts_[i];
        total_ += o.total_;
        sum_ += o.sum_;
        if (o.max_ > max_) max_ = o.max_;
    }

    void clear() { *this = histogram(); }

    [[nodiscard]] std::uint64_t count() const { return total_; }
    [[nodiscard]] bool empty() const { return total_ == 0; }
    [[nodiscard]] nanoseconds max() const { return nanoseconds(static_cast<std::int64_t>(max_)); }
    /// In nanoseconds, exact; 0 when empty.
    [[nodiscard]] double mean() const { return total_ ? sum_ / static_cast<double>(total_) : 0.0; }

    /// The duration at rank q (0..1), linear within its bucket, so within 0.8 % of the sample's own quantile.
    /// 0 when empty.
    [[nodiscard]] nanoseconds quantile(double q) const {
        if (total_ == 0 || q >= 1.0) return max();
        // A whole rank: a fraction of one would reach past the bucket that holds it.
        const auto rank =
            static_cast<double>(static_cast<std::uint64_t>(q * static_cast<double>(total_ - 1)));
        double before = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            if (counts_[i] == 0) continue;
            const auto n = static_cast<double>(counts_[i]);
            if (rank < before + n) {
                const auto low = static_cast<double>(low_of(i));
                const auto high = static_cast<double>(high_of(i) < max_ ? high_of(i) : max_);
                return nanoseconds(static_cast<std::int64_t>(low + (high - low) * (rank - before + 0.5) / n));
            }
            before += n;
        }
        return max();
    }

    /// The buckets that hold anything, in order.
    [[nodiscard]] std::vector<bucket> buckets() const {
        std::vector<bucket> filled;
        for (std::size_t i = 0; i < bucket_count; ++i)
            if (counts_[i] != 0) filled.push_back({signed_ns(low_of(i)), signed_ns(high_of(i)), counts_[i]});
        return filled;
    }

    /// f(index, count) of each bucket that holds anything, in order: with sum() and max() all that a
    /// histogram is.
    template <class F>
    void for_each_filled(F&& f) const {
        for (std::size_t i = 0; i < bucket_count; ++i)
            if (counts_[i] != 0) f(i, counts_[i]);
    }
    /// In nanoseconds.
    [[nodiscard]] double sum() const { return sum_; }

    /// Builds an empty histogram again from what for_each_filled() told. False, and nothing is added, where
    /// there is no such bucket or the count would overflow.
    [[nodiscard]] bool restore_bucket(std::size_t index, std::uint64_t count) {
        if (index >= bucket_count || total_ + count < total_) return false;
        counts_[index] += count;
        total_ += count;
        return true;
    }
    /// After the last bucket. False where no durations in these buckets have that sum or longest one.
    [[nodiscard]] bool restore_sum(double sum, nanoseconds max) {
        if (!(sum >= 0) || sum > std::numeric_limits<double>::max() || max.count < 0 || total_ == 0)
            return false;
        max_ = static_cast<std::uint64_t>(max.count);
        sum_ = sum;
        if (counts_[index_of(max_)] == 0) return false;
        for (std::size_t i = index_of(max_) + 1; i < bucket_count; ++i)
            if (counts_[i] != 0) return false;
        return true;
    }

private:
    static constexpr std::uint64_t linear = std::uint64_t{1} << linear_bits;

    // Below 2 * linear a bucket holds one value; above, each power of two is split into `linear` buckets.
    KVMARK_INLINE static constexpr std::size_t index_of(std::uint64_t v) {
        if (v < linear) return v;
        const unsigned shift = static_cast<unsigned>(std::bit_width(v)) - 1 - linear_bits;
        return (std::size_t{shift} << linear_bits) + (v >> shift);
    }
    static constexpr unsigned shift_of(std::size_t i) {
        return i < 2 * linear ? 0 : static_cast<unsigned>(i >> linear_bits) - 1;
    }
    static constexpr std::uint64_t low_of(std::size_t i) {
        const unsigned shift = shift_of(i);
        return (std::uint64_t{i} - (std::uint64_t{shift} << linear_bits)) << shift;
    }
    static constexpr std::uint64_t high_of(std::size_t i) {
        return low_of(i) + (std::uint64_t{1} << shift_of(i)) - 1;
    }
    static constexpr nanoseconds signed_ns(std::uint64_t v) {
        return nanoseconds(static_cast<std::int64_t>(v));
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

} // namespace kvmark::measure

// kvmark/measure/kernel_files.hpp
// The texts, numbers and names that the kernel shows as files in /proc and /sys.

#include <sys/sysmacros.h>

namespace kvmark::measure {

/// The whole file; empty where it cannot be read.
[[nodiscard]] KVMARK_COLD std::string read_text(const std::string& path) {
    std::string text;
    if (std::FILE* file = std::fopen(path.c_str(), "re")) {
        char part[4096];
        while (const std::size_t n = std::fread(part, 1, sizeof part, file)) text.append(part, n);
        std::fclose(file);
    }
    return text;
}

/// Without white space at both ends.
[[nodiscard]] KVMARK_COLD std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

[[nodiscard]] KVMARK_COLD std::string read_trimmed(const std::string& path) {
    return std::string(trimmed(read_text(path)));
}

/// 0 where there is no number, or one below 0.
[[nodiscard]] KVMARK_COLD std::uint64_t read_number(const std::string& path) {
    const long long n = std::strtoll(read_text(path).c_str(), nullptr, 10);
    return n > 0 ? static_cast<std::uint64_t>(n) : 0;
}

/// Takes what stands before the first `end`, and the `end`, off the front of `rest`. All of it where there is
/// none.
KVMARK_COLD std::string_view take_until(std::string_view& rest, char end) {
    const auto at = rest.find(end);
    const std::string_view front = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return front;
}

/// The value in use of a setting such as `always [madvise] never`: what stands between [ and ], else all of
/// it.
[[nodiscard]] KVMARK_COLD std::string read_setting(const std::string& path) {
    const std::string all = read_trimmed(path);
    const auto open = all.find('['), close = all.find(']');
    return open < close && close != std::string::npos ? all.substr(open + 1, close - open - 1) : all;
}

[[nodiscard]] KVMARK_COLD bool path_exists(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0;
}

/// The names in a directory but . and .., sorted; none where it cannot be read.
[[nodiscard]] KVMARK_COLD std::vector<std::string> list_directory(const std::string& path) {
    std::vector<std::string> names;
    dirent** entries = nullptr;
    const int n = ::scandir(path.c_str(), &entries, nullptr, ::alphasort);
    for (int i = 0; i < n; ++i) {
        const std::string_view name = entries[i]->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        std::free(entries[i]);
    }
    std::free(entries);
    return names;
}

/// Where sysfs describes the block device that holds `path`, or its nearest existing parent: `root` and
/// /sys/dev/block/<major>:<minor>. Empty where `path` is empty; nothing is there for a file system without a
/// block device.
[[nodiscard]] KVMARK_COLD std::string block_device_directory(const std::string& path,
                                                             const std::string& root = "") {
    struct stat info {};
    if (::stat(nearest_existing(path).c_str(), &info) != 0) return {};
    return root + "/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" +
           std::to_string(minor(info.st_dev));
}

/// The last name in what a symbolic link says; empty where there is no link.
[[nodiscard]] KVMARK_COLD std::string link_name(const std::string& link) {
    char target[512];
    const auto n = ::readlink(link.c_str(), target, sizeof target);
    if (n <= 0) return {};
    const std::string all(target, static_cast<std::size_t>(n));
    return all.substr(all.find_last_of('/') + 1);
}

} // namespace kvmark::measure

// kvmark/measure/host_facts.hpp
// The kernel's own counters: the block device under a path, and this process.

namespace kvmark::measure {

/// What the block device did between two readings. `name` is empty where the path has no block device (tmpfs,
/// overlay, network).
struct device_usage {
    std::string name;
    bytes read{};
    bytes written{};
};

/// What this process used between two readings.
struct process_usage {
    nanoseconds user{};
    nanoseconds system{};
    bytes peak_resident{}; ///< of the whole life of the process
};

/// Reads /sys/dev/block/<major>:<minor>/stat, whose sectors are 512 bytes whatever the device's own are
/// (Documentation/block/stat.rst).
class device_counters {
public:
    /// `path` may not exist yet: the nearest existing parent counts.
    KVMARK_COLD explicit device_counters(const std::string& path) {
        const std::string directory = block_device_directory(path);
        name_ = link_name(directory);
        stat_path_ = directory + "/stat";
    }

    /// Totals since boot.
    [[nodiscard]] KVMARK_COLD device_usage read() const {
        device_usage usage{.name = name_};
        if (std::FILE* file = name_.empty() ? nullptr : std::fopen(stat_path_.c_str(), "re")) {
            unsigned long long sectors_read = 0, sectors_written = 0;
            if (std::fscanf(file, "%*u %*u %llu %*u %*u %*u %llu", &sectors_read, &sectors_written) == 2) {
                usage.read = bytes(sectors_read * 512);
                usage.written = bytes(sectors_written * 512);
            }
            std::fclose(file);
        }
        return usage;
    }

private:
    std::string name_;
    std::string stat_path_;
};

[[nodiscard]] inline device_usage operator-(device_usage later, const device_usage& earlier) {
    later.read -= earlier.read;
    later.written -= earlier.written;
    return later;
}

[[nodiscard]] KVMARK_COLD process_usage read_process_usage() {
    rusage r{};
    ::getrusage(RUSAGE_SELF, &r);
    const auto ns = [](const timeval& t) {
        return nanoseconds(std::int64_t{t.tv_sec} * 1'000'000'000 + std::int64_t{t.tv_usec} * 1'000);
    };
    return {ns(r.ru_utime), ns(r.ru_stime), bytes(static_cast<std::uint64_t>(r.ru_maxrss) * 1024)};
}

[[nodiscard]] inline process_usage operator-(process_usage later, const process_usage& earlier) {
    later.user -= earlier.user;
    later.system -= earlier.system;
    return later;
}

} // namespace kvmark::measure

// kvmark/measure/machine_facts.hpp
// A machine, as far as a storage result depends on it.

namespace kvmark::measure {

struct network_interface {
    std::string name;
    std::int64_t megabits_per_second = 0; ///< 0: unknown
};

/// The block device behind the cache directory; all empty where there is none (tmpfs, overlay, network).
struct block_device_facts {
    std::string name;
    std::string model;
    std::string scheduler; ///< none, mq-deadline, ...
    bytes size{};
    std::uint32_t hardware_queues = 0;
    std::uint32_t queue_requests = 0; ///< that the kernel keeps for one queue
    bool rotational = false;
};

/// A text or number that could not be read is empty or 0.
struct machine_facts {
    std::string hostname;
    std::string kernel;
    std::string os; ///< as /etc/os-release names it
    std::string cpu_model;
    std::uint32_t sockets = 0;
    std::uint32_t cores = 0; ///< physical
    std::uint32_t logical_cpus = 0;
    std::uint32_t numa_nodes = 0;
    bytes memory{};
    std::string transparent_hugepage; ///< always, madvise or never
    std::string virtualization;       ///< what tells of a container or a virtual machine

    std::string file_system; ///< type of the one that holds the cache directory
    std::string mount_point;
    std::string mount_options;
    block_device_facts device;
    std::vector<network_interface> networks; ///< without the loopback
    std::string mpi_library;                 ///< name and version of the MPI library; empty without
};

} // namespace kvmark::measure

// kvmark/measure/job_stats.hpp
// What a run on many ranks adds to its report: the ranks one by one, and the machines they ran on.

namespace kvmark::measure {

/// What one rank moved to and from one tier in its window.
struct rank_tier {
    bytes read{}, written{};
    std::uint64_t reads = 0, writes = 0; ///< whole entries
    std::uint64_t entries = 0;           ///< at the end
};

/// One rank. Its figures are in the job's only where it is complete.
struct rank_stats {
    std::uint32_t rank = 0;
    std::uint32_t host = 0;   ///< index into job_stats::hosts
    std::string failure;      ///< what went wrong on this rank alone; empty: complete
    bool delivered = false;   ///< false: nothing is known of it but its number and host
    bool interrupted = false; ///< a signal ended its window
    std::uint64_t seed = 0;
    std::uint64_t users = 0;
    std::string cache_dir;
    nanoseconds clock_offset{};      ///< of its host's clock against rank 0's
    nanoseconds clock_uncertainty{}; ///< half of the shortest round trip it was measured with
    nanoseconds left_barrier{};      ///< when it left the barrier before it, counted from the common start
    nanoseconds start_delay{};       ///< its window opened so long after the common start
    nanoseconds elapsed{};
    std::uint64_t requests_completed = 0;
    std::uint64_t tokens_generated = 0;
    nanoseconds storage_time{};   ///< summed over completed requests
    nanoseconds storage_io_p95{}; ///< of its completed requests
    std::vector<rank_tier> tiers; ///< in stack order
    std::uint64_t corrupt_sectors = 0;
    std::uint64_t failed_operations = 0;
    process_usage process;
    device_usage device;

    [[nodiscard]] bool complete() const { return delivered && failure.empty(); }
};

struct job_stats {
    std::vector<machine_facts> hosts; ///< in the order of their lowest rank
    std::vector<rank_stats> ranks;    ///< by rank
    nanoseconds start_skew{};         ///< between the first and the last window to open
    nanoseconds barrier_skew{};       ///< between the first and the last rank to leave the barrier before it
    std::vector<std::string> notes;   ///< what the reader must know of the job, one sentence each

    /// Some rank's figures are missing from the job's.
    [[nodiscard]] bool partial() const {
        for (const rank_stats& r : ranks)
            if (!r.complete()) return true;
        return false;
    }
    /// The name of the host that a rank ran on, "host 2" where it is not known.
    [[nodiscard]] std::string host_name(std::uint32_t host) const {
        const bool known = host < hosts.size() && !hosts[host].hostname.empty();
        return known ? hosts[host].hostname : "host " + std::to_string(host);
    }
};

} // namespace kvmark::measure

// kvmark/measure/run_report.hpp
// What a run measured: plain data, filled by the engine, printed by report/.

namespace kvmark::measure {

using tier::tier_role;

/// One direction of one tier. Counts what completed inside the measured window.
struct direction_stats {
    std::uint64_t operations = 0; ///< whole entries
    bytes moved{};                ///< entry bytes of the I/Os that completed, those of unfinished entries too
    histogram total;              ///< an entry from ready to done
    // total = queue + submit + device + copy + verify, operation by operation.
    histogram queue;  ///< until its first I/O began
    histogram submit; ///< I/Os prepared, and not yet handed to the kernel
    histogram device; ///< inside the device or the file system
    histogram copy;   ///< filling and stamping, and the copies of a tier made of memory
    histogram verify; ///< checking what was read
    histogram host;   ///< submit + copy + verify, which the reference calls host
    histogram io;     ///< one I/O (`io_chunk` bytes) inside the tier
};

struct tier_stats {
    std::string name;
    tier_role role = tier_role::storage;
    bytes limit{}; ///< 0: no tier
    bytes used{};  ///< at the end of the window
    std::uint64_t entries = 0;
    std::uint64_t demotions_in = 0; ///< entries that arrived from the tier above
    std::uint64_t evictions = 0;    ///< entries that left for lack of room: moved down or dropped
    direction_stats read{};
    direction_stats write{};
    std::string note{}; ///< what the reader must know of it: a clamped limit, a fallback
};

struct cache_counters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t system_prompt_hits = 0;
    std::uint64_t system_prompt_misses = 0;
    bytes system_prompt_bytes_saved{};
    std::uint64_t turn_hits = 0; ///< earlier turns of the conversation
    std::uint64_t turn_misses = 0;
    std::uint64_t chunk_hits = 0;
    std::uint64_t chunk_misses = 0;
    std::uint64_t user_hits = 0; ///< the request's own entry, and document chunks
    std::uint64_t prefill_writes = 0;
    std::uint64_t decode_reads = 0;
    std::uint64_t not_placed = 0; ///< entries that fitted no tier
    double storage_tokens = 0;    ///< tokens whose cache went to or came from the storage tier
};

/// By class of service.
struct class_stats {
    std::uint64_t arrived = 0;
    std::uint64_t completed = 0;
    std::uint64_t queued = 0;     ///< at the end of the window, not yet taken by a server
    std::uint64_t in_service = 0; ///< at the end of the window
    histogram latency;            ///< of the completed: intended arrival to last I/O, generation included
};

/// A sector that did not read back as written.
struct corruption {
    std::string key;
    std::string tier;
    bytes offset{}; ///< in the entry, of the 4 KiB sector
    std::string expected;
    std::string found;
};

/// An operation that the operating system failed.
struct io_failure {
    std::string key;
    std::string tier;
    std::string operation;
    bytes offset{};
    int error_number = 0;
};

struct throughput_sample {
    nanoseconds at{};
    double tokens_per_second = 0;
    bytes read{}; ///< of the storage tier, since the sample before
    bytes written{};
    std::uint64_t users = 0;
};

struct autoscale_event {
    nanoseconds at{};
    std::uint64_t users = 0;
    double saturation = 0; ///< 0..1, qos mode
    double read_p95_ms = 0;
    double tokens_per_second = 0;
    std::string action; ///< "scale_up", "scale_down", "hold", "stop"
};

/// Per completed request, in order of completion; capped by options::max_samples.
struct request_sample {
    float end_to_end_s, storage_s, generation_s;
    float prefill_s, decode_s; ///< parts of storage_s; 0 where the request had no such part
};

struct run_report {
    nanoseconds elapsed{}; ///< the measured window
    bool interrupted = false;
    int stop_signal = 0; ///< the signal that interrupted it
    bool virtual_time = false;
    std::uint64_t seed = 0;
    std::uint64_t peak_users = 0;

    std::uint64_t requests_completed = 0;
    tokens tokens_generated{};
    nanoseconds storage_time{};    ///< summed over completed requests
    nanoseconds generation_time{}; ///< likewise
    histogram end_to_end, queue, storage_io, generation, prefill, decode;
    std::array<class_stats, 3> classes;
    cache_counters cache;
    std::vector<tier_stats> tiers; ///< in stack order

    std::vector<request_sample> samples;
    bool samples_capped = false;
    std::vector<throughput_sample> timeline;
    std::vector<autoscale_event> autoscaling;

    std::uint64_t corrupt_sectors = 0;
    std::vector<corruption> corruptions; ///< the first 16
    std::uint64_t failed_operations = 0;
    std::vector<io_failure> failures; ///< the first 16

    device_usage device;   ///< the block device behind the cache directory, by the kernel's counters
    process_usage process; ///< this process over the window
    std::uint64_t io_buffer_bytes = 0;

    std::optional<job_stats> job; ///< of a run on several ranks, whose figures above are the sums
    bool primary = true;          ///< false where another process of the job reports to the user

    /// No corruption, no failed operation, no rank missing; an interrupted run can be clean.
    [[nodiscard]] bool clean() const {
        return corrupt_sectors == 0 && failed_operations == 0 && !(job && job->partial());
    }
};

} // namespace kvmark::measure

// kvmark/measure/add.hpp
// Counters and distributions added up: over threads, over tiers of one role, over the ranks of a job.

namespace kvmark::measure {

inline void add(cache_counters& to, const cache_counters& c) {
    to.hits += c.hits;
    to.misses += c.misses;
    to.system_prompt_hits += c.system_prompt_hits;
    to.system_prompt_misses += c.system_prompt_misses;
    to.system_prompt_bytes_saved += c.system_prompt_bytes_saved;
    to.turn_hits += c.turn_hits;
    to.turn_misses += c.turn_misses;
    to.chunk_hits += c.chunk_hits;
    to.chunk_misses += c.chunk_misses;
    to.user_hits += c.user_hits;
    to.prefill_writes += c.prefill_writes;
    to.decode_reads += c.decode_reads;
    to.not_placed += c.not_placed;
    to.storage_tokens += c.storage_tokens;
}

inline void add(direction_stats& to, const direction_stats& d) {
    to.operations += d.operations;
    to.moved += d.moved;
    to.total.merge(d.total);
    to.queue.merge(d.queue);
    to.submit.merge(d.submit);
    to.device.merge(d.device);
    to.copy.merge(d.copy);
    to.verify.merge(d.verify);
    to.host.merge(d.host);
    to.io.merge(d.io);
}

inline void add(class_stats& to, const class_stats& c) {
    to.arrived += c.arrived;
    to.completed += c.completed;
    to.queued += c.queued;
    to.in_service += c.in_service;
    to.latency.merge(c.latency);
}

inline void add(process_usage& to, const process_usage& p) {
    to.user += p.user;
    to.system += p.system;
    to.peak_resident += p.peak_resident;
}

/// Whether a tier has a limit at all: a modelled or null tier may hold any amount.
[[nodiscard]] constexpr bool is_bounded(bytes limit) { return limit.count != ~std::uint64_t{0}; }

/// Two limits together; without bound where one of them is.
[[nodiscard]] constexpr bytes add_limits(bytes a, bytes b) {
    return is_bounded(a) && is_bounded(b) ? a + b : bytes(~std::uint64_t{0});
}

} // namespace kvmark::measure

// kvmark/measure/faults.hpp
// What makes a run fail, in words.

namespace kvmark::measure {

[[nodiscard]] KVMARK_COLD std::string corruption_text(const corruption& c) {
    return c.tier + " tier, entry " + c.key + ", offset " + std::to_string(c.offset.count) + ": expected " +
           c.expected + ", found " + c.found;
}

[[nodiscard]] KVMARK_COLD std::string failure_text(const io_failure& f) {
    return f.tier + " tier, entry " + f.key + ", " + f.operation + " at offset " +
           std::to_string(f.offset.count) + ": " + std::strerror(f.error_number);
}

/// Why the figures of a rank are not in the job's; empty where they are.
[[nodiscard]] KVMARK_COLD std::string missing_text(const rank_stats& rank) {
    return rank.complete() ? "" : rank.failure.empty() ? "nothing came from it" : rank.failure;
}

/// Which ranks the job's figures lack, and why; empty where they lack none. Names the first four.
[[nodiscard]] KVMARK_COLD std::string missing_ranks_text(const job_stats& job) {
    std::size_t missing = 0;
    std::string names;
    for (const rank_stats& r : job.ranks) {
        if (r.complete() || ++missing > 4) continue;
        names += (missing > 1 ? "; rank " : "rank ") + std::to_string(r.rank) + " on " +
                 job.host_name(r.host) + ": " + missing_text(r);
    }
    if (missing == 0) return "";
    if (missing > 4) names += "; and " + std::to_string(missing - 4) + " more";
    return std::to_string(missing) + " of " + std::to_string(job.ranks.size()) +
           " ranks are missing from the figures (" + names + ")";
}

/// One sentence each; empty when the run is clean.
[[nodiscard]] KVMARK_COLD std::vector<std::string> faults(const run_report& r) {
    std::vector<std::string> all;
    if (r.job && r.job->partial()) all.push_back(missing_ranks_text(*r.job));
    if (r.corrupt_sectors != 0)
        all.push_back(std::to_string(r.corrupt_sectors) +
                      " sectors of 4 KiB did not read back as written; the first: " +
                      (r.corruptions.empty() ? "unknown" : corruption_text(r.corruptions.front())));
    if (r.failed_operations != 0)
        all.push_back(std::to_string(r.failed_operations) + " operations failed; the first: " +
                      (r.failures.empty() ? "unknown" : failure_text(r.failures.front())));
    return all;
}

} // namespace kvmark::measure

// kvmark/measure/progress.hpp
// What a running benchmark tells its observer, about once a second.

namespace kvmark::measure {

struct tier_progress {
    std::string_view name;
    bytes read{}; ///< since the start of the window
    bytes written{};
};

struct progress {
    std::string_view stage; ///< "preparing", "running", "cleaning up"
    nanoseconds elapsed{};  ///< of the window; of the stage while preparing
    nanoseconds window{};   ///< its length; 0 where unknown
    double fraction = 0;    ///< of the stage, 0..1
    std::uint64_t users = 0;
    std::uint64_t completed = 0;
    std::uint64_t queued = 0;
    std::uint64_t tokens = 0;
    double hit_rate = 0; ///< 0..1
    std::vector<tier_progress> tiers;
};

/// Whoever wants to watch a run. Called on the engine's thread, so it must return at once.
template <class O>
concept observer = requires(O o, const progress& p) {
    { o.on_progress(p) } -> std::same_as<void>;
};

struct no_observer {
    void on_progress(const progress&) {}
};

} // namespace kvmark::measure

// kvmark/engine/access_model.hpp
// The access_model concept: what a request does to the cache.

namespace kvmark::engine {

/// Why an entry is read or written; the report counts by it.
enum class purpose : std::uint8_t { system_prompt, earlier_turn, prefill, chunk, decode };

/// What an access model may ask for while it plans a request. The answers come from the index, at once; the
/// bytes follow in the order of the calls. `admission` of the engine models it.
template <class P>
concept planner = requires(P p, workload::object_key key, purpose why, std::uint32_t times, tokens n) {
    { p.contains(key) } -> std::same_as<bool>;
    { p.read(key, why, times) } -> std::same_as<bool>; ///< a hit: the entry is read `times` times over
    { p.write(key, why, n) } -> std::same_as<bool>;    ///< placed; only for a key just denied
};

/// A planner that an access model can be tried on without an engine.
struct archetype_planner {
    bool contains(workload::object_key) { return false; }
    bool read(workload::object_key, purpose, std::uint32_t) { return false; }
    bool write(workload::object_key, purpose, tokens) { return false; }
};

template <class M>
concept access_model = requires(const M model, const workload::request& r, archetype_planner& p) {
    { model.plan(r, p) } -> std::same_as<void>;
};

/// One sentence for whoever writes an access model and forgets a member.
template <class M>
constexpr void check_access_model() {
    static_assert(
        requires(const M m, const workload::request& r, archetype_planner& p) {
            { m.plan(r, p) } -> std::same_as<void>;
        },
        "kvmark: an access model needs `template <class Planner> void plan(const workload::request&, "
        "Planner&) const`");
}

} // namespace kvmark::engine

// kvmark/engine/autoscaler.hpp
// The reference's autoscaling, made to drive the load.

namespace kvmark::engine {

enum class scaling_mode : std::uint8_t { off, qos, capacity };

struct scaling_decision {
    std::uint64_t users = 0;
    double saturation = 0; ///< 0..1; qos mode
    std::string_view action = "hold";
};

/// Decides every 10 s how many users there should be (kv_cache_engine.md, "Autoscaling"). qos holds a
/// saturation; capacity climbs until throughput no longer grows. What it is given are the figures of the last
/// interval, not a running average.
class autoscaler {
public:
    static constexpr nanoseconds interval{10'000'000'000};

    autoscaler(scaling_mode mode, double target, const workload::parameters& p, std::uint64_t users)
        : mode_(mode), target_(target), parameters_(&p), users_(users) {}

    [[nodiscard]] scaling_decision sample(double read_p95_ms, double tokens_per_second) {
        scaling_decision d = mode_ == scaling_mode::qos ? hold_saturation(read_p95_ms, tokens_per_second)
                                                        : climb(tokens_per_second);
        users_ = d.users;
        return d;
    }

private:
    struct point {
        double p95_ms = 0;
        double rate = 0;
    };

    [[nodiscard]] std::uint64_t bounded(double users) const {
        const auto low = static_cast<double>(parameters_->autoscale_min_users);
        const auto high = static_cast<double>(parameters_->autoscale_max_users);
        return static_cast<std::uint64_t>(users < low ? low : users > high ? high : users);
    }

    /// P95 over its threshold, halved unless throughput has gone flat while latency rises over the last
    /// samples.
    [[nodiscard]] double saturation(point now) {
        const double raw = now.p95_ms / parameters_->saturation_read_p95_ms;
        const double capped = raw < 1 ? raw : 1;
        const point before = history_[count_ < history_.size() ? 0 : count_ % history_.size()];
        const bool known = count_ > 0;
        history_[count_++ % history_.size()] = now;
        const bool flat = known && now.rate < before.rate * 1.05;
        const bool rising = known && now.p95_ms > before.p95_ms * 1.05;
        return flat && rising ? capped : capped / 2;
    }

    scaling_decision hold_saturation(double p95_ms, double rate) {
        const double s = saturation({p95_ms, rate});
        if (resting_ > 0) {
            --resting_;
            return {users_, s, "hold"};
        }
        if (s > target_ * 1.1) {
            if (++above_ < parameters_->autoscale_consecutive) return {users_, s, "hold"};
            above_ = 0;
            resting_ = 3;
            return {bounded(static_cast<double>(users_) * parameters_->autoscale_down), s, "scale_down"};
        }
        above_ = 0;
        if (s >= target_ * 0.9) return {users_, s, "hold"};
        const auto more = static_cast<double>(users_) * parameters_->autoscale_up;
        return {bounded(more < static_cast<double>(users_) + 1 ? static_cast<double>(users_) + 1 : more), s,
                "scale_up"};
    }

    /// +40 % first, then +20 % while the peak grows by more than 1 %; two samples without end the climb.
    scaling_decision climb(double rate) {
        if (stopped_) return {users_, 0, "stop"};
        const bool first = peak_ == 0;
        if (rate > peak_ * 1.01) {
            peak_ = rate;
            without_ = 0;
        } else if (++without_ >= 2) {
            stopped_ = true;
            return {users_, 0, "stop"};
        }
        const double wanted = static_cast<double>(users_) * (first ? 0.4 : 0.2);
        const double step = wanted < 5 ? 5 : wanted > 100 ? 100 : wanted;
        return {bounded(static_cast<double>(users_) + step), 0, "scale_up"};
    }

    scaling_mode mode_;
    double target_;
    const workload::parameters* parameters_;
    std::uint64_t users_;
    std::array<point, 10> history_{};
    std::uint64_t count_ = 0;
    std::uint32_t above_ = 0;
    std::uint32_t resting_ = 0;
    std::uint32_t without_ = 0;
    double peak_ = 0;
    bool stopped_ = false;
};

} // namespace kvmark::engine

// kvmark/engine/backlog.hpp
// The requests that wait for a server, packed: under overload they are what a run's memory grows by.

#include <deque>

namespace kvmark::engine {

/// First in, first out. A request is kept as the difference from the one before it, in variable-length
/// integers of seven bits a byte: 13 bytes for one of the reference workload, in place of 344.
class backlog {
public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// That the waiting requests take.
    [[nodiscard]] bytes memory() const { return bytes(packed_.size()); }

    void push(const workload::request& r) {
        put_difference(r.id, last_in_.id);
        put_difference(r.user, last_in_.user);
        put_difference(r.conversation, last_in_.conversation);
        put_difference(static_cast<std::uint64_t>(r.arrival.count),
                       static_cast<std::uint64_t>(last_in_.arrival.count));
        put(r.turn);
        put(r.input.count);
        put(r.output.count);
        const bool has_prompt = r.system_prompt != workload::request::no_system_prompt;
        put(static_cast<std::uint64_t>(r.phase) | static_cast<std::uint64_t>(r.service) << 2 |
            std::uint64_t{has_prompt} << 4 | std::uint64_t{r.chunk_count} << 5);
        if (has_prompt) {
            put(r.system_prompt);
            put(r.system_prompt_tokens.count);
        }
        for (std::size_t i = 0; i < r.chunk_count; ++i) {
            put(r.chunks[i].document);
            put(r.chunks[i].chunk);
            put(r.chunks[i].size.count);
        }
        last_in_ = {r.id, r.user, r.conversation, r.arrival};
        ++size_;
    }

    /// Precondition: not empty.
    [[nodiscard]] workload::request pop() {
        workload::request r;
        r.id = take_difference(last_out_.id);
        r.user = take_difference(last_out_.user);
        r.conversation = take_difference(last_out_.conversation);
        r.arrival = nanoseconds(
            static_cast<std::int64_t>(take_difference(static_cast<std::uint64_t>(last_out_.arrival.count))));
        r.turn = static_cast<std::uint32_t>(take());
        r.input = tokens(take());
        r.output = tokens(take());
        const std::uint64_t flags = take();
        r.phase = static_cast<workload::phase>(flags & 3);
        r.service = static_cast<workload::service_class>(flags >> 2 & 3);
        if ((flags >> 4 & 1) != 0) {
            r.system_prompt = static_cast<std::uint8_t>(take());
            r.system_prompt_tokens = tokens(take());
        }
        r.chunk_count = static_cast<std::uint8_t>(flags >> 5);
        for (std::size_t i = 0; i < r.chunk_count; ++i) {
            r.chunks[i].document = static_cast<std::uint32_t>(take());
            r.chunks[i].chunk = static_cast<std::uint32_t>(take());
            r.chunks[i].size = tokens(take());
        }
        last_out_ = {r.id, r.user, r.conversation, r.arrival};
        --size_;
        return r;
    }

private:
    /// What the next request is packed, or unpacked, against.
    struct reference {
        std::uint64_t id = 0, user = 0, conversation = 0;
        nanoseconds arrival{};
    };

    void put(std::uint64_t n) {
        for (; n >= 0x80; n >>= 7) packed_.push_back(static_cast<std::uint8_t>(n | 0x80));
        packed_.push_back(static_cast<std::uint8_t>(n));
    }
    [[nodiscard]] std::uint64_t take() {
        std::uint64_t n = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint64_t byte = packed_.front();
            packed_.pop_front();
            n |= (byte & 0x7f) << shift;
            if (byte < 0x80) return n;
        }
    }

    /// The sign goes into the lowest bit, so that small differences are short whichever way they go.
    void put_difference(std::uint64_t now, std::uint64_t before) {
        const std::uint64_t d = now - before;
        put(d << 1 ^ (0 - (d >> 63)));
    }
    [[nodiscard]] std::uint64_t take_difference(std::uint64_t before) {
        const std::uint64_t n = take();
        return before + (n >> 1 ^ (0 - (n & 1)));
    }

    std::deque<std::uint8_t> packed_;
    std::size_t size_ = 0;
    reference last_in_, last_out_;
};

} // namespace kvmark::engine

// kvmark/engine/io_op.hpp
// One operation on one entry, as the hands that move bytes see it.

namespace kvmark::engine {

using tier::entry_id;

/// What is done to an entry. `move` is a demotion: read from one tier, written to another.
enum class op_kind : std::uint8_t { read, write, move, erase };

/// An operation goes through its stages one after the other; the units of one stage go on side by side.
enum class op_stage : std::uint8_t { create, data, commit, erase };

/// What the time of an operation in service is made of.
enum class io_part : std::uint8_t {
    submit, ///< an I/O is prepared and waits to be handed over with others; 0 where a call does both
    device, ///< from handing it over until it is seen to be done
    copy,   ///< filling and stamping what is written, and the copies of a tier made of memory
    verify, ///< checking what was read
};
inline constexpr std::size_t io_part_count = 4;

struct io_op {
    op_kind kind = op_kind::read;
    op_stage stage = op_stage::data;
    std::uint8_t tier = 0; ///< where the bytes are read or written; of a move, where they go
    std::uint8_t from = 0; ///< of a move, where they come from
    entry_id entry = tier::no_entry;
    tier::content_id content{};
    bytes size{};

    std::uint32_t units = 1; ///< of the present stage
    std::atomic<std::uint32_t> unfinished{
        0};                           ///< of them; whoever takes the last one hands the operation back
    std::atomic<int> error_number{0}; ///< the first error; the units after it do nothing
    std::array<std::atomic<std::int64_t>, io_part_count> spent{}; ///< ns by part, summed over units
    nanoseconds started{};                                        ///< monotonic, when the first unit began
    io_op* next = nullptr;                                        ///< in whichever list holds it

    KVMARK_INLINE void spend(io_part part, nanoseconds t) {
        spent[static_cast<std::size_t>(part)].fetch_add(t.count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t spent_on(io_part part) const {
        return spent[static_cast<std::size_t>(part)].load(std::memory_order_relaxed);
    }
    /// Before it is done once more.
    void forget_times() {
        started = {};
        for (auto& part : spent) part.store(0, std::memory_order_relaxed);
    }
};

} // namespace kvmark::engine

// kvmark/engine/io_worker.hpp
// What one I/O worker owns: its buffers, its counters, and the faults it met.

namespace kvmark::engine {

/// How every worker of a run moves bytes.
struct io_settings {
    bytes chunk{mib_bytes};     ///< a multiple of 4096
    std::uint64_t salt = 0;     ///< binds the stamps to the run
    bool verify = true;         ///< check the stamps of what is read
    bool verify_payload = true; ///< and the sum of each sector
};

/// One tier, as one worker used it. Read by the engine while the worker runs.
struct io_counters {
    std::atomic<std::uint64_t> read_bytes{0};
    std::atomic<std::uint64_t> written_bytes{0};
    measure::histogram read_io;
    measure::histogram write_io;
};

/// A failed call (error_number != 0) or a sector that came back changed.
struct io_fault {
    op_kind kind = op_kind::read;
    op_stage stage = op_stage::data;
    std::uint8_t tier = 0;
    tier::content_id content{};
    bytes offset{};
    int error_number = 0;
    tier::sector_mismatch mismatch{};
};

/// How many buffers of one chunk a worker has. A write buffer is full of noise and stamped for each write; a
/// read buffer receives what is read.
struct io_buffers {
    std::uint32_t writes = 1;
    std::uint32_t reads = 1;
};

/// The buffers are all the memory that moving entries takes, whatever the number of users or the size of an
/// entry.
class io_worker {
public:
    static constexpr std::size_t kept_faults = 16;

    KVMARK_COLD io_worker(const io_settings& settings, std::size_t tiers, io_buffers buffers = {})
        : memory_(settings.chunk * (buffers.writes + buffers.reads)), chunk_(settings.chunk),
          writes_(buffers.writes), counters_(new io_counters[tiers]), tiers_(tiers) {
        if (memory_.empty()) return;
        memory_.touch(bytes(memory_.span().size()));
        for (std::uint32_t i = 0; i < writes_; ++i)
            noise_ = tier::payload_noise(write_buffer(chunk_, i), settings.salt);
    }
    io_worker(const io_worker&) = delete;
    io_worker& operator=(const io_worker&) = delete;
    ~io_worker() { delete[] counters_; }

    /// The first `n` bytes of write buffer `i`, or of read buffer `i`.
    [[nodiscard]] KVMARK_INLINE std::span<std::byte> write_buffer(bytes n, std::uint32_t i = 0) const {
        return {memory_.data() + i * chunk_.count, n.count};
    }
    [[nodiscard]] KVMARK_INLINE std::span<std::byte> read_buffer(bytes n, std::uint32_t i = 0) const {
        return {memory_.data() + (writes_ + i) * chunk_.count, n.count};
    }
    [[nodiscard]] std::span<std::byte> memory() const { return memory_.span(); }
    [[nodiscard]] KVMARK_INLINE const tier::payload_noise& noise() const { return noise_; }
    [[nodiscard]] KVMARK_INLINE io_counters& counters(std::size_t tier) { return counters_[tier]; }
    [[nodiscard]] bool has_buffers() const { return !memory_.empty(); }

    KVMARK_INLINE void note(const io_fault& fault) {
        ++(fault.error_number != 0 ? failed_units : corrupt_sectors);
        if (fault_count < kept_faults) faults[fault_count++] = fault;
    }

    /// Forgets what was counted, before the measured window. The worker must be idle.
    KVMARK_COLD void reset_counters() {
        for (std::size_t t = 0; t < tiers_; ++t) {
            counters_[t].read_bytes = 0;
            counters_[t].written_bytes = 0;
            counters_[t].read_io.clear();
            counters_[t].write_io.clear();
        }
    }

    std::array<io_fault, kept_faults> faults{};
    std::size_t fault_count = 0;
    std::uint64_t corrupt_sectors = 0;
    std::uint64_t failed_units = 0;

private:
    huge_page_buffer memory_;
    bytes chunk_;
    std::uint32_t writes_;
    tier::payload_noise noise_; ///< the same in every write buffer
    io_counters* counters_;
    std::size_t tiers_;
};

} // namespace kvmark::engine

// kvmark/engine/engine_config.hpp
// What the engine is told: a run without the names of its options.

namespace kvmark::engine {

struct engine_config {
    std::vector<tier::tier_setup> tiers{}; ///< in stack order
    std::vector<std::string> notes{};      ///< likewise: what the report must say of each
    workload::parameters parameters{};
    io_settings io{};
    bytes per_token{1};              ///< of KV cache, after tensor parallelism
    nanoseconds duration{};          ///< the measured window
    std::uint64_t max_requests = 0;  ///< the window also ends when so many have completed; 0: no bound
    std::uint64_t users = 1;         ///< at the start
    std::uint64_t max_servers = 500; ///< requests in service: min(users, this)
    nanoseconds generation_per_token{};
    std::uint64_t max_writers = 0; ///< 0: no bound
    std::uint64_t max_samples = 0;
    std::uint64_t seed = 0;
    std::uint64_t prepared_entries = 0;      ///< written before the window, for decode-only
    bytes precondition{};                    ///< written before the window, then the counters start at 0
    std::uint64_t precondition_writers = 16; ///< of those, how many at once
    scaling_mode scaling = scaling_mode::off;
    double target_saturation = 0.8;
};

} // namespace kvmark::engine

// kvmark/engine/event_queue.hpp
// The future: events by time, and in the order of their making where times are equal.

namespace kvmark::engine {

/// A binary heap of (time, payload). Equal times come out first in, first out, so a virtual-time run is the
/// same run twice. Allocates only when it holds more than ever before.
template <class Payload>
class event_queue {
public:
    void push(nanoseconds at, Payload payload) {
        heap_.push_back({at, order_++, payload});
        std::size_t child = heap_.size() - 1;
        while (child > 0 && before(heap_[child], heap_[(child - 1) / 2])) {
            std::swap(heap_[child], heap_[(child - 1) / 2]);
            child = (child - 1) / 2;
        }
    }

    [[nodiscard]] bool empty() const { return heap_.empty(); }
    /// Precondition of both: not empty.
    [[nodiscard]] nanoseconds next_time() const { return heap_.front().at; }
    Payload pop() {
        const Payload payload = heap_.front().payload;
        heap_.front() = heap_.back();
        heap_.pop_back();
        for (std::size_t parent = 0;;) {
            std::size_t least = parent;
            for (std::size_t child = 2 * parent + 1; child <= 2 * parent + 2 && child < heap_.size(); ++child)
                if (before(heap_[child], heap_[least])) least = child;
            if (least == parent) return payload;
            std::swap(heap_[parent], heap_[least]);
            parent = least;
        }
    }
    void clear() { heap_.clear(); }

private:
    struct event {
        nanoseconds at;
        std::uint64_t order;
        Payload payload;
    };
    static bool before(const event& a, const event& b) {
        return a.at != b.at ? a.at < b.at : a.order < b.order;
    }

    std::vector<event> heap_;
    std::uint64_t order_ = 0;
};

} // namespace kvmark::engine

// kvmark/engine/live_figures.hpp
// The run as it goes: its time series, and what its observer is told.

namespace kvmark::engine {

/// Sampled about once a second, from the report and from the workers' counters, which are read as they run.
class live_figures {
public:
    explicit live_figures(nanoseconds window) { progress_.window = window; }

    /// While the cache is being prepared.
    const measure::progress& preparing(nanoseconds elapsed, double fraction) {
        progress_.stage = "preparing";
        progress_.elapsed = elapsed;
        progress_.fraction = fraction;
        return progress_;
    }

    /// Adds a row to the report's timeline; `done` are the tokens of the requests completed since the last
    /// one.
    template <class Crew>
    const measure::progress& sample(measure::run_report& report, Crew& crew, nanoseconds elapsed, tokens done,
                                    std::uint64_t users, std::uint64_t queued) {
        const nanoseconds since = elapsed - previous_.at;
        measure::throughput_sample row{.at = elapsed, .users = users};
        row.tokens_per_second = since.count > 0 ? static_cast<double>(done.count) / to_seconds(since) : 0.0;
        progress_.tiers.clear();
        for (std::size_t t = 0; t < report.tiers.size(); ++t) {
            progress_.tiers.push_back(moved_so_far(report.tiers[t], t, crew));
            if (report.tiers[t].role != tier::tier_role::storage) continue;
            row.read += progress_.tiers.back().read;
            row.written += progress_.tiers.back().written;
        }
        report.timeline.push_back(row);
        report.timeline.back().read -= previous_.read;
        report.timeline.back().written -= previous_.written;
        previous_ = row;

        progress_.stage = "running";
        progress_.elapsed = elapsed;
        progress_.fraction = to_seconds(elapsed) / to_seconds(progress_.window);
        progress_.users = users;
        progress_.completed = report.requests_completed;
        progress_.queued = queued;
        progress_.tokens = report.tokens_generated.count;
        const std::uint64_t accesses = report.cache.hits + report.cache.misses;
        progress_.hit_rate =
            accesses ? static_cast<double>(report.cache.hits) / static_cast<double>(accesses) : 0.0;
        return progress_;
    }

private:
    template <class Crew>
    static measure::tier_progress moved_so_far(const measure::tier_stats& stats, std::size_t t, Crew& crew) {
        measure::tier_progress p{stats.name, stats.read.moved, stats.write.moved};
        crew.for_each_worker([&](io_worker& w) {
            p.read += bytes(w.counters(t).read_bytes.load(std::memory_order_relaxed));
            p.written += bytes(w.counters(t).written_bytes.load(std::memory_order_relaxed));
        });
        return p;
    }

    measure::progress progress_;
    measure::throughput_sample previous_; ///< its bytes are totals
};

} // namespace kvmark::engine

// kvmark/engine/io_path.hpp
// The path of a block: from an operation's unit to the tier's read or write, with nothing between.

namespace kvmark::engine {

/// What every worker of a run shares.
struct io_window {
    std::atomic<bool> open{false}; ///< I/Os that end while it is open are counted
};

/// A unit whose I/O a tier's queue has in flight. The slot's number is the queue's; the buffers are the
/// caller's.
struct queued_unit {
    io_op* op = nullptr;
    bool writes = false;
    bytes offset{};
    std::span<std::byte> buffer{};
    nanoseconds ready{};  ///< monotonic, when it was prepared
    nanoseconds handed{}; ///< when the queue was told to begin it
    tier::io_status status{};
};

/// Moves the bytes of a run. One object serves every worker; its functions are called by several at once,
/// each with its own io_worker. Allocation, lock and system call: none but the tier's own and the clock's.
template <class Stack>
class io_path {
public:
    io_path(Stack& tiers, const io_settings& settings, const io_window& window)
        : tiers_(tiers), settings_(settings), window_(window) {}

    [[nodiscard]] Stack& tiers() { return tiers_; }
    [[nodiscard]] const io_settings& settings() const { return settings_; }
    /// Units of one I/O each that an entry of `size` is moved in.
    [[nodiscard]] std::uint32_t units_of(bytes size) const {
        return static_cast<std::uint32_t>((size.count + settings_.chunk.count - 1) / settings_.chunk.count);
    }

    /// Does one unit of the operation's present stage.
    KVMARK_INLINE void perform(io_op& op, std::uint32_t unit, io_worker& worker) {
        note_start(op, unit);
        if (!KVMARK_LIKELY(op.stage == op_stage::data))
            change_entry(op, worker);
        else if (op.error_number.load(std::memory_order_relaxed) == 0)
            move_bytes(op, unit, worker);
    }

    // --- the same in two steps, for a tier with a queue ---

    /// Whether a unit of this operation is written from a write buffer, freshly stamped; else it takes a read
    /// buffer.
    [[nodiscard]] KVMARK_INLINE bool writes_fresh(const io_op& op) {
        if (op.kind != op_kind::move) return op.kind == op_kind::write;
        bool source_has_bytes = false;
        with_bytes(op.from, [&](auto&) KVMARK_INLINE_LAMBDA { source_has_bytes = true; });
        return !source_has_bytes;
    }

    /// Does what comes before the queue's I/O. False when there is none to do, because of an error.
    /// `buffer` is one whole chunk.
    KVMARK_INLINE bool prepare(io_op& op, std::uint32_t unit, std::span<std::byte> buffer, bool fresh,
                               queued_unit& u, io_worker& worker) {
        note_start(op, unit);
        if (op.error_number.load(std::memory_order_relaxed) != 0) return false;
        const extent part = extent_of(op, unit);
        u.op = &op;
        u.offset = part.offset;
        u.buffer = buffer.first(part.length.count);
        u.writes = op.kind != op_kind::read;
        if (fresh) {
            stamp(op, u.buffer, part.offset, worker);
        } else if (op.kind == op_kind::move) {
            read_in(op, op.from, part.offset, u.buffer, worker);
            if (op.error_number.load(std::memory_order_relaxed) != 0) return false;
        }
        u.ready = clocks::monotonic_now();
        return true;
    }

    /// Does what comes after it. `seen` is when the queue was found to be done with it.
    KVMARK_INLINE void conclude(const queued_unit& u, nanoseconds seen, io_worker& worker) {
        io_op& op = *u.op;
        op.spend(io_part::submit, u.handed - u.ready);
        op.spend(io_part::device, seen - u.handed);
        if (!KVMARK_LIKELY(u.status.good())) return fail(op, op.tier, u.offset, u.status, worker);
        io_counters& counters = worker.counters(op.tier);
        const bytes length(u.buffer.size());
        if (u.writes) return count(counters.written_bytes, counters.write_io, length, seen - u.handed);
        count(counters.read_bytes, counters.read_io, length, seen - u.handed);
        verify(op, op.tier, u.buffer, u.offset, worker);
    }

private:
    struct extent {
        bytes offset{}, length{};
    };

    KVMARK_INLINE static void note_start(io_op& op, std::uint32_t unit) {
        if (unit == 0 && op.started.count == 0) op.started = clocks::monotonic_now();
    }

    [[nodiscard]] KVMARK_INLINE extent extent_of(const io_op& op, std::uint32_t unit) const {
        const bytes offset = settings_.chunk * std::uint64_t{unit};
        const bytes left = op.size - offset;
        return {offset, left < settings_.chunk ? left : settings_.chunk};
    }

    /// Runs f on the tier at `index` if it holds bytes.
    template <class F>
    KVMARK_INLINE void with_bytes(std::size_t index, F&& f) {
        tiers_.at(index, [&](auto& t) KVMARK_INLINE_LAMBDA {
            if constexpr (tier::blocking_tier<std::remove_cvref_t<decltype(t)>>) f(t);
        });
    }

    KVMARK_INLINE void move_bytes(io_op& op, std::uint32_t unit, io_worker& worker) {
        const extent part = extent_of(op, unit);
        if (op.kind == op_kind::read) {
            read_in(op, op.tier, part.offset, worker.read_buffer(part.length), worker);
        } else if (writes_fresh(op)) {
            const auto buffer = worker.write_buffer(part.length);
            stamp(op, buffer, part.offset, worker);
            write_out(op, buffer, part.offset, worker);
        } else {
            const auto buffer = worker.read_buffer(part.length);
            read_in(op, op.from, part.offset, buffer, worker);
            if (op.error_number.load(std::memory_order_relaxed) == 0)
                write_out(op, buffer, part.offset, worker);
        }
    }

    /// Where a tier's call spends its time.
    template <class Tier>
    static constexpr io_part part_of_call = tier::is_in_memory<Tier> ? io_part::copy : io_part::device;

    KVMARK_INLINE void read_in(io_op& op, std::uint8_t index, bytes offset, std::span<std::byte> buffer,
                               io_worker& worker) {
        with_bytes(index, [&]<class T>(T& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            const tier::io_status status = t.read(op.entry, offset, buffer);
            const nanoseconds end = clocks::monotonic_now();
            op.spend(part_of_call<T>, end - begin);
            if (!KVMARK_LIKELY(status.good())) return fail(op, index, offset, status, worker);
            count(worker.counters(index).read_bytes, worker.counters(index).read_io, bytes(buffer.size()),
                  end - begin);
            verify(op, index, buffer, offset, worker);
        });
    }

    KVMARK_INLINE void verify(io_op& op, std::uint8_t index, std::span<const std::byte> buffer, bytes offset,
                              io_worker& worker) {
        if (!settings_.verify) return;
        const nanoseconds begin = clocks::monotonic_now();
        const auto first = static_cast<std::uint32_t>(offset.count / tier::sector_size.count);
        tier::verify_sectors(buffer, op.content, first, settings_.salt, settings_.verify_payload,
                             [&](const tier::sector_mismatch& mismatch) KVMARK_INLINE_LAMBDA {
                                 worker.note({op.kind, op.stage, index, op.content,
                                              tier::sector_size * std::uint64_t{mismatch.expected.sector}, 0,
                                              mismatch});
                             });
        op.spend(io_part::verify, clocks::monotonic_now() - begin);
    }

    /// Makes `buffer`, a write buffer, this part of the entry.
    KVMARK_INLINE void stamp(io_op& op, std::span<std::byte> buffer, bytes offset, io_worker& worker) {
        const nanoseconds begin = clocks::monotonic_now();
        tier::stamp_sectors(buffer, worker.noise(), op.content,
                            static_cast<std::uint32_t>(offset.count / tier::sector_size.count),
                            settings_.salt);
        op.spend(io_part::copy, clocks::monotonic_now() - begin);
    }

    KVMARK_INLINE void write_out(io_op& op, std::span<const std::byte> buffer, bytes offset,
                                 io_worker& worker) {
        with_bytes(op.tier, [&]<class T>(T& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            const tier::io_status status = t.write(op.entry, offset, buffer);
            const nanoseconds end = clocks::monotonic_now();
            op.spend(part_of_call<T>, end - begin);
            if (!KVMARK_LIKELY(status.good())) return fail(op, op.tier, offset, status, worker);
            count(worker.counters(op.tier).written_bytes, worker.counters(op.tier).write_io,
                  bytes(buffer.size()), end - begin);
        });
    }

    /// An erase after a move is of the place that the entry left.
    KVMARK_INLINE void change_entry(io_op& op, io_worker& worker) {
        const bool leaves_source = op.stage == op_stage::erase && op.kind == op_kind::move;
        const std::uint8_t index = leaves_source ? op.from : op.tier;
        with_bytes(index, [&]<class T>(T& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            tier::io_status status;
            if (op.stage == op_stage::create)
                status = t.create(op.entry, op.size);
            else if (op.stage == op_stage::commit)
                status = tier::commit(t, op.entry);
            else
                status = t.erase(op.entry);
            op.spend(part_of_call<T>, clocks::monotonic_now() - begin);
            if (!KVMARK_LIKELY(status.good())) fail(op, index, {}, status, worker);
        });
    }

    /// A worker alone writes its counters, so a load and a store do in place of an atomic addition.
    KVMARK_INLINE void count(std::atomic<std::uint64_t>& moved, measure::histogram& io, bytes length,
                             nanoseconds took) {
        if (!window_.open.load(std::memory_order_relaxed)) return;
        moved.store(moved.load(std::memory_order_relaxed) + length.count, std::memory_order_relaxed);
        io.record(took);
    }

    KVMARK_INLINE static void fail(io_op& op, std::uint8_t index, bytes offset, tier::io_status status,
                                   io_worker& worker) {
        op.error_number.store(status.error_number, std::memory_order_relaxed);
        worker.note({op.kind, op.stage, index, op.content, offset, status.error_number, {}});
    }

    Stack& tiers_;
    io_settings settings_;
    const io_window& window_;
};

} // namespace kvmark::engine

// kvmark/engine/task.hpp
// An operation with what it waits for, as the scheduler sees it.

#include <new>

namespace kvmark::engine {

struct active_request;

/// The legs of an operation, in order; each kind of operation and each kind of tier skips some.
enum class task_leg : std::uint8_t {
    modelled_read,
    create,
    data,
    modelled_write,
    commit,
    leave_source,
    done
};

struct task : io_op {
    task_leg leg = task_leg::modelled_read;
    purpose why = purpose::prefill;
    std::uint8_t waits = 0;          ///< conditions not yet met: its turn, its entry, room in the tier
    bool has_entry = false;          ///< its entry's earlier operations are out of the way
    bool holds_writer = false;       ///< it counts against max_concurrent_allocs
    bool abandoned = false;          ///< its entry has no bytes: an earlier write failed
    std::uint32_t times = 1;         ///< how often the entry is still to be read
    nanoseconds wanted{};            ///< engine clock, when its turn came
    nanoseconds running{};           ///< engine clock, when its first leg began
    active_request* owner = nullptr; ///< null: a displacement or a preparation, which no request waits for
    task* next_on_entry = nullptr;

    [[nodiscard]] bool exclusive() const { return kind != op_kind::read; }
};

/// Tasks in blocks that never move, reused through a free list.
class task_pool {
public:
    task_pool() = default;
    task_pool(const task_pool&) = delete;
    task_pool& operator=(const task_pool&) = delete;
    ~task_pool() {
        for (task* block : blocks_) delete[] block;
    }

    task& take() {
        if (!free_) {
            blocks_.push_back(new task[block_size]);
            for (std::size_t i = block_size; i-- > 0;) put_back(blocks_.back()[i]);
        }
        task& t = *free_;
        free_ = static_cast<task*>(t.next);
        t.~task();
        return *new (&t) task;
    }
    void put_back(task& t) {
        t.next = free_;
        free_ = &t;
    }

private:
    static constexpr std::size_t block_size = 256;
    std::vector<task*> blocks_;
    task* free_ = nullptr;
};

/// First in, first out, through io_op::next.
class task_list {
public:
    void push(task& t) {
        t.next = nullptr;
        (last_ ? last_->next : first_) = &t;
        last_ = &t;
    }
    [[nodiscard]] task* front() const { return static_cast<task*>(first_); }
    task* pop() {
        task* t = front();
        if (!t) return nullptr;
        first_ = t->next;
        if (!first_) last_ = nullptr;
        return t;
    }
    [[nodiscard]] bool empty() const { return !first_; }

private:
    io_op* first_ = nullptr;
    io_op* last_ = nullptr;
};

} // namespace kvmark::engine

// kvmark/engine/op_scheduler.hpp
// The order of bytes: which operation may run when, so that the tiers end up as the index decided.

namespace kvmark::engine {

/// Runs operations decided in order, side by side where that changes nothing:
///  - on one entry, reads go together, and anything else alone and in order;
///  - room in a tier is given in the order of the decisions, as earlier displacements free it;
///  - at most `max_writers` writes of requests are under way (0: no bound).
/// An operation waits for earlier decisions alone, so nothing can wait in a circle.
///
/// `Host` is the engine: now(), at(nanoseconds, task&) for modelled completions, submit(lane, task&) for real
/// ones, and finished(task&).
template <class Stack, class Host>
class op_scheduler {
public:
    op_scheduler(Host& host, io_path<Stack>& path, const io_settings& settings,
                 const std::vector<cache::tier_bounds>& bounds, std::uint64_t max_writers)
        : host_(host), path_(path), worker_({.chunk = tier::sector_size, .salt = settings.salt}, Stack::size),
          max_writers_(max_writers) {
        for (const auto& b : bounds) rooms_.push_back({b.limit, b.granule, {}, {}});
    }

    [[nodiscard]] task& new_task() { return pool_.take(); }

    /// Queues a decided operation. `its_turn` is false while a request's earlier operations are ahead of it:
    /// turn() then says when they are done.
    void decide(task& t, bool its_turn) {
        ++undone_;
        if (!its_turn) ++t.waits;
        wait_for_entry(t);
        if (t.kind == op_kind::write || t.kind == op_kind::move) wait_for_room(t);
        if (its_turn) t.wanted = host_.now();
        if (t.waits == 0) start(t);
    }

    void turn(task& t) {
        t.wanted = host_.now();
        resolve(t);
    }

    /// The lanes, or the model, are done with the task's present leg.
    void leg_done(task& t) {
        const bool good = !t.abandoned && !failed(t);
        if (t.kind == op_kind::read && good && t.times > 1) {
            --t.times;
            host_.repeated(t);
            t.leg = task_leg::modelled_read;
            t.wanted = t.running = host_.now();
            t.forget_times();
        } else {
            t.leg = static_cast<task_leg>(static_cast<int>(t.leg) + 1);
        }
        proceed(t);
    }

    [[nodiscard]] std::uint64_t undone() const { return undone_; }
    /// The engine thread's own faults, those of instant create and erase.
    [[nodiscard]] const io_worker& worker() const { return worker_; }

private:
    struct room {
        bytes limit{};
        bytes granule{1};
        bytes taken{};
        task_list waiting; ///< in the order of decision
    };
    struct entry_state {
        task* first = nullptr;
        task* last = nullptr;
        std::uint32_t exclusives = 0;
        bool broken = false; ///< its content was never wholly written
    };

    // --- conditions ---

    void wait_for_entry(task& t) {
        if (t.entry >= entries_.size()) entries_.resize(std::size_t{t.entry} + 1 + t.entry / 2);
        entry_state& e = entries_[t.entry];
        t.has_entry = t.exclusive() ? e.first == nullptr : e.exclusives == 0;
        if (!t.has_entry) ++t.waits;
        (e.last ? e.last->next_on_entry : e.first) = &t;
        e.last = &t;
        if (t.exclusive()) ++e.exclusives;
        if (t.kind == op_kind::write) e.broken = false;
    }

    void leave_entry(task& t) {
        entry_state& e = entries_[t.entry];
        task* before = nullptr;
        for (task* at = e.first; at != &t; at = at->next_on_entry) before = at;
        (before ? before->next_on_entry : e.first) = t.next_on_entry;
        if (e.last == &t) e.last = before;
        if (t.exclusive()) --e.exclusives;
        const std::uint32_t entry = t.entry;
        for (task* at = e.first; at;) {
            if (at->exclusive() && at != entries_[entry].first) break;
            task* following = at->next_on_entry;
            const bool last = at->exclusive();
            if (!at->has_entry) {
                at->has_entry = true;
                resolve(*at);
            }
            if (last) break;
            at = following;
        }
    }

    [[nodiscard]] static bytes footprint(const room& r, const task& t) { return round_up(t.size, r.granule); }

    void wait_for_room(task& t) {
        room& r = rooms_[t.tier];
        if (r.waiting.empty() && r.taken + footprint(r, t) <= r.limit) {
            r.taken += footprint(r, t);
        } else {
            ++t.waits;
            r.waiting.push(t);
        }
    }

    void give_room_back(std::uint8_t tier, const task& t) {
        room& r = rooms_[tier];
        r.taken -= footprint(r, t);
        while (task* waiter = r.waiting.front()) {
            if (r.taken + footprint(r, *waiter) > r.limit) break;
            r.waiting.pop();
            r.taken += footprint(r, *waiter);
            resolve(*waiter);
        }
    }

    void resolve(task& t) {
        if (--t.waits == 0) start(t);
    }

    void start(task& t) {
        if (t.kind == op_kind::write && t.owner && max_writers_ != 0) {
            if (writers_ == max_writers_) return writers_waiting_.push(t);
            ++writers_;
            t.holds_writer = true;
        }
        t.running = host_.now();
        t.abandoned = t.kind != op_kind::write && entries_[t.entry].broken;
        if (t.abandoned && t.kind == op_kind::read) {
            t.leg = task_leg::leave_source;
            return host_.at(t.running, t);
        }
        proceed(t);
    }

    // --- legs ---

    [[nodiscard]] static bool failed(const task& t) {
        return t.error_number.load(std::memory_order_relaxed) != 0;
    }

    [[nodiscard]] bool holds_bytes(std::uint8_t index) {
        bool holds = false;
        with_tier(index, [&]<class T>(T&) { holds = tier::blocking_tier<T>; });
        return holds;
    }
    template <class F>
    void with_tier(std::uint8_t index, F&& f) {
        path_.tiers().at(index, f);
    }

    void proceed(task& t) {
        for (; t.leg != task_leg::done; t.leg = static_cast<task_leg>(static_cast<int>(t.leg) + 1))
            if (begin_leg(t)) return;
        finish(t);
    }

    /// False when the leg does not apply or was done at once.
    bool begin_leg(task& t) {
        const bool reads = t.kind == op_kind::read || t.kind == op_kind::move;
        const bool writes = t.kind == op_kind::write || t.kind == op_kind::move;
        const std::uint8_t source = t.kind == op_kind::move ? t.from : t.tier;
        switch (t.leg) {
        case task_leg::modelled_read:
            return reads && !holds_bytes(source) && !t.abandoned && model(t, source, tier::direction::read);
        case task_leg::create:
            return writes && !t.abandoned && on_entry(t, op_stage::create, t.tier);
        case task_leg::data: {
            const std::uint8_t lane = writes && holds_bytes(t.tier) ? t.tier : source;
            if (t.kind == op_kind::erase || t.abandoned || !holds_bytes(lane)) return false;
            submit(t, op_stage::data, lane, path_.units_of(t.size));
            return true;
        }
        case task_leg::modelled_write:
            return writes && !holds_bytes(t.tier) && !t.abandoned && model(t, t.tier, tier::direction::write);
        case task_leg::commit: {
            bool commits = false;
            with_tier(t.tier, [&]<class T>(T&) { commits = tier::has_commit<T>; });
            if (!writes || !commits || t.abandoned || failed(t)) return false;
            submit(t, op_stage::commit, t.tier, 1);
            return true;
        }
        case task_leg::leave_source:
            return (t.kind == op_kind::move || t.kind == op_kind::erase) &&
                   on_entry(t, op_stage::erase, source);
        case task_leg::done:
            break;
        }
        return false;
    }

    bool model(task& t, std::uint8_t index, tier::direction d) {
        with_tier(index, [&]<class T>(T& modelled) {
            if constexpr (tier::timed_tier<T>) host_.at(modelled.schedule(d, t.size, host_.now()), t);
        });
        return true;
    }

    bool on_entry(task& t, op_stage stage, std::uint8_t index) {
        bool queued = false;
        with_tier(index, [&]<class T>(T&) {
            if constexpr (tier::blocking_tier<T>) {
                if constexpr (tier::has_instant_metadata<T>) {
                    t.stage = stage;
                    path_.perform(t, 0, worker_);
                    t.started = {};
                } else {
                    submit(t, stage, index, 1);
                    queued = true;
                }
            }
        });
        return queued;
    }

    void submit(task& t, op_stage stage, std::uint8_t lane, std::uint32_t units) {
        t.stage = stage;
        t.units = units;
        t.unfinished.store(units, std::memory_order_relaxed);
        host_.submit(lane, t);
    }

    void finish(task& t) {
        --undone_;
        if ((t.kind == op_kind::write || t.kind == op_kind::move) && failed(t))
            entries_[t.entry].broken = true;
        if (t.holds_writer) {
            --writers_;
            if (task* next = writers_waiting_.pop()) start(*next);
        }
        leave_entry(t);
        if (t.kind == op_kind::move) give_room_back(t.from, t);
        if (t.kind == op_kind::erase) give_room_back(t.tier, t);
        host_.finished(t);
        pool_.put_back(t);
    }

    Host& host_;
    io_path<Stack>& path_;
    io_worker worker_;
    task_pool pool_;
    std::vector<room> rooms_;
    std::vector<entry_state> entries_;
    std::uint64_t max_writers_;
    std::uint64_t writers_ = 0;
    task_list writers_waiting_;
    std::uint64_t undone_ = 0;
};

} // namespace kvmark::engine

// kvmark/engine/preparation.hpp
// What must be in the cache before the clock starts.

namespace kvmark::engine {

struct prepared_write {
    workload::object_key key;
    tokens size{};
};

/// What an entry of n tokens occupies before a tier rounds it up: whole sectors, at least one.
[[nodiscard]] inline bytes entry_size(const engine_config& c, tokens n) {
    const bytes exact = c.per_token * n.count;
    return round_up(exact.count == 0 ? bytes(1) : exact, tier::sector_size);
}

/// The documents of the source, then the filler of preconditioning, then the entries that decode-only reads,
/// so that these are the last to be displaced.
template <class Source>
[[nodiscard]] std::vector<prepared_write> preparation_of(const Source& source, const engine_config& c) {
    using workload::object_key;
    using workload::object_kind;
    std::vector<prepared_write> writes;
    if constexpr (workload::document_source<Source>)
        for (std::uint32_t d = 0; d < source.document_count(); ++d)
            for (std::uint32_t i = 0; i < source.chunk_count(d); ++i)
                writes.push_back({object_key(object_kind::document_chunk, d, i), source.chunk(d, i).size});
    const tokens each(c.parameters.prepared_tokens);
    const std::uint64_t filler = c.precondition.count / entry_size(c, each).count;
    for (std::uint64_t i = 0; i < filler; ++i)
        writes.push_back({object_key(object_kind::prepared, i, 1), each});
    for (std::uint64_t i = 0; i < c.prepared_entries; ++i)
        writes.push_back({object_key(object_kind::prepared, i), each});
    return writes;
}

} // namespace kvmark::engine

// kvmark/engine/recorder.hpp
// The engine's ledger: what completed inside the window, turned into a report at its end.

namespace kvmark::engine {

/// A request between admission and completion, with what it will add to the report when it completes.
struct active_request {
    workload::request request;
    nanoseconds admitted{};
    nanoseconds storage_done{};
    nanoseconds prefill_time{};
    nanoseconds decode_time{};
    std::vector<task*> steps; ///< in the order of the plan
    std::size_t at = 0;       ///< the step under way
    measure::cache_counters counted;
    active_request* next_free = nullptr;
};

/// How the wall time of one operation divides; docs/measuring.md defines the parts.
struct time_split {
    nanoseconds total{}, queue{}, submit{}, device{}, copy{}, verify{};

    [[nodiscard]] nanoseconds host() const { return submit + copy + verify; }
};

/// The units of an operation overlap, so its time in service is divided in the proportion in which its units
/// spent theirs; the five parts add up to the total exactly.
[[nodiscard]] inline time_split split_time(const task& t, nanoseconds now, nanoseconds monotonic) {
    time_split s{.total = now - t.wanted};
    const nanoseconds service = t.started.count != 0 ? monotonic - t.started : now - t.running;
    s.queue = s.total - service;
    if (s.queue.count < 0) s.queue = {};
    const nanoseconds in_service = s.total - s.queue;
    std::int64_t spent = 0;
    for (const auto& part : t.spent) spent += part.load(std::memory_order_relaxed);
    const double scale = spent > 0 ? static_cast<double>(in_service.count) / static_cast<double>(spent) : 0.0;
    const auto share = [&](io_part part) {
        return nanoseconds(static_cast<std::int64_t>(static_cast<double>(t.spent_on(part)) * scale));
    };
    s.submit = share(io_part::submit);
    s.copy = share(io_part::copy);
    s.verify = share(io_part::verify);
    s.device = in_service - s.host();
    // An operation of memory copies alone has no device to give the remainder of the rounding to.
    if (t.spent_on(io_part::device) == 0 && spent > 0) s.copy += std::exchange(s.device, nanoseconds());
    return s;
}

/// Adds `times` hits or misses of one purpose; a negative hit takes one back when its read failed.
inline void count_access(measure::cache_counters& c, purpose why, bool hit, std::uint64_t times) {
    (hit ? c.hits : c.misses) += times;
    switch (why) {
    case purpose::system_prompt:
        (hit ? c.system_prompt_hits : c.system_prompt_misses) += times;
        break;
    case purpose::earlier_turn:
        (hit ? c.turn_hits : c.turn_misses) += times;
        break;
    case purpose::chunk:
        (hit ? c.chunk_hits : c.chunk_misses) += times;
        if (hit) c.user_hits += times;
        break;
    case purpose::prefill:
    case purpose::decode:
        if (hit) c.user_hits += times;
        if (hit && why == purpose::decode) c.decode_reads += times;
        break;
    }
}

class recorder {
public:
    recorder(std::uint64_t max_samples, bytes per_token) : max_samples_(max_samples), per_token_(per_token) {
        report.samples.reserve(max_samples < 65'536 ? max_samples : 65'536);
    }

    void operation(const task& t, const time_split& s) {
        const bool reads = t.kind == op_kind::read;
        auto& d = reads ? report.tiers[t.tier].read : report.tiers[t.tier].write;
        ++d.operations;
        d.total.record(s.total);
        d.queue.record(s.queue);
        d.submit.record(s.submit);
        d.device.record(s.device);
        d.copy.record(s.copy);
        d.verify.record(s.verify);
        d.host.record(s.host());
        if (reads && report.tiers[t.tier].role == tier::tier_role::storage) recent_reads_.record(s.total);
        if (report.tiers[t.tier].role == tier::tier_role::storage)
            report.cache.storage_tokens +=
                static_cast<double>(t.size.count) / static_cast<double>(per_token_.count);
    }

    void completed(const active_request& a, nanoseconds arrival, nanoseconds now) {
        const workload::request& r = a.request;
        const nanoseconds storage = a.storage_done - a.admitted;
        const nanoseconds generation = now - a.storage_done;
        ++report.requests_completed;
        report.tokens_generated += r.output;
        report.storage_time += storage;
        report.generation_time += generation;
        report.end_to_end.record(now - arrival);
        report.queue.record(a.admitted - arrival);
        report.storage_io.record(storage);
        report.generation.record(generation);
        if (a.prefill_time.count != 0) report.prefill.record(a.prefill_time);
        if (a.decode_time.count != 0) report.decode.record(a.decode_time);
        auto& c = report.classes[static_cast<std::size_t>(r.service)];
        ++c.completed;
        c.latency.record(now - arrival);
        add(report.cache, a.counted);
        interval_tokens_ += r.output;
        if (report.samples.size() < max_samples_)
            report.samples.push_back(
                {static_cast<float>(to_seconds(now - arrival)), static_cast<float>(to_seconds(storage)),
                 static_cast<float>(to_seconds(generation)), static_cast<float>(to_seconds(a.prefill_time)),
                 static_cast<float>(to_seconds(a.decode_time))});
        else
            report.samples_capped = true;
    }

    /// The P95 of storage reads since the last call, in ms.
    [[nodiscard]] double take_read_p95_ms() {
        const double p95 = to_milliseconds(recent_reads_.quantile(0.95));
        recent_reads_.clear();
        return p95;
    }
    [[nodiscard]] tokens take_interval_tokens() { return std::exchange(interval_tokens_, tokens()); }

    /// Adds what a worker moved and met.
    KVMARK_COLD void merge(io_worker& worker) {
        for (std::size_t t = 0; t < report.tiers.size(); ++t) {
            io_counters& c = worker.counters(t);
            report.tiers[t].read.moved += bytes(c.read_bytes.load());
            report.tiers[t].write.moved += bytes(c.written_bytes.load());
            report.tiers[t].read.io.merge(c.read_io);
            report.tiers[t].write.io.merge(c.write_io);
        }
        merge_faults(worker);
    }
    KVMARK_COLD void merge_faults(const io_worker& worker) {
        report.corrupt_sectors += worker.corrupt_sectors;
        report.failed_operations += worker.failed_units;
        for (std::size_t i = 0; i < worker.fault_count; ++i) describe(worker.faults[i]);
    }

    measure::run_report report;

private:
    KVMARK_COLD void describe(const io_fault& f) {
        workload::object_key key;
        key.packed = f.content.key;
        const std::string& tier = report.tiers[f.tier].name;
        if (f.error_number != 0) {
            if (report.failures.size() < io_worker::kept_faults)
                report.failures.push_back(
                    {workload::key_text(key), tier, name_of(f), f.offset, f.error_number});
        } else if (report.corruptions.size() < io_worker::kept_faults) {
            report.corruptions.push_back({workload::key_text(key), tier, f.offset,
                                          text_of(f.mismatch.expected), text_of(f.mismatch.found)});
        }
    }
    static std::string name_of(const io_fault& f) {
        switch (f.stage) {
        case op_stage::create:
            return "create";
        case op_stage::commit:
            return "commit";
        case op_stage::erase:
            return "erase";
        case op_stage::data:
            break;
        }
        return f.kind == op_kind::read ? "read" : f.kind == op_kind::write ? "write" : "move";
    }
    static std::string text_of(const tier::sector_stamp& s) {
        char text[160];
        std::snprintf(text, sizeof text, "key %016llx sector %u generation %u payload %016llx check %016llx",
                      static_cast<unsigned long long>(s.key), s.sector, s.generation,
                      static_cast<unsigned long long>(s.payload), static_cast<unsigned long long>(s.check));
        return text;
    }

    std::uint64_t max_samples_;
    bytes per_token_;
    measure::histogram recent_reads_;
    tokens interval_tokens_{};
};

} // namespace kvmark::engine

// kvmark/engine/engine.hpp
// The event loop: drives a source through the cache and the tiers under a clock.

namespace kvmark::engine {

/// One run. What hits, what is placed and what falls is decided when a server takes a request, from the index
/// alone; the bytes follow. With steady the loop waits for `Crew`, the executor's hands; with virtual_time it
/// jumps.
template <class Clock, class Stack, class Eviction, class Access, class Source, class Crew, class Observer>
class engine {
public:
    using scheduler = op_scheduler<Stack, engine>;

    engine(const engine_config& config, Stack& tiers, std::vector<cache::tier_bounds> bounds, Access access,
           Source& source, Crew& crew, io_path<Stack>& path, io_window& window, Observer& observer)
        : config_(config), tiers_(tiers), access_(std::move(access)), source_(source), crew_(crew),
          window_(window), observer_(observer), cache_(bounds),
          scheduler_(*this, path, config.io, bounds, config.max_writers),
          recorder_(config.max_samples, config.per_token),
          scaler_(config.scaling, config.target_saturation, config_.parameters, config.users),
          live_(config.duration), users_(config.users) {
        tiers_.for_each([&]<class T>(std::size_t i, T& t) {
            recorder_.report.tiers.push_back(
                {.name = std::string(T::name), .role = T::role, .limit = bounds[i].limit});
            std::string note = tier::note_of(t);
            if (!config_.notes[i].empty() && !note.empty()) note += "; ";
            recorder_.report.tiers.back().note = note + config_.notes[i];
        });
    }

    measure::run_report run() {
        prepare();
        if (!crew_.stop_requested()) measure_window();
        return finish();
    }

    // --- what op_scheduler asks of its host ---

    [[nodiscard]] nanoseconds now() const { return clock_.now(); }
    void at(nanoseconds when, task& t) { events_.push(when, {event_kind::leg, &t}); }
    void submit(std::uint8_t lane, task& t) { crew_.submit(lane, t); }
    void repeated(task& t) { record(t); }

    void finished(task& t) {
        record(t);
        const bool failed = t.error_number.load(std::memory_order_relaxed) != 0;
        if (t.kind == op_kind::erase) cache_.release(t.entry);
        if (failed && t.kind != op_kind::erase && t.kind != op_kind::read) drop(t.entry);
        if (!t.owner) return;
        active_request& a = *t.owner;
        if ((failed || t.abandoned) && t.kind == op_kind::read) {
            count_access(a.counted, t.why, true, ~std::uint64_t{t.times} + 1);
            count_access(a.counted, t.why, false, t.times);
            if (t.why == purpose::system_prompt) a.counted.system_prompt_bytes_saved -= t.size;
        }
        ++a.at;
        step(a);
    }

private:
    enum class event_kind : std::uint8_t { leg, generated, tick, scale };
    struct event {
        event_kind kind;
        void* subject;
    };
    static constexpr nanoseconds tick{1'000'000'000};
    /// A source may offer without end (a trace at speedup 0): beyond this, requests wait in the source. Their
    /// latency counts from the intended arrival all the same.
    static constexpr std::uint64_t max_queued = 1'000'000;

    // --- the loop ---

    /// Runs until done() or a stop, with `next_arrival()` as the further instant to wake at.
    template <class Done, class Admit, class NextInstant>
    void loop(Done&& done, Admit&& admit, NextInstant&& next_instant) {
        while (!crew_.stop_requested()) {
            while (io_op* op = crew_.reap()) scheduler_.leg_done(static_cast<task&>(*op));
            while (!events_.empty() && events_.next_time() <= clock_.now()) handle(events_.pop());
            admit();
            if (done()) return;
            nanoseconds until = next_instant();
            if (!events_.empty() && events_.next_time() < until) until = events_.next_time();
            if constexpr (Clock::is_virtual) {
                clock_.advance_to(until);
                if (++turns_ % 1024 == 0) crew_.wait({}); // for a signal
            } else {
                crew_.wait(until - clock_.now());
            }
        }
    }

    void handle(event e) {
        switch (e.kind) {
        case event_kind::leg:
            scheduler_.leg_done(*static_cast<task*>(e.subject));
            break;
        case event_kind::generated:
            complete(*static_cast<active_request*>(e.subject));
            break;
        case event_kind::tick:
            on_tick();
            break;
        case event_kind::scale:
            on_scale();
            break;
        }
    }

    // --- before the window ---

    /// Writes what must be there before the clock starts.
    void prepare() {
        const std::vector<prepared_write> writes = preparation_of(source_, config_);
        std::size_t next = 0;
        const nanoseconds begun = clock_.now();
        nanoseconds shown = begun;
        loop([&] { return next == writes.size() && scheduler_.undone() == 0; },
             [&] {
                 for (; next < writes.size() && scheduler_.undone() < config_.precondition_writers; ++next)
                     write(writes[next].key, purpose::prefill, writes[next].size, nullptr);
                 if (clock_.now() - shown < tick) return;
                 shown = clock_.now();
                 const double fraction = static_cast<double>(next) / static_cast<double>(writes.size());
                 observer_.on_progress(live_.preparing(shown - begun, fraction));
             },
             [&] { return clock_.now() + tick; });
    }

    // --- the window ---

    void measure_window() {
        crew_.for_each_worker([](io_worker& w) { w.reset_counters(); });
        if constexpr (requires { crew_.await_ranks(); }) crew_.await_ranks();
        const measure::device_counters counters = counted_device();
        const measure::device_usage device = counters.read();
        const measure::process_usage process = measure::read_process_usage();
        if constexpr (requires { crew_.await_start(nanoseconds()); })
            crew_.await_start(Clock::is_virtual ? nanoseconds() : config_.duration);
        start_ = clock_.now();
        end_ = start_ + config_.duration;
        measuring_ = true;
        window_.open.store(true, std::memory_order_relaxed);
        events_.push(start_ + tick, {event_kind::tick, nullptr});
        if (config_.scaling != scaling_mode::off)
            events_.push(start_ + autoscaler::interval, {event_kind::scale, nullptr});
        pull();
        loop([&] { return clock_.now() >= end_ || served_out(); }, [&] { take_arrivals(); },
             [&] { return may_arrive() ? start_ + pending_->arrival : end_; });
        window_.open.store(false, std::memory_order_relaxed);
        measuring_ = false;
        const nanoseconds now = clock_.now();
        if constexpr (requires { crew_.window_closed(); }) crew_.window_closed();
        recorder_.report.elapsed = (now < end_ ? now : end_) - start_;
        recorder_.report.device = counters.read() - device;
        if (!Clock::is_virtual) recorder_.report.process = measure::read_process_usage() - process;
    }

    /// The device under the cache directory; none where no tier holds bytes.
    [[nodiscard]] measure::device_counters counted_device() const {
        return measure::device_counters(Stack::all_timed ? std::string() : config_.tiers.back().cache_dir);
    }

    /// Something arrived, nothing will any more, and all of it is served.
    [[nodiscard]] bool served_out() const {
        return !pending_ && in_service_ == 0 && queued_ == 0 && pulled_ != 0;
    }

    void pull() {
        pending_.reset();
        if (config_.max_requests != 0 && pulled_ == config_.max_requests) return;
        pending_ = source_.next();
        if (pending_) ++pulled_;
    }

    [[nodiscard]] bool may_arrive() const {
        return pending_ && queued_ < max_queued && start_ + pending_->arrival < end_;
    }

    void take_arrivals() {
        while (may_arrive() && start_ + pending_->arrival <= clock_.now()) {
            const auto c = static_cast<std::size_t>(pending_->service);
            ++recorder_.report.classes[c].arrived;
            queue_[c].push(*pending_);
            ++queued_;
            pull();
        }
        const std::uint64_t servers = users_ < config_.max_servers ? users_ : config_.max_servers;
        while (in_service_ < servers && queued_ != 0) serve();
    }

    /// Takes the first request of the highest class that has one, and decides everything it does to the
    /// cache.
    void serve() {
        std::size_t c = 0;
        while (queue_[c].empty()) ++c;
        active_request& a = take_active();
        a.request = queue_[c].pop();
        --queued_;
        ++in_service_;
        a.admitted = clock_.now();
        admission planner{*this, a};
        access_.plan(a.request, planner);
        step(a);
    }

    void step(active_request& a) {
        if (a.at < a.steps.size()) return scheduler_.turn(*a.steps[a.at]);
        a.storage_done = clock_.now();
        const nanoseconds generation =
            config_.generation_per_token * static_cast<std::int64_t>(a.request.output.count);
        events_.push(a.storage_done + generation, {event_kind::generated, &a});
    }

    void complete(active_request& a) {
        if (measuring_) {
            recorder_.completed(a, start_ + a.request.arrival, clock_.now());
            scale_tokens_ += a.request.output;
        }
        --in_service_;
        a.next_free = free_;
        free_ = &a;
    }

    // --- decisions ---

    /// The planner that an access model sees.
    struct admission {
        engine& host;
        active_request& a;

        bool contains(workload::object_key key) { return host.cache_.find(key.packed) != cache::no_entry; }
        bool read(workload::object_key key, purpose why, std::uint32_t times) {
            return host.read(key, why, times, a);
        }
        bool write(workload::object_key key, purpose why, tokens size) {
            return host.write(key, why, size, &a);
        }
    };

    bool read(workload::object_key key, purpose why, std::uint32_t times, active_request& a) {
        const cache::entry_id e = cache_.find(key.packed);
        const bool hit = e != cache::no_entry;
        count_access(a.counted, why, hit, hit ? times : 1);
        if (!hit) return false;
        cache_.touch(e);
        task& t = task_for(op_kind::read, e, cache_[e].tier);
        t.why = why;
        t.times = times;
        if (why == purpose::system_prompt) a.counted.system_prompt_bytes_saved += t.size;
        plan_step(t, a);
        return true;
    }

    bool write(workload::object_key key, purpose why, tokens size, active_request* a) {
        displaced_.clear();
        const cache::entry_id e = cache_.place(key.packed, entry_size(config_, size), displaced_);
        for (const cache::displacement& d : displaced_) displace(d);
        if (e == cache::no_entry) {
            if (a) ++a->counted.not_placed;
            return false;
        }
        task& t = task_for(op_kind::write, e, cache_[e].tier);
        t.why = why;
        if (a) {
            ++a->counted.prefill_writes;
            plan_step(t, *a);
        } else {
            decide_background(t);
        }
        return true;
    }

    void displace(const cache::displacement& d) {
        if (measuring_) {
            ++recorder_.report.tiers[d.from].evictions;
            if (d.to != cache::displacement::dropped) ++recorder_.report.tiers[d.to].demotions_in;
        }
        const bool dropped = d.to == cache::displacement::dropped;
        task& t = task_for(dropped ? op_kind::erase : op_kind::move, d.entry, dropped ? d.from : d.to);
        t.from = d.from;
        decide_background(t);
    }

    /// An entry whose bytes never arrived leaves the index.
    void drop(cache::entry_id e) {
        if (!cache_[e].in_cache) return;
        const std::uint8_t tier = cache_[e].tier;
        cache_.forget(e);
        decide_background(task_for(op_kind::erase, e, tier));
    }

    task& task_for(op_kind kind, cache::entry_id e, std::uint8_t tier) {
        task& t = scheduler_.new_task();
        t.kind = kind;
        t.tier = tier;
        t.entry = e;
        t.content = {cache_[e].key, cache_[e].generation};
        t.size = cache_[e].size;
        return t;
    }
    void decide_background(task& t) { scheduler_.decide(t, true); }
    void plan_step(task& t, active_request& a) {
        t.owner = &a;
        a.steps.push_back(&t);
        scheduler_.decide(t, false);
    }

    active_request& take_active() {
        if (!free_) {
            active_.emplace_back();
            free_ = &active_.back();
        }
        active_request& a = *free_;
        free_ = a.next_free;
        a.steps.clear();
        a.at = 0;
        a.prefill_time = a.decode_time = {};
        a.counted = {};
        return a;
    }

    // --- figures ---

    void record(task& t) {
        if (!measuring_ || t.abandoned || t.kind == op_kind::erase) return;
        if (t.error_number.load(std::memory_order_relaxed) != 0) return;
        const time_split s =
            split_time(t, clock_.now(), t.started.count ? clocks::monotonic_now() : nanoseconds());
        recorder_.operation(t, s);
        count_modelled(t);
        if (t.owner && t.why == purpose::decode) t.owner->decode_time += s.total;
        if (t.owner && t.why == purpose::prefill) t.owner->prefill_time += s.total;
        observe_io(t);
    }

    /// A tier that only models time has no worker to count its bytes.
    void count_modelled(const task& t) {
        const auto moved = [&](std::uint8_t index, bool writes) {
            tiers_.at(index, [&]<class T>(T&) {
                if constexpr (tier::timed_tier<T>) {
                    auto& stats = recorder_.report.tiers[index];
                    (writes ? stats.write : stats.read).moved += t.size;
                }
            });
        };
        if (t.kind == op_kind::move) moved(t.from, false);
        moved(t.tier, t.kind != op_kind::read);
    }

    void observe_io(const task& t) {
        if constexpr (requires(Observer o) {
                          o.on_io(nanoseconds(), true, bytes(), tier::tier_role::cpu, workload::object_key(),
                                  "");
                      }) {
            workload::object_key key;
            key.packed = t.content.key;
            const auto& tiers = recorder_.report.tiers;
            const bool evicts = t.kind == op_kind::move;
            const char* phase = evicts ? "Evict" : t.kind == op_kind::write ? "Prefill" : "Decode";
            const nanoseconds when = clock_.now() - start_;
            if (evicts) observer_.on_io(when, false, t.size, tiers[t.from].role, key, phase);
            observer_.on_io(when, t.kind != op_kind::read, t.size, tiers[t.tier].role, key, phase);
        }
    }

    void on_tick() {
        const nanoseconds now = clock_.now();
        observer_.on_progress(live_.sample(recorder_.report, crew_, now - start_,
                                           recorder_.take_interval_tokens(), users_, queued_));
        events_.push(now + tick, {event_kind::tick, nullptr});
    }

    void on_scale() {
        if constexpr (workload::scalable_source<Source>) {
            const nanoseconds now = clock_.now();
            const double rate = static_cast<double>(scale_tokens_.count) / to_seconds(autoscaler::interval);
            const double p95 = recorder_.take_read_p95_ms();
            scale_tokens_ = {};
            const scaling_decision d = scaler_.sample(p95, rate);
            if (d.users != users_) source_.set_users(d.users, now - start_);
            users_ = d.users;
            if (!pending_) pull();
            if (users_ > recorder_.report.peak_users) recorder_.report.peak_users = users_;
            recorder_.report.autoscaling.push_back(
                {now - start_, users_, d.saturation, p95, rate, std::string(d.action)});
            events_.push(now + autoscaler::interval, {event_kind::scale, nullptr});
        }
    }

    /// Stops the hands, whatever is under way, and takes the sums.
    measure::run_report finish() {
        crew_.halt();
        auto& report = recorder_.report;
        crew_.for_each_worker([&](io_worker& w) {
            recorder_.merge(w);
            report.io_buffer_bytes += w.memory().size();
        });
        recorder_.merge_faults(scheduler_.worker());
        for (std::size_t t = 0; t < report.tiers.size(); ++t) {
            report.tiers[t].used = cache_.used(t);
            report.tiers[t].entries = cache_.entries_in(t);
        }
        for (std::size_t c = 0; c < queue_.size(); ++c) {
            report.classes[c].queued = queue_[c].size();
            report.classes[c].in_service =
                report.classes[c].arrived - report.classes[c].completed - report.classes[c].queued;
        }
        report.interrupted = crew_.stop_requested();
        report.stop_signal = crew_.stop_signal();
        report.virtual_time = Clock::is_virtual;
        report.seed = config_.seed;
        if (report.peak_users < config_.users) report.peak_users = config_.users;
        return std::move(report);
    }

    const engine_config& config_;
    Stack& tiers_;
    Access access_;
    Source& source_;
    Crew& crew_;
    io_window& window_;
    Observer& observer_;
    Clock clock_;
    cache::waterfall<Eviction> cache_;
    scheduler scheduler_;
    event_queue<event> events_;
    recorder recorder_;
    autoscaler scaler_;
    live_figures live_;

    std::array<backlog, 3> queue_; ///< by class, highest first
    std::optional<workload::request> pending_;
    std::deque<active_request> active_;
    active_request* free_ = nullptr;
    std::vector<cache::displacement> displaced_;
    std::uint64_t users_;
    std::uint64_t turns_ = 0;
    std::uint64_t pulled_ = 0;
    std::uint64_t queued_ = 0;
    std::uint64_t in_service_ = 0;
    tokens scale_tokens_{};
    nanoseconds start_{}, end_{};
    bool measuring_ = false;
};

} // namespace kvmark::engine

// kvmark/engine/turn_entries.hpp
// The reference's access model: one entry per conversation turn.

namespace kvmark::engine {

/// Which parts of a request take place.
struct turn_entries_config {
    std::uint32_t decode_batch = 32;    ///< tokens between two reads of the context
    bool reads_decode = true;           ///< false with --prefill-only
    bool writes_prefill = true;         ///< false with --decode-only
    std::uint64_t prepared_entries = 0; ///< decode-only: reads go to this many entries written beforehand
};

/// kv_cache_engine.md, "One request, in order". Two departures: a system prompt is an entry, written by the
/// first request that misses it, and decode-only picks its prepared entry by a hash of the request's number,
/// so that the choice depends on the seed's sequence alone.
class turn_entries {
public:
    static constexpr std::string_view name = "turn_entries";
    using config = turn_entries_config;

    turn_entries() = default;
    explicit turn_entries(const config& c) : config_(c) {}

    template <class Planner>
    void plan(const workload::request& r, Planner& p) const {
        using workload::object_key;
        using workload::object_kind;

        tokens context = r.input;
        if (r.system_prompt != workload::request::no_system_prompt) {
            const object_key prompt(object_kind::system_prompt, r.system_prompt);
            if (!p.read(prompt, purpose::system_prompt, 1))
                p.write(prompt, purpose::system_prompt, r.system_prompt_tokens);
            else if (context > r.system_prompt_tokens)
                context -= r.system_prompt_tokens;
        }

        const bool prefills = config_.writes_prefill && r.phase != workload::phase::decode;
        if (config_.writes_prefill)
            for (std::uint32_t turn = 1; turn < r.turn; ++turn)
                p.read(object_key(object_kind::turn, r.conversation, turn), purpose::earlier_turn, 1);
        if (prefills && !p.contains(r.key())) p.write(r.key(), purpose::prefill, context);

        for (std::uint8_t i = 0; i < r.chunk_count; ++i)
            p.read(object_key(object_kind::document_chunk, r.chunks[i].document, r.chunks[i].chunk),
                   purpose::chunk, 1);

        if (!config_.reads_decode || r.phase == workload::phase::prefill) return;
        const object_key decoded =
            config_.prepared_entries == 0
                ? r.key()
                : object_key(object_kind::prepared, mix(r.id) % config_.prepared_entries);
        const auto batches =
            static_cast<std::uint32_t>((r.output.count + config_.decode_batch - 1) / config_.decode_batch);
        if (!p.read(decoded, purpose::decode, 1 + batches)) p.write(decoded, purpose::decode, context);
    }

private:
    config config_{};
};

} // namespace kvmark::engine

// kvmark/launch/text_writer.hpp
// Text and numbers, as arguments: one routine first measures a command line, then writes it.

#include <charconv>

namespace kvmark::launch {

/// Takes arguments piece by piece; each ends with a NUL. A writer with no room to write to measures, and one
/// with room does the same and writes. The two are one type so that a command line is one piece of code, run
/// twice (argv::build), and not two copies of it at every call.
class text_writer {
public:
    text_writer() = default;
    /// Precondition: there is room for what a measuring writer counted, given the same calls.
    KVMARK_INLINE constexpr explicit text_writer(char* room) : room_(room) {}

    /// One whole argument, from its pieces.
    template <class... Pieces>
    KVMARK_INLINE constexpr void argument(const Pieces&... pieces) {
        (put(std::string_view(pieces)), ...);
        end_argument();
    }
    KVMARK_INLINE constexpr void put(std::string_view text) {
        if (room_) std::char_traits<char>::copy(room_ + characters_, text.data(), text.size());
        characters_ += text.size();
    }
    KVMARK_INLINE constexpr void end_argument() {
        if (room_) room_[characters_] = '\0';
        ++characters_, ++arguments_;
    }

    /// With the NULs.
    [[nodiscard]] KVMARK_INLINE constexpr std::size_t characters() const { return characters_; }
    [[nodiscard]] KVMARK_INLINE constexpr std::size_t arguments() const { return arguments_; }

private:
    char* room_ = nullptr;
    std::size_t characters_ = 0;
    std::size_t arguments_ = 0;
};

/// The text of one number.
class number_text {
public:
    KVMARK_INLINE constexpr void append(char c) { text_[size_++] = c; }
    KVMARK_INLINE constexpr void append(std::string_view word) {
        for (const char c : word) append(c);
    }
    KVMARK_INLINE constexpr void append(std::uint64_t value, int least_digits = 1) {
        char reversed[20]{};
        int count = 0;
        for (; value != 0 || count < least_digits; value /= 10)
            reversed[count++] = static_cast<char>('0' + value % 10);
        while (count > 0) append(reversed[--count]);
    }
    KVMARK_INLINE constexpr operator std::string_view() const { return {text_, size_}; }

private:
    char text_[32]{}; // -0.00012345678901234567 and -1.2345678901234567e-308 have 24
    std::size_t size_ = 0;
};

[[nodiscard]] KVMARK_INLINE constexpr number_text integer_text(std::int64_t value) {
    number_text text;
    if (value < 0) text.append('-');
    const auto bits = static_cast<std::uint64_t>(value);
    text.append(value < 0 ? 0 - bits : bits);
    return text;
}

/// digits x 10^exponent
struct decimal {
    std::uint64_t digits = 0;
    int exponent = 0;
};

/// The powers of ten that a double holds exactly.
inline constexpr double exact_powers_of_ten[]{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// The shortest decimal that reads back as `x`, where it has at most 15 digits and a power of ten within
/// 10^-22..10^22; `digits` is 0 where there is none. Both operands being exact, the product or quotient of
/// digits and power is the correctly rounded value of the decimal, so comparing it with `x` is a proof; and
/// two decimals of 15 digits are never the same double, so there is but one candidate for each exponent
/// (Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990). Precondition: x > 0, finite.
[[nodiscard]] KVMARK_INLINE constexpr decimal short_decimal(double x) {
    for (int e = 22; e >= -22; --e) { // from few digits to many
        const double power = exact_powers_of_ten[e < 0 ? -e : e];
        const double scaled = e < 0 ? x * power : x / power;
        if (scaled < 0.5) continue;
        if (scaled >= 1e15) break;
        const auto digits = static_cast<std::uint64_t>(scaled + 0.5);
        const auto exact = static_cast<double>(digits);
        if ((e < 0 ? exact / power : exact * power) == x) return {digits, e};
    }
    return {};
}

/// The same for every finite double > 0, by the standard library; not usable in a constant expression.
[[nodiscard]] KVMARK_INLINE decimal shortest_decimal(double x) {
    char text[32];
    const char* const end = std::to_chars(text, text + sizeof text, x, std::chars_format::scientific).ptr;
    decimal d;
    const char* c = text;
    for (bool fraction = false; *c != 'e'; ++c) {
        if (*c == '.') {
            fraction = true;
            continue;
        }
        d.digits = d.digits * 10 + static_cast<std::uint64_t>(*c - '0');
        d.exponent -= fraction;
    }
    const bool negative = *++c == '-';
    int e = 0;
    while (++c != end) e = e * 10 + (*c - '0');
    d.exponent += negative ? -e : e;
    return d;
}

/// `value` as Python's repr() writes it: the shortest digits that read back as the same double, `.0` behind a
/// whole number, an exponent of at least two digits below 1e-4 and from 1e16 on. In a constant expression a
/// value of more than 15 significant digits is a compile error.
[[nodiscard]] KVMARK_INLINE constexpr number_text real_text(double value) {
    number_text text;
    if (value != value) {
        text.append("nan");
        return text;
    }
    if (__builtin_signbit(value)) {
        text.append('-');
        value = -value;
    }
    if (value > 1.7976931348623157e308) {
        text.append("inf");
        return text;
    }
    decimal d;
    if (value > 0) {
        d = short_decimal(value);
        if (d.digits == 0) d = shortest_decimal(value);
        for (; d.digits % 10 == 0; d.digits /= 10) ++d.exponent;
    }
    int count = 1;
    std::uint64_t unit = 1; // the weight of the first digit
    for (; d.digits / unit >= 10; unit *= 10) ++count;
    const int point = count + d.exponent; // digits before the decimal point
    if (point > 16 || point < -3) {
        text.append(d.digits / unit);
        if (count > 1) {
            text.append('.');
            text.append(d.digits % unit, count - 1);
        }
        text.append('e');
        text.append(point > 0 ? '+' : '-');
        text.append(static_cast<std::uint64_t>(point > 0 ? point - 1 : 1 - point), 2);
        return text;
    }
    for (int place = point > 0 ? point : 1; place > (point < count ? point - count : -1); --place) {
        if (place == 0) text.append('.');
        const bool given = place <= point && place > point - count;
        text.append(static_cast<char>('0' + (given ? d.digits / unit % 10 : 0)));
        if (given) unit /= 10;
    }
    return text;
}

} // namespace kvmark::launch

// kvmark/launch/argv.hpp
// kvmark::argv: the arguments of one program, in one block of memory, usable in constant expressions.

#include <initializer_list>

namespace kvmark {

/// An argument vector as execvp takes it: each argument ends with a NUL, and the next one follows. No
/// argument can hold a NUL. Arguments are never joined into a shell line and never split again;
/// launch/quote.hpp has a form to show to people.
class argv {
public:
    /// A forward iterator over the arguments.
    class iterator {
    public:
        using value_type = std::string_view;
        using reference = std::string_view;
        using pointer = void;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag; // operator* yields a value
        using iterator_concept = std::forward_iterator_tag;

        constexpr iterator() = default;
        KVMARK_INLINE constexpr explicit iterator(const char* at) : at_(at) {}

        KVMARK_INLINE constexpr std::string_view operator*() const { return at_; }
        KVMARK_INLINE constexpr iterator& operator++() {
            at_ += std::string_view(at_).size() + 1;
            return *this;
        }
        KVMARK_INLINE constexpr iterator operator++(int) {
            const iterator before = *this;
            ++*this;
            return before;
        }
        friend constexpr bool operator==(iterator, iterator) = default;

    private:
        const char* at_ = nullptr;
    };

    constexpr argv() = default;

    /// Runs `emit` on a text_writer that measures, allocates once, and runs it again to write.
    template <class Emit>
    [[nodiscard]] KVMARK_INLINE static constexpr argv build(const Emit& emit) {
        argv built;
        launch::text_writer writer;
        for (bool measured = false;; measured = true) {
            emit(writer);
            if (measured) return built;
            built = argv(writer.characters(), writer.arguments());
            writer = launch::text_writer(built.text_);
        }
    }

    /// For comparisons.
    KVMARK_INLINE constexpr argv(std::initializer_list<std::string_view> arguments)
        : argv(build([arguments](launch::text_writer & writer) __attribute__((always_inline)) {
              for (const std::string_view a : arguments) writer.argument(a);
          })) {}

    KVMARK_INLINE constexpr argv(const argv& o) : argv(o.characters_, o.size_) {
        std::char_traits<char>::copy(text_, o.text_, characters_);
    }
    KVMARK_INLINE constexpr argv(argv&& o) noexcept
        : text_(std::exchange(o.text_, nullptr)), characters_(std::exchange(o.characters_, 0)),
          size_(std::exchange(o.size_, 0)) {}
    KVMARK_INLINE constexpr argv& operator=(argv o) noexcept {
        std::swap(text_, o.text_);
        std::swap(characters_, o.characters_);
        std::swap(size_, o.size_);
        return *this;
    }
    KVMARK_INLINE constexpr ~argv() { delete[] text_; }

    [[nodiscard]] KVMARK_INLINE constexpr std::size_t size() const { return size_; }
    [[nodiscard]] KVMARK_INLINE constexpr bool empty() const { return size_ == 0; }

    [[nodiscard]] KVMARK_INLINE constexpr iterator begin() const { return iterator(text_); }
    [[nodiscard]] KVMARK_INLINE constexpr iterator end() const { return iterator(text_ + characters_); }

    /// Walks over the arguments before it. Precondition: index < size().
    [[nodiscard]] KVMARK_INLINE constexpr std::string_view operator[](std::size_t index) const {
        iterator at = begin();
        while (index-- > 0) ++at;
        return *at;
    }

    KVMARK_INLINE friend constexpr bool operator==(const argv& a, const argv& b) {
        return std::string_view(a.text_, a.characters_) == std::string_view(b.text_, b.characters_);
    }

    /// For execvp(): a pointer to each argument, then a null pointer. They point into this object.
    [[nodiscard]] KVMARK_COLD std::vector<char*> pointers() const {
        std::vector<char*> all;
        all.reserve(size_ + 1);
        for (char* at = text_; at != text_ + characters_; at += std::string_view(at).size() + 1)
            all.push_back(at);
        all.push_back(nullptr);
        return all;
    }

private:
    KVMARK_INLINE constexpr argv(std::size_t characters, std::size_t size)
        : text_(characters == 0 ? nullptr : new char[characters]), characters_(characters), size_(size) {}

    char* text_ = nullptr;
    std::size_t characters_ = 0; ///< with the NULs
    std::size_t size_ = 0;
};

} // namespace kvmark

// kvmark/launch/dialect.hpp
// The words of the launchers, as data: Open MPI 4 and 5, Hydra, PALS, srun.

namespace kvmark::launch {

/// An option of a launcher.
struct launcher_option {
    std::string_view word{};  ///< as written, with its dashes; empty: the launcher has no such option
    std::string_view value{}; ///< the argument behind it, where that is always the same
    /// The names that a user's parameters may give it, without dashes, a space between. A user's own takes
    /// the place of ours: Open MPI 5 and Hydra refuse an option that comes twice.
    std::string_view names{};
};

enum class host_form : std::uint8_t {
    slots,     ///< h1:4,h2:4 as the plan has them
    processes, ///< h1:2,h2:1 with the processes that each host shall run
    names,     ///< h1,h2; counts are given by other options
};

enum class environment_form : std::uint8_t {
    assignment,     ///< the word and NAME=value, for each
    name_and_value, ///< the word, NAME and value, for each
    list,           ///< the word once, then ALL,NAME=value,...
};

/// How a launcher that was asked to tag output marks whose it is.
enum class tag_form : std::uint8_t {
    none,
    open_mpi,  ///< `[JOB,RANK]<stdout>:` before every piece that it forwards, so also within a line
    bracketed, ///< `[RANK] ` at the start of a line
    colon,     ///< `RANK: ` at the start of a line
};

/// How a launcher is spoken to. write_prefix() turns it into arguments.
struct dialect {
    std::string_view name{};    ///< one word: what `--launcher` of a tool takes
    std::string_view title{};   ///< for people
    std::string_view program{}; ///< found through PATH

    std::string_view processes{}; ///< takes the number of processes
    std::string_view hosts{};     ///< takes the host list
    host_form hosts_as = host_form::slots;
    std::string_view nodes{};    ///< takes the number of hosts
    std::string_view per_node{}; ///< takes the processes of the fullest host
    /// Where hosts run unlike numbers: each name is repeated for each process, this option is written, and
    /// `nodes` and `per_node` are not. Without it the hosts are filled up to `per_node`, one after the other.
    launcher_option uneven{};

    launcher_option bind{}; ///< processes are bound to no CPU
    launcher_option map{};  ///< takes one of the next two
    std::string_view map_several{};
    std::string_view map_one{};

    std::string_view oversubscribe{};
    std::string_view map_qualifier{}; ///< the same behind our own mapping
    std::string_view as_root{};

    launcher_option timeout{};
    std::int64_t timeout_unit_s = 1;     ///< seconds; fractions are rounded up
    std::string_view timeout_variable{}; ///< of the launcher's environment, in seconds; where no option is
    launcher_option tag{};
    tag_form tagged_as = tag_form::none;
    launcher_option environment{};
    environment_form environment_as = environment_form::assignment;
    /// Whether ranks on all hosts get the launcher's environment without being told to.
    bool forwards_environment = false;
    /// NAME=value of the launcher's own environment, a space between, with which a job outlives a lost rank.
    std::string_view to_outlive_ranks{};

    std::string_view one_value{};  ///< names of options that take one value, a space between
    std::string_view two_values{}; ///< and two
};

/// The same under another program name.
[[nodiscard]] constexpr dialect with_program(dialect words, std::string_view program) {
    words.program = program;
    return words;
}

namespace dialects {

/// Open MPI 4's mpirun (ORTE), executed with 4.1.4. The order and the words are the reference's. Options that
/// take values: the option tables of orte/mca/schizo/ompi and opal/mca/base in Open MPI 4.1.
inline constexpr dialect open_mpi_4{
    .name = "openmpi4",
    .title = "Open MPI 4",
    .program = "mpirun",
    .processes = "-n",
    .hosts = "-host",
    .bind = {"--bind-to", "none", "bind-to"},
    .map = {"--map-by", {}, "map-by"},
    .map_several = "node",
    .map_one = "socket",
    .oversubscribe = "--oversubscribe",
    .as_root = "--allow-run-as-root",
    .timeout = {"--timeout", {}, "timeout"},
    .tag = {"--tag-output", {}, "tag-output"},
    .tagged_as = tag_form::open_mpi,
    .environment = {"-x"},
    // Without recovery all ranks are ended within 3 s of the first that died. An end is asked for, then told,
    // 3 s apart. A host out of reach is noticed by the daemons within 20 s, so that those there end too.
    .to_outlive_ranks = "OMPI_MCA_orte_enable_recovery=1 OMPI_MCA_odls_base_sigkill_timeout=3 "
                        "OMPI_MCA_oob_tcp_keepalive_time=10 OMPI_MCA_oob_tcp_keepalive_intvl=5 "
                        "OMPI_MCA_oob_tcp_keepalive_probes=2",
    .one_value =
        "x n np c H host hostfile machinefile default-hostfile rankfile rf N npernode npersocket ppr "
        "map-by rank-by bind-to cpu-set cpu-list cpus-per-proc cpus-per-rank am tune app wd wdir "
        "path prefix preload-files stdin xterm xml-file output-filename report-pid report-uri "
        "report-events timeout hnp ompi-server launch-agent personality debugger max-restarts "
        "max-vm-size cartofile cf",
    .two_values = "mca gmca",
};

/// Open MPI 5's mpirun (PRRTE), executed with 5.0.7. Source: prterun --help of PRRTE 3.0.8 and mpirun(1) of
/// Open MPI 5.0.7. --oversubscribe and --tag-output still work there but are deprecated.
inline constexpr dialect open_mpi_5{
    .name = "openmpi5",
    .title = "Open MPI 5",
    .program = "mpirun",
    .processes = "-n",
    .hosts = "-host",
    .bind = {"--bind-to", "none", "bind-to"},
    .map = {"--map-by", {}, "map-by"},
    .map_several = "node",
    .map_one = "package",
    .oversubscribe = "--oversubscribe",
    .map_qualifier = ":OVERSUBSCRIBE",
    .as_root = "--allow-run-as-root",
    .timeout = {"--timeout", {}, "timeout"},
    .tag = {"--output", "tag", "output tag-output"},
    .tagged_as = tag_form::open_mpi,
    .environment = {"-x"},
    .one_value = "x n np c H host add-host hostfile machinefile add-hostfile default-hostfile rankfile rf N "
                 "npernode npersocket ppr map-by rank-by bind-to cpu-set cpu-list display output "
                 "output-filename output-directory runtime-options spawn-timeout timeout am tune app wd wdir "
                 "path prefix preload-files stdin xterm personality pset forward-signals keepalive "
                 "launch-agent max-vm-size report-pid report-uri singleton tmpdir dvm with-ft",
    .two_values = "mca gmca omca gomca prtemca pmixmca gpmixmca",
};

/// Hydra, the mpiexec of MPICH, Intel MPI and MVAPICH, executed with MPICH 4.0.2 and 4.2.1. Source:
/// mpiexec.hydra --help; Intel MPI Library Developer Reference, "mpiexec.hydra". It starts more processes
/// than there are slots, and runs as root, without being told to.
inline constexpr dialect hydra{
    .name = "hydra",
    .title = "Hydra (MPICH, Intel MPI)",
    .program = "mpiexec.hydra",
    .processes = "-n",
    .hosts = "-hosts",
    .hosts_as = host_form::processes,
    .bind = {"-bind-to", "none", "bind-to"},
    .timeout_variable = "MPIEXEC_TIMEOUT",
    .tag = {"-prepend-rank", {}, "prepend-rank prepend-pattern l"},
    .tagged_as = tag_form::bracketed,
    .environment = {"-genv"},
    .environment_as = environment_form::name_and_value,
    .forwards_environment = true,
    .one_value = "n np f hosts host hostfile machinefile wdir configfile genvlist envlist launcher "
                 "launcher-exec bootstrap bootstrap-exec rmk topolib bind-to map-by membind demux iface ppn "
                 "perhost prepend-pattern outfile-pattern errfile-pattern nameserver order-nodes localhost "
                 "usize gpus-per-proc",
    .two_values = "genv env",
};

/// PALS, the mpiexec of HPE Cray. Not executed here. Sources: SmartSim's PalsMpiexecSettings (--hosts, --ppn,
/// --cpu-bind, --env NAME=value, no time limit) and job scripts of ALCF and NOAA (--label). Those scripts ask
/// for the environment by --genvall or --env, so it is not taken to be forwarded.
inline constexpr dialect pals{
    .name = "pals",
    .title = "PALS (HPE Cray)",
    .program = "mpiexec",
    .processes = "-n",
    .hosts = "--hosts",
    .hosts_as = host_form::names,
    .per_node = "--ppn",
    .bind = {"--cpu-bind", "none", "cpu-bind"},
    .tag = {"--label", {}, "label l"},
    .tagged_as = tag_form::colon,
    .environment = {"--env"},
    .one_value = "n np ppn d depth hosts hostfile cpu-bind gpu-bind mem-bind env envlist env-remove genv "
                 "genvlist rlimit rlimits wdir",
};

/// Slurm's srun, executed with 24.11.5 on two nodes. Source: srun(1) of 22.05 and 24.11. A time limit counts
/// whole minutes. --distribution=arbitrary takes the order of --nodelist and refuses --nodes; the `host*3` of
/// the manual is refused as a node name, so names are repeated.
inline constexpr dialect srun{
    .name = "srun",
    .title = "Slurm's srun",
    .program = "srun",
    .processes = "--ntasks",
    .hosts = "--nodelist",
    .hosts_as = host_form::names,
    .nodes = "--nodes",
    .per_node = "--ntasks-per-node",
    .uneven = {"--distribution", "arbitrary", "distribution m"},
    .bind = {"--cpu-bind", "none", "cpu-bind"},
    .oversubscribe = "--overcommit",
    .timeout = {"--time", {}, "time t"},
    .timeout_unit_s = 60,
    .tag = {"--label", {}, "label l"},
    .tagged_as = tag_form::colon,
    .environment = {"--export", {}, "export"},
    .environment_as = environment_form::list,
    .forwards_environment = true,
    .one_value = "A account acctg-freq bb bbf bcast-exclude b begin c cpus-per-task comment container "
                 "container-id cpu-bind cpu-freq d dependency deadline delay-boot D chdir export e error "
                 "epilog gres gres-flags i input jobid J job-name L licenses M clusters m distribution "
                 "mail-type mail-user mcs-label mem-bind mpi n ntasks ntasks-per-node N nodes o output "
                 "het-group p partition power priority prolog profile q qos r relative S core-spec signal "
                 "slurmd-debug switches task-epilog task-prolog thread-spec T threads t time time-min "
                 "tres-bind tres-per-task W wait wckey cluster-constraint C constraint mem mincpus "
                 "reservation tmp w nodelist x exclude mem-per-cpu sockets-per-node cores-per-socket "
                 "threads-per-core B extra-node-info ntasks-per-core ntasks-per-socket cpus-per-gpu G gpus "
                 "gpu-bind gpu-freq gpus-per-node gpus-per-socket gpus-per-task mem-per-gpu",
};

/// All of them, in the order of their documentation.
inline constexpr const dialect* all[]{&open_mpi_4, &open_mpi_5, &hydra, &pals, &srun};

} // namespace dialects

} // namespace kvmark::launch

// kvmark/launch/detect.hpp
// Which dialect a launcher speaks, by what it says of itself.

namespace kvmark::launch {

/// The dialect of that name (dialect::name); null where there is none.
[[nodiscard]] constexpr const dialect* find_dialect(std::string_view name) {
    for (const dialect* words : dialects::all)
        if (words->name == name) return words;
    return nullptr;
}

/// The names of all dialects, with `between` between them.
[[nodiscard]] KVMARK_COLD std::string dialect_names(std::string_view between = ", ") {
    std::string all;
    for (const dialect* words : dialects::all)
        (all += all.empty() ? std::string_view() : between) += words->name;
    return all;
}

/// What one line of a `--version` tells; null: nothing. Which program prints what:
/// - `mpirun (Open MPI) 4.1.4`, `mpiexec (OpenRTE) 4.1.4`, `mpirun (Open MPI) 5.0.7`, `prterun (PRRTE) 3.0.8`
/// - `HYDRA build details:`, `Intel(R) MPI Library for Linux* OS, Version 2021.8 Build ...`
/// - `mpiexec version 1.8.0 revision ...` is PALS (MPAS-Dev/mache, `is_pals_launcher`)
/// - `slurm 22.05.8`, and `slurm-wlm 24.11.5` on Debian
[[nodiscard]] constexpr const dialect* dialect_of_line(std::string_view line) {
    const auto digit = [](std::string_view text) {
        return !text.empty() && text[0] >= '0' && text[0] <= '9';
    };
    const auto behind = [line](std::string_view word) {
        const std::size_t at = line.find(word);
        return at == line.npos ? std::string_view() : line.substr(at + word.size());
    };
    for (const std::string_view word : {"(Open MPI) ", "(OpenRTE) "})
        if (const std::string_view version = behind(word); digit(version)) {
            const bool one_digit = version.size() < 2 || !digit(version.substr(1));
            return one_digit && version[0] < '5' ? &dialects::open_mpi_4 : &dialects::open_mpi_5;
        }
    if (digit(behind("(PRRTE) "))) return &dialects::open_mpi_5;
    if (line.starts_with("HYDRA build details") || line.starts_with("Intel(R) MPI Library"))
        return &dialects::hydra;
    for (const std::string_view word : {"slurm ", "slurm-wlm "})
        if (line.starts_with(word) && digit(line.substr(word.size()))) return &dialects::srun;
    if (line.starts_with("PALS") || line.find("(PALS)") != line.npos) return &dialects::pals;
    if (line.starts_with("mpiexec version ") && digit(behind("mpiexec version "))) return &dialects::pals;
    return nullptr;
}

/// The dialect of the launcher that printed `text` for `--version`, on both of its outputs; null where no
/// line is known. The program's own name tells nothing: mpiexec is the name of at least four launchers.
[[nodiscard]] constexpr const dialect* dialect_of_version(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (const dialect* words = dialect_of_line(text.substr(0, end))) return words;
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return nullptr;
}

} // namespace kvmark::launch

// kvmark/launch/hosts.hpp
// The host list of a launch: parsed once, merged, and shared out over the processes.

namespace kvmark::launch {

/// What can be wrong with a launch. A code, so that building a command makes no message; describe() does.
enum class launch_fault : std::uint8_t {
    none,
    // of one entry
    empty_name,
    control_character,
    semicolon,
    leading_dash,
    several_colons,
    slots_not_a_number,
    slots_below_one,
    slots_overflow,
    // of the whole list
    no_host_named,
    process_count,
    processes_without_hosts,
    nothing_left,
    slots_insufficient,
};

/// Launchers count ranks and slots in a C int.
inline constexpr std::int64_t max_processes = 2'147'483'647;

/// One entry of the list: `name` or `name:slots`. The views point into the text that was parsed.
struct host_entry {
    std::string_view text;
    std::string_view name;
    std::int64_t slots = 0; ///< 0: none given
    launch_fault fault = launch_fault::none;
};

/// An entry with more than one colon, or with brackets, is an IPv6 address or a mistake. Open MPI 4 can use
/// neither: it takes `::1:1` for a host without a name, and `[::1]:1` for an illegal one.
[[nodiscard]] KVMARK_INLINE constexpr host_entry parse_host_entry(std::string_view text) {
    host_entry entry{.text = text, .name = text};
    std::size_t colons = 0;
    bool brackets = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f) return entry.fault = launch_fault::control_character, entry;
        if (c == ';') return entry.fault = launch_fault::semicolon, entry;
        brackets = brackets || c == '[' || c == ']';
        if (c == ':' && colons++ == 0) entry.name = std::string_view(text.data(), i);
    }
    if (colons > 1 || brackets) return entry.fault = launch_fault::several_colons, entry;
    if (entry.name.empty()) return entry.fault = launch_fault::empty_name, entry;
    if (entry.name[0] == '-') return entry.fault = launch_fault::leading_dash, entry;
    if (colons == 0) return entry;

    std::string_view digits(text.data() + entry.name.size() + 1, text.size() - entry.name.size() - 1);
    const bool negative = digits.size() > 1 && digits[0] == '-';
    if (negative) digits.remove_prefix(1);
    if (digits.empty()) return entry.fault = launch_fault::slots_not_a_number, entry;
    for (const char c : digits) {
        if (c < '0' || c > '9') return entry.fault = launch_fault::slots_not_a_number, entry;
        if (entry.slots <= max_processes) entry.slots = entry.slots * 10 + (c - '0');
    }
    if (negative || entry.slots == 0)
        entry.fault = launch_fault::slots_below_one;
    else if (entry.slots > max_processes)
        entry.fault = launch_fault::slots_overflow;
    return entry;
}

/// Walks over the entries of a list whose elements may each hold several, between commas or white space.
class host_cursor {
public:
    KVMARK_INLINE constexpr explicit host_cursor(std::span<const std::string> elements)
        : elements_(elements) {}

    /// Moves to the next entry; false behind the last one.
    KVMARK_INLINE constexpr bool next() {
        for (; element_ < elements_.size(); ++element_, at_ = 0) {
            const std::string& text = elements_[element_];
            while (at_ < text.size() && is_separator(text[at_])) ++at_;
            if (at_ == text.size()) continue;
            const std::size_t begin = at_;
            while (at_ < text.size() && !is_separator(text[at_])) ++at_;
            entry_ = std::string_view(text.data() + begin, at_ - begin);
            return true;
        }
        return false;
    }
    /// Precondition: next() was true.
    [[nodiscard]] KVMARK_INLINE constexpr std::string_view text() const { return entry_; }

private:
    KVMARK_INLINE static constexpr bool is_separator(char c) {
        return c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
    }

    std::span<const std::string> elements_;
    std::size_t element_ = 0;
    std::size_t at_ = 0;
    std::string_view entry_;
};

/// Host names are compared without regard to case (RFC 4343); localhost and 127.0.0.1 are one host.
[[nodiscard]] KVMARK_INLINE constexpr bool same_host(std::string_view a, std::string_view b) {
    const auto canonical = [](std::string_view name) __attribute__((always_inline)) {
        return name == "127.0.0.1" ? std::string_view("localhost") : name;
    };
    const auto lower = [](char c) __attribute__((always_inline)) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    a = canonical(a), b = canonical(b);
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

/// A host of the list after merging.
struct host_share {
    std::string_view name;       ///< as first written
    std::int64_t configured = 0; ///< sum of the slots that were given for it
    bool open = false;           ///< listed without slots: it shares what the others leave
    std::int64_t slots = 0;      ///< what the launcher is told; 0: the host takes no part
};

/// Which hosts run how many processes.
/// - Entries that name the same host are merged: slots add up, the first position and spelling stay.
/// - Without a process count there is one process for each distinct host.
/// - Without hosts there is one process, and no launcher is needed.
/// - Slots pass through as they were given, and have to suffice.
/// - Hosts without slots share what remains evenly, the remainder going to the first; a share of 0 drops the
///   host, since Open MPI contacts even a host of 0 slots.
/// The views point into the strings given to the constructor, which must outlive the plan.
class host_plan {
public:
    KVMARK_INLINE constexpr host_plan(std::span<const std::string> elements,
                                      std::optional<std::int64_t> processes) {
        std::size_t entries = 0;
        for (host_cursor at(elements); at.next();) ++entries;
        if (entries > 0) {
            hosts_ = new host_share[entries];
            for (host_cursor at(elements); at.next();) merge(parse_host_entry(at.text()));
        }
        processes_ = processes ? *processes : entries > 0 ? static_cast<std::int64_t>(count_) : 1;
        if (fault_ != launch_fault::none) return;
        if (entries == 0 && !elements.empty())
            fault_ = launch_fault::no_host_named;
        else if (processes_ < 1 || processes_ > max_processes)
            fault_ = launch_fault::process_count;
        else if (entries > 0)
            share_out();
        else if (processes_ > 1)
            fault_ = launch_fault::processes_without_hosts;
    }
    host_plan(const host_plan&) = delete;
    host_plan& operator=(const host_plan&) = delete;
    KVMARK_INLINE constexpr ~host_plan() { delete[] hosts_; }

    /// The first fault found, and the entry at fault (empty where the fault is of the whole list). The
    /// members below hold without a fault, configured_slots() and processes() always.
    [[nodiscard]] KVMARK_INLINE constexpr launch_fault fault() const { return fault_; }
    [[nodiscard]] KVMARK_INLINE constexpr std::string_view culprit() const { return culprit_; }

    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t processes() const { return processes_; }
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t configured_slots() const { return configured_; }
    /// All distinct hosts in their order, those that take no part among them.
    [[nodiscard]] KVMARK_INLINE constexpr std::span<const host_share> hosts() const {
        return {hosts_, count_};
    }
    /// How many hosts run at least one process.
    [[nodiscard]] KVMARK_INLINE constexpr std::size_t used() const { return used_; }

private:
    KVMARK_INLINE constexpr void blame(launch_fault fault, std::string_view entry = {}) {
        if (fault_ == launch_fault::none) fault_ = fault, culprit_ = entry;
    }

    KVMARK_INLINE constexpr void merge(const host_entry& entry) {
        if (entry.fault != launch_fault::none) return blame(entry.fault, entry.text);
        std::size_t i = 0;
        while (i < count_ && !same_host(hosts_[i].name, entry.name)) ++i;
        if (i == count_) hosts_[count_++].name = entry.name;
        hosts_[i].open = hosts_[i].open || entry.slots == 0;
        hosts_[i].configured += entry.slots;
        configured_ += entry.slots;
        if (hosts_[i].configured > max_processes) blame(launch_fault::slots_overflow, entry.text);
    }

    /// The slots must suffice even with --oversubscribe, as in the reference (vectors/mpi_launch.json;
    /// framework.md section 6 suggests otherwise and the executed cases win).
    KVMARK_INLINE constexpr void share_out() {
        std::int64_t open = 0;
        for (std::size_t i = 0; i < count_; ++i) open += hosts_[i].open;
        const std::int64_t left = processes_ - configured_;
        if (open == 0 && left > 0) return blame(launch_fault::slots_insufficient);
        std::int64_t position = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            host_share& h = hosts_[i];
            h.slots = h.configured;
            if (h.open) {
                if (left < 1) return blame(launch_fault::nothing_left, h.name);
                h.slots += left / open + (position++ < left % open);
            }
            used_ += h.slots > 0;
        }
    }

    host_share* hosts_ = nullptr;
    std::size_t count_ = 0;
    std::size_t used_ = 0;
    std::int64_t configured_ = 0;
    std::int64_t processes_ = 1;
    launch_fault fault_ = launch_fault::none;
    std::string_view culprit_;
};

/// The fault in words. `entry` is the one at fault.
[[nodiscard]] KVMARK_COLD std::string describe(launch_fault fault, std::string_view entry,
                                               const host_plan& plan) {
    std::string shown;
    for (const char c : entry) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
            shown += c;
        else
            (shown += "\\x") += {"0123456789abcdef"[c >> 4 & 15], "0123456789abcdef"[c & 15]};
    }
    const std::string host = "--hosts entry '" + shown + "'";
    const std::string most = std::to_string(max_processes);
    const std::string processes = std::to_string(plan.processes());
    const std::string slots = std::to_string(plan.configured_slots());
    switch (fault) {
    case launch_fault::none:
        break;
    case launch_fault::empty_name:
        return host + ": there is no host name before the colon";
    case launch_fault::control_character:
        return host + ": it holds a control character";
    case launch_fault::semicolon:
        return host + ": it holds a ;, entries are split by commas or spaces";
    case launch_fault::leading_dash:
        return host + ": a host name cannot begin with -";
    case launch_fault::several_colons:
        return host + ": an IPv6 address or more than one colon cannot be given to this launcher; use the "
                      "host's name, as host or host:slots";
    case launch_fault::slots_not_a_number:
        return host + ": the slots after the colon must be a whole number, 1.." + most;
    case launch_fault::slots_below_one:
        return host + ": a host needs at least 1 slot; to leave it out, drop it";
    case launch_fault::slots_overflow:
        return host + ": the slots of one host must be 1.." + most;
    case launch_fault::no_host_named:
        return "--hosts holds no host name";
    case launch_fault::process_count:
        return "--num-processes " + processes + ": must be 1.." + most;
    case launch_fault::processes_without_hosts:
        return "--num-processes " + processes + ": more than one process needs --hosts";
    case launch_fault::nothing_left:
        return host + ": it has no slots of its own, and the " + slots +
               " slots of the other entries leave none of the " + processes +
               " processes to it; give it slots or raise --num-processes";
    case launch_fault::slots_insufficient: // the reference's words
        return "Configured slots (" + slots + ") are not sufficient to run " + processes + " processes";
    }
    return {};
}

/// Everything that is wrong with a launch: every bad entry and the process count, and if those are sound
/// what is wrong with them together.
[[nodiscard]] KVMARK_COLD std::vector<error> launch_errors(std::span<const std::string> elements,
                                                           std::optional<std::int64_t> processes) {
    const host_plan plan(elements, processes);
    std::vector<error> all;
    const auto add = [&](launch_fault fault, std::string_view entry) {
        all.push_back({error_kind::invalid_argument, describe(fault, entry, plan)});
    };
    for (host_cursor at(elements); at.next();) {
        const host_entry entry = parse_host_entry(at.text());
        if (entry.fault != launch_fault::none) add(entry.fault, entry.text);
    }
    const bool sound_entries = all.empty();
    if (processes && (*processes < 1 || *processes > max_processes))
        add(launch_fault::process_count, {});
    else if (sound_entries && plan.fault() != launch_fault::none)
        add(plan.fault(), plan.culprit());
    return all;
}

/// One sentence for each host that takes no part because there are fewer processes than hosts.
[[nodiscard]] KVMARK_COLD std::vector<std::string> launch_warnings(const host_plan& plan) {
    std::vector<std::string> all;
    for (const host_share& h : plan.hosts())
        if (h.slots == 0)
            all.push_back("host " + std::string(h.name) + " runs none of the " +
                          std::to_string(plan.processes()) + " processes and is left out");
    return all;
}

} // namespace kvmark::launch

// kvmark/launch/layout.hpp
// How many processes each host of a plan runs.

namespace kvmark::launch {

/// Slots may be more than there are processes. Processes are then dealt out one by one over the hosts, as
/// Open MPI's --map-by node does, and a host that is full is passed over. Precondition: the plan has no
/// fault.
class layout {
public:
    KVMARK_INLINE constexpr explicit layout(const host_plan& plan) {
        const auto dealt = [&](std::int64_t rounds) __attribute__((always_inline)) {
            std::int64_t sum = 0;
            for (const host_share& h : plan.hosts()) sum += h.slots < rounds ? h.slots : rounds;
            return sum;
        };
        std::int64_t above = plan.processes() + 1;
        while (above - rounds_ > 1) {
            const std::int64_t middle = rounds_ + (above - rounds_) / 2;
            (dealt(middle) <= plan.processes() ? rounds_ : above) = middle;
        }
        last_round_ = plan.processes() - dealt(rounds_);
        layout at = *this;
        for (const host_share& h : plan.hosts()) {
            const std::int64_t here = at.next(h);
            if (here > most_) most_ = here;
            nodes_ += here > 0;
        }
        even_ = most_ * nodes_ == plan.processes();
    }

    /// The processes of each host: to be called for all of plan.hosts() in their order.
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t next(const host_share& host) {
        if (host.slots <= rounds_) return host.slots;
        return rounds_ + (last_round_-- > 0);
    }

    /// The processes of the fullest host.
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t most() const { return most_; }
    /// How many hosts run at least one process.
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t nodes() const { return nodes_; }
    /// Whether all of them run the same number.
    [[nodiscard]] KVMARK_INLINE constexpr bool even() const { return even_; }

private:
    std::int64_t rounds_ = 0;     ///< rounds in which every host that is not full gets one
    std::int64_t last_round_ = 0; ///< how many get one more in the round behind them
    std::int64_t most_ = 0;
    std::int64_t nodes_ = 0;
    bool even_ = false;
};

} // namespace kvmark::launch

// kvmark/launch/request.hpp
// What is asked of a launcher.

namespace kvmark::launch {

/// What is asked of a launcher, beside the program to start. The last group is for a launch that is really
/// executed; at its defaults it adds nothing to a command line.
struct launcher_request {
    std::string_view path{};                     ///< any path; empty: the launcher's name, found through PATH
    std::span<const std::string> hosts{};        ///< see host_plan
    std::optional<std::int64_t> num_processes{}; ///< default: the number of distinct hosts
    bool oversubscribe = false;
    bool allow_run_as_root = false;
    std::span<const std::string> mpi_params{}; ///< one argument each; never split

    std::int64_t timeout_s = 0;                 ///< seconds until the launcher ends the job, >= 0; 0: never
    bool tag_output = false;                    ///< each line of output begins with its rank
    std::span<const std::string> environment{}; ///< `NAME=value` each, for every rank
};

} // namespace kvmark::launch

// kvmark/launch/prefix.hpp
// The arguments of a launcher, written from its dialect.

namespace kvmark::launch {

/// Whether `words`, with a space between, holds `word`.
[[nodiscard]] KVMARK_INLINE constexpr bool lists_word(std::string_view words, std::string_view word) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= words.size(); ++i) {
        if (i < words.size() && words[i] != ' ') continue;
        if (std::string_view(words.data() + begin, i - begin) == word) return true;
        begin = i + 1;
    }
    return false;
}

/// Whether the user's parameters hold one of the options `names`, as `--name value`, `-name value` or
/// `--name=value`. What looks like it but is the value of another option does not count.
[[nodiscard]] KVMARK_INLINE constexpr bool holds_option(std::span<const std::string> params,
                                                        const dialect& words, std::string_view names) {
    for (std::size_t i = 0; i < params.size(); ++i) {
        const std::string& param = params[i];
        if (param.size() < 2 || param[0] != '-') continue;
        const std::size_t dashes = param[1] == '-' ? 2 : 1;
        std::size_t end = dashes;
        while (end < param.size() && param[end] != '=') ++end;
        const std::string_view name(param.data() + dashes, end - dashes);
        if (!name.empty() && lists_word(names, name)) return true;
        if (end == param.size())
            i += lists_word(words.two_values, name) ? 2 : lists_word(words.one_value, name) ? 1 : 0;
    }
    return false;
}

/// Writes the parts of a prefix. write_prefix() gives them their order.
struct prefix_writer {
    text_writer& out;
    const dialect& words;
    const launcher_request& request;
    const host_plan& plan;

    /// Whether an option is to be written: the launcher has it, and the user did not.
    [[nodiscard]] KVMARK_INLINE constexpr bool ours(const launcher_option& option) const {
        return !option.word.empty() && !holds_option(request.mpi_params, words, option.names);
    }

    KVMARK_INLINE constexpr void flag(std::string_view word) const {
        if (!word.empty()) out.argument(word);
    }
    KVMARK_INLINE constexpr void fixed(const launcher_option& option) const {
        if (!ours(option)) return;
        out.argument(option.word);
        flag(option.value);
    }
    KVMARK_INLINE constexpr void count(std::string_view word, std::int64_t value) const {
        if (word.empty()) return;
        out.argument(word);
        out.argument(integer_text(value));
    }

    KVMARK_INLINE constexpr void hosts() const {
        layout at(plan);
        const bool repeated = !words.uneven.word.empty() && !at.even();
        if (!repeated) {
            count(words.nodes, at.nodes());
            count(words.per_node, at.most());
        }
        out.argument(words.hosts);
        bool first = true;
        for (const host_share& host : plan.hosts()) {
            const std::int64_t here = words.hosts_as == host_form::slots ? host.slots : at.next(host);
            for (std::int64_t times = here == 0 ? 0 : repeated ? here : 1; times > 0; --times) {
                if (!first) out.put(",");
                first = false;
                out.put(host.name);
            }
            if (here == 0 || words.hosts_as == host_form::names) continue;
            out.put(":");
            out.put(integer_text(here));
        }
        out.end_argument();
        if (repeated) fixed(words.uneven);
    }

    KVMARK_INLINE constexpr void placement() const {
        fixed(words.bind);
        const bool mapped = ours(words.map);
        if (mapped) {
            out.argument(words.map.word);
            out.argument(plan.used() > 1 ? words.map_several : words.map_one,
                         request.oversubscribe ? words.map_qualifier : std::string_view());
        }
        if (request.oversubscribe && !(mapped && !words.map_qualifier.empty())) flag(words.oversubscribe);
        if (request.allow_run_as_root) flag(words.as_root);
    }

    KVMARK_INLINE constexpr void environment() const {
        if (request.environment.empty() || !ours(words.environment)) return;
        if (words.environment_as == environment_form::list) {
            out.argument(words.environment.word);
            out.put("ALL");
        }
        for (const std::string& variable : request.environment) {
            switch (words.environment_as) {
            case environment_form::list:
                out.put(",");
                out.put(variable);
                break;
            case environment_form::assignment:
                out.argument(words.environment.word);
                out.argument(variable);
                break;
            case environment_form::name_and_value: {
                std::size_t name = 0;
                while (name < variable.size() && variable[name] != '=') ++name;
                const std::size_t value = name < variable.size() ? name + 1 : name;
                out.argument(words.environment.word);
                out.argument(std::string_view(variable.data(), name));
                out.argument(std::string_view(variable.data() + value, variable.size() - value));
            }
            }
        }
        if (words.environment_as == environment_form::list) out.end_argument();
    }
};

/// The launcher's arguments up to where the program begins, in `words`. The user's parameters come last; an
/// option of theirs takes the place of ours. Precondition: the plan has no fault and uses at least one host.
KVMARK_INLINE constexpr void write_prefix(text_writer& writer, const dialect& words,
                                          const launcher_request& request, const host_plan& plan) {
    const prefix_writer parts{writer, words, request, plan};
    writer.argument(request.path.empty() ? words.program : request.path);
    parts.count(words.processes, plan.processes());
    parts.hosts();
    parts.placement();
    if (request.timeout_s > 0 && parts.ours(words.timeout))
        parts.count(words.timeout.word, (request.timeout_s - 1) / words.timeout_unit_s + 1);
    if (request.tag_output) parts.fixed(words.tag);
    parts.environment();
    for (const std::string& param : request.mpi_params) writer.argument(param);
}

} // namespace kvmark::launch

// kvmark/launch/launcher.hpp
// The launcher concept, and the launchers.

namespace kvmark::launch {

/// A launcher is a type with
/// - `name`: the program, as a text;
/// - `starts_ranks`: false when it puts nothing in front of the program;
/// - `write_prefix(writer, request, plan)`: its arguments up to where the program begins. Called for a plan
///   without a fault that uses at least one host, twice for each command: it must write the same both times.
///   constexpr, and KVMARK_INLINE on it and on every function it calls.
template <class L>
concept launcher = requires(text_writer& writer, const launcher_request& request, const host_plan& plan) {
    { L::name } -> std::convertible_to<std::string_view>;
    { L::starts_ranks } -> std::convertible_to<bool>;
    { L::write_prefix(writer, request, plan) } -> std::same_as<void>;
};

/// The program runs by itself.
struct none {
    static constexpr std::string_view name = "none";
    static constexpr bool starts_ranks = false;

    KVMARK_INLINE static constexpr void write_prefix(text_writer&, const launcher_request&,
                                                     const host_plan&) {}
};

/// A launcher that speaks the dialect `Words`, an object with static storage.
template <const dialect& Words>
struct speaks {
    static constexpr const dialect& words = Words;
    static constexpr std::string_view name = Words.program;
    static constexpr bool starts_ranks = true;

    KVMARK_INLINE static constexpr void write_prefix(text_writer& writer, const launcher_request& request,
                                                     const host_plan& plan) {
        launch::write_prefix(writer, Words, request, plan);
    }
};

namespace dialects {
inline constexpr dialect open_mpi_4_mpiexec = with_program(open_mpi_4, "mpiexec");
}

/// Open MPI 4's, the reference's default.
struct mpirun : speaks<dialects::open_mpi_4> {};
/// Open MPI's second name for mpirun.
struct mpiexec : speaks<dialects::open_mpi_4_mpiexec> {};
struct open_mpi_5 : speaks<dialects::open_mpi_5> {};
/// MPICH's and Intel MPI's.
struct hydra : speaks<dialects::hydra> {};
/// HPE Cray's mpiexec.
struct pals : speaks<dialects::pals> {};
/// Slurm's.
struct srun : speaks<dialects::srun> {};

static_assert(launcher<none> && launcher<mpirun> && launcher<mpiexec> && launcher<open_mpi_5> &&
              launcher<hydra> && launcher<pals> && launcher<srun>);

} // namespace kvmark::launch

// kvmark/launch/limits.hpp
// What a launcher cannot do of what it is asked.

namespace kvmark::launch {

/// Whether every host gets its processes of layout. A launcher that takes bare names fills one host after the
/// other up to the same number. Precondition: the plan has no fault.
[[nodiscard]] constexpr bool places_exactly(const dialect& words, const host_plan& plan) {
    if (words.hosts_as != host_form::names || !words.uneven.word.empty()) return true;
    layout at(plan);
    std::int64_t left = plan.processes();
    for (const host_share& host : plan.hosts()) {
        const std::int64_t filled = left < at.most() ? left : at.most();
        if (host.slots == 0) continue;
        if (at.next(host) != filled) return false;
        left -= filled;
    }
    return true;
}

/// A sentence for each thing that the launcher will not do as asked. Precondition: the plan has no fault.
[[nodiscard]] KVMARK_COLD std::vector<std::string>
launch_warnings(const dialect& words, const launcher_request& request, const host_plan& plan) {
    std::vector<std::string> all;
    const std::string launcher(words.title);
    if (plan.used() > 0 && !places_exactly(words, plan))
        all.push_back(launcher + " fills hosts one after the other with " +
                      std::to_string(layout(plan).most()) +
                      " processes each; it cannot be told to run unlike numbers as --hosts has them");
    if (request.timeout_s > 0 && words.timeout.word.empty() && words.timeout_variable.empty())
        all.push_back(launcher + " has no time limit of its own");
    if (words.environment_as == environment_form::list)
        for (const std::string& variable : request.environment)
            if (variable.find(',') != variable.npos)
                all.push_back(launcher + " cannot forward " + variable.substr(0, variable.find('=')) +
                              ": its value holds a comma");
    return all;
}

} // namespace kvmark::launch

// kvmark/launch/quote.hpp
// The display form of an argument vector: a line that a POSIX shell splits into the same arguments.

namespace kvmark {

namespace launch {

/// Characters that a POSIX shell takes literally anywhere in a word (as Python's shlex.quote has it).
[[nodiscard]] constexpr bool is_plain_in_shell(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

} // namespace launch

/// `text` as one word of a POSIX shell: as it is where that is safe, else between single quotes, with a
/// single quote of its own written as '\''. In the first word of a line a = is not safe either: the shell
/// would take the word for the assignment of a variable.
[[nodiscard]] constexpr std::string quote(std::string_view text, bool first_word = false) {
    bool plain = !text.empty();
    for (const char c : text) plain = plain && launch::is_plain_in_shell(c) && !(first_word && c == '=');
    if (plain) return std::string(text);
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted += '\'';
}

/// All arguments, quoted, with a space between. For people and logs: kvmark itself never runs a shell.
[[nodiscard]] constexpr std::string display(const argv& arguments) {
    std::string line;
    for (const std::string_view argument : arguments) {
        const bool first_word = line.empty();
        if (!first_word) line += ' ';
        line += quote(argument, first_word);
    }
    return line;
}

} // namespace kvmark

// kvmark/exec/executor.hpp
// The executor concept: whose hands move the bytes, and whether a launcher starts the program.

namespace kvmark::exec {

/// What the engine needs of the hands of a run. They listen to signals from their construction on. submit()
/// and the rest are called on the engine's thread.
template <class C>
concept io_crew = requires(C crew, std::uint8_t lane, engine::io_op& op, nanoseconds t) {
    { crew.start() } -> std::same_as<result<void>>;  ///< once the tiers are open, before anything else
    { crew.submit(lane, op) } -> std::same_as<void>; ///< do every unit of its stage, on the tier `lane`
    { crew.reap() } -> std::same_as<engine::io_op*>; ///< one whose stage is done, or null
    { crew.wait(t) } -> std::same_as<void>;          ///< until something is done, or that much time is over
    { crew.stop_requested() } -> std::same_as<bool>; ///< a signal, or the caller, wants the run to end
    { crew.stop_signal() } -> std::same_as<int>;     ///< which signal, or 0
    crew.for_each_worker([](engine::io_worker&) {});
    { crew.halt() } -> std::same_as<void>; ///< begin nothing more; returns when no I/O is under way
};

/// What a crew is made from.
template <class Stack>
struct crew_setup {
    engine::io_path<Stack>& path;
    engine::io_settings io;
    std::array<std::uint32_t, Stack::size> depths{}; ///< I/Os in flight by tier; 0: the tier has no lane
    std::array<bool, Stack::size> queued{};          ///< they go through the tier's queue, if the crew can
    std::uint32_t queue_workers = 0; ///< threads that share a tier's depth; 0: as many as suit
};

/// An executor is a tag: it says how a run is started, and names the crew that does its I/O. Its crew may
/// live in a header of its own (exec/local.hpp), so that build_command() needs none of what run() needs.
template <class E>
concept executor = requires {
    { E::name } -> std::convertible_to<std::string_view>;
    { E::uses_launcher } -> std::convertible_to<bool>; ///< build_command() begins with the launcher's words
};

/// One sentence for whoever writes an executor and forgets a member.
template <class E>
constexpr void check_executor() {
    static_assert(
        requires {
            { E::name } -> std::convertible_to<std::string_view>;
        },
        "kvmark: an executor needs a static member `name` (std::string_view)");
    static_assert(
        requires {
            { E::uses_launcher } -> std::convertible_to<bool>;
        },
        "kvmark: an executor needs a static member `uses_launcher` (bool)");
}

/// The crew of an executor for a stack: specialised in the executor's header. It is made from a crew_setup,
/// and from the job too if it takes one. It may have three members more: await_ranks() and await_start(),
/// which return when every process of the job is ready and when the measured window should open, and
/// window_closed().
template <class Executor, class Stack>
struct crew_of {
    static constexpr bool missing = true;
};

/// This process's place among those of a job.
struct placement {
    std::uint32_t rank = 0;
    std::uint32_t ranks = 1;
    std::uint32_t local_rank = 0; ///< among the ranks of this host
    std::uint32_t local_ranks = 1;
};

/// The job of an executor whose run is one process: nothing to join, nothing to gather. An executor over
/// several processes has a job of its own, with these members, in its header.
struct alone {
    /// Whether launch() can start a run in other processes.
    static constexpr bool launches = false;

    static result<void> join() { return {}; }                       ///< before all that follows
    [[nodiscard]] static constexpr bool skips() { return false; }   ///< this run() is not for this job
    [[nodiscard]] static constexpr placement place() { return {}; } ///< after join()
    static void describe(const std::string& /*cache_dir*/, std::uint64_t /*users*/) {} ///< for the report
    /// A value that all processes take, where each has its own.
    [[nodiscard]] static constexpr std::uint64_t agree(std::uint64_t own) { return own; }
    /// Who is told of the progress of this process.
    template <class Observer>
    [[nodiscard]] static Observer& watched(Observer& o) {
        return o;
    }
    /// The tiers are open. All processes come here, or to refuse(), before any I/O.
    template <class Stack>
    static result<void> ready(Stack&) {
        return {};
    }
    /// This process cannot take part, and says why; the others go on.
    static result<measure::run_report> refuse(error why) { return why; }
    /// The same after ready().
    template <class Stack>
    static result<measure::run_report> refuse(error why, Stack&) {
        return why;
    }
    /// The run is over, the tiers are still there. What the caller is told.
    template <class Stack>
    static result<measure::run_report> conclude(measure::run_report own, Stack&) {
        return own;
    }
};

template <class Executor>
struct job_of {
    using type = alone;
};

/// Worker threads, signals and timers on Boost.Asio; run() needs <kvmark/exec/local.hpp>.
struct local {
    static constexpr std::string_view name = "local";
    static constexpr std::string_view header = "<kvmark/exec/local.hpp>";
    static constexpr bool uses_launcher = false;
};

/// Ranks under an MPI launcher; run() needs <kvmark/exec/mpi.hpp>.
struct mpi {
    static constexpr std::string_view name = "mpi";
    static constexpr std::string_view header = "<kvmark/exec/mpi.hpp>";
    static constexpr bool uses_launcher = true;
};

} // namespace kvmark::exec

// kvmark/exec/job_order.hpp
// What a launch of ranks is told, and what it adds to the bare command line.

namespace kvmark::exec {

struct job_order {
    std::string launcher;                   ///< program or path
    const launch::dialect* words = nullptr; ///< how it is spoken to; null: as what it says for --version
    const launch::dialect* usual = nullptr; ///< the same where it says nothing known
    nanoseconds deadline{};                 ///< of the whole job
    std::uint32_t ranks = 1;
    std::uint32_t run = 1; ///< which run() of the program the ranks are to do, from 1
};

/// What is added to a launch that is really made.
struct launch_extras {
    std::int64_t timeout_s = 0;
    bool tag_output = false;
    std::vector<std::string> environment{}; ///< NAME=value, for the launcher's words
    std::vector<std::string> of_launcher{}; ///< NAME=value, of the launcher's own environment
};

/// Set for the ranks of a launch: which run() of their program they are to do.
inline constexpr const char* launched_variable = "KVMARK_LAUNCHED";

/// Ranks end by themselves when asked to (SIGUSR1, which every launcher passes on), within this time.
inline constexpr nanoseconds job_grace{15'000'000'000};
/// A launcher that was told to end its ranks (SIGTERM) has as long: Open MPI takes twice the 3 s it is given.
inline constexpr nanoseconds launcher_grace{10'000'000'000};

/// The launcher's own time limit, a minute behind our deadline; marked lines; the variable by which ranks
/// know that they are awaited; and what lets the job outlive a lost rank. `words` may be null: nothing is
/// known of the launcher.
[[nodiscard]] KVMARK_COLD launch_extras extras_of(const job_order& order, const launch::dialect* words) {
    launch_extras extras{.timeout_s = order.deadline.count / 1'000'000'000 + 60, .tag_output = true};
    const std::string awaited = std::string(launched_variable) + "=" + std::to_string(order.run);
    if (words == nullptr || words->forwards_environment) extras.of_launcher.push_back(awaited);
    if (words == nullptr || !words->forwards_environment) extras.environment.push_back(awaited);
    if (words == nullptr) return extras;
    if (!words->timeout_variable.empty())
        extras.of_launcher.push_back(std::string(words->timeout_variable) + "=" +
                                     std::to_string(extras.timeout_s));
    for (std::string_view rest = words->to_outlive_ranks; !rest.empty();)
        extras.of_launcher.emplace_back(measure::take_until(rest, ' '));
    return extras;
}

/// The full path of this program; empty where the kernel does not tell.
[[nodiscard]] KVMARK_COLD std::string this_program() {
    char path[4096];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "";
}

/// The command that this process was started with, its program by its full path.
[[nodiscard]] KVMARK_COLD std::vector<std::string> this_command() {
    std::vector<std::string> words;
    const std::string all = measure::read_text("/proc/self/cmdline");
    for (std::string_view rest = all; !rest.empty();) words.emplace_back(measure::take_until(rest, '\0'));
    if (std::string path = this_program(); !path.empty() && !words.empty()) words.front() = std::move(path);
    return words;
}

} // namespace kvmark::exec

// kvmark/exec/unit_dispenser.hpp
// Hands out the units of queued operations to many workers, in order, without a lock.

namespace kvmark::exec {

/// One producer, many consumers. A place of the ring holds one operation and a ticket, (which lap of the
/// ring) << 28 | (units not yet handed out); taking a unit is one compare-and-swap of the ticket, which fails
/// if the place has meanwhile been given to another operation. That a place is exhausted is told by the
/// ticket alone, so a consumer that slept for a lap cannot mistake the next operation's units for its own.
/// The producer keeps what does not fit in a list of its own.
class unit_dispenser {
public:
    struct unit {
        engine::io_op* op = nullptr;
        std::uint32_t index = 0;
    };

    /// Producer. False when the ring is full: offer it again once an operation has completed.
    [[nodiscard]] bool offer(engine::io_op& op) {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == ring_size) return false;
        place& p = ring_[tail % ring_size];
        p.op.store(&op, std::memory_order_relaxed);
        p.units.store(op.units, std::memory_order_relaxed);
        p.ticket.store(tail << unit_bits | op.units, std::memory_order_release);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    /// Consumer. An empty unit when there is nothing to do.
    [[nodiscard]] unit take() {
        for (;;) {
            std::uint64_t head = head_.load(std::memory_order_acquire);
            if (head == tail_.load(std::memory_order_acquire)) return {};
            place& p = ring_[head % ring_size];
            std::uint64_t ticket = p.ticket.load(std::memory_order_acquire);
            if (ticket >> unit_bits != head) continue;
            const auto left = static_cast<std::uint32_t>(ticket & ((1u << unit_bits) - 1));
            if (left == 0) {
                head_.compare_exchange_strong(head, head + 1, std::memory_order_acq_rel);
                continue;
            }
            engine::io_op* op = p.op.load(std::memory_order_relaxed);
            const std::uint32_t units = p.units.load(std::memory_order_relaxed);
            if (p.ticket.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel))
                return {op, units - left};
        }
    }

private:
    static constexpr unsigned unit_bits = 28;
    static constexpr std::uint64_t ring_size = 64;

    struct place {
        std::atomic<std::uint64_t> ticket{~std::uint64_t{0}};
        std::atomic<engine::io_op*> op{nullptr};
        std::atomic<std::uint32_t> units{0};
    };

    std::array<place, ring_size> ring_;
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
};

} // namespace kvmark::exec

// kvmark/exec/queue_driver.hpp
// One thread that keeps many I/Os of a tier in flight: the loop around the tier's queue.

namespace kvmark::exec {

/// The buffers of a thread that keeps `depth` I/Os in flight: two to read into for each, since I/Os end in
/// batches as large as the queue, and the next reads are under way while the last ones are verified.
[[nodiscard]] constexpr engine::io_buffers queue_buffers(std::uint32_t depth) { return {depth, 2 * depth}; }

template <class Stack, tier::queued_tier Tier>
class queue_driver {
public:
    queue_driver(engine::io_path<Stack>& path, engine::io_worker& io, std::uint32_t depth)
        : path_(path), io_(io), depth_(depth), overlaps_(path.settings().chunk >= overlapped) {
        const auto [writes, reads] = queue_buffers(depth);
        units_.resize(writes + reads);
        ended_.reserve(writes + reads);
        prepared_.reserve(writes + reads);
        for (std::uint32_t i = 0; i < writes; ++i) free_writes_.push_back(i);
        for (std::uint32_t i = 0; i < reads; ++i) free_reads_.push_back(writes + i);
    }

    /// By the thread that calls run().
    [[nodiscard]] KVMARK_COLD result<void> open(Tier& t) {
        return queue_.open(t, static_cast<std::uint32_t>(units_.size()), io_.memory());
    }

    /// From any thread: there is more to do.
    void wake() { queue_.wake(); }

    /// Until `halted`; I/Os under way then finish. `take()` gives the next unit or an empty one, `done(op)`
    /// is told of every unit that is over, and `dozing` is true while an empty take() makes it wait for
    /// wake().
    template <class Take, class Done>
    void run(Take&& take, Done&& done, const std::atomic<bool>& halted, std::atomic<bool>& dozing) {
        const auto fill = [&] {
            if (!halted.load(std::memory_order_relaxed)) begin_units(take, done);
        };
        for (;;) {
            fill();
            if (!ended_.empty()) {
                if (overlaps_) hand_over();
                settle(done);
                continue;
            }
            if (in_flight_ < depth_) {
                dozing.exchange(true);
                fill();
                if (halted.load() && in_flight_ == 0) return;
            }
            stamp_handed(clocks::monotonic_now());
            queue_.wait();
            dozing.store(false, std::memory_order_relaxed);
            seen_ = clocks::monotonic_now();
            queue_.reap([&](std::uint32_t slot, tier::io_status status) KVMARK_INLINE_LAMBDA {
                units_[slot].status = status;
                ended_.push_back(slot);
                --in_flight_;
            });
        }
    }

private:
    /// From this size on, verifying takes longer than the system call that first begins other I/Os.
    static constexpr bytes overlapped{64 * kib_bytes};

    template <class Take, class Done>
    KVMARK_INLINE void begin_units(Take&& take, Done&& done) {
        while (in_flight_ < depth_ && !free_reads_.empty() && !free_writes_.empty()) {
            const unit_dispenser::unit unit = take();
            if (!unit.op) return;
            if (!begin(*unit.op, unit.index)) done(*unit.op);
        }
    }

    KVMARK_INLINE bool begin(engine::io_op& op, std::uint32_t index) {
        const bool fresh = path_.writes_fresh(op);
        std::vector<std::uint32_t>& free = fresh ? free_writes_ : free_reads_;
        const std::uint32_t slot = free.back();
        const bytes chunk = path_.settings().chunk;
        const auto buffer =
            fresh ? io_.write_buffer(chunk, slot) : io_.read_buffer(chunk, slot - first_read());
        engine::queued_unit& u = units_[slot];
        if (!path_.prepare(op, index, buffer, fresh, u, io_)) return false;
        free.pop_back();
        if (u.writes)
            queue_.write(slot, op.entry, u.offset, u.buffer);
        else
            queue_.read(slot, op.entry, u.offset, u.buffer);
        prepared_.push_back(slot);
        ++in_flight_;
        if (prepared_.size() == tier::queue_batch) hand_over();
        return true;
    }

    void hand_over() {
        if (prepared_.empty()) return;
        stamp_handed(clocks::monotonic_now());
        queue_.submit();
    }

    KVMARK_INLINE void stamp_handed(nanoseconds now) {
        for (const std::uint32_t slot : prepared_) units_[slot].handed = now;
        prepared_.clear();
    }

    template <class Done>
    KVMARK_INLINE void settle(Done&& done) {
        for (const std::uint32_t slot : ended_) {
            engine::io_op& op = *units_[slot].op;
            path_.conclude(units_[slot], seen_, io_);
            (slot < first_read() ? free_writes_ : free_reads_).push_back(slot);
            done(op);
        }
        ended_.clear();
    }

    /// Slots of write buffers come first.
    [[nodiscard]] KVMARK_INLINE std::uint32_t first_read() const { return depth_; }

    engine::io_path<Stack>& path_;
    engine::io_worker& io_;
    typename Tier::queue queue_;
    std::uint32_t depth_;
    bool overlaps_;
    std::uint32_t in_flight_ = 0;
    nanoseconds seen_{};
    std::vector<engine::queued_unit> units_; ///< by slot
    std::vector<std::uint32_t> free_writes_, free_reads_;
    std::vector<std::uint32_t> prepared_; ///< slots not yet handed over
    std::vector<std::uint32_t> ended_;    ///< slots whose I/O is over and whose bytes are not yet looked at
};

} // namespace kvmark::exec

// kvmark/exec/serial.hpp
// The executor without threads: the calling thread does the I/O between two events.

namespace kvmark::exec {

/// Depends on nothing but the standard library. One I/O at a time: for a first run, for debugging, and for
/// virtual time, where there is no I/O.
struct serial {
    static constexpr std::string_view name = "serial";
    static constexpr std::string_view header = "<kvmark/exec/serial.hpp>";
    static constexpr bool uses_launcher = false;
};

template <class Stack>
class serial_crew {
public:
    KVMARK_COLD explicit serial_crew(const crew_setup<Stack>& setup)
        : path_(setup.path), worker_(setup.io, Stack::size) {}

    [[nodiscard]] result<void> start() {
        if (worker_.has_buffers()) return {};
        return error{error_kind::system, "cannot map the I/O buffers; give a smaller --io-chunk"};
    }

    void submit(std::uint8_t, engine::io_op& op) {
        op.next = nullptr;
        (last_ ? last_->next : first_) = &op;
        last_ = &op;
    }

    [[nodiscard]] engine::io_op* reap() { return std::exchange(done_, nullptr); }

    /// Does one unit of the oldest operation; sleeps where there is none.
    void wait(nanoseconds at_most) {
        if (!first_) return sleep(at_most);
        path_.perform(*first_, unit_++, worker_);
        if (unit_ < first_->units) return;
        unit_ = 0;
        done_ = first_;
        first_ = first_->next;
        if (!first_) last_ = nullptr;
    }

    [[nodiscard]] static constexpr bool stop_requested() { return false; }
    [[nodiscard]] static constexpr int stop_signal() { return 0; }
    void halt() {}

    template <class F>
    void for_each_worker(F&& f) {
        f(worker_);
    }

private:
    static void sleep(nanoseconds t) {
        if (t.count <= 0) return;
        const timespec span{t.count / 1'000'000'000, t.count % 1'000'000'000};
        ::nanosleep(&span, nullptr);
    }

    engine::io_path<Stack>& path_;
    engine::io_worker worker_;
    engine::io_op* first_ = nullptr;
    engine::io_op* last_ = nullptr;
    engine::io_op* done_ = nullptr;
    std::uint32_t unit_ = 0;
};

template <class Stack>
struct crew_of<serial, Stack> {
    using type = serial_crew<Stack>;
};

} // namespace kvmark::exec

// kvmark/benchmark/options.hpp
// What a run is asked to do. A member has the name of the option that sets it (docs/cli.md).

namespace kvmark {

enum class generation_mode : std::uint8_t { none, fast, realistic };
enum class performance_profile : std::uint8_t { latency, throughput };
enum class autoscaler_mode : std::uint8_t { qos, capacity };
using workload::arrival_process;
/// Whom num_users counts for in a run on several ranks.
enum class users_per_kind : std::uint8_t { rank, job };
enum class verify_mode : std::uint8_t { none, stamps, full };

/// A memory size in GiB that remembers whether it was written as an integer, since a command line prints 16.0
/// and 16 as they were given.
struct gib_number {
    double value = 0;
    bool integral = false;

    constexpr gib_number() = default;
    constexpr gib_number(double v) : value(v) {}
    constexpr gib_number(int v) : value(v), integral(true) {}
    friend constexpr bool operator==(gib_number, gib_number) = default;
};

/// The program that a launch starts on every rank: kvmark by default, or the reference's kv-cache.py under a
/// Python interpreter. run() starts the calling program again, with its own arguments, where no path is
/// given.
struct program_choice {
    std::string path{}; ///< empty: kvmark on a command line
    std::vector<std::string>
        words{};               ///< set: the whole command of a rank, in place of kvmark and its options
    std::string interpreter{}; ///< set: `interpreter path options...`, with the reference's options alone
};

struct options {
    // What nearly every program sets.
    model::geometry model = models::llama3_1_8b;
    std::int64_t num_users = 100; ///< 1..100,000
    std::vector<std::string>
        hosts{}; ///< `host` or `host:slots`; an element may hold several, split by , or space
    std::optional<std::int64_t> num_processes{}; ///< default: the number of hosts
    std::string cache_dir{};                     ///< empty: below the run directory, or a temporary directory

    // The rest of the reference's options, with its defaults.
    std::int64_t duration = 60;   ///< seconds, 1..86,400
    gib_number gpu_mem_gb = 16.0; ///< GiB per GPU
    std::int64_t num_gpus = 1;
    std::int64_t tensor_parallel = 1; ///< 1..num_gpus; a rank stores 1/T of each entry
    gib_number cpu_mem_gb = 32.0;     ///< GiB
    kvmark::generation_mode generation_mode = generation_mode::realistic;
    kvmark::performance_profile performance_profile = performance_profile::latency;
    bool disable_multi_turn = false;
    bool disable_prefix_caching = false;
    bool enable_rag = false;
    std::int64_t rag_num_docs = 10;
    bool enable_autoscaling = false;
    kvmark::autoscaler_mode autoscaler_mode = autoscaler_mode::qos;
    double target_saturation = 0.8; ///< 0..1
    std::string output{};           ///< result JSON; empty: below the run directory, or none
    std::optional<std::int64_t> seed{};
    std::int64_t max_concurrent_allocs = 0; ///< writers in flight; 0: no bound
    double request_rate = 0;                ///< requests/s as a true arrival rate; 0: by think times
    std::int64_t max_requests = 0;          ///< 0: no bound
    double storage_capacity_gb = 0;         ///< GiB; 0: 95 % of the free space
    bool precondition = false;
    double precondition_size_gb = 0; ///< GiB; 0: twice the storage capacity
    std::int64_t precondition_threads = 0;
    bool prefill_only = false;
    bool decode_only = false;

    // kvmark's own.
    arrival_process arrivals = arrival_process::poisson; ///< how request_rate spaces requests
    verify_mode verify = verify_mode::full;              ///< what a read checks
    std::int64_t io_chunk = 1 << 20;                     ///< bytes moved by one I/O; a multiple of 4096
    std::int64_t queue_depth = 8;                        ///< I/Os in flight on the storage tier, 1..1024
    std::int64_t io_workers =
        0;                      ///< threads that keep the I/Os of a queued tier in flight; 0: as many as suit
    gib_number peer_mem_gb = 0; ///< GiB that each rank lends to the others, and has in them
    tier::layout_kind layout = tier::layout_kind::file_per_entry;
    std::string raw_device{};           ///< the block device in cache_dir once more: a slab may overwrite it
    bool strict = false;                ///< what cannot be had as asked is an error, not a fallback
    std::int64_t max_samples = 100'000; ///< per-request rows kept for the JSON; histograms hold all of them
    workload::parameters workload{};

    // The launch.
    users_per_kind users_per = users_per_kind::rank;
    std::int64_t job_timeout =
        0; ///< seconds for a job of ranks, start to end; 0: by the duration, see job_deadline()
    std::string mpi_bin{}; ///< path of the launcher; empty: its name, found through PATH
    bool oversubscribe = false;
    bool allow_run_as_root = false;
    std::vector<std::string> mpi_params{}; ///< one argument of the launcher each
    program_choice program{};
    std::string run_directory{}; ///< `<results>/kv_cache/run/<datetime>`; empty: no run directory
    std::string run_datetime{};  ///< `YYYYMMDD_HHMMSS`
};

} // namespace kvmark

// kvmark/benchmark/option_names.hpp
// The words of the command line for the enumerations in options.

namespace kvmark {

inline constexpr std::array<std::string_view, 3> generation_mode_names{"none", "fast", "realistic"};
inline constexpr std::array<std::string_view, 2> performance_profile_names{"latency", "throughput"};
inline constexpr std::array<std::string_view, 2> autoscaler_mode_names{"qos", "capacity"};
inline constexpr std::array<std::string_view, 2> arrival_process_names{"poisson", "fixed"};
inline constexpr std::array<std::string_view, 3> layout_names{"file-per-entry", "file-per-block", "slab"};
inline constexpr std::array<std::string_view, 2> users_per_names{"rank", "job"};
inline constexpr std::array<std::string_view, 3> verify_mode_names{"none", "stamps", "full"};

[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(generation_mode m) {
    return generation_mode_names[static_cast<std::size_t>(m)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(performance_profile p) {
    return performance_profile_names[static_cast<std::size_t>(p)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(autoscaler_mode m) {
    return autoscaler_mode_names[static_cast<std::size_t>(m)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(arrival_process p) {
    return arrival_process_names[static_cast<std::size_t>(p)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(tier::layout_kind k) {
    return layout_names[static_cast<std::size_t>(k)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(users_per_kind k) {
    return users_per_names[static_cast<std::size_t>(k)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(verify_mode m) {
    return verify_mode_names[static_cast<std::size_t>(m)];
}

} // namespace kvmark

// kvmark/benchmark/command.hpp
// Options -> the argument vector of a run: the launcher's prefix, then the program and its own options.

namespace kvmark {

namespace command {

/// An option, the member that holds it, and its default.
template <class T>
struct member_option {
    std::string_view name;
    T options::*member;
    T default_value;

    consteval member_option(std::string_view option_name, T options::*option_member)
        : name(option_name), member(option_member), default_value(options{}.*option_member) {}
};

// Tables rather than calls in a row: one copy of the number formatting at each place that builds a command.
inline constexpr member_option<std::int64_t> leading_integers[]{
    {"--num-users", &options::num_users},
    {"--duration", &options::duration},
};
inline constexpr member_option<gib_number> memory_sizes[]{
    {"--gpu-mem-gb", &options::gpu_mem_gb},
    {"--cpu-mem-gb", &options::cpu_mem_gb},
};
inline constexpr member_option<gib_number> further_sizes[]{
    {"--peer-mem-gb", &options::peer_mem_gb},
};
inline constexpr member_option<std::int64_t> further_integers[]{
    {"--num-gpus", &options::num_gpus},
    {"--tensor-parallel", &options::tensor_parallel},
    {"--max-concurrent-allocs", &options::max_concurrent_allocs},
    {"--max-requests", &options::max_requests},
    {"--precondition-threads", &options::precondition_threads},
    {"--io-chunk", &options::io_chunk},
    {"--queue-depth", &options::queue_depth},
    {"--io-workers", &options::io_workers},
    {"--max-samples", &options::max_samples},
};
inline constexpr member_option<double> further_reals[]{
    {"--target-saturation", &options::target_saturation},
    {"--request-rate", &options::request_rate},
    {"--storage-capacity-gb", &options::storage_capacity_gb},
    {"--precondition-size-gb", &options::precondition_size_gb},
};
inline constexpr member_option<bool> further_flags[]{
    {"--precondition", &options::precondition},
    {"--prefill-only", &options::prefill_only},
    {"--decode-only", &options::decode_only},
    {"--strict", &options::strict},
};

/// As it was given: 16 or 16.0.
[[nodiscard]] KVMARK_INLINE constexpr launch::number_text gib_text(gib_number gib) {
    return gib.integral ? launch::integer_text(static_cast<std::int64_t>(gib.value))
                        : launch::real_text(gib.value);
}

/// What kvmark takes and the reference's wrapper does not pass, so that every rank runs the same thing.
KVMARK_INLINE constexpr void write_further_options(launch::text_writer& writer, const options& o) {
    for (const auto& option : further_sizes) {
        if ((o.*option.member).value == option.default_value.value) continue;
        writer.argument(option.name);
        writer.argument(gib_text(o.*option.member));
    }
    for (const auto& option : further_integers) {
        if (o.*option.member == option.default_value) continue;
        writer.argument(option.name);
        writer.argument(launch::integer_text(o.*option.member));
    }
    for (const auto& option : further_reals) {
        if (o.*option.member == option.default_value) continue;
        writer.argument(option.name);
        writer.argument(launch::real_text(o.*option.member));
    }
    for (const auto& option : further_flags)
        if (o.*option.member) writer.argument(option.name);
    if (o.arrivals != arrival_process::poisson) {
        writer.argument("--arrivals");
        writer.argument(name_of(o.arrivals));
    }
    if (o.users_per != users_per_kind::rank) {
        writer.argument("--users-per");
        writer.argument(name_of(o.users_per));
    }
    if (o.layout != tier::layout_kind::file_per_entry) {
        writer.argument("--layout");
        writer.argument(name_of(o.layout));
    }
    if (!o.raw_device.empty()) {
        writer.argument("--raw-device");
        writer.argument(o.raw_device);
    }
    if (o.verify != verify_mode::full) {
        writer.argument("--verify");
        writer.argument(name_of(o.verify));
    }
}

/// The program and its options, in the reference wrapper's order. A program under an interpreter gets the
/// wrapper's own options alone.
KVMARK_INLINE constexpr void write_program(launch::text_writer& writer, const options& o) {
    using launch::integer_text;
    for (const std::string& word : o.program.words) writer.argument(word);
    if (!o.program.words.empty()) return;
    const bool reference = !o.program.interpreter.empty();
    if (reference) writer.argument(o.program.interpreter);
    writer.argument(o.program.path.empty() ? std::string_view("kvmark") : std::string_view(o.program.path));
    if (!reference) writer.argument("run");
    writer.argument("--model");
    writer.argument(o.model.name);
    for (const auto& option : leading_integers) {
        writer.argument(option.name);
        writer.argument(integer_text(o.*option.member));
    }
    for (const auto& option : memory_sizes) {
        writer.argument(option.name);
        writer.argument(gib_text(o.*option.member));
    }
    writer.argument("--generation-mode");
    writer.argument(name_of(o.generation_mode));
    writer.argument("--performance-profile");
    writer.argument(name_of(o.performance_profile));
    if (!o.cache_dir.empty()) {
        writer.argument("--cache-dir");
        writer.argument(o.cache_dir);
    } else if (!o.run_directory.empty()) {
        writer.argument("--cache-dir");
        writer.argument(o.run_directory, "/kvcache_data");
    }
    if (!o.output.empty()) {
        writer.argument("--output");
        writer.argument(o.output);
    } else if (!o.run_directory.empty()) {
        writer.argument("--output");
        writer.argument(o.run_directory, "/kvcache_results_", o.run_datetime, ".json");
    }
    if (o.disable_multi_turn) writer.argument("--disable-multi-turn");
    if (o.disable_prefix_caching) writer.argument("--disable-prefix-caching");
    if (o.enable_rag) {
        writer.argument("--enable-rag");
        writer.argument("--rag-num-docs");
        writer.argument(integer_text(o.rag_num_docs));
    }
    if (o.enable_autoscaling) {
        writer.argument("--enable-autoscaling");
        writer.argument("--autoscaler-mode");
        writer.argument(name_of(o.autoscaler_mode));
    }
    if (o.seed) {
        writer.argument("--seed");
        writer.argument(integer_text(*o.seed));
    }
    if (!reference) write_further_options(writer, o);
}

/// Both parts, for argv::build(). `Launcher` has write_prefix() as launch::launcher has it.
template <class Launcher>
struct line {
    const Launcher& launcher;
    const launch::launcher_request& request;
    const launch::host_plan& plan;
    const options& run;

    KVMARK_INLINE constexpr void operator()(launch::text_writer& writer) const {
        if (plan.used() > 0) launcher.write_prefix(writer, request, plan);
        write_program(writer, run);
    }
};

/// A launcher whose dialect is chosen at run time.
struct chosen_launcher {
    const launch::dialect& words;

    KVMARK_INLINE constexpr void write_prefix(launch::text_writer& writer,
                                              const launch::launcher_request& request,
                                              const launch::host_plan& plan) const {
        launch::write_prefix(writer, words, request, plan);
    }
};

template <class Launcher>
[[nodiscard]] KVMARK_INLINE constexpr argv build(const Launcher& launcher,
                                                 const launch::launcher_request& request, const options& o) {
    const launch::host_plan plan(request.hosts, request.num_processes);
    if (plan.fault() != launch::launch_fault::none) return {};
    return argv::build(line<Launcher>{launcher, request, plan, o});
}

} // namespace command

/// What the options ask of a launcher. It holds views into `o`.
[[nodiscard]] KVMARK_INLINE constexpr launch::launcher_request launch_request(const options& o) {
    return {.path = o.mpi_bin,
            .hosts = o.hosts,
            .num_processes = o.num_processes,
            .oversubscribe = o.oversubscribe,
            .allow_run_as_root = o.allow_run_as_root,
            .mpi_params = o.mpi_params};
}

/// The arguments to execute, program first. The launcher's prefix stands in front when `uses_launcher` (an
/// executor over processes), the launcher starts ranks, and there are hosts. Empty when the launch has a
/// fault; validate() says which. Usable in a constant expression, where a memory size or rate may have at
/// most 15 significant digits. Precondition: no text in `o` holds a NUL.
template <launch::launcher Launcher>
[[nodiscard]] KVMARK_INLINE constexpr argv build_command(bool uses_launcher, Launcher launcher,
                                                         const options& o) {
    launch::launcher_request request = launch_request(o);
    if (!uses_launcher || !Launcher::starts_ranks) {
        request.hosts = {};
        request.num_processes = {};
    }
    return command::build(launcher, request, o);
}

/// The same under a launcher whose dialect is known at run time (launch/detect.hpp). `request` is
/// launch_request(o) and what an executed launch adds to it: time limit, tags, environment.
[[nodiscard]] KVMARK_INLINE constexpr argv
build_command(const launch::dialect& words, const launch::launcher_request& request, const options& o) {
    return command::build(command::chosen_launcher{words}, request, o);
}

} // namespace kvmark

// kvmark/benchmark/plan_run.hpp
// Options -> what the source, the tiers and the engine are told.

namespace kvmark {

/// Where a run without --cache-dir keeps its entries: below the run directory, or in $TMPDIR, or in /var/tmp,
/// which unlike /tmp is seldom made of memory.
[[nodiscard]] KVMARK_COLD std::string effective_cache_dir(const options& o) {
    if (!o.cache_dir.empty()) return o.cache_dir;
    if (!o.run_directory.empty()) return o.run_directory + "/kvcache_data";
    const char* temporary = std::getenv("TMPDIR");
    return std::string(temporary && *temporary ? temporary : "/var/tmp") + "/kvmark-cache";
}

[[nodiscard]] constexpr bytes per_token_of(const options& o) {
    return o.model.per_token() / static_cast<std::uint64_t>(o.tensor_parallel);
}

/// A seed that no other run is likely to have.
[[nodiscard]] KVMARK_COLD std::uint64_t fresh_seed() {
    timespec t;
    ::clock_gettime(CLOCK_REALTIME, &t);
    const auto moment =
        static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
    return mix(moment ^ static_cast<std::uint64_t>(::getpid()) << 40) >> 32;
}

/// What one rank of a job runs: its own seed and cache directory, and its share of the users where they are
/// the job's. `base_seed` is the job's. Alone, nothing changes but the seed.
[[nodiscard]] KVMARK_COLD options options_of_rank(options o, const exec::placement& place,
                                                  std::uint64_t base_seed) {
    o.seed = static_cast<std::int64_t>(base_seed + place.rank);
    if (place.ranks == 1) return o;
    if (o.raw_device.empty()) o.cache_dir = effective_cache_dir(o) + "/rank_" + std::to_string(place.rank);
    if (o.users_per == users_per_kind::job) {
        const auto ranks = static_cast<std::int64_t>(place.ranks);
        const std::int64_t share = o.num_users / ranks + (place.rank < o.num_users % ranks);
        o.num_users = share > 0 ? share : 1;
    }
    return o;
}

/// How long a job may take from start to end: what the options say, or the window, two minutes to start and
/// end, and an hour more where something is written before the window opens.
[[nodiscard]] constexpr nanoseconds job_deadline(const options& o) {
    if (o.job_timeout > 0) return from_seconds(static_cast<double>(o.job_timeout));
    const bool prepares = o.precondition || o.decode_only || o.enable_rag;
    return from_seconds(static_cast<double>(o.duration) + 120 + (prepares ? 3600 : 0));
}

[[nodiscard]] KVMARK_COLD workload::source_config plan_source(const options& o, std::uint64_t seed) {
    return {.seed = seed,
            .users = static_cast<std::uint64_t>(o.num_users),
            .request_rate = o.request_rate,
            .arrivals = o.arrivals,
            .model = o.model,
            .bytes_per_token = per_token_of(o),
            .multi_turn = !o.disable_multi_turn,
            .prefix_caching = !o.disable_prefix_caching,
            .rag = o.enable_rag,
            .rag_documents = static_cast<std::uint32_t>(o.rag_num_docs),
            .prefill_only = o.prefill_only,
            .decode_only = o.decode_only,
            .parameters = o.workload};
}

[[nodiscard]] KVMARK_COLD engine::turn_entries_config plan_access(const options& o) {
    const auto prepared = static_cast<std::uint64_t>(o.num_users) * o.workload.prepared_per_user;
    return {.decode_batch = o.workload.decode_batch,
            .reads_decode = !o.prefill_only,
            .writes_prefill = !o.decode_only,
            .prepared_entries = o.decode_only ? prepared : 0};
}

/// What the options ask of a tier of that role, whatever the machine can give; all ones: no bound.
[[nodiscard]] constexpr bytes asked_limit(const options& o, tier::tier_role role) {
    switch (role) {
    case tier::tier_role::gpu:
        return from_gib(o.gpu_mem_gb.value * static_cast<double>(o.num_gpus));
    case tier::tier_role::cpu:
        return from_gib(o.cpu_mem_gb.value);
    case tier::tier_role::peer:
        return from_gib(o.peer_mem_gb.value);
    case tier::tier_role::storage:
        break;
    }
    return o.storage_capacity_gb > 0 ? from_gib(o.storage_capacity_gb) : bytes(~std::uint64_t{0});
}

/// Whether storage was asked for where there is none to give: a full disk is an error, not a stack without
/// storage.
[[nodiscard]] constexpr bool no_room(const options& o, tier::tier_role role, const tier::tier_setup& setup) {
    return role == tier::tier_role::storage && setup.limit.count == 0 && asked_limit(o, role).count != 0;
}

/// The plan of a run on `tiers`, whose limits are cut to what the machine can hold, shared evenly by
/// `sharers` ranks, with a note where they were.
template <class Stack>
[[nodiscard]] KVMARK_COLD engine::engine_config plan_engine(const options& o, Stack& tiers,
                                                            std::uint64_t seed, std::uint32_t sharers = 1) {
    engine::engine_config c{
        .parameters = o.workload,
        .io = {.chunk = bytes(static_cast<std::uint64_t>(o.io_chunk)),
               .salt = mix(seed ^ fresh_seed()),
               .verify = o.verify != verify_mode::none,
               .verify_payload = o.verify == verify_mode::full},
        .per_token = per_token_of(o),
        .duration = from_seconds(static_cast<double>(o.duration)),
        .max_requests = static_cast<std::uint64_t>(o.max_requests),
        .users = static_cast<std::uint64_t>(o.num_users),
        .generation_per_token =
            from_seconds(o.workload.seconds_per_token[static_cast<std::size_t>(o.generation_mode)]),
        .max_writers = static_cast<std::uint64_t>(o.max_concurrent_allocs),
        .max_samples = static_cast<std::uint64_t>(o.max_samples),
        .seed = seed,
        .prepared_entries = plan_access(o).prepared_entries,
        .scaling = !o.enable_autoscaling                       ? engine::scaling_mode::off
                   : o.autoscaler_mode == autoscaler_mode::qos ? engine::scaling_mode::qos
                                                               : engine::scaling_mode::capacity,
        .target_saturation = o.target_saturation,
    };
    if (o.precondition_threads > 0)
        c.precondition_writers = static_cast<std::uint64_t>(o.precondition_threads);

    tiers.for_each([&]<class T>(std::size_t i, T& t) {
        tier::tier_setup setup{.limit = asked_limit(o, T::role),
                               .io_chunk = c.io.chunk,
                               .queue_depth = static_cast<std::uint32_t>(o.queue_depth),
                               .cache_dir = effective_cache_dir(o),
                               .layout = o.layout,
                               .raw_device = o.raw_device,
                               .strict = o.strict};
        bytes capacity = tier::capacity_of(t, setup);
        if (capacity != bytes(~std::uint64_t{0})) capacity = capacity / sharers;
        std::string note;
        if (setup.limit > capacity) {
            if (setup.limit != bytes(~std::uint64_t{0}))
                note = "limit lowered from " + std::to_string(to_gib(setup.limit)) + " to " +
                       std::to_string(to_gib(capacity)) + " GiB, the most this machine can give now";
            setup.limit = capacity;
        }
        if (i + 1 == Stack::size && o.precondition)
            c.precondition = o.precondition_size_gb > 0 ? from_gib(o.precondition_size_gb) : setup.limit * 2;
        c.tiers.push_back(setup);
        c.notes.push_back(note);
    });
    return c;
}

/// I/Os in flight by tier, and who keeps them so. Asks the tiers, which are not open yet, for their queues.
template <class Stack>
[[nodiscard]] KVMARK_COLD exec::crew_setup<Stack> plan_crew(const options& o, const engine::engine_config& c,
                                                            engine::io_path<Stack>& path) {
    exec::crew_setup<Stack> setup{
        .path = path, .io = c.io, .queue_workers = static_cast<std::uint32_t>(o.io_workers)};
    path.tiers().for_each([&]<class T>(std::size_t i, T& t) {
        if (!tier::blocking_tier<T> || c.tiers[i].limit.count == 0) return;
        setup.depths[i] = tier::depth_of(t, c.tiers[i]);
        if constexpr (tier::queued_tier<T>) setup.queued[i] = t.can_queue(c.tiers[i]);
    });
    return setup;
}

/// The bounds that placement keeps: every tier but the last is filled to a share of its limit.
template <class Stack>
[[nodiscard]] KVMARK_COLD std::vector<cache::tier_bounds> plan_bounds(const engine::engine_config& c,
                                                                      Stack& tiers) {
    std::vector<cache::tier_bounds> bounds;
    tiers.for_each([&]<class T>(std::size_t i, T& t) {
        const bool last = i + 1 == Stack::size;
        bounds.push_back({.limit = c.tiers[i].limit,
                          .granule = tier::granule_of(t, c.tiers[i]),
                          .target = last ? 1.0 : c.parameters.tier_target,
                          .largest = last ? 1.0 : c.parameters.large_entry});
    });
    return bounds;
}

} // namespace kvmark

// kvmark/benchmark/job_command.hpp
// Options -> the launch of a job: who starts it, for how long, and the command that is really executed.

namespace kvmark {

/// How a launcher type is spoken to; null for one without a dialect of kvmark's.
template <class Launcher>
[[nodiscard]] constexpr const launch::dialect* usual_words() {
    if constexpr (requires { Launcher::words; })
        return &Launcher::words;
    else
        return nullptr;
}

/// `run` counts the runs of the program, from 1.
template <class Launcher>
[[nodiscard]] KVMARK_COLD exec::job_order job_order_of(const options& o, std::uint32_t run) {
    const launch::host_plan plan(o.hosts, o.num_processes);
    return {.launcher = o.mpi_bin.empty() ? std::string(Launcher::name) : o.mpi_bin,
            .usual = usual_words<Launcher>(),
            .deadline = job_deadline(o),
            .ranks = static_cast<std::uint32_t>(plan.processes()),
            .run = run};
}

/// What an executed launch asks of `launcher`. It holds views into all three.
[[nodiscard]] KVMARK_COLD launch::launcher_request job_request(const options& o, const std::string& launcher,
                                                               const exec::launch_extras& extras) {
    launch::launcher_request request = launch_request(o);
    request.path = launcher;
    request.timeout_s = extras.timeout_s;
    request.tag_output = extras.tag_output;
    request.environment = extras.environment;
    return request;
}

} // namespace kvmark

// kvmark/benchmark/policies.hpp
// Sorts the policies of a benchmark: eviction, access model, source and clock may come in any order.

namespace kvmark {

/// Which concept a type is meant to model, told by any one of the members that only that concept has. A type
/// that lacks another member is then met with that concept's own sentence.
enum class policy_kind : std::uint8_t { eviction, access, source, clock, unknown };

template <class P>
[[nodiscard]] constexpr policy_kind kind_of() {
    if (
        requires(P p) { p.victim(); } || requires(P p) { p.touch(tier::entry_id{}); })
        return policy_kind::eviction;
    if (requires(P p) { p.next(); } || workload::source<P>) return policy_kind::source;
    if (
        requires(P p) { p.now(); } || requires { P::is_virtual; })
        return policy_kind::clock;
    if (requires(P p, const workload::request& r, engine::archetype_planner& planner) { p.plan(r, planner); })
        return policy_kind::access;
    return policy_kind::unknown;
}

template <class P>
constexpr void check_policy() {
    constexpr policy_kind kind = kind_of<P>();
    static_assert(
        kind != policy_kind::unknown,
        "kvmark: a policy of a benchmark must be an eviction policy (victim, touch, ...), an access model "
        "(plan), a source (next) or a clock (now, is_virtual)");
    if constexpr (kind == policy_kind::eviction) cache::check_eviction_policy<P>();
    if constexpr (kind == policy_kind::source) workload::check_source<P>();
    if constexpr (kind == policy_kind::clock) check_clock<P>();
    if constexpr (kind == policy_kind::access) engine::check_access_model<P>();
}

/// The first of `Policies` of a kind, or the default.
template <policy_kind Kind, class Default, class... Policies>
struct pick_policy {
    using type = Default;
};
template <policy_kind Kind, class Default, class First, class... Rest>
struct pick_policy<Kind, Default, First, Rest...> {
    using type = typename std::conditional_t<kind_of<First>() == Kind, std::type_identity<First>,
                                             pick_policy<Kind, Default, Rest...>>::type;
};

template <class... Policies>
struct policy_set {
    static constexpr bool sorted = ((check_policy<Policies>(), true) && ...);
    static constexpr std::size_t count([[maybe_unused]] policy_kind k) {
        return (std::size_t{0} + ... + (kind_of<Policies>() == k ? 1u : 0u));
    }
    static_assert(count(policy_kind::eviction) <= 1 && count(policy_kind::access) <= 1 &&
                      count(policy_kind::source) <= 1 && count(policy_kind::clock) <= 1,
                  "kvmark: a benchmark takes at most one policy of each kind");

    using eviction = typename pick_policy<policy_kind::eviction, cache::lru, Policies...>::type;
    using access = typename pick_policy<policy_kind::access, engine::turn_entries, Policies...>::type;
    using source = typename pick_policy<policy_kind::source, workload::user_personas, Policies...>::type;
    using clock = typename pick_policy<policy_kind::clock, clocks::steady, Policies...>::type;
};

} // namespace kvmark

// kvmark/benchmark/fault_list.hpp
// Collects what is wrong with a set of options, one sentence each.

namespace kvmark::validation {

/// The largest memory size: the bytes of 2^33 GiB fit into 64 bits with room for a sum of two.
inline constexpr double max_gib = 8'589'934'592.0;

/// Collects faults; each check names the option, its value, and the range.
class fault_list {
public:
    KVMARK_COLD void add(std::string message) {
        faults_.push_back({error_kind::invalid_argument, std::move(message)});
    }
    KVMARK_COLD void integer(const char* option, std::int64_t value, std::int64_t low, std::int64_t high) {
        if (value >= low && value <= high) return;
        add(option + (" " + std::to_string(value)) + ": must be " + std::to_string(low) +
            (high == INT64_MAX ? " or more" : ".." + std::to_string(high)));
    }
    KVMARK_COLD void real(const char* option, double value, double high, const char* range) {
        if (value >= 0 && value <= high) return; // false for a NaN
        add(option + (" " + std::string(launch::real_text(value))) + ": must be " + range);
    }
    KVMARK_COLD void gib(const char* option, double value) {
        real(option, value, max_gib, "0..8589934592 GiB (8 EiB)");
    }
    KVMARK_COLD void text(const char* option, std::string_view value) {
        if (value.find('\0') != std::string_view::npos)
            add(option + std::string(": it holds a NUL character, which no argument or path can"));
    }
    [[nodiscard]] std::vector<error> take() { return std::move(faults_); }

private:
    std::vector<error> faults_;
};

} // namespace kvmark::validation

// kvmark/benchmark/validate_workload.hpp
// Everything that is wrong with the numbers of a workload, which a configuration file may have replaced.

namespace kvmark::validation {

/// What the sources and the engine rely on: ranges with low <= high, lengths of at least one token,
/// probabilities and shares within 0..1.
KVMARK_COLD void check_workload(fault_list& faults, const workload::parameters& w) {
    const auto lengths = [&](const std::string& name, const workload::range<std::uint32_t>& r) {
        if (r.low < 1 || r.low > r.high)
            faults.add(name + " " + std::to_string(r.low) + ".." + std::to_string(r.high) +
                       ": must be a range of at least 1 token, low end first");
    };
    for (const workload::persona& p : w.personas) {
        const std::string name(p.name);
        lengths("context tokens of " + name, p.context_tokens);
        lengths("generated tokens of " + name, p.generated_tokens);
        if (!(p.think_seconds.low >= 0 && p.think_seconds.low <= p.think_seconds.high &&
              p.think_seconds.high <= 3000))
            faults.add("think time of " + name + ": must be a range within 0..3000 s, low end first");
    }
    lengths("document tokens", w.document_tokens);
    lengths("document tokens of large models", w.large_model_document_tokens);

    faults.real("think jitter", w.think_jitter, 1, "0..1");
    faults.real("interactive probability", w.interactive_probability, 1, "0..1");
    faults.real("responsive threshold", w.responsive_threshold, 1, "0..1");
    faults.real("end of conversation probability", w.end_conversation_probability, 1, "0..1");
    faults.real("system prompt probability", w.system_prompt_probability, 1, "0..1");
    faults.real("rag request probability", w.rag_probability, 1, "0..1");
    faults.real("eviction target usage ratio", w.tier_target, 1, "0..1");
    faults.real("eviction large entry limit ratio", w.large_entry, 1, "0..1");
    faults.integer("max conversations", w.max_conversations, 1, UINT32_MAX);
    faults.integer("max turns", w.max_turns, 1, 1'000'000);
    faults.integer("chunk tokens", w.chunk_tokens, 1, UINT32_MAX);
    faults.integer("chunks per query", w.chunks_per_query, 0, workload::request::max_chunks);
    faults.integer("decode batch", w.decode_batch, 1, UINT32_MAX);
    faults.integer("prepared tokens", w.prepared_tokens, 1, UINT32_MAX);
    faults.integer("characters per token", w.sharegpt_chars_per_token, 1, UINT32_MAX);
    faults.integer("autoscaler minimum of users", w.autoscale_min_users, 1, w.autoscale_max_users);
}

} // namespace kvmark::validation

// kvmark/benchmark/validate.hpp
// Everything that is wrong with a set of options, at once.

#include <limits.h>
#include <stdlib.h>

namespace kvmark {

namespace validation {

/// Directories where a benchmark's files have no business, as in the reference.
inline constexpr std::string_view forbidden_directories[]{"/etc",  "/bin", "/sbin", "/usr/bin", "/usr/sbin",
                                                          "/boot", "/sys", "/proc", "/dev",     "/root"};

/// An absolute path without `.`, `..` and doubled slashes, by its text alone.
[[nodiscard]] KVMARK_COLD std::string normalised(std::string_view absolute) {
    std::string path;
    while (!absolute.empty()) {
        const std::size_t slash = absolute.find('/');
        const std::string_view part = absolute.substr(0, slash);
        absolute.remove_prefix(slash == std::string_view::npos ? absolute.size() : slash + 1);
        if (part == "..")
            path.resize(path.empty() ? 0 : path.rfind('/'));
        else if (!part.empty() && part != ".")
            (path += '/') += part;
    }
    return path.empty() ? "/" : path;
}

/// `path` counted from the working directory.
[[nodiscard]] KVMARK_COLD std::string absolute(const std::string& path) {
    if (path.starts_with('/')) return path;
    char working_directory[PATH_MAX];
    return (::getcwd(working_directory, sizeof working_directory) ? working_directory : "") + ("/" + path);
}

/// The real path of the longest leading part of an absolute path that exists, symbolic links followed; then
/// the rest as it is written.
[[nodiscard]] KVMARK_COLD std::string resolved(const std::string& path) {
    char real[PATH_MAX];
    for (std::size_t end = path.size(); end > 0; end = path.rfind('/', end - 1))
        if (::realpath(path.substr(0, end).c_str(), real)) return normalised(real + path.substr(end));
    return normalised(path);
}

/// The forbidden directory that `path` is or lies in, compared by whole components; empty if there is none.
[[nodiscard]] KVMARK_COLD std::string_view forbidden_parent(const std::string& path) {
    for (const std::string_view directory : forbidden_directories)
        if (path == directory || path.starts_with(std::string(directory) + '/')) return directory;
    return {};
}

/// A raw device must be named twice, and a slab is all that can lie on it; the tier then looks at its
/// content.
KVMARK_COLD void check_raw_device(fault_list& faults, const options& o) {
    if (o.raw_device.empty()) return;
    if (o.raw_device != o.cache_dir)
        faults.add("--raw-device " + quote(o.raw_device) +
                   ": must name the same device as --cache-dir, which is to be overwritten");
    if (o.layout != tier::layout_kind::slab)
        faults.add("--raw-device " + quote(o.raw_device) + ": needs --layout slab");
}

KVMARK_COLD void check_cache_directory(fault_list& faults, const options& o) {
    if (!o.raw_device.empty()) return;
    const std::string& given = o.cache_dir.empty() ? o.run_directory : o.cache_dir;
    if (given.empty()) return;
    const std::string path = absolute(given);
    std::string_view directory = forbidden_parent(normalised(path));
    std::string real;
    if (directory.empty()) directory = forbidden_parent(real = resolved(path));
    if (directory.empty()) return;
    faults.add((o.cache_dir.empty() ? "run directory " : "--cache-dir ") + quote(given) +
               (real.empty() ? "" : " (which is " + quote(real) + ")") + ": must not be in " +
               std::string(directory) + ", a directory of the system");
}

KVMARK_COLD void check_model(fault_list& faults, const model::geometry& m) {
    const bool sized =
        m.is_mla() || (m.kv_heads > 0 && (m.head_dim > 0 || (m.heads > 0 && m.hidden >= m.heads)));
    if (m.name.empty() || m.layers == 0 || !sized)
        faults.add("--model " + quote(m.name) +
                   ": must have a name, at least one layer, and heads that make up a size per token");
}

} // namespace validation

/// Every fault of the options, empty when a run can start; each names the option, its value and what it may
/// be. Touches nothing; reads the file system to follow symbolic links in the cache directory.
/// Source of the bounds: reference kv-cache.py, and for io-chunk and queue-depth kvmark's own limits.
[[nodiscard]] KVMARK_COLD std::vector<error> validate(const options& o) {
    validation::fault_list faults;
    validation::check_model(faults, o.model);
    faults.integer("--num-users", o.num_users, 1, 100'000);
    faults.integer("--duration", o.duration, 1, 86'400);
    faults.gib("--gpu-mem-gb", o.gpu_mem_gb.value);
    faults.gib("--cpu-mem-gb", o.cpu_mem_gb.value);
    faults.gib("--peer-mem-gb", o.peer_mem_gb.value);
    faults.integer("--num-gpus", o.num_gpus, 1, INT64_MAX);
    faults.integer("--tensor-parallel", o.tensor_parallel, 1, o.num_gpus < 1 ? INT64_MAX : o.num_gpus);
    faults.real("--target-saturation", o.target_saturation, 1, "0..1");
    faults.integer("--rag-num-docs", o.rag_num_docs, 0, 100'000);
    faults.integer("--max-concurrent-allocs", o.max_concurrent_allocs, 0, INT64_MAX);
    faults.real("--request-rate", o.request_rate, 1.7976931348623157e308, "0 or more, and finite");
    faults.integer("--max-requests", o.max_requests, 0, INT64_MAX);
    faults.gib("--storage-capacity-gb", o.storage_capacity_gb);
    faults.gib("--precondition-size-gb", o.precondition_size_gb);
    faults.integer("--precondition-threads", o.precondition_threads, 0, INT64_MAX);
    if (o.prefill_only && o.decode_only)
        faults.add("--prefill-only and --decode-only exclude each other: give one of them");
    if (o.io_chunk < 4096 || o.io_chunk > 64 << 20 || o.io_chunk % 4096 != 0)
        faults.add("--io-chunk " + std::to_string(o.io_chunk) +
                   ": must be a multiple of 4096 bytes, 4096..67108864 (64 MiB)");
    faults.integer("--queue-depth", o.queue_depth, 1, 1024);
    faults.integer("--io-workers", o.io_workers, 0, 64);
    faults.integer("--max-samples", o.max_samples, 0, INT64_MAX);
    faults.integer("--job-timeout", o.job_timeout, 0, 31'536'000);
    faults.text("--cache-dir", o.cache_dir);
    faults.text("--output", o.output);
    faults.text("run directory", o.run_directory);
    faults.text("run datetime", o.run_datetime);
    faults.text("--mpi-bin", o.mpi_bin);
    faults.text("program", o.program.path);
    faults.text("interpreter", o.program.interpreter);
    for (const std::string& word : o.program.words) faults.text("program", word);
    for (const std::string& param : o.mpi_params) faults.text("--mpi-params", param);
    faults.text("--raw-device", o.raw_device);
    validation::check_cache_directory(faults, o);
    validation::check_raw_device(faults, o);
    validation::check_workload(faults, o.workload);

    std::vector<error> all = faults.take();
    for (error& fault : launch::launch_errors(o.hosts, o.num_processes)) all.push_back(std::move(fault));
    return all;
}

} // namespace kvmark

// kvmark/benchmark/benchmark.hpp
// kvmark::benchmark: executor, launcher, tiers and policies composed at compile time.

namespace kvmark {

/// A benchmark of a stack of storage tiers. Every part is a type: there is no virtual call and no type
/// erasure between run() and a tier's read or write, and build_command() is a constant expression where its
/// options are. `Policies` are at most one each of eviction policy, access model, source and clock, in any
/// order.
template <class Executor = exec::serial, class Launcher = launch::none,
          class TierStack = tier::stack<tier::host, tier::direct_file>, class... Policies>
class benchmark {
    using policies = policy_set<Policies...>;
    static_assert(policies::sorted);
    static_assert(launch::launcher<Launcher>,
                  "kvmark: a launcher needs static members `name`, `starts_ranks` and "
                  "`write_prefix(text_writer&, const launcher_request&, const host_plan&)`");

public:
    using stack_type = TierStack;
    using tier_configs = typename TierStack::configs;

    /// By reference: g++ 12 cannot move a string with a short text within a constant expression.
    constexpr explicit benchmark(const options& o = {}, const tier_configs& tiers = {})
        : options_(o), tiers_(tiers) {
        exec::check_executor<Executor>();
    }

    [[nodiscard]] constexpr const options& settings() const { return options_; }

    /// Everything that is wrong with the options; empty when they can be run.
    [[nodiscard]] std::vector<error> validate() const { return kvmark::validate(options_); }

    /// The arguments that start this benchmark: the launcher's words first where the executor uses one and
    /// there are hosts. Empty when the hosts do not validate; validate() says why.
    [[nodiscard]] KVMARK_INLINE constexpr argv build_command() const {
        return kvmark::build_command(Executor::uses_launcher, Launcher{}, options_);
    }

    /// Runs the workload and returns what was measured. An error means that no run took place; what went
    /// wrong during a run is in the report (run_report::clean). Over several processes every one of them
    /// comes here, and the job's report is in the one whose report is `primary`.
    result<measure::run_report> run() {
        measure::no_observer nobody;
        return run(nobody);
    }

    /// The same, watched.
    template <measure::observer Observer>
    result<measure::run_report> run(Observer& observer) {
        using source_type = typename policies::source;
        static_assert(std::is_constructible_v<source_type, const workload::source_config&>,
                      "kvmark: a source needs a constructor from workload::source_config, or an object given "
                      "to run_from()");
        return run_with(
            [](const options& o) -> result<source_type> {
                return source_type(plan_source(o, static_cast<std::uint64_t>(*o.seed)));
            },
            observer);
    }

    /// The same with the requests of a source that is already there, a trace's for instance.
    template <workload::source Source, measure::observer Observer>
    result<measure::run_report> run_from(Source& source, Observer& observer) {
        return run_with([&](const options&) -> result<Source*> { return &source; }, observer);
    }

    /// The same with a source that is made once this process knows its place: `make_source(options)` is told
    /// what this rank runs, with a seed of its own, and returns result<Source> or result<Source*>.
    template <class MakeSource, measure::observer Observer>
    result<measure::run_report> run_with(MakeSource&& make_source, Observer& observer) {
        static_assert(
            !requires { crew_type::missing; },
            "kvmark: run() of this executor needs its own header: include <kvmark/exec/local.hpp> for "
            "exec::local, <kvmark/exec/mpi.hpp> for exec::mpi");
        static_assert(exec::io_crew<typename crew_type::type>);
        job_type job;
        if constexpr (job_type::launches) {
            if (!job.inside() && launch::host_plan(options_.hosts, options_.num_processes).used() > 0)
                return start_job(job, observer);
        }
        if (auto inside = job.join(); !inside) return inside.error();
        if (job.skips()) return not_this_run();
        const options o = options_of_rank(options_, job.place(), job.agree(choose_seed()));
        job.describe(effective_cache_dir(o), static_cast<std::uint64_t>(o.num_users));
        if (const auto faults = kvmark::validate(o); !faults.empty()) return job.refuse(joined(faults));
        auto source = make_source(o);
        if (!source) return job.refuse(source.error());
        auto&& watcher = job.watched(observer);
        if constexpr (std::is_pointer_v<std::remove_reference_t<decltype(*source)>>)
            return run_here(job, o, **source, watcher);
        else
            return run_here(job, o, *source, watcher);
    }

private:
    using crew_type = exec::crew_of<Executor, TierStack>;
    using job_type = typename exec::job_of<Executor>::type;
    using clock = typename policies::clock;
    using access = typename policies::access;
    static_assert(
        !clock::is_virtual || TierStack::all_timed,
        "kvmark: a virtual clock needs tiers that model their own time (tier::modelled, tier::null)");

    [[nodiscard]] std::uint64_t choose_seed() const {
        return options_.seed ? static_cast<std::uint64_t>(*options_.seed) : fresh_seed();
    }

    [[nodiscard]] static access make_access(const options& o) {
        if constexpr (std::is_constructible_v<access, const engine::turn_entries_config&>)
            return access(plan_access(o));
        else
            return access();
    }

    [[nodiscard]] KVMARK_COLD static measure::run_report not_this_run() {
        measure::run_report nothing;
        nothing.primary = false;
        return nothing;
    }

    /// Starts the ranks through the launcher: the program that the options name, or this same program with
    /// the arguments it was given.
    template <class Observer>
    result<measure::run_report> start_job(job_type& job, Observer& observer) {
        if (const auto faults = validate(); !faults.empty()) return joined(faults);
        options o = options_;
        if (o.program.path.empty() && o.program.words.empty()) o.program.words = exec::this_command();
        const exec::job_order order = job_order_of<Launcher>(o, job.next_run());
        return job.launch(
            order,
            [&](const launch::dialect* words, const exec::launch_extras& extras) {
                const launch::launcher_request request = job_request(o, order.launcher, extras);
                return words != nullptr ? kvmark::build_command(*words, request, o)
                                        : command::build(Launcher{}, request, o);
            },
            observer);
    }

    template <class Source, class Observer>
    result<measure::run_report> run_here(job_type& job, const options& o, Source& source,
                                         Observer& observer) {
        TierStack tiers(tiers_);
        const auto seed = static_cast<std::uint64_t>(*o.seed);
        const engine::engine_config config = plan_engine(o, tiers, seed, job.place().local_ranks);
        // The hands first: they listen to signals, and opening a tier may take seconds.
        engine::io_window window;
        engine::io_path<TierStack> path(tiers, config.io, window);
        auto hands = make_crew(plan_crew(o, config, path), job);
        error refusal;
        tiers.for_each([&]<class T>(std::size_t i, T& t) {
            if (!refusal.message.empty()) return;
            if (no_room(o, T::role, config.tiers[i])) {
                refusal = {error_kind::system,
                           std::string(T::name) + " tier: no space left in " + config.tiers[i].cache_dir};
                return;
            }
            if (auto opened = t.open(config.tiers[i]); !opened) refusal = opened.error();
        });
        if (!refusal.message.empty()) return job.refuse(refusal);
        if (auto ready = job.ready(tiers); !ready) return job.refuse(ready.error());
        if (auto started = hands.start(); !started) return job.refuse(started.error(), tiers);

        engine::engine<clock, TierStack, typename policies::eviction, access, Source,
                       typename crew_type::type, std::remove_reference_t<Observer>>
            engine(config, tiers, plan_bounds(config, tiers), make_access(o), source, hands, path, window,
                   observer);
        measure::run_report own = engine.run();
        if constexpr (requires { observer.on_own_report(own, o, job.place().rank); })
            if (job.place().ranks > 1) observer.on_own_report(own, o, job.place().rank);
        return job.conclude(std::move(own), tiers);
    }

    [[nodiscard]] static auto make_crew(const exec::crew_setup<TierStack>& setup,
                                        [[maybe_unused]] job_type& job) {
        using crew = typename crew_type::type;
        if constexpr (std::is_constructible_v<crew, const exec::crew_setup<TierStack>&, job_type&>)
            return crew(setup, job);
        else
            return crew(setup);
    }

    [[nodiscard]] KVMARK_COLD static error joined(const std::vector<error>& faults) {
        error all = faults.front();
        for (std::size_t i = 1; i < faults.size(); ++i) all.message += "\n" + faults[i].message;
        return all;
    }

    options options_;
    tier_configs tiers_;
};

} // namespace kvmark

// kvmark/benchmark/calibration.hpp
// From what a device was measured to do to the numbers of a modelled tier, and back.

namespace kvmark {

/// What I/Os of one size did, `depth` of them always in flight.
struct measured_case {
    bytes block{};
    std::uint32_t depth = 1;
    int read_percent = 100;      ///< 100: reads, 0: writes, else both at random
    double bytes_per_second = 0; ///< of both directions together
    measure::histogram latency;  ///< of an I/O
};

/// The bandwidth of a depth that is this share of the best counts as saturated: closer than that, rounds of
/// one device differ.
inline constexpr double saturated_share = 0.95;

namespace detail {

/// One direction of a device, as its cases show it at two block sizes (or one).
class way_fit {
public:
    way_fit(std::span<const measured_case> cases, int read_percent, bytes large, bytes small)
        : cases_(cases), read_percent_(read_percent), large_(large), small_(small) {}

    /// False without an I/O alone at both sizes.
    [[nodiscard]] bool complete() const { return alone(large_) > 0 && alone(small_) > 0; }

    /// Nanoseconds of an I/O with nothing else in flight, which is Little's law at depth 1.
    [[nodiscard]] double alone(bytes block) const {
        for (const measured_case& c : cases_)
            if (is(c, block) && c.depth == 1) return time_of(c);
        return 0;
    }
    /// Nanoseconds from the end of one I/O to the end of the next in a deep queue: the mean of the depths
    /// that saturate the device, since the best of some noisy figures is too good.
    [[nodiscard]] double share(bytes block) const {
        const double enough = saturated_share * best(block);
        double sum = 0;
        int count = 0;
        for (const measured_case& c : cases_)
            if (is(c, block) && c.bytes_per_second >= enough) {
                sum += c.bytes_per_second;
                ++count;
            }
        return static_cast<double>(block.count) / (sum / count) * 1e9;
    }
    /// The least depth that saturates it, and no less than its shares need.
    [[nodiscard]] std::uint32_t depth() const {
        std::uint32_t needed = 1, seen = ~0u;
        for (const bytes block : {large_, small_}) {
            const double overlap = alone(block) / share(block);
            while (needed < overlap) ++needed;
        }
        for (const measured_case& c : cases_)
            if (is(c, large_) && c.bytes_per_second >= saturated_share * best(large_) && c.depth < seen)
                seen = c.depth;
        return seen > needed ? seen : needed;
    }

    /// fixed + size / rate through the times at both sizes; a negative part is 0, and the line then goes
    /// through the larger size.
    struct line {
        double fixed = 0, rate = 0; ///< nanoseconds, bytes per second
    };
    [[nodiscard]] line line_of(double at_large, double at_small) const {
        const auto l = static_cast<double>(large_.count), s = static_cast<double>(small_.count);
        double per_byte = l > s ? (at_large - at_small) / (l - s) : 0;
        if (per_byte <= 0 || at_large < l * per_byte) per_byte = at_large / l;
        return {at_large - l * per_byte, 1e9 / per_byte};
    }

    /// Of the larger size in the deepest queue, up to P99, and 1 on average. What stalls beyond that cost is
    /// in the bandwidth, and so in the time of every I/O: drawn too, it would be counted twice.
    [[nodiscard]] tier::modelled_spread spread() const {
        tier::modelled_spread s;
        const measured_case* deepest = nullptr;
        for (const measured_case& c : cases_)
            if (is(c, large_) && !c.latency.empty() && (!deepest || c.depth > deepest->depth)) deepest = &c;
        if (!deepest) return s;
        for (std::size_t i = 0; i < s.ratios.size(); ++i) {
            const double rank = s.ranks[i] < 0.99 ? s.ranks[i] : 0.99;
            s.ratios[i] = static_cast<double>(deepest->latency.quantile(rank).count);
        }
        const double mean = s.mean();
        for (double& r : s.ratios) r = mean > 0 ? r / mean : 1;
        return s;
    }

private:
    [[nodiscard]] bool is(const measured_case& c, bytes block) const {
        return c.block == block && c.read_percent == read_percent_ && c.bytes_per_second > 0;
    }
    [[nodiscard]] static double time_of(const measured_case& c) {
        return c.depth * static_cast<double>(c.block.count) / c.bytes_per_second * 1e9;
    }
    [[nodiscard]] double best(bytes block) const {
        double most = 0;
        for (const measured_case& c : cases_)
            if (is(c, block) && c.bytes_per_second > most) most = c.bytes_per_second;
        return most;
    }

    std::span<const measured_case> cases_;
    int read_percent_;
    bytes large_, small_;
};

/// How far reads and writes share the device, from mixed cases of the larger size: what a pair of one of each
/// takes beyond the longer of the two. 1 where nothing mixed was measured.
[[nodiscard]] KVMARK_COLD double contention_of(std::span<const measured_case> cases, bytes block, double read,
                                               double write) {
    double most = 0, reads = 0;
    for (const measured_case& c : cases) {
        if (c.block != block || c.read_percent <= 0 || c.read_percent >= 100 || c.bytes_per_second <= most)
            continue;
        most = c.bytes_per_second;
        reads = c.read_percent / 100.0;
    }
    if (most <= 0) return 1;
    const double took = static_cast<double>(block.count) / most * 1e9;
    const double a = reads * read, b = (1 - reads) * write;
    const double longer = a > b ? a : b, shorter = a > b ? b : a;
    const double contention = took <= a + b ? (took - longer) / shorter : (took - shorter) / longer;
    return contention > 0 ? contention : 0;
}

} // namespace detail

/// The device that does what was measured. Needs, of reads and of writes each, the largest block and the
/// smallest (one size alone will do) with one I/O in flight and with enough to saturate the device; and, for
/// how the two share it, a mix of them at the largest block, deep. Between the sizes times are linear; the
/// spread is that of the largest. Errors: invalid_argument, for a case that is missing.
[[nodiscard]] KVMARK_COLD result<tier::modelled_config> fit_modelled(std::span<const measured_case> cases,
                                                                     bytes granule = tier::sector_size) {
    bytes large{}, small{~std::uint64_t{0}};
    for (const measured_case& c : cases) {
        if (c.block > large) large = c.block;
        if (c.block < small) small = c.block;
    }
    const detail::way_fit reads(cases, 100, large, small), writes(cases, 0, large, small);
    for (const auto* way : {&reads, &writes})
        if (!way->complete())
            return error{error_kind::invalid_argument,
                         std::string("calibration: no ") + (way == &reads ? "reads" : "writes") +
                             " with one I/O in flight were measured at the largest or the smallest block"};

    const double read_share = reads.share(large), write_share = writes.share(large);
    const auto read = reads.line_of(read_share, reads.share(small));
    const auto write = writes.line_of(write_share, writes.share(small));
    const auto read_alone = reads.line_of(reads.alone(large), reads.alone(small));
    const auto write_alone = writes.line_of(writes.alone(large), writes.alone(small));
    const auto whole = [](double ns) { return nanoseconds(static_cast<std::int64_t>(ns + 0.5)); };
    return tier::modelled_config{.read_latency = whole(read_alone.fixed),
                                 .write_latency = whole(write_alone.fixed),
                                 .read_bytes_per_second = read.rate,
                                 .write_bytes_per_second = write.rate,
                                 .queue_depth =
                                     reads.depth() > writes.depth() ? reads.depth() : writes.depth(),
                                 .granule = granule,
                                 .read_io_cost = whole(read.fixed),
                                 .write_io_cost = whole(write.fixed),
                                 .read_alone_bytes_per_second = read_alone.rate,
                                 .write_alone_bytes_per_second = write_alone.rate,
                                 .contention = detail::contention_of(cases, large, read_share, write_share),
                                 .read_spread = reads.spread(),
                                 .write_spread = writes.spread()};
}

/// What a modelled device gives in a case: `operations` I/Os, each handed over as another ends. Bandwidth and
/// latencies come out as block_benchmark would measure them, in virtual time. Errors: those of open().
[[nodiscard]] KVMARK_COLD result<measured_case> predict(const tier::modelled_config& config, bytes block,
                                                        std::uint32_t depth, int read_percent,
                                                        std::uint64_t operations = 20'000) {
    tier::modelled<> device(config);
    if (auto opened = device.open({.io_chunk = block, .queue_depth = depth}); !opened) return opened.error();
    measured_case found{.block = block, .depth = depth, .read_percent = read_percent, .latency = {}};
    random_stream draw(1);
    std::vector<nanoseconds> ends(depth);
    nanoseconds now{}, begun{};
    // The first ones meet an idle device.
    const std::uint64_t warm_up = std::uint64_t{depth} * 4;
    for (std::uint64_t i = 0; i < warm_up + operations; ++i) {
        std::size_t first = 0;
        for (std::size_t slot = 1; slot < ends.size(); ++slot)
            if (ends[slot] < ends[first]) first = slot;
        now = ends[first];
        if (i == warm_up) begun = now;
        const bool reads = read_percent == 100 || static_cast<int>(draw.next() % 100) < read_percent;
        ends[first] = device.schedule(reads ? tier::direction::read : tier::direction::write, block, now);
        if (i >= warm_up) found.latency.record(ends[first] - now);
    }
    if (now > begun)
        found.bytes_per_second = static_cast<double>((block * operations).count) / to_seconds(now - begun);
    return found;
}

} // namespace kvmark

#ifdef KVMARK_WITH_LOCAL

// kvmark/exec/local.hpp
// The executor of one machine: workers for each tier, signals and timers, on Boost.Asio.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <csignal>
#include <latch>
#include <sys/eventfd.h>
#include <thread>

namespace kvmark::exec {

/// Each tier that holds bytes has a lane, which workers serve: of a tier with a queue, a few threads that
/// keep its I/Os in flight, and two for what a queue does not do (create, commit, erase); of another tier, a
/// thread for each I/O in flight. A worker takes the next unit of the lane's oldest operation by one
/// compare-and-swap and goes to sleep only when the lane is empty; the engine is woken once per operation,
/// not once per I/O. SIGINT and SIGTERM end the run: I/Os under way finish, no other begins.
template <class Stack>
class local_crew {
public:
    KVMARK_COLD explicit local_crew(const crew_setup<Stack>& setup)
        : path_(setup.path), signals_(context_, SIGINT, SIGTERM), timer_(context_),
          doorbell_(context_, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        for (std::size_t t = 0; t < Stack::size; ++t) hire(setup, t);
        signals_.async_wait([this](const boost::system::error_code& failed, int number) {
            if (!failed) signal_ = number;
        });
    }
    local_crew(const local_crew&) = delete;
    local_crew& operator=(const local_crew&) = delete;
    KVMARK_COLD ~local_crew() { halt(); }

    [[nodiscard]] KVMARK_COLD result<void> start() {
        for (const auto& w : workers_)
            if (!w->io.has_buffers())
                return error{error_kind::system,
                             "cannot map the I/O buffers; give a smaller --io-chunk or --queue-depth"};
        listen();
        pool_ = std::make_unique<boost::asio::thread_pool>(workers_.size());
        std::latch opened(static_cast<std::ptrdiff_t>(workers_.size()));
        for (const auto& w : workers_)
            boost::asio::post(*pool_, [this, w = w.get(), &opened] { work(*w, opened); });
        opened.wait();
        for (const auto& w : workers_)
            if (!w->opened) return w->opened;
        return {};
    }

    void submit(std::uint8_t index, engine::io_op& op) {
        feed& f = feed_of(index, op);
        op.next = nullptr;
        if (f.first || !f.ready.offer(op)) {
            (f.first ? f.last->next : f.first) = &op;
            f.last = &op;
            return;
        }
        call(f, index, op.units);
    }

    [[nodiscard]] engine::io_op* reap() {
        if (!reaped_) {
            // The stack of completions, turned over so that the oldest comes first.
            for (auto* op = completed_.exchange(nullptr, std::memory_order_acquire); op;) {
                auto* following = op->next;
                op->next = reaped_;
                reaped_ = op;
                op = following;
            }
            refill();
        }
        if (!reaped_) return nullptr;
        return std::exchange(reaped_, reaped_->next);
    }

    void wait(nanoseconds at_most) {
        if (at_most.count <= 0) {
            context_.poll();
            return;
        }
        asleep_.store(true);
        if (completed_.load() == nullptr) {
            timer_.expires_after(std::chrono::nanoseconds(at_most.count));
            timer_.async_wait([](const boost::system::error_code&) {});
            context_.run_one();
            timer_.cancel();
        }
        asleep_.store(false);
        context_.poll();
    }

    [[nodiscard]] bool stop_requested() const { return signal_ != 0; }
    /// SIGINT, SIGTERM, another that was listened for, or 0.
    [[nodiscard]] int stop_signal() const { return signal_; }

    KVMARK_COLD void halt() {
        if (!pool_) return;
        halted_.store(true);
        for (std::size_t t = 0; t < Stack::size; ++t)
            for (feed* f : {&lanes_[t].data, &lanes_[t].metadata}) {
                f->bell.fetch_add(1);
                f->bell.notify_all();
            }
        for (const auto& w : workers_)
            if (w->duty == duty_kind::queue && w->driver) wake(*w);
        pool_->join();
        pool_.reset();
    }

    template <class F>
    void for_each_worker(F&& f) {
        for (const auto& w : workers_) f(w->io);
    }

protected:
    /// Another signal that ends the run, as SIGINT does.
    KVMARK_COLD void listen_for(int signal) { signals_.add(signal); }

private:
    /// Operations of one kind for one group of workers.
    struct feed {
        unit_dispenser ready;
        alignas(64) std::atomic<int> bell{0}; ///< rung when there is more to do
        engine::io_op* first = nullptr;       ///< what the ring had no place for
        engine::io_op* last = nullptr;
    };
    enum class duty_kind : std::uint8_t { calls, queue, metadata };
    struct worker {
        worker(const engine::io_settings& settings, engine::io_buffers buffers, std::size_t tier, duty_kind d,
               std::uint32_t depth = 0)
            : io(settings, Stack::size, buffers), lane(tier), duty(d), queue_depth(depth) {}
        engine::io_worker io;
        std::size_t lane;
        duty_kind duty;
        std::uint32_t queue_depth; ///< I/Os that a queue keeps in flight
        result<void> opened;
        std::shared_ptr<void> driver; ///< a queue_driver of the lane's tier; outlives the thread that runs it
        alignas(64) std::atomic<bool> dozing{false};
    };
    struct lane {
        feed data;
        feed metadata;
        std::vector<worker*> queue_workers;
    };
    static constexpr int metadata_workers = 2;

    // --- workers ---

    KVMARK_COLD void hire(const crew_setup<Stack>& setup, std::size_t t) {
        const std::uint32_t depth = setup.depths[t];
        if (depth == 0) return;
        const auto add = [&](auto&&... what) -> worker& {
            return *workers_.emplace_back(std::make_unique<worker>(what...));
        };
        if (!setup.queued[t]) {
            for (std::uint32_t i = 0; i < depth; ++i)
                add(setup.io, engine::io_buffers{}, t, duty_kind::calls);
            return;
        }
        const std::uint32_t workers = queue_workers(setup.queue_workers, depth);
        for (std::uint32_t i = 0; i < workers; ++i) {
            const std::uint32_t share = depth / workers + (i < depth % workers);
            lanes_[t].queue_workers.push_back(
                &add(setup.io, queue_buffers(share), t, duty_kind::queue, share));
        }
        engine::io_settings without_data = setup.io;
        without_data.chunk = tier::sector_size;
        for (int i = 0; i < metadata_workers; ++i)
            add(without_data, engine::io_buffers{}, t, duty_kind::metadata);
    }

    /// Half the processors, and no more than have eight I/Os each: one thread verifies several GiB/s.
    [[nodiscard]] static std::uint32_t queue_workers(std::uint32_t asked, std::uint32_t depth) {
        const std::uint32_t half = std::thread::hardware_concurrency() / 2;
        const std::uint32_t suited = std::max(1u, std::min(half, depth / 8));
        return std::min(asked == 0 ? suited : asked, depth);
    }

    void work(worker& w, std::latch& opened) {
        if (w.duty != duty_kind::queue) {
            opened.count_down();
            feed& f = w.duty == duty_kind::metadata ? lanes_[w.lane].metadata : lanes_[w.lane].data;
            return make_calls(w, f);
        }
        path_.tiers().at(w.lane, [&]<class Tier>(Tier& t) {
            if constexpr (tier::queued_tier<Tier>) {
                auto driver = std::make_shared<queue_driver<Stack, Tier>>(path_, w.io, w.queue_depth);
                w.opened = driver->open(t);
                w.driver = driver;
                const bool good = w.opened.has_value();
                opened.count_down();
                if (!good) return;
                driver->run([&] { return lanes_[w.lane].data.ready.take(); },
                            [&](engine::io_op& op) { unit_done(op); }, halted_, w.dozing);
            }
        });
    }

    void make_calls(worker& w, feed& f) {
        while (!halted_.load(std::memory_order_relaxed)) {
            const int bell = f.bell.load(std::memory_order_acquire);
            const auto unit = f.ready.take();
            if (!unit.op) {
                if (!halted_.load()) f.bell.wait(bell, std::memory_order_acquire);
                continue;
            }
            path_.perform(*unit.op, unit.index, w.io);
            unit_done(*unit.op);
        }
    }

    void unit_done(engine::io_op& op) {
        if (op.unfinished.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        auto* top = completed_.load(std::memory_order_relaxed);
        do {
            op.next = top;
        } while (!completed_.compare_exchange_weak(top, &op));
        if (!asleep_.exchange(false)) return;
        const std::uint64_t one = 1;
        static_cast<void>(!::write(doorbell_.native_handle(), &one, sizeof one));
    }

    // --- feeding them ---

    [[nodiscard]] feed& feed_of(std::size_t index, const engine::io_op& op) {
        lane& l = lanes_[index];
        const bool queue_does_it = op.stage == engine::op_stage::data || l.queue_workers.empty();
        return queue_does_it ? l.data : l.metadata;
    }

    /// Tells the feed's workers that there are `units` more.
    void call(feed& f, std::size_t index, std::uint32_t units) {
        lane& l = lanes_[index];
        if (&f == &l.data && !l.queue_workers.empty()) {
            for (worker* w : l.queue_workers) {
                if (!w->dozing.exchange(false)) continue;
                wake(*w);
                if (--units == 0) return;
            }
            return;
        }
        f.bell.fetch_add(1, std::memory_order_release);
        if (units == 1)
            f.bell.notify_one();
        else
            f.bell.notify_all();
    }

    void wake(worker& w) {
        path_.tiers().at(w.lane, [&]<class Tier>(Tier&) {
            if constexpr (tier::queued_tier<Tier>)
                static_cast<queue_driver<Stack, Tier>*>(w.driver.get())->wake();
        });
    }

    void refill() {
        for (std::size_t t = 0; t < Stack::size; ++t)
            for (feed* f : {&lanes_[t].data, &lanes_[t].metadata})
                while (f->first) {
                    engine::io_op& op = *f->first;
                    engine::io_op* following = op.next;
                    if (!f->ready.offer(op)) break;
                    call(*f, t, op.units);
                    f->first = following;
                }
    }

    void listen() {
        doorbell_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                             [this](const boost::system::error_code& failed) {
                                 if (failed) return;
                                 std::uint64_t rings;
                                 static_cast<void>(!::read(doorbell_.native_handle(), &rings, sizeof rings));
                                 listen();
                             });
    }

    engine::io_path<Stack>& path_;
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer timer_;
    boost::asio::posix::stream_descriptor doorbell_;
    std::array<lane, Stack::size> lanes_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::unique_ptr<boost::asio::thread_pool> pool_;
    std::atomic<engine::io_op*> completed_{nullptr};
    engine::io_op* reaped_ = nullptr;
    std::atomic<bool> asleep_{false};
    std::atomic<bool> halted_{false};
    int signal_ = 0;
};

template <class Stack>
struct crew_of<local, Stack> {
    using type = local_crew<Stack>;
};

} // namespace kvmark::exec

// kvmark/benchmark/block_benchmark.hpp
// One tier, one block size, one depth: what a backend gives when nothing else stands around it.

namespace kvmark {

/// What is measured: I/Os of `block` bytes at random places, `depth` of them in flight.
struct block_case {
    bytes block{};
    std::uint32_t depth = 1;
    int read_percent = 100; ///< 100: reads, 0: writes
    nanoseconds warm_up{300'000'000};
    nanoseconds duration{2'000'000'000};
};

struct block_result {
    nanoseconds elapsed{}; ///< without the warm-up
    bytes read{}, written{};
    measure::histogram read_latency, write_latency; ///< of one I/O, until it is seen to be done
    measure::process_usage processor;               ///< of the whole process, from the warm-up's end on
    measure::device_usage device;                   ///< by the kernel's counters, likewise
    std::uint64_t corrupt_sectors = 0;
    std::uint64_t errors = 0;
    int error_number = 0; ///< of the first

    [[nodiscard]] std::uint64_t operations() const { return read_latency.count() + write_latency.count(); }
    [[nodiscard]] double bytes_per_second() const {
        return elapsed.count > 0 ? static_cast<double>((read + written).count) / to_seconds(elapsed) : 0;
    }
};

/// Holds one entry of `size` bytes in a tier and measures it case by case. A tier with a queue is driven by
/// the calling thread, any other by a thread for each I/O in flight. Blocks carry stamps, which reads check
/// as `verify` says. The loop allocates nothing and makes no system call but the tier's and the clock's.
template <tier::blocking_tier Tier>
class block_benchmark {
public:
    /// `setup.io_chunk` is the largest block that will be measured; every block divides it.
    block_benchmark(const tier::tier_setup& setup, bytes size, verify_mode verify,
                    const tier::config_of<Tier>& config = {})
        : setup_(setup), size_(size), verify_(verify), tier_(make(config)) {
        setup_.limit = round_up(size, tier::granule_of(tier_, setup_));
    }

    /// Opens the tier and writes the entry whole.
    [[nodiscard]] KVMARK_COLD result<void> open() {
        if constexpr (tier::queued_tier<Tier>) queued_ = tier_.can_queue(setup_);
        if (auto opened = tier_.open(setup_); !opened) return opened;
        if (const auto created = tier_.create(entry, size_); !created.good()) return failure(created);
        const lane buffers(setup_.io_chunk, 1);
        for (bytes at{}; at < size_; at += setup_.io_chunk) {
            const bytes left = size_ - at;
            const auto part =
                buffers.write_buffer(0).first(left < setup_.io_chunk ? left.count : setup_.io_chunk.count);
            stamp(part, at, buffers);
            if (const auto written = tier_.write(entry, at, part); !written.good()) return failure(written);
        }
        if (const auto durable = tier::commit(tier_, entry); !durable.good()) return failure(durable);
        return {};
    }

    /// Whether one thread drives a queue. After open(), as note().
    [[nodiscard]] bool queued() const { return queued_; }
    [[nodiscard]] std::string note() const { return tier::note_of(tier_); }

    /// Ends early when `stop` becomes true. An error means that nothing could be measured; errors of I/Os are
    /// counted.
    [[nodiscard]] result<block_result> measure(const block_case& c, const std::atomic<bool>& stop) {
        if (c.block.count == 0 || setup_.io_chunk.count % c.block.count != 0 ||
            c.block.count % tier::sector_size.count != 0)
            return error{error_kind::invalid_argument,
                         "a block of " + std::to_string(c.block.count) +
                             " bytes: must be whole sectors of 4096, and divide the largest block"};
        if (size_.count / c.block.count < c.depth)
            return error{error_kind::invalid_argument, "an entry of " + std::to_string(size_.count) +
                                                           " bytes has fewer blocks of " +
                                                           std::to_string(c.block.count) +
                                                           " than there are I/Os in flight; make it larger"};
        window w{.stop = stop};
        w.begin = clocks::monotonic_now() + c.warm_up;
        w.end = w.begin + c.duration;
        return queued_ ? through_queue(c, w) : by_threads(c, w);
    }

private:
    static constexpr tier::entry_id entry = 0;
    static constexpr tier::content_id content{.key = 1, .generation = 1};
    static constexpr std::uint64_t salt = 42;

    struct window {
        const std::atomic<bool>& stop;
        nanoseconds begin{}, end{};

        [[nodiscard]] bool over(nanoseconds now) const {
            return now >= end || stop.load(std::memory_order_relaxed);
        }
    };

    /// The buffers of some I/Os in flight: one full of noise to write and one to read into for each.
    class lane {
    public:
        lane(bytes block, std::uint32_t slots) : block_(block), slots_(slots), memory_(block * 2 * slots) {
            memory_.touch(block * 2 * slots);
            for (std::uint32_t slot = 0; slot < slots; ++slot)
                noise_ = tier::payload_noise(write_buffer(slot), salt);
        }
        [[nodiscard]] std::span<std::byte> memory() const { return memory_.span(); }
        [[nodiscard]] KVMARK_INLINE std::span<std::byte> write_buffer(std::uint32_t slot) const {
            return {memory_.data() + block_.count * slot, block_.count};
        }
        [[nodiscard]] KVMARK_INLINE std::span<std::byte> read_buffer(std::uint32_t slot) const {
            return {memory_.data() + block_.count * (slots_ + slot), block_.count};
        }
        [[nodiscard]] KVMARK_INLINE const tier::payload_noise& noise() const { return noise_; }

    private:
        bytes block_;
        std::uint32_t slots_;
        huge_page_buffer memory_;
        tier::payload_noise noise_;
    };

    /// Draws what the I/Os of one slot do. A slot has blocks of its own, every depth-th, so that no write
    /// meets another I/O on the same block.
    struct plan {
        plan(const block_case& c, bytes size, std::uint32_t first_slot)
            : draw(c.depth, first_slot), block(c.block), depth(c.depth),
              blocks(size.count / c.block.count / c.depth), read_percent(c.read_percent) {}

        [[nodiscard]] KVMARK_INLINE bytes place(std::uint32_t slot) {
            return block * (draw.next() % blocks * depth + slot);
        }
        [[nodiscard]] KVMARK_INLINE bool reads() {
            return read_percent == 100 ||
                   (read_percent != 0 && static_cast<int>(draw.next() % 100) < read_percent);
        }

        random_stream draw;
        bytes block;
        std::uint32_t depth;
        std::uint64_t blocks;
        int read_percent;
    };

    struct io {
        bytes place{};
        bool reads = true;
        nanoseconds handed{};
    };

    static Tier make(const tier::config_of<Tier>& config) {
        if constexpr (std::is_same_v<tier::config_of<Tier>, tier::no_config>)
            return Tier();
        else
            return Tier(config);
    }
    static error failure(tier::io_status status) {
        return {error_kind::system, std::string("laying out: ") + std::strerror(status.error_number)};
    }

    KVMARK_INLINE void stamp(std::span<std::byte> part, bytes at, const lane& buffers) const {
        tier::stamp_sectors(part, buffers.noise(), content,
                            static_cast<std::uint32_t>(at.count / tier::sector_size.count), salt);
    }

    KVMARK_INLINE void conclude(const io& done, std::span<const std::byte> buffer, tier::io_status status,
                                nanoseconds now, const window& w, block_result& r) const {
        if (!KVMARK_LIKELY(status.good())) {
            if (r.errors++ == 0) r.error_number = status.error_number;
            return;
        }
        if (now >= w.begin && now < w.end) {
            (done.reads ? r.read_latency : r.write_latency).record(now - done.handed);
            (done.reads ? r.read : r.written) += bytes(buffer.size());
        }
        if (!done.reads || verify_ == verify_mode::none) return;
        tier::verify_sectors(buffer, content,
                             static_cast<std::uint32_t>(done.place.count / tier::sector_size.count), salt,
                             verify_ == verify_mode::full,
                             [&](const tier::sector_mismatch&) KVMARK_INLINE_LAMBDA { ++r.corrupt_sectors; });
    }

    /// What the process and the device did since the warm-up ended.
    class meter {
    public:
        explicit meter(const std::string& path) : counters_(path) {}
        void start() {
            processor_ = measure::read_process_usage();
            device_ = counters_.read();
        }
        void stop(block_result& r, const window& w, nanoseconds now) const {
            r.processor = measure::read_process_usage() - processor_;
            r.device = counters_.read() - device_;
            r.elapsed = (now < w.end ? now : w.end) - w.begin;
            if (r.elapsed.count < 0) r.elapsed = {};
        }

    private:
        measure::device_counters counters_;
        measure::process_usage processor_;
        measure::device_usage device_;
    };

    [[nodiscard]] result<block_result> through_queue(const block_case& c, const window& w) {
        block_result r;
        if constexpr (tier::queued_tier<Tier>) {
            const lane buffers(c.block, c.depth);
            if (buffers.memory().empty()) return no_memory();
            typename Tier::queue queue;
            if (auto opened = queue.open(tier_, c.depth, buffers.memory()); !opened) return opened.error();
            plan next(c, size_, 0);
            std::vector<io> ios(c.depth);
            std::vector<std::uint32_t> idle, prepared;
            for (std::uint32_t slot = 0; slot < c.depth; ++slot) idle.push_back(slot);
            prepared.reserve(c.depth);
            meter m(setup_.cache_dir);
            bool metered = false;
            nanoseconds now = clocks::monotonic_now();
            while (!w.over(now) || idle.size() < c.depth) {
                if (!w.over(now)) begin(queue, buffers, next, ios, idle, prepared);
                hand_over(ios, prepared);
                queue.wait();
                now = clocks::monotonic_now();
                if (!metered && now >= w.begin) {
                    m.start();
                    metered = true;
                }
                queue.reap([&](std::uint32_t slot, tier::io_status status) KVMARK_INLINE_LAMBDA {
                    const io& done = ios[slot];
                    conclude(done, done.reads ? buffers.read_buffer(slot) : buffers.write_buffer(slot),
                             status, now, w, r);
                    idle.push_back(slot);
                });
            }
            if (metered) m.stop(r, w, now);
        }
        return r;
    }

    template <class Queue>
    KVMARK_INLINE void begin(Queue& queue, const lane& buffers, plan& next, std::vector<io>& ios,
                             std::vector<std::uint32_t>& idle, std::vector<std::uint32_t>& prepared) const {
        for (const std::uint32_t slot : idle) {
            io& i = ios[slot];
            i.place = next.place(slot);
            i.reads = next.reads();
            if (i.reads) {
                queue.read(slot, entry, i.place, buffers.read_buffer(slot));
            } else {
                stamp(buffers.write_buffer(slot), i.place, buffers);
                queue.write(slot, entry, i.place, buffers.write_buffer(slot));
            }
            prepared.push_back(slot);
            if (prepared.size() == tier::queue_batch) {
                hand_over(ios, prepared);
                queue.submit();
            }
        }
        idle.clear();
    }

    KVMARK_INLINE static void hand_over(std::vector<io>& ios, std::vector<std::uint32_t>& prepared) {
        const nanoseconds now = clocks::monotonic_now();
        for (const std::uint32_t slot : prepared) ios[slot].handed = now;
        prepared.clear();
    }

    [[nodiscard]] result<block_result> by_threads(const block_case& c, const window& w) {
        std::vector<block_result> results(c.depth);
        std::atomic<bool> no_buffers{false};
        std::vector<std::thread> threads;
        for (std::uint32_t slot = 0; slot < c.depth; ++slot)
            threads.emplace_back([&, slot] {
                const lane buffers(c.block, 1);
                if (buffers.memory().empty())
                    no_buffers = true;
                else
                    one_at_a_time(c, w, slot, buffers, results[slot]);
            });
        meter m(setup_.cache_dir);
        for (nanoseconds now = clocks::monotonic_now(); now < w.begin && !w.over(now);
             now = clocks::monotonic_now())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        m.start();
        for (auto& thread : threads) thread.join();
        if (no_buffers) return no_memory();
        block_result all;
        for (const block_result& r : results) {
            all.read += r.read;
            all.written += r.written;
            all.read_latency.merge(r.read_latency);
            all.write_latency.merge(r.write_latency);
            all.corrupt_sectors += r.corrupt_sectors;
            if (all.errors == 0) all.error_number = r.error_number;
            all.errors += r.errors;
        }
        m.stop(all, w, clocks::monotonic_now());
        return all;
    }

    void one_at_a_time(const block_case& c, const window& w, std::uint32_t slot, const lane& buffers,
                       block_result& r) {
        plan next(c, size_, slot);
        nanoseconds now = clocks::monotonic_now();
        while (!w.over(now)) {
            io i{.place = next.place(slot), .reads = next.reads()};
            const auto buffer = i.reads ? buffers.read_buffer(0) : buffers.write_buffer(0);
            if (!i.reads) stamp(buffer, i.place, buffers);
            i.handed = clocks::monotonic_now();
            const tier::io_status status =
                i.reads ? tier_.read(entry, i.place, buffer) : tier_.write(entry, i.place, buffer);
            now = clocks::monotonic_now();
            conclude(i, buffer, status, now, w, r);
        }
    }

    static error no_memory() {
        return {error_kind::system, "cannot map the I/O buffers; give smaller blocks or a smaller depth"};
    }

    tier::tier_setup setup_;
    bytes size_;
    verify_mode verify_;
    Tier tier_;
    bool queued_ = false;
};

} // namespace kvmark

#endif // KVMARK_WITH_LOCAL

#ifdef KVMARK_WITH_READERS

// kvmark/workload/reader/text_file.hpp
// A file read front to back, for the trace readers.

namespace kvmark::workload {

class text_file {
public:
    static result<text_file> open(std::string path) {
        text_file f(std::move(path));
        f.file_.reset(std::fopen(f.path_.c_str(), "rb"));
        if (!f.file_) return f.system_error("cannot be opened");
        return f;
    }

    /// Fills as much of `to` as there is; 0 at the end of the file.
    result<std::size_t> read(std::span<char> to) {
        const std::size_t got = std::fread(to.data(), 1, to.size(), file_.get());
        if (std::ferror(file_.get())) return system_error("cannot be read");
        return got;
    }

    result<void> rewind() {
        if (std::fseek(file_.get(), 0, SEEK_SET) != 0)
            return system_error("cannot be read twice; play it once, or copy it to a plain file");
        return {};
    }

    /// `file:line:column: reason`; both count from 1, columns in bytes.
    [[nodiscard]] error error_at(std::size_t line, std::size_t column, std::string_view reason) const {
        return {error_kind::invalid_argument, path_ + ':' + std::to_string(line) + ':' +
                                                  std::to_string(column) + ": " + std::string(reason)};
    }

private:
    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };

    explicit text_file(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] error system_error(std::string_view what) const {
        return {error_kind::system, path_ + ": " + std::string(what) + ": " + std::strerror(errno)};
    }

    std::string path_;
    std::unique_ptr<std::FILE, closer> file_;
};

} // namespace kvmark::workload

// kvmark/workload/reader/line_reader.hpp
// Lines of a text file in bounded memory, with their numbers, for the trace readers.

namespace kvmark::workload {

/// Reads a file line by line through one buffer of 64 KiB, which is also the longest line it takes.
class line_reader {
public:
    static result<line_reader> open(std::string path) {
        result<text_file> file = text_file::open(std::move(path));
        if (!file) return file.error();
        return line_reader(*std::move(file));
    }

    /// The next line without its end (\n or \r\n), valid until the next call. Empty at the end of the file,
    /// or when reading failed; failure() tells which.
    std::optional<std::string_view> next() {
        for (;;) {
            const std::string_view pending(buffer_.data() + begin_, end_ - begin_);
            if (const std::size_t length = pending.find('\n'); length != std::string_view::npos) {
                begin_ += length + 1;
                return numbered(pending.substr(0, length));
            }
            if (at_end_) {
                begin_ = end_;
                if (pending.empty() || failure_) return {};
                return numbered(pending);
            }
            fill();
        }
    }

    /// Back to the first line.
    result<void> rewind() {
        begin_ = end_ = line_ = 0;
        at_end_ = false;
        return file_.rewind();
    }

    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    /// An error in the line read last.
    [[nodiscard]] error error_at(std::size_t column, std::string_view reason) const {
        return file_.error_at(line_, column, reason);
    }

private:
    static constexpr std::size_t capacity = std::size_t{1} << 16;

    explicit line_reader(text_file file) : file_(std::move(file)), buffer_(capacity) {}

    std::string_view numbered(std::string_view line) {
        ++line_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
        if (line_ == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
        return line;
    }

    void fill() {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        if (end_ == capacity) {
            ++line_;
            return fail(error_at(1, "the line is longer than 65,536 bytes; is this a text file?"));
        }
        const result<std::size_t> got = file_.read(std::span(buffer_).subspan(end_));
        if (!got) return fail(got.error());
        end_ += *got;
        at_end_ = *got == 0;
    }

    void fail(error e) {
        failure_ = std::move(e);
        at_end_ = true;
    }

    text_file file_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0; // what is read and not yet handed out lies in [begin_, end_)
    std::size_t end_ = 0;
    std::size_t line_ = 0;
    bool at_end_ = false;
    std::optional<error> failure_;
};

} // namespace kvmark::workload

// kvmark/workload/burst_gpt.hpp
// Reader of BurstGPT traces (csv; Wang et al., "BurstGPT", KDD 2025), replayed as a source. Opt-in.

#include <cmath>

namespace kvmark::workload {

struct trace_replay {
    double speedup = 1.0;     ///< gaps are divided by it; 0: no gaps, every request arrives at time 0
    std::uint64_t cycles = 0; ///< how often the trace is played; 0: for ever
};

/// Each row is a request of its own, by a user of its own, outside any conversation: what the trace does not
/// record (class of service, system prompt) is drawn by the rules of the reference from the seed and the
/// request's number. Two cycles are joined by the trace's mean gap, so that replaying keeps its rate. The
/// file is read as it is played, in bounded memory.
class burst_gpt {
public:
    /// Opens a trace and reads its first row. Errors: a file that cannot be read; a header without the
    /// columns `Timestamp` (seconds; also `Timestamp (s)`), `Request tokens` and `Response tokens`; no rows;
    /// a replay that cannot be. Other columns, `Total tokens` among them, are not used.
    static result<burst_gpt> open(std::string path, const source_config& c, trace_replay replay = {}) {
        if (!(replay.speedup >= 0) || std::isinf(replay.speedup))
            return error{error_kind::invalid_argument, "trace-speedup is " + std::to_string(replay.speedup) +
                                                           "; it must be 0 (no gaps) or more"};
        result<line_reader> lines = line_reader::open(std::move(path));
        if (!lines) return lines.error();
        burst_gpt trace(*std::move(lines), c, replay);
        if (result<void> r = trace.read_header(); !r) return r.error();
        trace.upcoming_ = trace.read_row();
        if (trace.failure_) return *trace.failure_;
        if (!trace.upcoming_)
            return trace.lines_.error_at(1, "the trace has no rows below its header; give one that has");
        return trace;
    }

    /// Empty after the last cycle, and when a row cannot be understood: see failure().
    std::optional<request> next() {
        if (!upcoming_) return {};
        const row current = *upcoming_;
        if (rows_ > 0 && current.seconds > previous_seconds_)
            trace_seconds_ += current.seconds - previous_seconds_;
        previous_seconds_ = current.seconds;
        ++rows_;
        std::optional<request> out(to_request(current));
        upcoming_ = read_row();
        if (!upcoming_ && !failure_) start_next_cycle();
        return out;
    }

    /// Why next() ended early: a malformed row as `file:line:column: reason`, or an I/O error.
    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }

private:
    struct row {
        double seconds = 0;
        std::uint32_t request_tokens = 0;
        std::uint32_t response_tokens = 0;
    };
    static constexpr std::uint64_t salt = 0x62757273; // "burs"
    static constexpr std::size_t no_column = ~std::size_t{0};

    burst_gpt(line_reader lines, const source_config& c, trace_replay replay)
        : lines_(std::move(lines)), config_(c), replay_(replay) {}

    request to_request(const row& w) {
        request r;
        r.id = r.user = next_id_++;
        r.arrival = arrival_time();
        // A row of no request tokens (a failed request) still names an entry.
        r.input = tokens(w.request_tokens > 0 ? w.request_tokens : 1);
        r.output = tokens(w.response_tokens);
        r.phase = choose_phase(config_, r.input);
        random_stream draw(config_.seed, salt, r.id);
        r.service = draw_service(draw, config_.parameters);
        draw_system_prompt(draw, config_, r);
        return r;
    }

    [[nodiscard]] nanoseconds arrival_time() const {
        if (replay_.speedup == 0) return {};
        constexpr double end_of_time = 9e18; // 285 years in nanoseconds
        const double ns = (cycle_start_ + trace_seconds_) / replay_.speedup * 1e9;
        return nanoseconds(std::llrint(ns < end_of_time ? ns : end_of_time));
    }

    void start_next_cycle() {
        if (replay_.cycles != 0 && ++cycle_ >= replay_.cycles) return;
        if (rows_ > 1) cycle_start_ += trace_seconds_ * (1.0 + 1.0 / static_cast<double>(rows_ - 1));
        rows_ = 0;
        trace_seconds_ = 0;
        if (result<void> r = lines_.rewind(); !r) {
            failure_ = r.error();
            return;
        }
        lines_.next();
        upcoming_ = read_row();
    }

    /// The field that starts at `at`, which moves behind its comma; a field in quotes may hold commas.
    static std::string_view take_field(std::string_view line, std::size_t& at) {
        const bool quoted = at < line.size() && line[at] == '"';
        std::size_t end = quoted ? line.find('"', at + 1) : line.find(',', at);
        if (end == std::string_view::npos) end = line.size();
        const std::size_t begin = at + (quoted ? 1 : 0);
        const std::string_view field = line.substr(begin, end - begin);
        const std::size_t comma = line.find(',', end);
        at = comma == std::string_view::npos ? line.size() + 1 : comma + 1;
        return field;
    }

    result<void> read_header() {
        const std::optional<std::string_view> line = lines_.next();
        if (lines_.failure()) return *lines_.failure();
        if (!line) return lines_.error_at(1, "the file is empty; expected a BurstGPT csv");
        for (std::size_t at = 0; at <= line->size(); ++columns_) {
            const std::string_view name = take_field(*line, at);
            if (name == "Timestamp" || name == "Timestamp (s)") timestamp_column_ = columns_;
            if (name == "Request tokens") request_column_ = columns_;
            if (name == "Response tokens") response_column_ = columns_;
        }
        std::string missing;
        const auto need = [&missing](std::size_t column, std::string_view name) {
            if (column == no_column) missing.append(missing.empty() ? "" : ", ").append(name);
        };
        need(timestamp_column_, "Timestamp");
        need(request_column_, "Request tokens");
        need(response_column_, "Response tokens");
        if (!missing.empty()) return lines_.error_at(1, "the header lacks the columns: " + missing);
        return {};
    }

    /// The next row; empty at the end of the file, or with failure_ set.
    std::optional<row> read_row() {
        std::optional<std::string_view> line;
        do line = lines_.next();
        while (line && line->empty());
        if (!line) {
            failure_ = lines_.failure();
            return {};
        }
        row out;
        std::size_t column = 0;
        for (std::size_t at = 0; at <= line->size(); ++column) {
            const std::size_t begin = at;
            const std::string_view field = take_field(*line, at);
            const bool parsed = column == timestamp_column_  ? parse_seconds(field, out.seconds)
                                : column == request_column_  ? parse_number(field, out.request_tokens)
                                : column == response_column_ ? parse_number(field, out.response_tokens)
                                                             : true;
            if (parsed) continue;
            fail(begin + 1, "'" + std::string(field) + "' is not " +
                                (column == timestamp_column_ ? "a time in seconds" : "a count of tokens"));
            return {};
        }
        if (column == columns_) return out;
        fail(line->size() + 1,
             "the row has " + std::to_string(column) + " fields, the header " + std::to_string(columns_));
        return {};
    }

    static bool parse_seconds(std::string_view field, double& value) {
        return parse_number(field, value) && value >= 0 && std::isfinite(value);
    }
    template <class T>
    static bool parse_number(std::string_view field, T& value) {
        const char* end = field.data() + field.size();
        const auto [stop, e] = std::from_chars(field.data(), end, value);
        return e == std::errc{} && stop == end;
    }

    void fail(std::size_t column, std::string_view reason) { failure_ = lines_.error_at(column, reason); }

    line_reader lines_;
    source_config config_;
    trace_replay replay_;
    std::size_t columns_ = 0;
    std::size_t timestamp_column_ = no_column;
    std::size_t request_column_ = no_column;
    std::size_t response_column_ = no_column;

    std::optional<row> upcoming_;
    std::optional<error> failure_;
    std::uint64_t next_id_ = 0;
    std::uint64_t cycle_ = 0;
    std::uint64_t rows_ = 0;      // played in this cycle
    double previous_seconds_ = 0; // the timestamp of the last row
    double trace_seconds_ = 0;    // from the first row of this cycle to the last one played
    double cycle_start_ = 0;      // trace time of this cycle's first row
};

static_assert(source<burst_gpt>);

} // namespace kvmark::workload

// kvmark/workload/reader/sharegpt_file.hpp
// Reads the sizes of recorded conversations from a ShareGPT file (JSON), as a stream. Opt-in; uses
// Boost.JSON.

#include <boost/json/basic_parser_impl.hpp>

namespace kvmark::workload {

/// One question and its answer.
struct recorded_turn {
    tokens input{};
    tokens output{};
    friend constexpr bool operator==(const recorded_turn&, const recorded_turn&) = default;
};

/// Conversations as the sizes of their turns; the text is not kept.
class recorded_conversations {
public:
    [[nodiscard]] std::size_t size() const { return first_turn_.size() - 1; }
    /// Both count from 0; preconditions: `conversation` < size(), `index` < turns(conversation).
    [[nodiscard]] std::size_t turns(std::size_t conversation) const {
        return first_turn_[conversation + 1] - first_turn_[conversation];
    }
    [[nodiscard]] recorded_turn turn(std::size_t conversation, std::size_t index) const {
        return turns_[first_turn_[conversation] + index];
    }

    void add_turn(recorded_turn t) { turns_.push_back(t); }
    /// Closes a conversation; one without turns leaves nothing.
    void end_conversation() {
        if (turns_.size() > first_turn_.back()) first_turn_.push_back(turns_.size());
    }

private:
    std::vector<recorded_turn> turns_;
    std::vector<std::size_t> first_turn_{0};
};

namespace detail {

/// Follows `[{"conversations": [{"from": text, "value": text}]}]` through the events of the parser. Members
/// of other names are skipped, however deep.
class sharegpt_handler {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using code = boost::json::error_code;
    using text = boost::json::string_view;

    sharegpt_handler(const parameters& p, std::size_t wanted) : parameters_(p), wanted_(wanted) {}

    recorded_conversations recorded;
    /// The document is JSON, but not of this shape.
    [[nodiscard]] bool misshapen() const { return misshapen_; }
    /// Every conversation asked for is in: the rest of the file need not be read.
    [[nodiscard]] bool done() const { return recorded.size() >= wanted_; }

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }

    bool on_array_begin(code& e) {
        if (skipped_ == 0 && level_ == outside) return descend(list);
        if (skipped_ == 0 && level_ == conversation && key_ == key::conversations) return descend(messages);
        return other_value(e, 1);
    }
    bool on_array_end(std::size_t, code&) { return ascend(); }

    bool on_object_begin(code& e) {
        if (skipped_ == 0 && level_ == list) {
            question_open_ = false;
            return descend(conversation);
        }
        if (skipped_ == 0 && level_ == messages) {
            from_ = speaker::other;
            characters_ = 0;
            return descend(message);
        }
        return other_value(e, 1);
    }
    bool on_object_end(std::size_t, code& e) {
        if (skipped_ == 0 && level_ == message) end_message();
        if (skipped_ == 0 && level_ == conversation) {
            recorded.end_conversation();
            if (done()) return stop(e);
        }
        return ascend();
    }

    bool on_key_part(text s, std::size_t, code&) { return collect(s); }
    bool on_key(text s, std::size_t, code&) {
        collect(s);
        if (skipped_ == 0)
            key_ = word_ == "conversations" ? key::conversations
                   : word_ == "from"        ? key::from
                   : word_ == "value"       ? key::value
                                            : key::other;
        word_.clear();
        return true;
    }

    bool on_string_part(text s, std::size_t, code& e) {
        if (skipped_ > 0 || level_ != message) return other_value(e, 0);
        if (key_ == key::from) collect(s);
        if (key_ == key::value)
            for (const char c : s) characters_ += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        return true;
    }
    bool on_string(text s, std::size_t n, code& e) {
        if (!on_string_part(s, n, e)) return false;
        if (skipped_ == 0 && level_ == message && key_ == key::from)
            from_ = word_ == "human" ? speaker::human : word_ == "gpt" ? speaker::gpt : speaker::other;
        word_.clear();
        return true;
    }

    bool on_number_part(text, code&) { return true; }
    bool on_int64(std::int64_t, text, code& e) { return other_value(e, 0); }
    bool on_uint64(std::uint64_t, text, code& e) { return other_value(e, 0); }
    bool on_double(double, text, code& e) { return other_value(e, 0); }
    bool on_bool(bool, code& e) { return other_value(e, 0); }
    bool on_null(code& e) { return other_value(e, 0); }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }

private:
    enum level { outside, list, conversation, messages, message };
    enum class key { other, conversations, from, value };
    enum class speaker { other, human, gpt };

    bool descend(level to) {
        level_ = to;
        return true;
    }
    bool ascend() {
        if (skipped_ > 0)
            --skipped_;
        else
            level_ = static_cast<level>(level_ - 1);
        return true;
    }

    /// A value that is not what its place calls for: wrong where the shape is given, of no interest
    /// elsewhere.
    bool other_value(code& e, int depth) {
        misshapen_ = skipped_ == 0 && (level_ == outside || level_ == list || level_ == messages ||
                                       (level_ == conversation && key_ == key::conversations) ||
                                       (level_ == message && key_ != key::other));
        skipped_ += depth;
        return misshapen_ ? stop(e) : true;
    }
    static bool stop(code& e) {
        e = boost::json::error::exception;
        return false;
    }

    /// Keeps what is needed to tell the few words we know from all others.
    bool collect(text s) {
        constexpr std::size_t enough = 16;
        word_.append(s.data(), s.size() < enough ? s.size() : enough);
        if (word_.size() > enough) word_.resize(enough);
        return true;
    }

    /// A turn is a human's message with the answer that follows at once.
    void end_message() {
        if (from_ == speaker::gpt && question_open_)
            recorded.add_turn({to_tokens(question_characters_, parameters_.sharegpt_max_context),
                               to_tokens(characters_, parameters_.sharegpt_max_generation)});
        question_open_ = from_ == speaker::human;
        question_characters_ = characters_;
    }
    [[nodiscard]] tokens to_tokens(std::uint64_t characters, std::uint32_t most) const {
        const std::uint64_t n = characters / parameters_.sharegpt_chars_per_token;
        return tokens(n < 1 ? 1 : n > most ? most : n);
    }

    parameters parameters_;
    std::size_t wanted_;
    level level_ = outside;
    int skipped_ = 0; // how deep inside a value of no interest
    key key_ = key::other;
    std::string word_;
    speaker from_ = speaker::other;
    std::uint64_t characters_ = 0;
    std::uint64_t question_characters_ = 0;
    bool question_open_ = false;
    bool misshapen_ = false;
};

} // namespace detail

/// Reads the first `max_conversations` (0: all) conversations that have a turn, and no further. A turn is a
/// message from `human` with the one from `gpt` that follows it. Tokens are Unicode characters /
/// sharegpt_chars_per_token, at least 1, clipped to sharegpt_max_context and sharegpt_max_generation. Memory
/// grows with the turns, not with the text. Errors: an unreadable file, `file:line:column: reason` for one
/// that is not JSON of this shape, and a file without a turn.
[[nodiscard]] inline result<recorded_conversations> read_sharegpt(std::string path, const parameters& p,
                                                                  std::size_t max_conversations) {
    result<text_file> file = text_file::open(std::move(path));
    if (!file) return file.error();
    boost::json::basic_parser<detail::sharegpt_handler> parser(
        boost::json::parse_options{}, p,
        max_conversations > 0 ? max_conversations : static_cast<std::size_t>(-1));
    std::vector<char> buffer(std::size_t{1} << 16);
    std::size_t line = 1, column = 1;
    for (bool more = true; more;) {
        const result<std::size_t> got = file->read(buffer);
        if (!got) return got.error();
        more = *got > 0;
        boost::json::error_code e;
        const std::size_t used = parser.write_some(more, buffer.data(), *got, e);
        if (parser.handler().done()) break;
        for (std::size_t i = 0; i < used; ++i) {
            column = buffer[i] == '\n' ? 1 : column + 1;
            line += buffer[i] == '\n';
        }
        if (parser.handler().misshapen())
            return file->error_at(line, column,
                                  "expected [{\"conversations\": [{\"from\": text, \"value\": text}]}]");
        if (e) return file->error_at(line, column, "not valid JSON: " + e.message());
        if (used < *got) return file->error_at(line, column, "text after the end of the JSON document");
    }
    if (parser.handler().recorded.size() == 0)
        return file->error_at(line, column, "no human message is followed by one from gpt; nothing to play");
    return std::move(parser.handler().recorded);
}

} // namespace kvmark::workload

// kvmark/workload/sharegpt.hpp
// Recorded ShareGPT conversations played by users who think between turns. Opt-in; uses Boost.JSON.

namespace kvmark::workload {

/// A scalable source. Users, think times, classes of service, `request_rate` and system prompts are those of
/// user_personas; sizes and turns are the recorded ones. A user plays a conversation to its end, then takes
/// the next one in the file that nobody has taken; after the last the first comes again, under a new id.
class sharegpt {
public:
    /// Reads the first `max_conversations` (0: all). Errors: those of read_sharegpt().
    static result<sharegpt> open(std::string path, const source_config& c, std::size_t max_conversations) {
        result<recorded_conversations> r = read_sharegpt(std::move(path), c.parameters, max_conversations);
        if (!r) return r.error();
        return sharegpt(*std::move(r), c);
    }

    std::optional<request> next() {
        std::optional<request> out;
        const std::optional<arrival> a = population_.next();
        if (!a) return out;
        request& r = out.emplace();
        r.id = next_id_++;
        r.user = a->user;
        r.arrival = a->at;
        r.service = population_[a->user].service;
        take_turn(a->user, r);
        const source_config& c = population_.config();
        r.phase = choose_phase(c, r.input);
        random_stream draw = population_.request_stream(a->user);
        draw_system_prompt(draw, c, r);
        return out;
    }

    [[nodiscard]] std::uint64_t users() const { return population_.users(); }
    /// Removes the highest-numbered users, or adds users who start to think at `now`.
    void set_users(std::uint64_t count, nanoseconds now) {
        for (std::uint64_t u = count; u < users(); ++u) conversations_.close(static_cast<std::uint32_t>(u));
        population_.set_users(count, now);
        make_room();
    }

    [[nodiscard]] const recorded_conversations& recorded() const { return recorded_; }

private:
    sharegpt(recorded_conversations recorded, const source_config& c)
        : recorded_(std::move(recorded)), population_(c), conversations_(c.parameters.max_conversations) {
        make_room();
    }

    void make_room() {
        conversations_.reserve_users(users());
        if (playing_.size() < users()) playing_.resize(users());
    }

    void take_turn(std::uint32_t user, request& r) {
        if (conversations_.turns(user) >= recorded_.turns(playing_[user])) conversations_.close(user);
        const turn_ref t = conversations_.advance(user);
        if (t.turn == 1) playing_[user] = taken_++ % recorded_.size();
        const recorded_turn sizes = recorded_.turn(playing_[user], t.turn - 1);
        r.input = sizes.input;
        r.output = sizes.output;
        if (!population_.config().multi_turn) return;
        r.conversation = t.conversation;
        r.turn = t.turn;
    }

    recorded_conversations recorded_;
    user_population population_;
    conversation_table conversations_;
    std::vector<std::size_t> playing_; // by user: the recorded conversation it is in
    std::size_t taken_ = 0;
    std::uint64_t next_id_ = 0;
};

static_assert(scalable_source<sharegpt>);

} // namespace kvmark::workload

#endif // KVMARK_WITH_READERS

#ifdef KVMARK_WITH_REPORT

// kvmark/report/tier_totals.hpp
// The tiers of a report seen as the reference sees them: one GPU, one CPU and one storage tier.

namespace kvmark::report {

inline constexpr std::array<std::string_view, 4> role_names{"gpu", "cpu", "storage", "peer"};

using measure::is_bounded;

[[nodiscard]] constexpr std::string_view role_name(measure::tier_role role) {
    return role_names[static_cast<std::size_t>(role)];
}

/// A tier's name, with its role in front where several tiers have that name: `storage-modelled`.
[[nodiscard]] inline std::string tier_label(const measure::run_report& r, const measure::tier_stats& tier) {
    std::size_t same = 0;
    for (const measure::tier_stats& t : r.tiers) same += t.name == tier.name ? 1 : 0;
    return same == 1 ? tier.name : std::string(role_name(tier.role)) + "-" + tier.name;
}

/// The tiers of one role added up; all zero where the stack has none.
[[nodiscard]] inline measure::tier_stats role_totals(const measure::run_report& r, measure::tier_role role) {
    measure::tier_stats sum;
    sum.name = role_name(role);
    sum.role = role;
    for (const measure::tier_stats& t : r.tiers) {
        if (t.role != role) continue;
        sum.limit = measure::add_limits(sum.limit, t.limit);
        sum.used += t.used;
        sum.entries += t.entries;
        sum.demotions_in += t.demotions_in;
        sum.evictions += t.evictions;
        add(sum.read, t.read);
        add(sum.write, t.write);
    }
    return sum;
}

/// One direction over all tiers, without histograms: those of unlike tiers do not mix.
struct moved_totals {
    std::uint64_t operations = 0;
    bytes moved{};
};

[[nodiscard]] inline moved_totals all_reads(const measure::run_report& r) {
    moved_totals sum;
    for (const measure::tier_stats& t : r.tiers)
        sum.operations += t.read.operations, sum.moved += t.read.moved;
    return sum;
}

[[nodiscard]] inline moved_totals all_writes(const measure::run_report& r) {
    moved_totals sum;
    for (const measure::tier_stats& t : r.tiers)
        sum.operations += t.write.operations, sum.moved += t.write.moved;
    return sum;
}

/// GiB/s over the measured window; 0 for a window of no length.
[[nodiscard]] inline double gib_per_second(bytes moved, nanoseconds elapsed) {
    return elapsed.count > 0 ? to_gib(moved) / to_seconds(elapsed) : 0.0;
}

/// a / b, 0 where b is 0.
[[nodiscard]] inline double ratio(double a, double b) { return b > 0 ? a / b : 0.0; }

[[nodiscard]] inline double hit_rate(std::uint64_t hits, std::uint64_t misses) {
    return ratio(static_cast<double>(hits), static_cast<double>(hits + misses));
}

} // namespace kvmark::report

// kvmark/report/aggregate.hpp
// The reference's figures over ranks and trials, under its rules: summed in a trial, mean over trials.

namespace kvmark::report {

/// What one rank measured in one trial; a figure that nothing stands behind is not there.
struct rank_row {
    std::uint32_t rank = 0;
    bool missing = false; ///< no complete result came from it
    std::optional<double> read_gib_per_s{}, write_gib_per_s{};
    std::optional<double> tokens_per_s{};         ///< over its window
    std::optional<double> storage_tokens_per_s{}; ///< over the storage time of its requests
    std::optional<double> p95_ms{};               ///< of the storage time of a request
    std::optional<std::uint64_t> storage_entries{};
};

struct rank_in_trial {
    std::uint32_t trial = 0;
    std::uint32_t rank = 0;

    friend bool operator==(const rank_in_trial&, const rank_in_trial&) = default;
};

struct aggregate {
    std::optional<double> read_gib_per_s, write_gib_per_s, tokens_per_s, storage_tokens_per_s;
    std::optional<double> p95_ms; ///< the highest of any rank in any complete trial
    std::uint32_t rank_count = 0;
    std::uint32_t trial_count = 0;
    std::uint32_t complete_trials = 0; ///< those without a missing rank, which alone are in the figures
    std::vector<rank_in_trial> missing;
    std::vector<rank_in_trial> cpu_tier_ranks; ///< that had no entry in storage at the end

    [[nodiscard]] bool partial_failure() const { return !missing.empty(); }
};

namespace detail {

using rank_figure = std::optional<double> rank_row::*;

/// The mean over trials without a missing rank of the sums over their ranks.
[[nodiscard]] inline std::optional<double> mean_of_sums(std::span<const std::vector<rank_row>> trials,
                                                        rank_figure figure) {
    double sums = 0;
    std::size_t count = 0;
    for (const std::vector<rank_row>& rows : trials) {
        double sum = 0;
        bool any = false, complete = true;
        for (const rank_row& row : rows) {
            complete &= !row.missing;
            any |= (row.*figure).has_value();
            sum += (row.*figure).value_or(0);
        }
        if (!any || !complete) continue;
        sums += sum;
        ++count;
    }
    return count == 0 ? std::nullopt : std::optional(sums / static_cast<double>(count));
}

} // namespace detail

/// framework.md 4.2, but for what the reference gets wrong: a trial with a missing rank is in the counts and
/// not in the figures, where the reference averages its smaller sum in; what is not known is not 0. Each
/// trial has a row for every rank.
[[nodiscard]] inline aggregate aggregate_trials(std::span<const std::vector<rank_row>> trials) {
    aggregate a;
    a.read_gib_per_s = detail::mean_of_sums(trials, &rank_row::read_gib_per_s);
    a.write_gib_per_s = detail::mean_of_sums(trials, &rank_row::write_gib_per_s);
    a.tokens_per_s = detail::mean_of_sums(trials, &rank_row::tokens_per_s);
    a.storage_tokens_per_s = detail::mean_of_sums(trials, &rank_row::storage_tokens_per_s);
    for (const std::vector<rank_row>& rows : trials) {
        const std::size_t missing_before = a.missing.size();
        a.rank_count = std::max(a.rank_count, static_cast<std::uint32_t>(rows.size()));
        for (const rank_row& row : rows) {
            if (row.missing) a.missing.push_back({a.trial_count, row.rank});
            if (!row.missing && row.storage_entries == 0)
                a.cpu_tier_ranks.push_back({a.trial_count, row.rank});
        }
        ++a.trial_count;
        if (a.missing.size() != missing_before) continue;
        ++a.complete_trials;
        for (const rank_row& row : rows)
            if (row.p95_ms && row.p95_ms > a.p95_ms) a.p95_ms = row.p95_ms;
    }
    return a;
}

/// The rows of a job, one trial.
[[nodiscard]] inline std::vector<rank_row> rank_rows(const measure::run_report& r) {
    std::vector<rank_row> rows;
    if (!r.job) return rows;
    for (const measure::rank_stats& s : r.job->ranks) {
        rank_row& row = rows.emplace_back();
        row.rank = s.rank;
        row.missing = !s.complete();
        if (row.missing) continue;
        bytes read{}, written{};
        std::uint64_t entries = 0;
        for (std::size_t i = 0; i < s.tiers.size() && i < r.tiers.size(); ++i) {
            if (r.tiers[i].role != measure::tier_role::storage) continue;
            read += s.tiers[i].read;
            written += s.tiers[i].written;
            entries += s.tiers[i].entries;
        }
        row.storage_entries = entries;
        const auto tokens = static_cast<double>(s.tokens_generated);
        if (s.elapsed.count > 0) {
            row.read_gib_per_s = gib_per_second(read, s.elapsed);
            row.write_gib_per_s = gib_per_second(written, s.elapsed);
            row.tokens_per_s = tokens / to_seconds(s.elapsed);
        }
        if (s.storage_time.count > 0) row.storage_tokens_per_s = tokens / to_seconds(s.storage_time);
        if (s.requests_completed > 0) row.p95_ms = to_milliseconds(s.storage_io_p95);
    }
    return rows;
}

} // namespace kvmark::report

// kvmark/report/numbers.hpp
// Numbers as people read them.

#include <fmt/format.h>

namespace kvmark::report {

/// 1234567 as 1,234,567.
[[nodiscard]] inline std::string grouped(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

/// Three significant digits with a binary unit: 512 B, 24.0 KiB, 1.50 GiB.
[[nodiscard]] inline std::string size_text(bytes b) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (b.count < 1024) return std::to_string(b.count) + " B";
    double v = static_cast<double>(b.count) / 1024;
    std::size_t unit = 0;
    while (v >= 1000 && unit + 1 < units.size()) v /= 1024, ++unit;
    return fmt::format("{:.{}f} {}", v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0, units[unit]);
}

/// Milliseconds with three significant digits, grouped from 10,000 on.
[[nodiscard]] inline std::string ms_text(nanoseconds d) {
    const double ms = static_cast<double>(d.count) / 1e6;
    if (ms >= 9999.5) return grouped(static_cast<std::uint64_t>(ms + 0.5));
    return fmt::format("{:.{}f}", ms, ms < 0.09995 ? 4 : ms < 9.995 ? 2 : ms < 99.95 ? 1 : 0);
}

/// Of a network link: 2.5 Gbit/s, 100 Mbit/s; decimal units.
[[nodiscard]] inline std::string link_speed_text(std::int64_t megabits_per_second) {
    return megabits_per_second < 1000
               ? fmt::format("{} Mbit/s", megabits_per_second)
               : fmt::format("{} Gbit/s", static_cast<double>(megabits_per_second) / 1000);
}

[[nodiscard]] inline std::string percent_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

} // namespace kvmark::report

// kvmark/report/cluster_issues.hpp
// How the hosts of a cluster differ in size or speed.

#include <algorithm>

namespace kvmark::report {

using measure::machine_facts;

/// By its name, else by its place: the first is host 1.
[[nodiscard]] inline std::string host_label(std::span<const machine_facts> hosts, std::size_t i) {
    return hosts[i].hostname.empty() ? fmt::format("host {}", i + 1) : hosts[i].hostname;
}

/// Of the fastest interface; empty where none is known.
[[nodiscard]] inline std::string network_text(const machine_facts& m) {
    std::int64_t fastest = 0;
    for (const measure::network_interface& n : m.networks) fastest = std::max(fastest, n.megabits_per_second);
    return fastest == 0 ? "" : link_speed_text(fastest);
}

/// The mount options without those that name the host or its directories, and so differ everywhere.
[[nodiscard]] inline std::vector<std::string_view> comparable_mount_options(const machine_facts& m) {
    constexpr std::string_view own[]{"clientaddr=", "lowerdir=", "upperdir=", "workdir="};
    std::vector<std::string_view> options;
    for (std::string_view rest = m.mount_options; !rest.empty();) {
        const std::string_view option = measure::take_until(rest, ',');
        const bool is_own = std::any_of(std::begin(own), std::end(own),
                                        [&](std::string_view name) { return option.starts_with(name); });
        if (!is_own) options.push_back(option);
    }
    return options;
}

namespace detail {

/// The words around the values of a sentence: "h1 <has> <before>A<after>, h2 B".
struct comparison {
    std::string (*value)(const machine_facts&); ///< empty where unknown: such a host is left out
    const char* has;
    const char* have; ///< of several hosts
    const char* before;
    const char* after;
};

struct host_group {
    std::string value;
    std::vector<std::size_t> hosts;
};

/// Those with equal values, in the order of their first host.
[[nodiscard]] inline std::vector<host_group> group_hosts(const std::vector<std::string>& values) {
    std::vector<host_group> groups;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].empty()) continue;
        const auto known = std::find_if(groups.begin(), groups.end(),
                                        [&](const host_group& g) { return g.value == values[i]; });
        if (known == groups.end())
            groups.push_back({values[i], {i}});
        else
            known->hosts.push_back(i);
    }
    return groups;
}

/// Four at most by name.
[[nodiscard]] inline std::string names_text(std::span<const machine_facts> hosts, const host_group& g) {
    const std::size_t named = g.hosts.size() <= 4 ? g.hosts.size() : 3;
    std::string text;
    for (std::size_t i = 0; i < named; ++i) {
        if (i != 0) text += i + 1 == g.hosts.size() ? " and " : ", ";
        text += host_label(hosts, g.hosts[i]);
    }
    if (named < g.hosts.size()) text += fmt::format(" and {} more", g.hosts.size() - named);
    return text;
}

/// "h3 has 16.0 GiB of memory, the others 64.0 GiB". Hosts of which more than half agree are "the others"; at
/// most four other values are spelled out. Empty where the values are equal.
[[nodiscard]] inline std::string difference(std::span<const machine_facts> hosts,
                                            const std::vector<std::string>& values, const comparison& c) {
    std::vector<host_group> groups = group_hosts(values);
    if (groups.size() < 2) return "";
    std::size_t known = 0;
    for (const host_group& g : groups) known += g.hosts.size();
    const auto majority = std::find_if(groups.begin(), groups.end(),
                                       [&](const host_group& g) { return 2 * g.hosts.size() > known; });
    std::string others;
    if (majority != groups.end()) {
        others = ", the others " + majority->value;
        groups.erase(majority);
    }
    std::string text;
    std::size_t spelled = 0;
    for (const host_group& g : groups) {
        if (spelled == 4) break;
        if (spelled == 0)
            text = fmt::format("{} {} {}{}{}", names_text(hosts, g), g.hosts.size() == 1 ? c.has : c.have,
                               c.before, g.value, c.after);
        else
            text += fmt::format(", {} {}", names_text(hosts, g), g.value);
        ++spelled;
    }
    if (spelled < groups.size())
        text += fmt::format(", and there are {} more values", groups.size() - spelled);
    return text + others;
}

[[nodiscard]] inline std::string count_text(std::uint64_t n) { return n == 0 ? "" : std::to_string(n); }
[[nodiscard]] inline std::string known_size_text(bytes b) { return b.count == 0 ? "" : size_text(b); }

/// Memory within 10 % of the smallest counts as that, and so on upwards. All one where the spread is no more,
/// as in the MLPerf Storage wrapper.
[[nodiscard]] inline std::vector<std::string> memory_values(std::span<const machine_facts> hosts) {
    std::vector<std::uint64_t> sizes;
    for (const machine_facts& m : hosts)
        if (m.memory.count != 0) sizes.push_back(m.memory.count);
    std::sort(sizes.begin(), sizes.end());
    std::vector<std::uint64_t> steps;
    for (const std::uint64_t size : sizes)
        if (steps.empty() || (size - steps.back()) * 10 > steps.back()) steps.push_back(size);
    std::vector<std::string> values;
    for (const machine_facts& m : hosts) {
        const auto above = std::upper_bound(steps.begin(), steps.end(), m.memory.count);
        values.push_back(above == steps.begin() ? "" : size_text(bytes(*std::prev(above))));
    }
    return values;
}

/// Of each host what not all have.
[[nodiscard]] inline std::vector<std::string> mount_option_values(std::span<const machine_facts> hosts) {
    std::vector<std::vector<std::string_view>> all;
    for (const machine_facts& m : hosts) all.push_back(comparable_mount_options(m));
    std::vector<std::string> values;
    for (const auto& options : all) {
        std::string value;
        for (const std::string_view option : options) {
            const bool common = std::all_of(all.begin(), all.end(), [&](const auto& other) {
                return std::find(other.begin(), other.end(), option) != other.end();
            });
            if (!common) (value += value.empty() ? "" : ",") += option;
        }
        values.push_back(value.empty() ? "the common options alone" : value);
    }
    return values;
}

inline constexpr comparison memory_comparison{nullptr, "has", "have", "", " of memory"};
inline constexpr comparison mount_comparison{nullptr, "has", "have", "the file system mounted with ", ""};
inline constexpr comparison cores_comparison{[](const machine_facts& m) { return count_text(m.cores); },
                                             "has", "have", "", " physical cores"};
inline constexpr comparison logical_comparison{
    [](const machine_facts& m) { return count_text(m.logical_cpus); }, "has", "have", "", " logical CPUs"};
inline constexpr comparison file_system_comparison{[](const machine_facts& m) { return m.file_system; },
                                                   "has", "have", "the file system ", ""};

inline constexpr comparison other_comparisons[]{
    {[](const machine_facts& m) { return m.cpu_model; }, "has", "have", "the CPU ", ""},
    {[](const machine_facts& m) { return m.os; }, "runs", "run", "", ""},
    {[](const machine_facts& m) { return m.kernel; }, "runs", "run", "", ""},
    {[](const machine_facts& m) { return m.transparent_hugepage; }, "has", "have",
     "transparent huge pages set to ", ""},
    {[](const machine_facts& m) {
         return std::string(m.device.name.empty() ? "no block device" : "a block device");
     },
     "has", "have", "", " behind the cache directory"},
    {[](const machine_facts& m) { return m.device.model; }, "has", "have", "the device ", ""},
    {[](const machine_facts& m) { return known_size_text(m.device.size); }, "has", "have", "a device of ",
     ""},
    {[](const machine_facts& m) { return m.device.scheduler; }, "has", "have", "the I/O scheduler ", ""},
    {network_text, "has", "have", "a network of ", ""},
    {[](const machine_facts& m) { return m.mpi_library; }, "uses", "use", "", ""},
};

} // namespace detail

/// One sentence for each way in which the hosts differ in size or speed; what could not be read on a host is
/// not compared there. Empty for one host.
[[nodiscard]] inline std::vector<std::string> cluster_issues(std::span<const machine_facts> hosts) {
    using namespace detail;
    std::vector<std::string> issues;
    const auto add = [&](const std::vector<std::string>& values, const comparison& c) {
        std::string sentence = difference(hosts, values, c);
        const bool differs = !sentence.empty();
        if (differs) issues.push_back(std::move(sentence));
        return differs;
    };
    const auto compare = [&](const comparison& c) {
        std::vector<std::string> values;
        for (const machine_facts& m : hosts) values.push_back(c.value(m));
        return add(values, c);
    };
    add(memory_values(hosts), memory_comparison);
    if (!compare(cores_comparison)) compare(logical_comparison);
    for (const comparison& c : other_comparisons) compare(c);
    if (!compare(file_system_comparison)) add(mount_option_values(hosts), mount_comparison);
    return issues;
}

} // namespace kvmark::report

// kvmark/report/json_text.hpp
// JSON text for people and programs: two spaces of indent, numbers that read back to the same bits.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cmath>

namespace kvmark::report {

namespace json = boost::json;

/// A path or a text where none means null.
[[nodiscard]] inline json::value text_or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

namespace detail {

/// Bytes of the UTF-8 sequence at the front of `s`, 0 where it is malformed (RFC 3629). Paths and host names
/// may hold any byte, a JSON text may not.
[[nodiscard]] inline std::size_t utf8_length(std::string_view s) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char lead = at(0);
    const std::size_t n = lead < 0x80   ? 1
                          : lead < 0xc2 ? 0
                          : lead < 0xe0 ? 2
                          : lead < 0xf0 ? 3
                          : lead < 0xf5 ? 4
                                        : 0;
    if (n > s.size()) return 0;
    for (std::size_t i = 1; i < n; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
    if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
    return n;
}

inline void append_string(std::string& out, std::string_view s) {
    out += '"';
    while (!s.empty()) {
        const char c = s.front();
        std::size_t n = utf8_length(s);
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr std::string_view hex = "0123456789abcdef";
            ((out += "\\u00") += hex[static_cast<unsigned char>(c) >> 4]) += hex[c & 0xf];
        } else if (n == 0) {
            out += "\xef\xbf\xbd"; // U+FFFD, the replacement character
            n = 1;
        } else {
            out += s.substr(0, n);
        }
        s.remove_prefix(n);
    }
    out += '"';
}

inline void append_double(std::string& out, double d) {
    if (!std::isfinite(d)) {
        out += "null";
        return;
    }
    out += std::string_view(launch::real_text(d)); // 16.0, not 16: it stays a float for its reader
}

[[nodiscard]] inline bool is_flat(const json::array& a) {
    for (const json::value& v : a)
        if (v.is_object() || v.is_array()) return false;
    return true;
}

inline void append_value(std::string& out, const json::value& v, std::size_t depth) {
    const auto new_line = [&](std::size_t d) { (out += '\n').append(2 * d, ' '); };
    switch (v.kind()) {
    case json::kind::null:
        out += "null";
        break;
    case json::kind::bool_:
        out += v.get_bool() ? "true" : "false";
        break;
    case json::kind::int64:
        out += std::to_string(v.get_int64());
        break;
    case json::kind::uint64:
        out += std::to_string(v.get_uint64());
        break;
    case json::kind::double_:
        append_double(out, v.get_double());
        break;
    case json::kind::string:
        append_string(out, v.get_string());
        break;
    case json::kind::array: {
        const json::array& a = v.get_array();
        const bool one_line = is_flat(a);
        out += '[';
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (i != 0) out += one_line ? ", " : ",";
            if (!one_line) new_line(depth + 1);
            append_value(out, a[i], depth + 1);
        }
        if (!one_line) new_line(depth);
        out += ']';
        break;
    }
    case json::kind::object: {
        const json::object& o = v.get_object();
        out += '{';
        bool first = true;
        for (const auto& [key, member] : o) {
            if (!first) out += ',';
            first = false;
            new_line(depth + 1);
            append_string(out, {key.data(), key.size()});
            out += ": ";
            append_value(out, member, depth + 1);
        }
        if (!o.empty()) new_line(depth);
        out += '}';
        break;
    }
    }
}

} // namespace detail

/// The text of `v`, ending in a newline. Doubles are the shortest that read back to the same bits; one that
/// is not finite becomes null; bytes that are not UTF-8 become U+FFFD. Arrays of scalars stay on one line.
[[nodiscard]] inline std::string json_text(const json::value& v) {
    std::string out;
    detail::append_value(out, v, 0);
    return out += '\n';
}

} // namespace kvmark::report

// kvmark/report/json_host.hpp
// A machine as JSON: `kvmark.host` of a result and each host of a cluster.

namespace kvmark::report {

namespace detail {

/// A count that is 0 where it could not be read.
[[nodiscard]] inline json::value count_or_null(std::uint64_t n) {
    return n == 0 ? json::value(nullptr) : json::value(n);
}

/// Null where no block device stands behind the cache directory.
[[nodiscard]] inline json::value block_device_json(const measure::block_device_facts& d) {
    if (d.name.empty()) return nullptr;
    return {{"name", d.name},
            {"model", text_or_null(d.model)},
            {"size_bytes", d.size.count},
            {"scheduler", text_or_null(d.scheduler)},
            {"hardware_queues", count_or_null(d.hardware_queues)},
            {"queue_requests", count_or_null(d.queue_requests)},
            {"rotational", d.rotational}};
}

} // namespace detail

/// docs/json.md documents its keys under `kvmark.host`.
[[nodiscard]] inline json::object host_json(const measure::machine_facts& m) {
    using detail::count_or_null;
    json::array networks;
    for (const measure::network_interface& n : m.networks)
        networks.push_back(
            {{"name", n.name},
             {"megabits_per_second", count_or_null(static_cast<std::uint64_t>(n.megabits_per_second))}});
    return {{"hostname", text_or_null(m.hostname)},
            {"kernel", text_or_null(m.kernel)},
            {"os", text_or_null(m.os)},
            {"virtualization", text_or_null(m.virtualization)},
            {"cpu_model", text_or_null(m.cpu_model)},
            {"sockets", count_or_null(m.sockets)},
            {"cores", count_or_null(m.cores)},
            {"logical_cpus", count_or_null(m.logical_cpus)},
            {"numa_nodes", count_or_null(m.numa_nodes)},
            {"memory_bytes", count_or_null(m.memory.count)},
            {"transparent_hugepage", text_or_null(m.transparent_hugepage)},
            {"file_system", text_or_null(m.file_system)},
            {"mount_point", text_or_null(m.mount_point)},
            {"mount_options", text_or_null(m.mount_options)},
            {"block_device", detail::block_device_json(m.device)},
            {"networks", std::move(networks)},
            {"mpi_library", text_or_null(m.mpi_library)}};
}

} // namespace kvmark::report

// kvmark/report/terminal.hpp
// Is somebody watching, how wide is their window, and may it be coloured?

namespace kvmark::report {

[[nodiscard]] inline bool is_terminal(int fd) { return ::isatty(fd) == 1; }

/// Colour only on a terminal that can show it, and never against NO_COLOR (no-color.org).
[[nodiscard]] inline bool wants_color(int fd) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool refused = no_color != nullptr && *no_color != '\0';
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    return is_terminal(fd) && !refused && !dumb;
}

/// Columns; 80 where unknown.
[[nodiscard]] inline std::size_t terminal_width(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Wraps texts in SGR sequences (ECMA-48), or leaves them alone.
class palette {
public:
    explicit palette(bool color) : color_(color) {}

    [[nodiscard]] std::string bold(std::string_view s) const { return wrap("1", s); }
    [[nodiscard]] std::string green(std::string_view s) const { return wrap("32", s); }
    [[nodiscard]] std::string yellow(std::string_view s) const { return wrap("33", s); }
    [[nodiscard]] std::string red(std::string_view s) const { return wrap("31", s); }

private:
    [[nodiscard]] std::string wrap(std::string_view code, std::string_view s) const {
        std::string out(s);
        return color_ ? "\x1b[" + std::string(code) + "m" + out + "\x1b[0m" : out;
    }

    bool color_;
};

} // namespace kvmark::report

// kvmark/report/cluster.hpp
// The machines of a cluster: a table for people and an object for programs.

#include <boost/json/value_from.hpp>

#include <iterator>

namespace kvmark::report {

namespace detail {

struct cluster_memory {
    bytes total{}, least{}, most{};
};

/// Of the hosts whose memory is known.
[[nodiscard]] inline cluster_memory sum_memory(std::span<const machine_facts> hosts) {
    cluster_memory sum;
    for (const machine_facts& m : hosts) {
        if (m.memory.count == 0) continue;
        sum.least = sum.total.count == 0 ? m.memory : std::min(sum.least, m.memory);
        sum.most = std::max(sum.most, m.memory);
        sum.total += m.memory;
    }
    return sum;
}

[[nodiscard]] inline std::uint64_t sum_cores(std::span<const machine_facts> hosts) {
    std::uint64_t sum = 0;
    for (const machine_facts& m : hosts) sum += m.cores;
    return sum;
}

[[nodiscard]] inline std::string counted(std::uint64_t n, const char* one) {
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

[[nodiscard]] inline std::string clipped(std::string text, std::size_t columns) {
    if (text.size() > columns) text.replace(columns - 3, std::string::npos, "...");
    return text;
}

[[nodiscard]] inline std::string cores_text(const machine_facts& m) {
    if (m.cores == 0) return "";
    std::string text = counted(m.cores, "core");
    if (m.sockets != 0) text += " on " + counted(m.sockets, "socket");
    return text + ", " + counted(m.logical_cpus, "logical CPU");
}

[[nodiscard]] inline std::string mount_text(const machine_facts& m) {
    std::string text;
    for (const std::string_view option : comparable_mount_options(m))
        (text += text.empty() ? "" : ",") += option;
    return text;
}

[[nodiscard]] inline std::string device_text(const machine_facts& m) {
    if (m.device.name.empty()) return "none";
    return m.device.model.empty() ? m.device.name : m.device.model;
}

/// One line above the table where all hosts have the same text, else one column of it.
struct host_property {
    const char* label;
    std::string (*text)(const machine_facts&);
    const char* heading = nullptr; ///< null: no column
    bool is_number = false;        ///< to the right
    std::string (*cell)(const machine_facts&) = text;
};

inline constexpr host_property host_properties[]{
    {"CPU", [](const machine_facts& m) { return m.cpu_model; }},
    {"Cores", cores_text, "Cores/CPUs", true,
     [](const machine_facts& m) { return fmt::format("{}/{}", m.cores, m.logical_cpus); }},
    {"NUMA nodes", [](const machine_facts& m) { return count_text(m.numa_nodes); }},
    {"Memory", [](const machine_facts& m) { return known_size_text(m.memory); }, "Memory", true},
    {"Huge pages", [](const machine_facts& m) { return m.transparent_hugepage; }},
    {"OS", [](const machine_facts& m) { return m.os; }},
    {"Kernel", [](const machine_facts& m) { return m.kernel; }},
    {"MPI library", [](const machine_facts& m) { return m.mpi_library; }},
    {"Device", device_text, "Device"},
    {"Device size", [](const machine_facts& m) { return known_size_text(m.device.size); }, "Size", true},
    {"I/O scheduler", [](const machine_facts& m) { return m.device.scheduler; }, "Scheduler"},
    {"File system", [](const machine_facts& m) { return m.file_system; }, "File system"},
    {"Mount point", [](const machine_facts& m) { return m.mount_point; }},
    {"Mount options", mount_text},
    {"Network", network_text, "Network", true},
    {"Virtualization", [](const machine_facts& m) { return m.virtualization; }, "Virtualization", false,
     [](const machine_facts& m) { return m.virtualization.substr(0, m.virtualization.find(':')); }},
};

class cluster_writer {
public:
    cluster_writer(std::span<const machine_facts> hosts, const palette& p) : hosts_(hosts), p_(p) {}

    void write_sum() {
        line("{}  {}, {}, {} of memory", p_.bold("Cluster"), counted(hosts_.size(), "host"),
             counted(sum_cores(hosts_), "core"), size_text(sum_memory(hosts_).total));
        line("");
    }

    void write_common() {
        line("{}", p_.bold(hosts_.size() == 1 ? host_label(hosts_, 0) : "On every host"));
        for (const host_property& property : host_properties) {
            const std::string text = property.text(hosts_.front());
            if (is_common(property) && !text.empty()) line("  {:<16}{}", property.label, clipped(text, 82));
        }
    }

    /// A row for each host, or the names alone where no column is left.
    void write_hosts() {
        if (hosts_.size() == 1) return;
        std::vector<std::string> rows =
            column("Host", false, [&](std::size_t i) { return host_label(hosts_, i); });
        bool alone = true;
        for (const host_property& property : host_properties) {
            if (property.heading == nullptr || is_common(property)) continue;
            alone = false;
            const std::vector<std::string> cells =
                column(property.heading, property.is_number,
                       [&](std::size_t i) { return clipped(property.cell(hosts_[i]), 32); });
            for (std::size_t i = 0; i < rows.size(); ++i) rows[i] += "  " + cells[i];
        }
        if (alone) return write_names();
        line("");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i].erase(rows[i].find_last_not_of(' ') + 1);
            line("{}", i == 0 ? p_.bold(rows[i]) : rows[i]);
        }
    }

    void write_issues() {
        if (hosts_.size() == 1) return;
        line("");
        const std::vector<std::string> issues = cluster_issues(hosts_);
        for (const std::string& issue : issues) line("{} {}", p_.yellow("differs:"), issue);
        if (issues.empty()) line("{} no difference in size or speed was found", p_.green("alike:"));
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }

    [[nodiscard]] bool is_common(const host_property& property) const {
        const std::string first = property.text(hosts_.front());
        return std::all_of(hosts_.begin(), hosts_.end(),
                           [&](const machine_facts& m) { return property.text(m) == first; });
    }

    /// The heading and a cell for each host, all of one width.
    template <class Cell>
    [[nodiscard]] std::vector<std::string> column(const char* heading, bool is_number,
                                                  const Cell& cell) const {
        std::vector<std::string> cells{heading};
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            std::string text = cell(i);
            cells.push_back(text.empty() ? "-" : std::move(text));
        }
        std::size_t width = 0;
        for (const std::string& c : cells) width = std::max(width, c.size());
        for (std::string& c : cells) c.insert(is_number ? 0 : c.size(), width - c.size(), ' ');
        return cells;
    }

    void write_names() {
        std::string names = fmt::format("  {:<16}", "Hosts");
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            const std::string name = host_label(hosts_, i) + (i + 1 == hosts_.size() ? "" : ", ");
            if (i != 0 && names.size() + name.size() > 82) {
                names.erase(names.find_last_not_of(' ') + 1);
                line("{}", names);
                names.assign(18, ' ');
            }
            names += name;
        }
        line("{}", names);
    }

    std::span<const machine_facts> hosts_;
    const palette& p_;
    std::string out_;
};

} // namespace detail

/// What all hosts have in common, said once; a row for each host with the rest; then how they differ. Ends in
/// a newline; empty without hosts. Long names of hosts and devices make it wider than 80 columns. GiB are
/// 2^30 bytes.
[[nodiscard]] inline std::string cluster_text(std::span<const machine_facts> hosts, const palette& colors) {
    if (hosts.empty()) return "";
    detail::cluster_writer w(hosts, colors);
    w.write_sum();
    w.write_common();
    w.write_hosts();
    w.write_issues();
    return std::move(w).text();
}

/// The keys of the reference's cluster information where it has them; `hosts` as host_json writes them.
[[nodiscard]] inline json::object cluster_json(std::span<const machine_facts> hosts) {
    const detail::cluster_memory memory = detail::sum_memory(hosts);
    json::array all;
    for (const machine_facts& m : hosts) all.push_back(host_json(m));
    json::object o{{"total_memory_bytes", detail::count_or_null(memory.total.count)},
                   {"total_cores", detail::count_or_null(detail::sum_cores(hosts))},
                   {"num_hosts", hosts.size()},
                   {"min_memory_bytes", detail::count_or_null(memory.least.count)},
                   {"max_memory_bytes", detail::count_or_null(memory.most.count)},
                   {"collection_method", "mpi"},
                   {"hosts", std::move(all)}};
    if (const std::vector<std::string> issues = cluster_issues(hosts); !issues.empty())
        o["host_consistency_issues"] = json::value_from(issues);
    return o;
}

} // namespace kvmark::report

// kvmark/report/context.hpp
// What surrounds a run and is not measured by it: the command, the machine, the time of day.

namespace kvmark::report {

struct run_context {
    std::vector<std::string> argv; ///< the command that ran
    std::string started;           ///< UTC, RFC 3339
    std::string finished;          ///< likewise
    measure::machine_facts host;
    std::vector<std::string>
        notes; ///< what was decided for the user: a tier that is missing, an option ignored
};

/// The wall clock as `2025-01-15T12:00:00Z`.
[[nodiscard]] inline std::string utc_now() {
    const time_t now = ::time(nullptr);
    tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace kvmark::report

// kvmark/report/job_figures.hpp
// What the rows of a job say about its ranks and hosts: rates, shares, who is slowest.

namespace kvmark::report {

struct rates {
    double read = 0; ///< GiB/s
    double write = 0;

    [[nodiscard]] double both() const { return read + write; }
};

/// Shares, 0..1, are among the complete ranks; a rank that is not complete has none.
struct rank_figures {
    rates moved; ///< of the tiers that job_figures::of_storage tells
    double cores_used = 0;
    std::optional<double> share_of_time{};      ///< of the storage time of all
    std::optional<double> share_of_bandwidth{}; ///< read and write together
};

struct host_figures {
    std::vector<std::uint32_t> ranks;
    std::size_t complete = 0;
    std::size_t delivered = 0;
    rates moved;              ///< of its complete ranks
    std::vector<rates> tiers; ///< likewise, in stack order
    double cores_used = 0;    ///< by the ranks that delivered
    std::uint32_t logical_cpus = 0;

    /// More than 90 % of the host: then the processor is measured, and not the storage.
    [[nodiscard]] bool cores_saturated() const {
        return logical_cpus != 0 && cores_used > 0.9 * static_cast<double>(logical_cpus);
    }
};

struct straggler {
    std::size_t index = 0;    ///< into the list it is of
    double share_of_mean = 0; ///< its bandwidth per rank against the mean over all complete ranks
};

struct job_figures {
    bool of_storage = true; ///< bandwidths are of the storage tiers; false: those moved nothing, so of all
    std::vector<rank_figures> ranks;         ///< in the order of job_stats::ranks
    std::vector<host_figures> hosts;         ///< in the order of job_stats::hosts
    std::optional<straggler> slowest_rank{}; ///< of two complete ranks or more
    std::optional<straggler> slowest_host{}; ///< of two hosts or more that have complete ranks
};

namespace detail {

[[nodiscard]] inline rates rates_of(const measure::rank_tier& t, nanoseconds elapsed) {
    return {gib_per_second(t.read, elapsed), gib_per_second(t.written, elapsed)};
}

inline void add(rates& to, const rates& r) {
    to.read += r.read;
    to.write += r.write;
}

/// Keeps the lower one.
inline void keep_slowest(std::optional<straggler>& slowest, std::size_t index, double share_of_mean) {
    if (!slowest || share_of_mean < slowest->share_of_mean) slowest = straggler{index, share_of_mean};
}

inline void find_stragglers(job_figures& f, const measure::job_stats& job) {
    double bandwidth = 0, storage_time = 0;
    std::size_t complete = 0, hosts = 0;
    for (std::size_t i = 0; i < job.ranks.size(); ++i) {
        if (!job.ranks[i].complete()) continue;
        bandwidth += f.ranks[i].moved.both();
        storage_time += to_seconds(job.ranks[i].storage_time);
        ++complete;
    }
    for (const host_figures& h : f.hosts) hosts += h.complete != 0 ? 1 : 0;
    const double mean = ratio(bandwidth, static_cast<double>(complete));
    for (std::size_t i = 0; i < job.ranks.size(); ++i) {
        rank_figures& r = f.ranks[i];
        if (!job.ranks[i].complete()) continue;
        if (storage_time > 0) r.share_of_time = to_seconds(job.ranks[i].storage_time) / storage_time;
        if (bandwidth > 0) r.share_of_bandwidth = r.moved.both() / bandwidth;
        if (bandwidth > 0 && complete > 1) keep_slowest(f.slowest_rank, i, r.moved.both() / mean);
    }
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        const host_figures& h = f.hosts[i];
        if (h.complete == 0 || hosts < 2 || !(bandwidth > 0)) continue;
        keep_slowest(f.slowest_host, i, h.moved.both() / static_cast<double>(h.complete) / mean);
    }
}

} // namespace detail

/// Precondition: r.job.
[[nodiscard]] inline job_figures figures_of_job(const measure::run_report& r) {
    const measure::job_stats& job = *r.job;
    const measure::tier_stats storage = role_totals(r, measure::tier_role::storage);
    job_figures f;
    f.of_storage = storage.read.moved.count + storage.write.moved.count != 0;
    f.hosts.resize(job.hosts.size());
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        f.hosts[i].logical_cpus = job.hosts[i].logical_cpus;
        f.hosts[i].tiers.resize(r.tiers.size());
    }
    for (const measure::rank_stats& s : job.ranks) {
        rank_figures& rank = f.ranks.emplace_back();
        host_figures unknown_host;
        host_figures& host = s.host < f.hosts.size() ? f.hosts[s.host] : unknown_host;
        unknown_host.tiers.resize(r.tiers.size());
        host.ranks.push_back(s.rank);
        if (!s.delivered) continue;
        ++host.delivered;
        host.complete += s.complete() ? 1 : 0;
        rank.cores_used = ratio(to_seconds(s.process.user + s.process.system), to_seconds(s.elapsed));
        if (!r.virtual_time) host.cores_used += rank.cores_used;
        for (std::size_t i = 0; i < s.tiers.size() && i < r.tiers.size(); ++i) {
            const rates moved = detail::rates_of(s.tiers[i], s.elapsed);
            const bool counts = !f.of_storage || r.tiers[i].role == measure::tier_role::storage;
            if (counts) detail::add(rank.moved, moved);
            if (s.complete()) detail::add(host.tiers[i], moved);
            if (s.complete() && counts) detail::add(host.moved, moved);
        }
    }
    detail::find_stragglers(f, job);
    return f;
}

} // namespace kvmark::report

// kvmark/report/storage_health.hpp
// The reference's verdict on the storage: a few criteria, each only where it has samples.

namespace kvmark::report {

struct criterion {
    std::string name;
    double target = 0;
    double actual = 0;
    std::string_view unit; ///< "ms", "ratio" (0..1) or "GB/s" (the reference's spelling of GiB/s)
    bool passed = false;
};

struct storage_health {
    std::vector<criterion> criteria;

    [[nodiscard]] std::size_t passed_count() const {
        std::size_t n = 0;
        for (const criterion& c : criteria) n += c.passed ? 1 : 0;
        return n;
    }
    [[nodiscard]] bool passed() const { return passed_count() == criteria.size(); }
};

/// Names, limits and order are the reference's, so that its readers find them. Under the latency profile:
/// P95 of the time inside the storage tier below 500 ms (write) and 200 ms (read), P95 of the CPU tier over
/// reads and writes below 150 ms, hit rate above 30 %. Under the throughput profile: any bandwidth at all in
/// the directions that were used, or in both when neither was.
[[nodiscard]] inline storage_health assess_storage(const measure::run_report& r,
                                                   performance_profile profile) {
    storage_health health;
    const auto add = [&](std::string name, double target, double actual, std::string_view unit, bool passed) {
        health.criteria.push_back({std::move(name), target, actual, unit, passed});
    };
    const measure::tier_stats storage = role_totals(r, measure::tier_role::storage);

    if (profile == performance_profile::throughput) {
        const double read = gib_per_second(storage.read.moved, r.elapsed);
        const double write = gib_per_second(storage.write.moved, r.elapsed);
        if (read > 0 || write == 0) add("Storage KV Read Bandwidth", 0, read, "GB/s", read > 0);
        if (write > 0 || read == 0) add("Storage KV Write Bandwidth", 0, write, "GB/s", write > 0);
        return health;
    }

    const auto add_p95 = [&](std::string name, double limit_ms, const measure::histogram& h) {
        if (h.empty()) return;
        const double p95 = to_milliseconds(h.quantile(0.95));
        add(std::move(name), limit_ms, p95, "ms", p95 < limit_ms);
    };
    add_p95("Storage Tier Write Device P95 < 500ms", 500, storage.write.device);
    add_p95("Storage Tier Read Device P95 < 200ms", 200, storage.read.device);
    measure::tier_stats cpu = role_totals(r, measure::tier_role::cpu);
    cpu.read.total.merge(cpu.write.total);
    add_p95("CPU RAM P95 < 150ms", 150, cpu.read.total);
    if (r.cache.hits + r.cache.misses > 0) {
        const double rate = hit_rate(r.cache.hits, r.cache.misses);
        add("Cache Hit Rate > 30%", 0.3, rate, "ratio", rate > 0.3);
    }
    return health;
}

/// Two digits after the point, as the reference writes a bandwidth.
[[nodiscard]] inline std::string two_digits(double v) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f", v);
    return text;
}

} // namespace kvmark::report

// kvmark/report/json_cache_stats.hpp
// `summary.cache_stats` of the result file, key by key as the reference names them.

namespace kvmark::report {

/// A quantile and the suffix of its key.
struct percentile {
    std::string_view name;
    double rank;
};

inline constexpr std::array<percentile, 5> percentiles{
    {{"p50", 0.50}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}}};

[[nodiscard]] inline json::object storage_health_json(const measure::run_report& r,
                                                      performance_profile profile) {
    const storage_health health = assess_storage(r, profile);
    json::array criteria;
    for (const criterion& c : health.criteria) {
        json::object o{{"name", c.name}};
        if (profile == performance_profile::throughput) { // texts there, numbers elsewhere
            o["target"] = ">0";
            o["actual"] = two_digits(c.actual);
        } else {
            o["target"] = c.target;
            o["actual"] = c.actual;
        }
        o["unit"] = c.unit;
        o["passed"] = c.passed;
        criteria.push_back(std::move(o));
    }
    return {{"overall_status", health.passed() ? "PASS" : "FAIL"},
            {"criteria", std::move(criteria)},
            {"passed_count", health.passed_count()},
            {"total_count", health.criteria.size()}};
}

namespace detail {

/// `<prefix>_p50_ms` and the rest; nothing where there are no samples, as the reference does.
inline void add_percentiles(json::object& o, const std::string& prefix, const measure::histogram& h) {
    if (h.empty()) return;
    for (const percentile& p : percentiles)
        o[prefix + "_" + std::string(p.name) + "_ms"] = to_milliseconds(h.quantile(p.rank));
}

} // namespace detail

/// What docs/json.md documents under `summary.cache_stats`. `*_gb` and `*_gbps` are GiB and GiB/s;
/// `read_iops` and `write_iops` are counts of whole entries: the names are inherited.
[[nodiscard]] inline json::object cache_stats_json(const measure::run_report& r,
                                                   performance_profile profile) {
    using measure::tier_role;
    const std::array<measure::tier_stats, 3> roles{
        role_totals(r, tier_role::gpu), role_totals(r, tier_role::cpu), role_totals(r, tier_role::storage)};
    const auto& [gpu, cpu, storage] = roles;
    const moved_totals reads = all_reads(r), writes = all_writes(r);

    json::object o{{"cache_hit_rate", hit_rate(r.cache.hits, r.cache.misses)},
                   {"cache_hits", r.cache.hits},
                   {"cache_misses", r.cache.misses},
                   {"gpu_entries", gpu.entries},
                   {"cpu_entries", cpu.entries},
                   {"storage_entries", storage.entries},
                   {"gpu_memory_used_gb", to_gib(gpu.used)},
                   {"cpu_memory_used_gb", to_gib(cpu.used)},
                   {"offloads_cpu", cpu.write.operations},
                   {"offloads_storage", storage.write.operations},
                   {"storage_health", storage_health_json(r, profile)},
                   {"prefill_writes", r.cache.prefill_writes},
                   {"decode_reads", r.cache.decode_reads}};
    for (const auto& t : roles) o["tier_" + t.name + "_kv_bytes_written_gb"] = to_gib(t.write.moved);
    for (const auto& t : roles) o["tier_" + t.name + "_kv_bytes_read_gb"] = to_gib(t.read.moved);
    for (const auto& t : roles) {
        o["tier_" + t.name + "_read_bandwidth_gbps"] = gib_per_second(t.read.moved, r.elapsed);
        o["tier_" + t.name + "_write_bandwidth_gbps"] = gib_per_second(t.write.moved, r.elapsed);
    }
    o["system_prompt_hits"] = r.cache.system_prompt_hits;
    o["common_phrase_hits"] = 0; // the reference's workload has none either
    o["user_cache_hits"] = r.cache.user_hits;
    o["multi_turn_hits"] = r.cache.turn_hits;
    o["total_read_bytes"] = reads.moved.count;
    o["total_write_bytes"] = writes.moved.count;
    o["total_read_gb"] = to_gib(reads.moved);
    o["total_write_gb"] = to_gib(writes.moved);
    o["read_write_ratio"] = static_cast<double>(reads.moved.count) /
                            static_cast<double>(std::max<std::uint64_t>(writes.moved.count, 1));
    o["read_iops"] = reads.operations;
    o["write_iops"] = writes.operations;
    o["storage_tokens_processed"] = r.cache.storage_tokens;

    for (const auto& t : roles) {
        detail::add_percentiles(o, t.name + "_read", t.read.total);
        detail::add_percentiles(o, t.name + "_write", t.write.total);
    }
    detail::add_percentiles(o, "storage_read_device", storage.read.device);
    detail::add_percentiles(o, "storage_read_host", storage.read.host);
    detail::add_percentiles(o, "storage_write_device", storage.write.device);
    detail::add_percentiles(o, "storage_write_host", storage.write.host);
    return o;
}

} // namespace kvmark::report

// kvmark/report/warnings.hpp
// What a reader must know before trusting a report.

namespace kvmark::report {

/// Device bytes against the bytes that the run asked of the storage tier.
struct device_share {
    bytes asked{};
    bytes device{};

    /// 1 means that every byte came from, or went to, the device.
    [[nodiscard]] double share() const {
        return ratio(static_cast<double>(device.count), static_cast<double>(asked.count));
    }
    /// Less than 95 % of a quantity large enough to judge (64 MiB): the page cache served the rest.
    [[nodiscard]] bool falls_short() const { return asked.count >= 64 * mib_bytes && share() < 0.95; }
};

/// Has the run met a block device whose counters could be read?
[[nodiscard]] inline bool has_device(const measure::run_report& r) {
    return !r.virtual_time && !r.device.name.empty();
}

[[nodiscard]] inline device_share device_reads(const measure::run_report& r) {
    return {role_totals(r, measure::tier_role::storage).read.moved, r.device.read};
}

[[nodiscard]] inline device_share device_writes(const measure::run_report& r) {
    return {role_totals(r, measure::tier_role::storage).write.moved, r.device.written};
}

struct request_counts {
    std::uint64_t arrived = 0;
    std::uint64_t unfinished = 0;
};

[[nodiscard]] inline request_counts count_requests(const measure::run_report& r) {
    request_counts sum;
    for (const measure::class_stats& c : r.classes) {
        sum.arrived += c.arrived;
        sum.unfinished += c.queued + c.in_service;
    }
    return sum;
}

/// The hosts of a job whose processors were busy.
[[nodiscard]] inline std::vector<std::string> saturation_texts(const measure::run_report& r) {
    std::vector<std::string> all;
    if (!r.job || r.virtual_time) return all;
    const job_figures f = figures_of_job(r);
    for (std::size_t i = 0; i < f.hosts.size(); ++i)
        if (f.hosts[i].cores_saturated())
            all.push_back("cores saturated on " + r.job->host_name(static_cast<std::uint32_t>(i)) +
                          ": its ranks used " + two_digits(f.hosts[i].cores_used) + " of " +
                          std::to_string(f.hosts[i].logical_cpus) +
                          ", so the figures may be those of the processor and not of the storage");
    return all;
}

/// One sentence each, the gravest first; empty when there is nothing to say.
[[nodiscard]] inline std::vector<std::string> warnings(const measure::run_report& r,
                                                       const run_context& context) {
    std::vector<std::string> all = measure::faults(r);
    if (r.interrupted)
        all.push_back("interrupted after " + two_digits(to_seconds(r.elapsed)) +
                      " s: the figures cover that time alone");
    if (has_device(r)) {
        const auto check = [&](const device_share& d, const char* direction, const char* advice) {
            if (d.falls_short())
                all.push_back("the device " + std::string(direction) + " " + two_digits(100 * d.share()) +
                              " % of the bytes asked of storage: the page cache served the rest. " + advice);
        };
        check(device_reads(r), "read", "Use --storage-tier direct_file to measure the device.");
        check(device_writes(r), "wrote", "Some bytes were still in memory when the window closed.");
    }
    for (std::string& text : saturation_texts(r)) all.push_back(std::move(text));
    const request_counts requests = count_requests(r);
    if (requests.unfinished * 10 > requests.arrived)
        all.push_back(std::to_string(requests.unfinished) + " of " + std::to_string(requests.arrived) +
                      " requests were unfinished when the window closed: the latencies are those of the "
                      "requests that finished, and the service was overloaded");
    for (const measure::tier_stats& t : r.tiers)
        if (!t.note.empty()) all.push_back(tier_label(r, t) + " tier: " + t.note);
    if (r.job) all.insert(all.end(), r.job->notes.begin(), r.job->notes.end());
    all.insert(all.end(), context.notes.begin(), context.notes.end());
    return all;
}

} // namespace kvmark::report

// kvmark/report/rows.hpp
// A report as rows of (scope, metric, unit, value): what CSV and spreadsheets are made of.

namespace kvmark::report {

struct row {
    std::string scope; ///< run, cache, class.<name>, tier.<label>.read or .write, device, process, job,
                       ///< rank.<number>, host.<index>
    std::string metric;
    std::string unit;
    double value = 0;
};

namespace detail {

class row_collector {
public:
    void add(std::string scope, std::string metric, std::string unit, double value) {
        rows_.push_back({std::move(scope), std::move(metric), std::move(unit), value});
    }
    void add(std::string scope, std::string metric, std::uint64_t count) {
        add(std::move(scope), std::move(metric), "count", static_cast<double>(count));
    }
    /// Nothing where there are no samples.
    void add(const std::string& scope, const std::string& metric, const measure::histogram& h) {
        if (h.empty()) return;
        add(scope, metric + "_mean", "ms", h.mean() * 1e-6);
        for (const percentile& p : percentiles)
            add(scope, metric + "_" + std::string(p.name), "ms", to_milliseconds(h.quantile(p.rank)));
        add(scope, metric + "_max", "ms", to_milliseconds(h.max()));
    }
    void add(const std::string& scope, const measure::direction_stats& d, nanoseconds elapsed) {
        add(scope, "operations", d.operations);
        add(scope, "moved", "bytes", static_cast<double>(d.moved.count));
        add(scope, "bandwidth", "GiB/s", gib_per_second(d.moved, elapsed));
        add(scope, "total", d.total);
        add(scope, "queue", d.queue);
        add(scope, "submit", d.submit);
        add(scope, "device", d.device);
        add(scope, "copy", d.copy);
        add(scope, "verify", d.verify);
        add(scope, "host", d.host);
        add(scope, "io", d.io);
    }
    [[nodiscard]] std::vector<row> take() && { return std::move(rows_); }

private:
    std::vector<row> rows_;
};

inline void add_job(row_collector& c, const measure::run_report& r) {
    const measure::job_stats& job = *r.job;
    const job_figures f = figures_of_job(r);
    const std::vector<rank_row> trial = rank_rows(r);
    const aggregate a = aggregate_trials({&trial, 1});
    const auto add_known = [&](const char* metric, const char* unit, const std::optional<double>& v) {
        if (v) c.add("job", metric, unit, *v);
    };
    c.add("job", "ranks", job.ranks.size());
    c.add("job", "missing_ranks", a.missing.size());
    c.add("job", "start_skew", "us", static_cast<double>(job.start_skew.count) / 1e3);
    c.add("job", "barrier_skew", "us", static_cast<double>(job.barrier_skew.count) / 1e3);
    add_known("aggregated_read_bandwidth", "GiB/s", a.read_gib_per_s);
    add_known("aggregated_write_bandwidth", "GiB/s", a.write_gib_per_s);
    add_known("aggregated_avg_throughput", "tokens/s", a.tokens_per_s);
    add_known("aggregated_storage_throughput", "tokens/s", a.storage_tokens_per_s);
    add_known("aggregated_p95_latency", "ms", a.p95_ms);
    for (std::size_t i = 0; i < job.ranks.size(); ++i) {
        const measure::rank_stats& s = job.ranks[i];
        const std::string scope = "rank." + std::to_string(s.rank);
        c.add(scope, "host", std::uint64_t{s.host});
        c.add(scope, "complete", s.complete() ? std::uint64_t{1} : 0);
        if (!s.delivered) continue;
        c.add(scope, "elapsed", "s", to_seconds(s.elapsed));
        c.add(scope, "requests_completed", s.requests_completed);
        c.add(scope, "tokens_generated", s.tokens_generated);
        c.add(scope, "read_bandwidth", "GiB/s", f.ranks[i].moved.read);
        c.add(scope, "write_bandwidth", "GiB/s", f.ranks[i].moved.write);
        if (s.requests_completed != 0)
            c.add(scope, "storage_io_p95", "ms", to_milliseconds(s.storage_io_p95));
        if (!r.virtual_time) c.add(scope, "cores_used", "cores", f.ranks[i].cores_used);
    }
    for (std::size_t i = 0; i < f.hosts.size(); ++i) {
        const std::string scope = "host." + std::to_string(i);
        c.add(scope, "ranks", f.hosts[i].ranks.size());
        c.add(scope, "complete_ranks", f.hosts[i].complete);
        if (f.hosts[i].complete != 0) {
            c.add(scope, "read_bandwidth", "GiB/s", f.hosts[i].moved.read);
            c.add(scope, "write_bandwidth", "GiB/s", f.hosts[i].moved.write);
        }
        if (f.hosts[i].delivered != 0 && !r.virtual_time)
            c.add(scope, "cores_used", "cores", f.hosts[i].cores_used);
    }
}

} // namespace detail

/// Figures that do not exist (a latency of nothing, a device without counters) have no row.
[[nodiscard]] inline std::vector<row> report_rows(const measure::run_report& r) {
    detail::row_collector c;
    const double elapsed = to_seconds(r.elapsed);
    const request_counts requests = count_requests(r);
    c.add("run", "elapsed", "s", elapsed);
    c.add("run", "interrupted", r.interrupted ? std::uint64_t{1} : 0);
    c.add("run", "requests_arrived", requests.arrived);
    c.add("run", "requests_completed", r.requests_completed);
    c.add("run", "requests_unfinished", requests.unfinished);
    c.add("run", "requests_per_second", "1/s", ratio(static_cast<double>(r.requests_completed), elapsed));
    c.add("run", "tokens_generated", r.tokens_generated.count);
    c.add("run", "tokens_per_second", "1/s", ratio(static_cast<double>(r.tokens_generated.count), elapsed));
    c.add("run", "end_to_end", r.end_to_end);
    c.add("run", "queue", r.queue);
    c.add("run", "storage_io", r.storage_io);
    c.add("run", "generation", r.generation);
    c.add("run", "prefill", r.prefill);
    c.add("run", "decode", r.decode);
    c.add("run", "corrupt_sectors", r.corrupt_sectors);
    c.add("run", "failed_operations", r.failed_operations);
    c.add("cache", "hits", r.cache.hits);
    c.add("cache", "misses", r.cache.misses);
    c.add("cache", "hit_rate", "ratio", hit_rate(r.cache.hits, r.cache.misses));
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const std::string scope = "class." + std::string(workload::service_class_names[i]);
        c.add(scope, "arrived", r.classes[i].arrived);
        c.add(scope, "completed", r.classes[i].completed);
        c.add(scope, "queued", r.classes[i].queued);
        c.add(scope, "in_service", r.classes[i].in_service);
        c.add(scope, "latency", r.classes[i].latency);
    }
    for (const measure::tier_stats& t : r.tiers) {
        const std::string scope = "tier." + tier_label(r, t);
        if (is_bounded(t.limit)) c.add(scope, "limit", "bytes", static_cast<double>(t.limit.count));
        c.add(scope, "used", "bytes", static_cast<double>(t.used.count));
        c.add(scope, "entries", t.entries);
        c.add(scope, "evictions", t.evictions);
        c.add(scope + ".read", t.read, r.elapsed);
        c.add(scope + ".write", t.write, r.elapsed);
    }
    if (has_device(r)) {
        c.add("device", "read", "bytes", static_cast<double>(r.device.read.count));
        c.add("device", "written", "bytes", static_cast<double>(r.device.written.count));
        c.add("device", "read_share", "ratio", device_reads(r).share());
        c.add("device", "write_share", "ratio", device_writes(r).share());
    }
    if (!r.virtual_time) {
        c.add("process", "user", "s", to_seconds(r.process.user));
        c.add("process", "system", "s", to_seconds(r.process.system));
        c.add("process", "peak_resident", "bytes", static_cast<double>(r.process.peak_resident.count));
    }
    if (r.job) detail::add_job(c, r);
    return std::move(c).take();
}

} // namespace kvmark::report

// kvmark/report/csv.hpp
// The report as comma-separated values.

namespace kvmark::report {

/// A field as RFC 4180 has it: quoted where it holds a comma, a quote or a line break.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted += '"';
}

/// One row per figure under the header `scope,metric,unit,value`. Doubles read back to the same bits.
[[nodiscard]] inline std::string csv_text(const measure::run_report& r) {
    std::string out = "scope,metric,unit,value\n";
    for (const row& line : report_rows(r)) {
        for (const std::string* field : {&line.scope, &line.metric, &line.unit})
            (out += csv_field(*field)) += ',';
        const bool whole = line.unit == "count" || line.unit == "bytes";
        out += std::string_view(whole ? launch::integer_text(static_cast<std::int64_t>(line.value))
                                      : launch::real_text(line.value));
        out += '\n';
    }
    return out;
}

} // namespace kvmark::report

// kvmark/report/file.hpp
// Result files that are either whole or not there.

namespace kvmark::report {

namespace detail {

[[nodiscard]] inline error file_error(std::string_view what, const std::string& path, int number) {
    return {error_kind::system, std::string(what) + " " + path + ": " + std::strerror(number)};
}

/// 0 or the errno of the failure.
[[nodiscard]] inline int write_whole(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

} // namespace detail

/// Where a symbolic link leads, so that replacing the file leaves the link a link; other paths as they are.
[[nodiscard]] inline std::string link_target(const std::string& path) {
    char* const resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return path;
    std::string target = resolved;
    ::free(resolved);
    return target;
}

/// Writes `text` to a temporary file beside `path`, flushes it to the device and renames it over `path`, so
/// that a reader, a full disk or a crash never sees half a result. What is no regular file, and what lies in
/// /dev (/dev/stdout may lead to one), is appended to instead. Errors: system, naming the path and the cause.
[[nodiscard]] inline result<void> write_file(const std::string& path, std::string_view text) {
    struct stat info {};
    const bool exists = ::stat(path.c_str(), &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) return detail::file_error("cannot write", path, EISDIR);
    if (exists && (!S_ISREG(info.st_mode) || path.starts_with("/dev/"))) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0) return detail::file_error("cannot open", path, errno);
        const int failure = detail::write_whole(fd, text);
        ::close(fd);
        if (failure != 0) return detail::file_error("cannot write", path, failure);
        return {};
    }
    const std::string target = link_target(path);
    const std::string temporary = target + ".tmp." + std::to_string(::getpid());
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return detail::file_error("cannot create", temporary, errno);
    int failure = detail::write_whole(fd, text);
    if (failure == 0 && ::fsync(fd) != 0) failure = errno;
    if (::close(fd) != 0 && failure == 0) failure = errno;
    if (failure == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) failure = errno;
    if (failure != 0) {
        ::unlink(temporary.c_str());
        return detail::file_error("cannot write", path, failure);
    }
    return {};
}

} // namespace kvmark::report

// kvmark/report/format_argv.hpp
// fmt prints an argument vector in its display form. Opt-in: it needs fmt.

/// Takes the format specification of a string: `{:>80}` and the like.
template <>
struct fmt::formatter<kvmark::argv> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const kvmark::argv& arguments, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(kvmark::display(arguments), context);
    }
};

// kvmark/report/job_table.hpp
// The ranks of a job on the terminal.

namespace kvmark::report {

namespace detail {

class job_table_writer {
public:
    /// More ranks than this have a row for each host in place of one for each rank.
    static constexpr std::size_t most_rows = 16;

    job_table_writer(const measure::run_report& r, const palette& p)
        : job_(*r.job), f_(figures_of_job(r)), p_(p) {}

    void write_heading(bool by_rank) {
        line("{}        {} {} on {} {}", p_.bold("Job"), job_.ranks.size(),
             job_.ranks.size() == 1 ? "rank" : "ranks", job_.hosts.size(),
             job_.hosts.size() == 1 ? "host" : "hosts");
        line("           their windows opened within {:.0f} us, the barrier before within {:.0f} us",
             microseconds_of(job_.start_skew), microseconds_of(job_.barrier_skew));
        line("{}", p_.bold(row("Host", by_rank ? "rank" : "ranks", "read", "write", "requests", "P95 ms",
                               "seconds", "  state")));
    }

    void write_ranks() {
        for (std::size_t i = 0; i < job_.ranks.size(); ++i) {
            const measure::rank_stats& s = job_.ranks[i];
            const std::string host = job_.host_name(s.host), rank = std::to_string(s.rank);
            if (!s.delivered) {
                line("{}", row(host, rank, "-", "-", "-", "-", "-", "  " + p_.red("missing")));
                continue;
            }
            const std::string state = !s.complete()   ? p_.red("failed")
                                      : s.interrupted ? p_.yellow("interrupted")
                                                      : "ok";
            line("{}", row(host, rank, two(f_.ranks[i].moved.read), two(f_.ranks[i].moved.write),
                           grouped(s.requests_completed),
                           s.requests_completed != 0 ? ms_text(s.storage_io_p95) : "-",
                           two(to_seconds(s.elapsed)), "  " + state));
        }
    }

    void write_hosts() {
        for (std::size_t i = 0; i < f_.hosts.size(); ++i) {
            const host_figures& h = f_.hosts[i];
            std::uint64_t requests = 0;
            nanoseconds p95{}, elapsed{};
            bool interrupted = false;
            for (const measure::rank_stats& s : job_.ranks) {
                if (s.host != i || !s.complete()) continue;
                requests += s.requests_completed;
                p95 = s.storage_io_p95 > p95 ? s.storage_io_p95 : p95;
                elapsed = s.elapsed > elapsed ? s.elapsed : elapsed;
                interrupted |= s.interrupted;
            }
            const std::size_t lost = h.ranks.size() - h.complete;
            const std::string state = lost != 0     ? p_.red(std::to_string(lost) + " missing")
                                      : interrupted ? p_.yellow("interrupted")
                                                    : "ok";
            const bool any = h.complete != 0;
            line("{}", row(job_.host_name(static_cast<std::uint32_t>(i)), std::to_string(h.ranks.size()),
                           any ? two(h.moved.read) : "-", any ? two(h.moved.write) : "-",
                           any ? grouped(requests) : "-", requests != 0 ? ms_text(p95) : "-",
                           any ? two(to_seconds(elapsed)) : "-", "  " + state));
        }
    }

    void write_verdict(bool by_rank) {
        line("  GiB/s of {}; P95 of a request's storage time{}",
             f_.of_storage ? "the storage tiers" : "all tiers", by_rank ? "" : ", the highest of its ranks");
        if (f_.slowest_rank) {
            const measure::rank_stats& s = job_.ranks[f_.slowest_rank->index];
            line("  slowest: rank {} on {}, {:.0f} % of the mean bandwidth", s.rank, job_.host_name(s.host),
                 100 * f_.slowest_rank->share_of_mean);
        }
        if (f_.slowest_host)
            line("  slowest host: {}, {:.0f} % of the mean bandwidth of a rank",
                 job_.host_name(static_cast<std::uint32_t>(f_.slowest_host->index)),
                 100 * f_.slowest_host->share_of_mean);
        std::size_t lost = 0;
        for (const measure::rank_stats& s : job_.ranks) {
            if (s.complete() || ++lost > most_rows) continue;
            line("  {}", p_.red(fmt::format("partial: rank {} on {} is not in the figures: {}", s.rank,
                                            job_.host_name(s.host), measure::missing_text(s))));
        }
        if (lost > most_rows) line("  {}", p_.red(fmt::format("partial: and {} more", lost - most_rows)));
        line("");
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }

    static std::string row(std::string_view host, std::string_view rank, std::string_view read,
                           std::string_view write, std::string_view requests, std::string_view p95,
                           std::string_view elapsed, std::string_view state) {
        return fmt::format("{:<16}{:>5}{:>9}{:>9}{:>10}{:>9}{:>9}{}", host, rank, read, write, requests, p95,
                           elapsed, state);
    }
    static std::string two(double v) { return fmt::format("{:.2f}", v); }
    static double microseconds_of(nanoseconds d) { return static_cast<double>(d.count) / 1e3; }

    const measure::job_stats& job_;
    job_figures f_;
    const palette& p_;
    std::string out_;
};

} // namespace detail

/// One row for each rank, or for each host where the ranks are more than 16; then who is slowest and who is
/// missing. Ends in an empty line; nothing for a run on one process.
[[nodiscard]] inline std::string job_table(const measure::run_report& r, const palette& colors) {
    if (!r.job) return "";
    const bool by_rank = r.job->ranks.size() <= detail::job_table_writer::most_rows;
    detail::job_table_writer w(r, colors);
    w.write_heading(by_rank);
    if (by_rank)
        w.write_ranks();
    else
        w.write_hosts();
    w.write_verdict(by_rank);
    return std::move(w).text();
}

} // namespace kvmark::report

// kvmark/report/json_options.hpp
// The effective options of a run as JSON, under the names of the command line and of the YAML configuration.

namespace kvmark::report {

/// The words of the YAML configuration, in the order of model::dtype.
inline constexpr std::string_view dtype_names[]{"float32", "float16", "bfloat16", "int8"};

namespace detail {

[[nodiscard]] inline json::value gib_value(gib_number g) {
    if (g.integral) return static_cast<std::int64_t>(g.value);
    return g.value;
}

template <class T>
[[nodiscard]] json::value optional_value(const std::optional<T>& o) {
    return o ? json::value(*o) : json::value(nullptr);
}

template <class T>
[[nodiscard]] json::array pair_of(const workload::range<T>& r) {
    return {r.low, r.high};
}

} // namespace detail

/// Attention geometry; `bytes_per_token` is before tensor parallelism divides it.
[[nodiscard]] inline json::object model_json(const model::geometry& m) {
    return {{"name", m.name},
            {"num_layers", m.layers},
            {"hidden_dim", m.hidden},
            {"num_heads", m.heads},
            {"kv_heads", m.kv_heads},
            {"kv_dim_per_head", m.head_dim != 0 || m.heads == 0 ? m.head_dim : m.hidden / m.heads},
            {"kv_lora_rank", m.kv_lora_rank},
            {"qk_rope_head_dim", m.qk_rope_head_dim},
            {"dtype", dtype_names[static_cast<std::size_t>(m.type)]},
            {"bytes_per_token", m.per_token().count}};
}

/// The numbers of the workload, by section of the YAML configuration.
[[nodiscard]] inline json::object workload_json(const workload::parameters& w) {
    using detail::pair_of;
    json::object templates, profiles;
    for (const workload::persona& p : w.personas)
        templates[p.name] = {{"context_range", pair_of(p.context_tokens)},
                             {"generation_range", pair_of(p.generated_tokens)},
                             {"think_time_range", pair_of(p.think_seconds)}};
    for (std::size_t i = 0; i < w.targets.size(); ++i)
        profiles[workload::service_class_names[i]] = {{"target_latency_p95_ms", w.targets[i].p95_ms},
                                                      {"target_latency_p99_ms", w.targets[i].p99_ms},
                                                      {"target_latency_p999_ms", w.targets[i].p999_ms},
                                                      {"target_latency_p9999_ms", w.targets[i].p9999_ms}};
    return {{"user_templates", templates},
            {"generation_timing",
             {{"none", w.seconds_per_token[0]},
              {"fast", w.seconds_per_token[1]},
              {"realistic", w.seconds_per_token[2]}}},
            {"qos_profiles", profiles},
            {"qos_distribution",
             {{"interactive_probability", w.interactive_probability},
              {"responsive_threshold", w.responsive_threshold}}},
            {"eviction", {{"target_usage_ratio", w.tier_target}, {"large_entry_limit_ratio", w.large_entry}}},
            {"prefix_cache", {{"system_prompt_hit_probability", w.system_prompt_probability}}},
            {"rag",
             {{"chunk_size_tokens", w.chunk_tokens},
              {"top_k_chunks", w.chunks_per_query},
              {"max_chunk_bytes", w.max_chunk_bytes.count},
              {"request_probability", w.rag_probability},
              {"retrieval_distribution", w.rag_uniform ? "uniform" : "zipfian"},
              {"small_model_doc_tokens", pair_of(w.document_tokens)},
              {"large_model_doc_tokens", pair_of(w.large_model_document_tokens)}}},
            {"conversation",
             {{"max_conversations", w.max_conversations},
              {"max_turns_per_conv", w.max_turns},
              {"end_conversation_probability", w.end_conversation_probability}}},
            {"decode", {{"batch_size", w.decode_batch}}},
            {"autoscaler",
             {{"min_users", w.autoscale_min_users},
              {"max_users", w.autoscale_max_users},
              {"scale_up_factor", w.autoscale_up},
              {"scale_down_factor", w.autoscale_down},
              {"consecutive_samples_required", w.autoscale_consecutive}}},
            {"saturation_detection", {{"read_latency_p95_threshold_ms", w.saturation_read_p95_ms}}},
            {"sharegpt",
             {{"max_context_tokens", w.sharegpt_max_context},
              {"max_generation_tokens", w.sharegpt_max_generation},
              {"chars_per_token_estimate", w.sharegpt_chars_per_token}}}};
}

/// Every option under the name that sets it, with its effective value.
[[nodiscard]] inline json::object options_json(const options& o) {
    using namespace detail;
    return {{"model", model_json(o.model)},
            {"num_users", o.num_users},
            {"duration", o.duration},
            {"gpu_mem_gb", gib_value(o.gpu_mem_gb)},
            {"num_gpus", o.num_gpus},
            {"tensor_parallel", o.tensor_parallel},
            {"cpu_mem_gb", gib_value(o.cpu_mem_gb)},
            {"cache_dir", text_or_null(o.cache_dir)},
            {"generation_mode", name_of(o.generation_mode)},
            {"performance_profile", name_of(o.performance_profile)},
            {"disable_multi_turn", o.disable_multi_turn},
            {"disable_prefix_caching", o.disable_prefix_caching},
            {"enable_rag", o.enable_rag},
            {"rag_num_docs", o.rag_num_docs},
            {"enable_autoscaling", o.enable_autoscaling},
            {"autoscaler_mode", name_of(o.autoscaler_mode)},
            {"target_saturation", o.target_saturation},
            {"output", text_or_null(o.output)},
            {"seed", optional_value(o.seed)},
            {"max_concurrent_allocs", o.max_concurrent_allocs},
            {"request_rate", o.request_rate},
            {"arrivals", name_of(o.arrivals)},
            {"max_requests", o.max_requests},
            {"storage_capacity_gb", o.storage_capacity_gb},
            {"precondition", o.precondition},
            {"precondition_size_gb", o.precondition_size_gb},
            {"precondition_threads", o.precondition_threads},
            {"prefill_only", o.prefill_only},
            {"decode_only", o.decode_only},
            {"verify", name_of(o.verify)},
            {"io_chunk", o.io_chunk},
            {"queue_depth", o.queue_depth},
            {"io_workers", o.io_workers},
            {"peer_mem_gb", gib_value(o.peer_mem_gb)},
            {"layout", name_of(o.layout)},
            {"raw_device", text_or_null(o.raw_device)},
            {"strict", o.strict},
            {"max_samples", o.max_samples},
            {"hosts", json::value_from(o.hosts)},
            {"num_processes", optional_value(o.num_processes)},
            {"workload", workload_json(o.workload)}};
}

} // namespace kvmark::report

// kvmark/report/json_job.hpp
// `kvmark.job` of the result file: the ranks of a run one by one, their hosts, and the reference's sums.

namespace kvmark::report {

namespace detail {

template <class T>
[[nodiscard]] json::value number_or_null(const std::optional<T>& x) {
    return x ? json::value(*x) : json::value(nullptr);
}

[[nodiscard]] inline double microseconds(nanoseconds d) { return static_cast<double>(d.count) / 1e3; }

[[nodiscard]] inline json::array rank_tiers_json(const measure::run_report& r, const measure::rank_stats& s) {
    json::array all;
    for (std::size_t i = 0; i < s.tiers.size(); ++i) {
        const measure::rank_tier& t = s.tiers[i];
        const rates moved = rates_of(t, s.elapsed);
        all.push_back({{"name", i < r.tiers.size() ? json::value(tier_label(r, r.tiers[i])) : json::value()},
                       {"read_bytes", t.read.count},
                       {"write_bytes", t.written.count},
                       {"read_gib_per_s", moved.read},
                       {"write_gib_per_s", moved.write},
                       {"reads", t.reads},
                       {"writes", t.writes},
                       {"entries", t.entries}});
    }
    return all;
}

[[nodiscard]] inline json::object rank_json(const measure::run_report& r, const measure::rank_stats& s,
                                            const rank_figures& f) {
    json::object o{{"rank", s.rank},
                   {"host", r.job->host_name(s.host)},
                   {"complete", s.complete()},
                   {"failure", text_or_null(measure::missing_text(s))}};
    const auto add = [&](const char* key, json::value v) {
        o[key] = s.delivered ? std::move(v) : json::value(nullptr);
    };
    add("interrupted", s.interrupted);
    add("seed", s.seed);
    add("users", s.users);
    add("cache_dir", text_or_null(s.cache_dir));
    add("clock_offset_us", microseconds(s.clock_offset));
    add("clock_uncertainty_us", microseconds(s.clock_uncertainty));
    add("start_delay_us", microseconds(s.start_delay));
    add("elapsed_s", to_seconds(s.elapsed));
    add("requests", s.requests_completed);
    add("tokens", s.tokens_generated);
    add("tiers", rank_tiers_json(r, s));
    add("storage_io_p95_ms",
        s.requests_completed != 0 ? json::value(to_milliseconds(s.storage_io_p95)) : json::value(nullptr));
    add("corrupt_sectors", s.corrupt_sectors);
    add("failed_operations", s.failed_operations);
    add("cores_used", r.virtual_time ? json::value(nullptr) : json::value(f.cores_used));
    add("share_of_time", number_or_null(f.share_of_time));
    add("share_of_bandwidth", number_or_null(f.share_of_bandwidth));
    return o;
}

/// What the machine itself is, is under `cluster`.
[[nodiscard]] inline json::object job_host_json(const measure::run_report& r, std::size_t index,
                                                const host_figures& f) {
    json::array tiers;
    for (std::size_t i = 0; i < f.tiers.size() && f.complete != 0; ++i)
        tiers.push_back({{"name", tier_label(r, r.tiers[i])},
                         {"read_gib_per_s", f.tiers[i].read},
                         {"write_gib_per_s", f.tiers[i].write}});
    const bool counted = f.delivered != 0 && !r.virtual_time;
    const bool known = f.logical_cpus != 0;
    return {{"host", r.job->host_name(static_cast<std::uint32_t>(index))},
            {"ranks", json::value_from(f.ranks)},
            {"complete_ranks", f.complete},
            {"tiers", f.complete != 0 ? json::value(std::move(tiers)) : json::value(nullptr)},
            {"cores_used", counted ? json::value(f.cores_used) : json::value(nullptr)},
            {"logical_cpus", known ? json::value(f.logical_cpus) : json::value(nullptr)},
            {"cores_saturated", counted && known ? json::value(f.cores_saturated()) : json::value(nullptr)}};
}

[[nodiscard]] inline json::array ranks_in_trials_json(const std::vector<rank_in_trial>& ranks) {
    json::array all;
    for (const rank_in_trial& r : ranks) all.push_back({{"trial", r.trial}, {"rank", r.rank}});
    return all;
}

} // namespace detail

/// Under the reference's names. `*_gbps` are GiB/s.
[[nodiscard]] inline json::object aggregate_json(const aggregate& a) {
    using detail::number_or_null;
    return {{"aggregated_read_bandwidth_gbps", number_or_null(a.read_gib_per_s)},
            {"aggregated_write_bandwidth_gbps", number_or_null(a.write_gib_per_s)},
            {"aggregated_avg_throughput_tokens_per_sec", number_or_null(a.tokens_per_s)},
            {"aggregated_storage_throughput_tokens_per_sec", number_or_null(a.storage_tokens_per_s)},
            {"aggregated_p95_latency_ms", number_or_null(a.p95_ms)},
            {"rank_count", a.rank_count},
            {"trial_count", a.trial_count},
            {"complete_trials", a.complete_trials},
            {"partial_failure", a.partial_failure()},
            {"missing", detail::ranks_in_trials_json(a.missing)},
            {"cpu_tier_ranks", detail::ranks_in_trials_json(a.cpu_tier_ranks)}};
}

/// Null for a run on one process.
[[nodiscard]] inline json::value job_json(const measure::run_report& r) {
    if (!r.job) return nullptr;
    const measure::job_stats& job = *r.job;
    const job_figures f = figures_of_job(r);
    json::array ranks, hosts;
    for (std::size_t i = 0; i < job.ranks.size(); ++i)
        ranks.push_back(detail::rank_json(r, job.ranks[i], f.ranks[i]));
    for (std::size_t i = 0; i < job.hosts.size(); ++i)
        hosts.push_back(detail::job_host_json(r, i, f.hosts[i]));
    json::value slowest_rank, slowest_host;
    if (f.slowest_rank) {
        const measure::rank_stats& s = job.ranks[f.slowest_rank->index];
        slowest_rank = {{"rank", s.rank},
                        {"host", job.host_name(s.host)},
                        {"share_of_mean", f.slowest_rank->share_of_mean}};
    }
    if (f.slowest_host)
        slowest_host = {{"host", job.host_name(static_cast<std::uint32_t>(f.slowest_host->index))},
                        {"share_of_mean", f.slowest_host->share_of_mean}};
    const std::vector<rank_row> trial = rank_rows(r);
    return {{"partial", job.partial()},
            {"ranks", std::move(ranks)},
            {"hosts", std::move(hosts)},
            {"start_skew_us", detail::microseconds(job.start_skew)},
            {"barrier_skew_us", detail::microseconds(job.barrier_skew)},
            {"bandwidth_of", f.of_storage ? "storage" : "all"},
            {"slowest_rank", std::move(slowest_rank)},
            {"slowest_host", std::move(slowest_host)},
            {"aggregate", aggregate_json(aggregate_trials({&trial, 1}))},
            {"cluster", cluster_json(job.hosts)}};
}

} // namespace kvmark::report

// kvmark/report/json_summary.hpp
// `summary` of the result file.

namespace kvmark::report {

/// {mean, p50, p95, p99, p999, p9999} in ms; each null where nothing was measured.
[[nodiscard]] inline json::object latency_json(const measure::histogram& h) {
    json::object o;
    o["mean"] = h.empty() ? json::value(nullptr) : json::value(h.mean() * 1e-6);
    for (const percentile& p : percentiles)
        o[p.name] = h.empty() ? json::value(nullptr) : json::value(to_milliseconds(h.quantile(p.rank)));
    return o;
}

/// The share of samples, 0..1, at or below `limit`; the bucket that holds the limit counts in proportion.
[[nodiscard]] inline double share_within(const measure::histogram& h, nanoseconds limit) {
    double within = 0;
    for (const auto& b : h.buckets()) {
        if (b.low > limit) break;
        const double width = static_cast<double>(b.high.count - b.low.count) + 1;
        const double part =
            b.high <= limit ? 1.0 : (static_cast<double>(limit.count - b.low.count) + 1) / width;
        within += part * static_cast<double>(b.count);
    }
    return ratio(within, static_cast<double>(h.count()));
}

[[nodiscard]] inline json::object qos_json(const measure::run_report& r, const workload::parameters& w) {
    json::object all;
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const measure::histogram& h = r.classes[i].latency;
        json::object& o = all[workload::service_class_names[i]].emplace_object();
        if (h.empty()) {
            o["no_data"] = true;
            continue;
        }
        const double target = w.targets[i].p95_ms, p95 = to_milliseconds(h.quantile(0.95));
        o["total_requests"] = h.count();
        o["latency_ms"] = {{"mean", h.mean() * 1e-6},
                           {"p50", to_milliseconds(h.quantile(0.50))},
                           {"p95", p95},
                           {"p99", to_milliseconds(h.quantile(0.99))},
                           {"max", to_milliseconds(h.max())}};
        o["sla"] = {{"target_p95_ms", target},
                    {"actual_p95_ms", p95},
                    {"compliance", share_within(h, from_seconds(target * 1e-3))},
                    {"met", p95 <= target}};
    }
    return all;
}

[[nodiscard]] inline json::object autoscale_event_json(const measure::autoscale_event& e, const options& o) {
    return {{"timestamp", to_seconds(e.at)},
            {"mode", name_of(o.autoscaler_mode)},
            {"action", e.action},
            {"users", e.users},
            {"saturation_level", e.saturation},
            {"read_latency_p95_ms", e.read_p95_ms},
            {"throughput_tokens_per_sec", e.tokens_per_second}};
}

/// The changes of load; samples that changed nothing are under `kvmark.autoscaling`.
[[nodiscard]] inline json::array autoscaling_stats_json(const measure::run_report& r, const options& o) {
    json::array changes;
    for (const measure::autoscale_event& e : r.autoscaling)
        if (e.action != "hold") changes.push_back(autoscale_event_json(e, o));
    return changes;
}

/// Null where autoscaling was off.
[[nodiscard]] inline json::value autoscaling_summary_json(const measure::run_report& r, const options& o) {
    if (!o.enable_autoscaling) return nullptr;
    double peak = 0;
    for (const measure::autoscale_event& e : r.autoscaling) peak = std::max(peak, e.tokens_per_second);
    json::object s{{"initial_users", o.num_users},
                   {"final_users", r.autoscaling.empty() ? static_cast<std::uint64_t>(o.num_users)
                                                         : r.autoscaling.back().users},
                   {"total_scale_events", autoscaling_stats_json(r, o).size()}};
    if (o.autoscaler_mode == autoscaler_mode::capacity) {
        s["peak_user_count"] = r.peak_users;
        s["peak_throughput_tokens_per_sec"] = peak;
    }
    return s;
}

[[nodiscard]] inline json::object summary_json(const measure::run_report& r, const options& o) {
    const double elapsed = to_seconds(r.elapsed), storage = to_seconds(r.storage_time);
    const auto produced = static_cast<double>(r.tokens_generated.count);
    return {{"total_requests", r.requests_completed},
            {"total_tokens", r.tokens_generated.count},
            {"elapsed_time", elapsed},
            {"avg_throughput_tokens_per_sec", ratio(produced, elapsed)},
            {"total_storage_io_time", storage},
            {"storage_throughput_tokens_per_sec", ratio(produced, storage)},
            {"requests_per_second", ratio(static_cast<double>(r.requests_completed), elapsed)},
            {"end_to_end_latency_ms", latency_json(r.end_to_end)},
            {"storage_io_latency_ms", latency_json(r.storage_io)},
            {"generation_latency_ms", latency_json(r.generation)},
            {"cache_stats", cache_stats_json(r, o.performance_profile)},
            {"qos_metrics", qos_json(r, o.workload)},
            {"prefix_cache_stats",
             {{"prefix_hits", r.cache.system_prompt_hits},
              {"prefix_misses", r.cache.system_prompt_misses},
              {"system_prompt_reuse", r.cache.system_prompt_hits},
              {"common_phrase_reuse", 0},
              {"bytes_saved", r.cache.system_prompt_bytes_saved.count}}},
            {"autoscaling_stats", autoscaling_stats_json(r, o)},
            {"autoscaling_summary", autoscaling_summary_json(r, o)},
            {"multi_turn_stats",
             {{"cache_hits", r.cache.turn_hits},
              {"cache_misses", r.cache.turn_misses},
              {"hit_rate", hit_rate(r.cache.turn_hits, r.cache.turn_misses)}}}};
}

} // namespace kvmark::report

// kvmark/report/json_kvmark.hpp
// The "kvmark" member of the result file: what the reference does not say.

namespace kvmark::report {

/// Of the "kvmark" member; goes up when a key changes its meaning.
inline constexpr int json_schema = 1;

/// Every sample: [low_ns, high_ns, count] for each bucket that holds any.
[[nodiscard]] inline json::array histogram_json(const measure::histogram& h) {
    json::array all;
    for (const auto& b : h.buckets()) all.push_back(json::array{b.low.count, b.high.count, b.count});
    return all;
}

namespace detail {

[[nodiscard]] inline json::object distribution_json(const measure::histogram& h) {
    json::object o = latency_json(h);
    o["max"] = h.empty() ? json::value(nullptr) : json::value(to_milliseconds(h.max()));
    return {{"count", h.count()}, {"latency_ms", std::move(o)}, {"histogram_ns", histogram_json(h)}};
}

[[nodiscard]] inline json::object direction_json(const measure::direction_stats& d, nanoseconds elapsed) {
    return {{"operations", d.operations},
            {"bytes", d.moved.count},
            {"gib_per_s", gib_per_second(d.moved, elapsed)},
            {"total", distribution_json(d.total)},
            {"queue", distribution_json(d.queue)},
            {"submit", distribution_json(d.submit)},
            {"device", distribution_json(d.device)},
            {"copy", distribution_json(d.copy)},
            {"verify", distribution_json(d.verify)},
            {"host", distribution_json(d.host)},
            {"io", distribution_json(d.io)}};
}

[[nodiscard]] inline json::array tiers_json(const measure::run_report& r) {
    json::array all;
    for (const measure::tier_stats& t : r.tiers)
        all.push_back(
            {{"name", t.name},
             {"role", role_name(t.role)},
             {"limit_bytes", is_bounded(t.limit) ? json::value(t.limit.count) : json::value(nullptr)},
             {"used_bytes", t.used.count},
             {"entries", t.entries},
             {"demotions_in", t.demotions_in},
             {"evictions", t.evictions},
             {"note", text_or_null(t.note)},
             {"read", direction_json(t.read, r.elapsed)},
             {"write", direction_json(t.write, r.elapsed)}});
    return all;
}

[[nodiscard]] inline json::object classes_json(const measure::run_report& r) {
    json::object all;
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const measure::class_stats& c = r.classes[i];
        all[workload::service_class_names[i]] = {{"arrived", c.arrived},
                                                 {"completed", c.completed},
                                                 {"queued", c.queued},
                                                 {"in_service", c.in_service},
                                                 {"latency", distribution_json(c.latency)}};
    }
    return all;
}

[[nodiscard]] inline json::object cache_json(const measure::cache_counters& c) {
    return {{"hits", c.hits},
            {"misses", c.misses},
            {"system_prompt_hits", c.system_prompt_hits},
            {"system_prompt_misses", c.system_prompt_misses},
            {"turn_hits", c.turn_hits},
            {"turn_misses", c.turn_misses},
            {"chunk_hits", c.chunk_hits},
            {"chunk_misses", c.chunk_misses},
            {"user_hits", c.user_hits},
            {"not_placed", c.not_placed}};
}

/// Null where no block device stands behind the cache directory, or time was virtual.
[[nodiscard]] inline json::value device_json(const measure::run_report& r) {
    if (!has_device(r)) return nullptr;
    const device_share reads = device_reads(r), writes = device_writes(r);
    return {{"name", r.device.name},
            {"read_bytes", reads.device.count},
            {"read_bytes_asked", reads.asked.count},
            {"read_share", reads.share()},
            {"write_bytes", writes.device.count},
            {"write_bytes_asked", writes.asked.count},
            {"write_share", writes.share()},
            {"page_cache_suspected", reads.falls_short() || writes.falls_short()}};
}

/// Null in virtual time, where the processor's seconds are those of the simulation.
[[nodiscard]] inline json::value process_json(const measure::run_report& r) {
    if (r.virtual_time) return nullptr;
    const double cpu = to_seconds(r.process.user + r.process.system);
    return {{"user_s", to_seconds(r.process.user)},
            {"system_s", to_seconds(r.process.system)},
            {"cores_used", ratio(cpu, to_seconds(r.elapsed))},
            {"cpu_s_per_gib", ratio(cpu, to_gib(all_reads(r).moved + all_writes(r).moved))},
            {"peak_resident_bytes", r.process.peak_resident.count},
            {"io_buffer_bytes", r.io_buffer_bytes}};
}

[[nodiscard]] inline json::object integrity_json(const measure::run_report& r, const options& o) {
    json::array corruptions, failures;
    for (const measure::corruption& c : r.corruptions)
        corruptions.push_back({{"key", c.key},
                               {"tier", c.tier},
                               {"offset", c.offset.count},
                               {"expected", c.expected},
                               {"found", c.found}});
    for (const measure::io_failure& f : r.failures)
        failures.push_back({{"key", f.key},
                            {"tier", f.tier},
                            {"operation", f.operation},
                            {"offset", f.offset.count},
                            {"errno", f.error_number},
                            {"message", std::strerror(f.error_number)}});
    return {{"clean", r.clean()},
            {"verify", name_of(o.verify)},
            {"corrupt_sectors", r.corrupt_sectors},
            {"corruptions", std::move(corruptions)},
            {"failed_operations", r.failed_operations},
            {"failures", std::move(failures)}};
}

[[nodiscard]] inline json::array timeline_json(const measure::run_report& r) {
    json::array all;
    for (const measure::throughput_sample& s : r.timeline)
        all.push_back({{"at_s", to_seconds(s.at)},
                       {"tokens_per_s", s.tokens_per_second},
                       {"storage_read_bytes", s.read.count},
                       {"storage_write_bytes", s.written.count},
                       {"users", s.users}});
    return all;
}

/// The inherited names that say something else than they hold.
[[nodiscard]] inline json::object units_json() {
    return {{"*_gb", "GiB (2^30 bytes)"},
            {"*_gbps", "GiB/s over the measured window"},
            {"read_iops, write_iops", "operations on whole entries, a count and no rate"},
            {"*_latencies", "seconds"},
            {"*_ms", "milliseconds"},
            {"total_storage_io_latency, total_generation_latency", "seconds, summed over completed requests"},
            {"histogram_ns", "[lowest, highest, count] in nanoseconds"}};
}

} // namespace detail

/// What docs/json.md documents under `kvmark`.
[[nodiscard]] inline json::object kvmark_json(const measure::run_report& r, const options& o,
                                              const run_context& context) {
    using namespace detail;
    json::array scaling;
    for (const measure::autoscale_event& e : r.autoscaling) scaling.push_back(autoscale_event_json(e, o));
    return {{"schema", json_schema},
            {"version", KVMARK_VERSION},
            {"compiler", "gcc " __VERSION__},
            {"argv", json::value_from(context.argv)},
            {"started", text_or_null(context.started)},
            {"finished", text_or_null(context.finished)},
            {"interrupted", r.interrupted},
            {"virtual_time", r.virtual_time},
            {"warnings", json::value_from(warnings(r, context))},
            {"host", host_json(context.host)},
            {"units", units_json()},
            {"options", options_json(o)},
            {"peak_users", r.peak_users},
            {"job", job_json(r)},
            {"integrity", integrity_json(r, o)},
            {"device", device_json(r)},
            {"process", process_json(r)},
            {"cache", cache_json(r.cache)},
            {"classes", classes_json(r)},
            {"latency",
             {{"end_to_end", distribution_json(r.end_to_end)},
              {"queue", distribution_json(r.queue)},
              {"storage_io", distribution_json(r.storage_io)},
              {"generation", distribution_json(r.generation)},
              {"prefill", distribution_json(r.prefill)},
              {"decode", distribution_json(r.decode)}}},
            {"tiers", tiers_json(r)},
            {"samples",
             {{"kept", r.samples.size()}, {"completed", r.requests_completed}, {"capped", r.samples_capped}}},
            {"autoscaling", std::move(scaling)},
            {"timeline", timeline_json(r)}};
}

} // namespace kvmark::report

// kvmark/report/json.hpp
// The result file: every key of the reference's, and ours under "kvmark". docs/json.md explains each.

namespace kvmark::report {

namespace detail {

/// The shortest decimal of a float, as a double: 0.1 and not 0.10000000149011612.
[[nodiscard]] inline double shortest(float f) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", static_cast<double>(f));
    return std::strtod(text, nullptr);
}

} // namespace detail

/// The whole result file. The per-request arrays hold the first options::max_samples requests, in order of
/// completion; a request without a prefill or a decode is not in the array of it.
[[nodiscard]] inline json::value result_json(const measure::run_report& r, const options& o,
                                             const run_context& context) {
    json::array end_to_end, storage, generation, prefill, decode, timeline;
    for (json::array* a : {&end_to_end, &storage, &generation, &prefill, &decode})
        a->reserve(r.samples.size());
    for (const measure::request_sample& s : r.samples) {
        end_to_end.push_back(detail::shortest(s.end_to_end_s));
        storage.push_back(detail::shortest(s.storage_s));
        generation.push_back(detail::shortest(s.generation_s));
        if (s.prefill_s > 0) prefill.push_back(detail::shortest(s.prefill_s));
        if (s.decode_s > 0) decode.push_back(detail::shortest(s.decode_s));
    }
    for (const measure::throughput_sample& s : r.timeline)
        timeline.push_back(
            {{"timestamp", to_seconds(s.at)}, {"throughput_tokens_per_sec", s.tokens_per_second}});

    return {{"requests_completed", r.requests_completed},
            {"total_tokens_generated", r.tokens_generated.count},
            {"total_storage_io_latency", to_seconds(r.storage_time)},
            {"total_generation_latency", to_seconds(r.generation_time)},
            {"end_to_end_latencies", std::move(end_to_end)},
            {"storage_latencies", std::move(storage)},
            {"generation_latencies", std::move(generation)},
            {"throughput_timeline", std::move(timeline)},
            {"prefill_latencies", std::move(prefill)},
            {"decode_latencies", std::move(decode)},
            {"multi_turn_cache_hits", r.cache.turn_hits},
            {"multi_turn_cache_misses", r.cache.turn_misses},
            {"seed", r.seed},
            {"summary", summary_json(r, o)},
            {"kvmark", kvmark_json(r, o, context)}};
}

} // namespace kvmark::report

// kvmark/report/metadata.hpp
// The metadata file of a run directory, under the names of the MLPerf Storage wrapper.

namespace kvmark::report {

/// What the wrapper's metadata says beyond the options.
struct run_record {
    std::string exec_type = "local"; ///< local or mpi
    std::int64_t num_processes = 1;  ///< in effect
    std::string result_dir;
    std::vector<std::string> argv; ///< that was executed
    std::string display;           ///< the same, quoted for a shell
    std::string stdout_log;
    std::string stderr_log;
    double runtime_s = 0; ///< wall clock, preparation included
};

/// `report` may be null: the run did not come to a result, and `kvcache_metrics` is missing, as with the
/// wrapper. `parameters` holds what ran, which the wrapper's own files leave out.
[[nodiscard]] inline json::object metadata_json(const options& o, const run_record& run,
                                                const measure::run_report* report) {
    const json::object parameters = options_json(o);
    json::object m{{"benchmark_type", "kv_cache"},
                   {"model", o.model.name},
                   {"command", "run"},
                   {"run_datetime", o.run_datetime},
                   {"num_processes", run.num_processes},
                   {"accelerator", nullptr},
                   {"result_dir", run.result_dir},
                   {"parameters", parameters},
                   {"override_parameters", json::object{}},
                   {"system_info", report && report->job ? json::value(cluster_json(report->job->hosts))
                                                         : json::value(nullptr)},
                   {"runtime", run.runtime_s},
                   {"verification", nullptr},
                   {"executed_command", run.display}};
    json::array outputs;
    outputs.push_back({{"command", run.display}, {"stdout", run.stdout_log}, {"stderr", run.stderr_log}});
    m["command_output_files"] = std::move(outputs);
    m["args"] = parameters;
    m["kvcache_model"] = o.model.name;
    for (const char* key : {"num_users", "duration", "gpu_mem_gb", "cpu_mem_gb", "cache_dir",
                            "generation_mode", "performance_profile"})
        m[key] = parameters.at(key);
    m["exec_type"] = run.exec_type;
    if (!o.hosts.empty()) m["hosts"] = json::value_from(o.hosts);
    if (report != nullptr) {
        const double elapsed = to_seconds(report->elapsed);
        const measure::tier_stats storage = role_totals(*report, measure::tier_role::storage);
        m["kvcache_metrics"] = {
            {"total_requests", report->requests_completed},
            {"requests_per_second", ratio(static_cast<double>(report->requests_completed), elapsed)},
            {"avg_throughput_tokens_per_sec",
             ratio(static_cast<double>(report->tokens_generated.count), elapsed)},
            {"cache_hit_rate", hit_rate(report->cache.hits, report->cache.misses)},
            {"tier_storage_read_bandwidth_gbps", gib_per_second(storage.read.moved, report->elapsed)},
            {"tier_storage_write_bandwidth_gbps", gib_per_second(storage.write.moved, report->elapsed)},
            {"interrupted", report->interrupted},
            {"clean", report->clean()}};
    }
    m["kvmark"] = {{"version", KVMARK_VERSION}, {"argv", json::value_from(run.argv)}};
    return m;
}

} // namespace kvmark::report

// kvmark/report/progress_line.hpp
// One line of progress: time left, tokens/s, hit rate, and what each tier moves just now.

namespace kvmark::report {

/// Turns the totals of measure::progress into rates over the time since the line before.
class progress_line {
public:
    /// Without a newline, what matters most first: a terminal may cut it. GiB/s are read + written.
    [[nodiscard]] std::string text(const measure::progress& p) {
        const bool running = p.stage == "running";
        std::string out;
        if (running && p.window.count > 0)
            put(out, "{:.0f} s left", std::max(0.0, to_seconds(p.window - p.elapsed)));
        else
            put(out, "{} {:.0f} %", p.stage, 100 * p.fraction);
        if (running) append_rates(out, p);
        before_ = p;
        return out;
    }

private:
    template <class... Args>
    static void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    }

    void append_rates(std::string& out, const measure::progress& p) const {
        const bool continues = before_.stage == p.stage && before_.tiers.size() == p.tiers.size();
        const measure::progress nothing;
        const measure::progress& base = continues ? before_ : nothing;
        const double seconds = to_seconds(p.elapsed - base.elapsed);
        const auto rate = [&](double later, double earlier) {
            return seconds > 0 ? (later - earlier) / seconds : 0;
        };
        put(out, " | {:.0f} tokens/s | hit {:.0f} %",
            rate(static_cast<double>(p.tokens), static_cast<double>(base.tokens)), 100 * p.hit_rate);
        for (std::size_t i = 0; i < p.tiers.size(); ++i) {
            const measure::tier_progress earlier = continues ? base.tiers[i] : measure::tier_progress{};
            put(out, "{}{} {:.1f}+{:.1f}", i == 0 ? " | " : ", ", label(p, i),
                rate(to_gib(p.tiers[i].read), to_gib(earlier.read)),
                rate(to_gib(p.tiers[i].written), to_gib(earlier.written)));
        }
        put(out, "{} | {} users, {} done, {} queued", p.tiers.empty() ? "" : " GiB/s", p.users,
            grouped(p.completed), grouped(p.queued));
    }

    /// A tier's name, and its place where another tier has that name too.
    static std::string label(const measure::progress& p, std::size_t i) {
        std::size_t same = 0;
        for (const measure::tier_progress& t : p.tiers) same += t.name == p.tiers[i].name ? 1 : 0;
        return std::string(p.tiers[i].name) + (same == 1 ? "" : std::to_string(i + 1));
    }

    measure::progress before_;
};

} // namespace kvmark::report

// kvmark/report/summary.hpp
// The summary of a run on the terminal.

namespace kvmark::report {

namespace detail {

class summary_writer {
public:
    summary_writer(const measure::run_report& r, const options& o, const palette& p) : r_(r), o_(o), p_(p) {}

    void write_what_ran() {
        line("{}  {}, {} users, {} s{}, generation {}, seed {}", p_.bold("kvmark " KVMARK_VERSION),
             o_.model.name, grouped(static_cast<std::uint64_t>(o_.num_users)),
             two_digits(to_seconds(r_.elapsed)), r_.virtual_time ? " of virtual time" : "",
             name_of(o_.generation_mode), r_.seed);
        std::string stack;
        for (const measure::tier_stats& t : r_.tiers) {
            if (t.limit.count == 0) continue;
            stack += fmt::format("{}{} {}", stack.empty() ? "" : ", then ", tier_label(r_, t),
                                 is_bounded(t.limit) ? size_text(t.limit) : "without bound");
        }
        if (!stack.empty()) line("  cache: {}{}{}", stack, o_.cache_dir.empty() ? "" : " in ", o_.cache_dir);
        line("");
    }

    void write_requests() {
        const request_counts counts = count_requests(r_);
        const double elapsed = to_seconds(r_.elapsed);
        line("{}   {} arrived, {} completed ({:.2f}/s), {} unfinished at the end", p_.bold("Requests"),
             grouped(counts.arrived), grouped(r_.requests_completed),
             ratio(static_cast<double>(r_.requests_completed), elapsed), grouped(counts.unfinished));
        line("{}     {} generated, {:.1f} tokens/s", p_.bold("Tokens"), grouped(r_.tokens_generated.count),
             ratio(static_cast<double>(r_.tokens_generated.count), elapsed));
        const measure::cache_counters& c = r_.cache;
        line("{}   {} of {} lookups", p_.bold("Hit rate"), percent_text(hit_rate(c.hits, c.misses)),
             grouped(c.hits + c.misses));
        line("           earlier turns {}, system prompts {}, documents {}", rate(c.turn_hits, c.turn_misses),
             rate(c.system_prompt_hits, c.system_prompt_misses), rate(c.chunk_hits, c.chunk_misses));
        const double reads = static_cast<double>(all_reads(r_).operations);
        std::string served;
        for (const measure::tier_stats& t : r_.tiers)
            if (reads > 0 && t.limit.count != 0)
                served += fmt::format("{}{} {}", served.empty() ? "" : ", ", tier_label(r_, t),
                                      percent_text(static_cast<double>(t.read.operations) / reads));
        if (!served.empty()) line("           entries read from {}", served);
        line("");
    }

    void write_tiers() {
        line("{}", p_.bold(fmt::format("{:<17}{:<6}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}", "Tier", "", "GiB",
                                       "GiB/s", "entries", "P50 ms", "P95 ms", "P99 ms")));
        for (const measure::tier_stats& t : r_.tiers) {
            write_direction(tier_label(r_, t), "read", t.read);
            write_direction("", "write", t.write);
        }
        line("  latencies are of whole entries, from the request for one to its last byte");
        line("");
    }

    void write_job() { out_ += job_table(r_, p_); }

    void write_classes() {
        line("{}", p_.bold(fmt::format("{:<12}{:>10}{:>11}{:>10}{:>10}{:>10}{:>8}", "Class", "completed",
                                       "unfinished", "P50 ms", "P95 ms", "P99 ms", "target")));
        for (std::size_t i = 0; i < r_.classes.size(); ++i) {
            const measure::class_stats& c = r_.classes[i];
            const double target = o_.workload.targets[i].p95_ms;
            const bool met = to_milliseconds(c.latency.quantile(0.95)) <= target;
            line("{:<12}{:>10}{:>11}{:>10}{:>10}{:>10}{:>8}{}", workload::service_class_names[i],
                 grouped(c.completed), grouped(c.queued + c.in_service), quantile(c.latency, 0.50),
                 quantile(c.latency, 0.95), quantile(c.latency, 0.99), fmt::format("{:.0f}", target),
                 c.latency.empty() ? ""
                 : met             ? "  " + p_.green("met")
                                   : "  " + p_.red("missed"));
        }
        line("  arrival to answer, waiting included, of completed requests; target: P95 in ms");
        line("");
    }

    void write_machine() {
        if (has_device(r_)) {
            const device_share reads = device_reads(r_), writes = device_writes(r_);
            line("{}     {}: {} read, {} of the bytes asked of storage", p_.bold("Device"), r_.device.name,
                 size_text(reads.device), percent_text(reads.share()));
            line("           {} written, {}", size_text(writes.device), percent_text(writes.share()));
        }
        if (!r_.virtual_time) {
            const double cpu = to_seconds(r_.process.user + r_.process.system);
            line("{}  {:.2f} cores used, {:.3f} s per GiB moved, {} resident at most", p_.bold("Processor"),
                 ratio(cpu, to_seconds(r_.elapsed)),
                 ratio(cpu, to_gib(all_reads(r_).moved + all_writes(r_).moved)),
                 size_text(r_.process.peak_resident));
        }
        const storage_health health = assess_storage(r_, o_.performance_profile);
        line("{}    {}, {} of {} criteria of the {} profile", p_.bold("Storage"),
             health.passed() ? p_.green("PASS") : p_.red("FAIL"), health.passed_count(),
             health.criteria.size(), name_of(o_.performance_profile));
        for (const criterion& c : health.criteria)
            if (!c.passed) line("           {}: {} {}", c.name, two_digits(c.actual), c.unit);
    }

    void write_warnings(const run_context& context) {
        for (const std::string& w : warnings(r_, context)) line("{} {}", p_.yellow("warning:"), w);
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }

    void write_direction(std::string_view name, std::string_view direction,
                         const measure::direction_stats& d) {
        line("{:<17}{:<6}{:>9.2f}{:>8.2f}{:>10}{:>10}{:>10}{:>10}", name, direction, to_gib(d.moved),
             gib_per_second(d.moved, r_.elapsed), grouped(d.operations), quantile(d.total, 0.50),
             quantile(d.total, 0.95), quantile(d.total, 0.99));
    }

    static std::string quantile(const measure::histogram& h, double rank) {
        return h.empty() ? "-" : ms_text(h.quantile(rank));
    }
    static std::string rate(std::uint64_t hits, std::uint64_t misses) {
        return hits + misses == 0 ? "none" : percent_text(hit_rate(hits, misses));
    }

    const measure::run_report& r_;
    const options& o_;
    const palette& p_;
    std::string out_;
};

} // namespace detail

/// What a person wants to know of a run, within 80 columns but for names, paths and warnings; ends in a
/// newline. GiB are 2^30 bytes.
[[nodiscard]] inline std::string summary_text(const measure::run_report& r, const options& o,
                                              const run_context& context, const palette& colors) {
    detail::summary_writer w(r, o, colors);
    w.write_what_ran();
    w.write_requests();
    w.write_tiers();
    w.write_job();
    w.write_classes();
    w.write_machine();
    w.write_warnings(context);
    return std::move(w).text();
}

} // namespace kvmark::report

#endif // KVMARK_WITH_REPORT

#ifdef KVMARK_WITH_CHECKSUMMED

// kvmark/tier/checksummed.hpp
// A tier that checks every byte it gives back by a checksum kept in memory. Needs xxHash
// (kvmark::checksummed).

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace kvmark::tier {

/// Keeps the XXH3 of each sector that is written, 8 bytes for 4096, and compares when it is read. A sum for
/// each sector, not for each I/O: any part of what was written can then be read alone. A read that differs is
/// EBADMSG; its bytes are in the buffer all the same. So is a read of what was never written.
///
/// The stamps of the engine see the same without it; this is for a tier used without the engine, and says of
/// a stack of decorators between which two the bytes changed.
template <blocking_tier T>
class checksummed : public decorated<T, "checksummed"> {
public:
    using checksummed::decorated::decorated;

    /// The sums keep the room they once had, so that entries that come and go allocate nothing in the end.
    [[nodiscard]] io_status create(entry_id e, bytes size) {
        sums_.ensure(e).assign(size.count / sector_size.count, never_written);
        return this->inner().create(e, size);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        std::uint64_t* sum = sums_of(e, offset);
        for (std::size_t at = 0; at < from.size(); at += sector_size.count) *sum++ = sum_of(from.data() + at);
        return this->inner().write(e, offset, from);
    }

    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        if (const io_status status = this->inner().read(e, offset, into); !KVMARK_LIKELY(status.good()))
            return status;
        const std::uint64_t* sum = sums_of(e, offset);
        for (std::size_t at = 0; at < into.size(); at += sector_size.count)
            if (!KVMARK_LIKELY(*sum++ == sum_of(into.data() + at))) return {EBADMSG};
        return {};
    }

private:
    static constexpr std::uint64_t never_written = 0;

    [[nodiscard]] KVMARK_INLINE static std::uint64_t sum_of(const std::byte* sector) {
        return ::XXH3_64bits(sector, sector_size.count);
    }
    [[nodiscard]] KVMARK_INLINE std::uint64_t* sums_of(entry_id e, bytes offset) {
        return sums_[e].data() + offset.count / sector_size.count;
    }

    stable_table<std::vector<std::uint64_t>> sums_;
};

} // namespace kvmark::tier

#endif // KVMARK_WITH_CHECKSUMMED

#ifdef KVMARK_WITH_URING

// kvmark/tier/io_uring.hpp
// A ring of io_uring for one thread, with what the machine grants of its faster ways.

#include <liburing.h>
#include <linux/magic.h>
#include <sys/statfs.h>

namespace kvmark::tier {

/// Owns a ring. `single_issuer` and `defer_taskrun` (Linux 6.1) let the kernel complete I/Os without
/// interrupting the thread that waits for them; an older kernel runs without.
class io_uring_ring {
public:
    io_uring_ring() = default;
    io_uring_ring(const io_uring_ring&) = delete;
    io_uring_ring& operator=(const io_uring_ring&) = delete;
    KVMARK_COLD ~io_uring_ring() {
        if (open_) ::io_uring_queue_exit(&ring_);
    }

    /// By the thread that will use it. 0 or an errno.
    [[nodiscard]] KVMARK_COLD int open(unsigned entries) {
        int failed = 0;
        for (const unsigned flags : {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0u}) {
            failed = -::io_uring_queue_init(entries, &ring_, flags | IORING_SETUP_CLAMP);
            if (failed != EINVAL) break;
        }
        open_ = failed == 0;
        return failed;
    }

    [[nodiscard]] KVMARK_INLINE ::io_uring& get() { return ring_; }

    /// Why a file system at `path` gains nothing from a ring, or why this process gets none; empty if it
    /// does.
    [[nodiscard]] KVMARK_COLD static std::string refusal(const std::string& path) {
        io_uring_ring probe;
        if (const int failed = probe.open(1); failed != 0)
            return std::string("io_uring is refused (") + std::strerror(failed) + hint(failed) + ")";
        struct statfs fs {};
        if (::statfs(nearest_existing(path).c_str(), &fs) == 0 &&
            (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
            return "io_uring hands each I/O on a file system in memory to a kernel thread, at fifty times "
                   "the cost";
        return {};
    }

private:
    static const char* hint(int failed) {
        switch (failed) {
        case EPERM:
            return "; see sysctl kernel.io_uring_disabled and the container's seccomp profile";
        case ENOMEM:
            return "; raise `ulimit -l`";
        case ENOSYS:
            return "; this kernel has none";
        default:
            return "";
        }
    }

    ::io_uring ring_{};
    bool open_ = false;
};

} // namespace kvmark::tier

// kvmark/tier/uring_file.hpp
// Files through io_uring: the storage tier that reaches a fast device's limit with one thread.

#include <sys/eventfd.h>

namespace kvmark::tier {

/// direct_file with a queue: a ring for each thread, with its buffers registered, and its file too where the
/// layout has but one. Needs liburing (kvmark::uring). Where io_uring is refused it is direct_file, and says
/// so.
template <file_layout Layout>
class basic_uring_file : public basic_direct_file<Layout> {
public:
    static constexpr std::string_view name = "uring_file";
    class queue;

    [[nodiscard]] KVMARK_COLD bool can_queue(const tier_setup& setup) {
        refusal_ = io_uring_ring::refusal(setup.cache_dir);
        return refusal_.empty();
    }

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        if (setup.strict && !can_queue(setup)) return error{error_kind::unsupported, "--strict: " + refusal_};
        return basic_direct_file<Layout>::open(setup);
    }

    [[nodiscard]] std::string note() const {
        std::string all = basic_direct_file<Layout>::note();
        if (!refusal_.empty())
            all += (all.empty() ? "" : "; ") + refusal_ +
                   ": pread and pwrite in its place, by a thread for each I/O";
        if (const int failed = unregistered_.load())
            all += std::string(all.empty() ? "" : "; ") + "I/O buffers are not registered (" +
                   std::strerror(failed) + "; see `ulimit -l`): each I/O costs a little more";
        return all;
    }

private:
    std::string refusal_;
    std::atomic<int> unregistered_{0};
};
using uring_file = basic_uring_file<file_per_entry>;

template <file_layout Layout>
class basic_uring_file<Layout>::queue {
public:
    queue() = default;
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    KVMARK_COLD ~queue() {
        while (in_flight_ > 0) {
            wait();
            reap([](std::uint32_t, io_status) {});
        }
        if (bell_ >= 0) ::close(bell_);
    }

    KVMARK_COLD result<void> open(basic_uring_file& t, std::uint32_t depth, std::span<std::byte> memory) {
        layout_ = &t.layout();
        slots_.resize(depth);
        // One entry more, for the bell.
        if (const int failed = ring_.open(depth + 1); failed != 0)
            return error{error_kind::system, std::string("io_uring: ") + std::strerror(failed) +
                                                 "; give a smaller --queue-depth, or --io-engine pread"};
        iovec all{memory.data(), memory.size()};
        if (const int failed = -::io_uring_register_buffers(&ring_.get(), &all, 1); failed == 0)
            buffers_registered_ = true;
        else
            t.unregistered_ = failed;
        if (const int fd = only_fd_of(*layout_); fd >= 0)
            file_registered_ = ::io_uring_register_files(&ring_.get(), &fd, 1) == 0;
        bell_ = ::eventfd(0, EFD_CLOEXEC);
        if (bell_ < 0) return error{error_kind::system, std::string("eventfd: ") + std::strerror(errno)};
        listen();
        return {};
    }

    KVMARK_INLINE void read(std::uint32_t slot, entry_id e, bytes offset, std::span<std::byte> into) {
        prepare(slot, e, offset, into.data(), into.size(), false);
    }
    KVMARK_INLINE void write(std::uint32_t slot, entry_id e, bytes offset, std::span<const std::byte> from) {
        prepare(slot, e, offset, const_cast<std::byte*>(from.data()), from.size(), true);
    }

    KVMARK_INLINE void submit() { ::io_uring_submit(&ring_.get()); }

    /// An interrupted wait is one that ends early.
    KVMARK_INLINE void wait() {
        if (failed_.empty())
            ::io_uring_submit_and_wait(&ring_.get(), 1);
        else
            submit();
    }

    template <class Done>
    KVMARK_INLINE void reap(Done&& done) {
        // By index: done() may begin an I/O that fails at once.
        for (std::size_t i = 0; i < failed_.size(); ++i) done(failed_[i].slot, failed_[i].status);
        failed_.clear();
        unsigned head = 0, seen = 0;
        ::io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_.get(), head, completion) {
            ++seen;
            if (KVMARK_LIKELY(completion->user_data != bell_rang))
                conclude(static_cast<std::uint32_t>(completion->user_data), completion->res, done);
            else
                listen();
        }
        ::io_uring_cq_advance(&ring_.get(), seen);
    }

    void wake() {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(bell_, &one, sizeof one));
    }

private:
    static constexpr std::uint64_t bell_rang = ~std::uint64_t{0};

    struct slot_state {
        file_part part;
        std::byte* data = nullptr;
        std::size_t left = 0;
        bool writes = false;
    };
    struct failed_slot {
        std::uint32_t slot;
        io_status status;
    };

    KVMARK_INLINE void prepare(std::uint32_t slot, entry_id e, bytes offset, std::byte* data,
                               std::size_t size, bool writes) {
        slot_state& s = slots_[slot];
        s = {layout_->borrow(e, offset), data, size, writes};
        if (!KVMARK_LIKELY(s.part.fd >= 0)) return failed_.push_back({slot, {s.part.error_number}});
        ++in_flight_;
        enqueue(slot, s);
    }

    /// The ring has an entry for every slot, so there is always one to take.
    KVMARK_INLINE void enqueue(std::uint32_t slot, const slot_state& s) {
        ::io_uring_sqe* entry = ::io_uring_get_sqe(&ring_.get());
        const int fd = file_registered_ ? 0 : s.part.fd;
        const auto size = static_cast<unsigned>(s.left);
        if (buffers_registered_ && s.writes)
            ::io_uring_prep_write_fixed(entry, fd, s.data, size, s.part.at, 0);
        else if (buffers_registered_)
            ::io_uring_prep_read_fixed(entry, fd, s.data, size, s.part.at, 0);
        else if (s.writes)
            ::io_uring_prep_write(entry, fd, s.data, size, s.part.at);
        else
            ::io_uring_prep_read(entry, fd, s.data, size, s.part.at);
        if (file_registered_) entry->flags |= IOSQE_FIXED_FILE;
        entry->user_data = slot;
    }

    /// A short count is carried on; 0 bytes where some are due is EIO: the file is shorter than the entry.
    template <class Done>
    KVMARK_INLINE void conclude(std::uint32_t slot, std::int32_t moved, Done&& done) {
        slot_state& s = slots_[slot];
        const bool again = moved == -EINTR || moved == -EAGAIN;
        if (moved > 0) {
            s.data += moved;
            s.part.at += static_cast<std::uint64_t>(moved);
            s.left -= static_cast<std::size_t>(moved);
        }
        if (!KVMARK_LIKELY(s.left == 0 || (moved <= 0 && !again))) return enqueue(slot, s);
        --in_flight_;
        layout_->give_back(s.part);
        done(slot, io_status{s.left == 0 ? 0 : moved == 0 ? EIO : -moved});
    }

    void listen() {
        ::io_uring_sqe* entry = ::io_uring_get_sqe(&ring_.get());
        ::io_uring_prep_read(entry, bell_, &rings_, sizeof rings_, 0);
        entry->user_data = bell_rang;
    }

    Layout* layout_ = nullptr;
    io_uring_ring ring_;
    std::vector<slot_state> slots_;
    std::vector<failed_slot> failed_; ///< I/Os that had no file to begin on
    std::uint32_t in_flight_ = 0;
    std::uint64_t rings_ = 0;
    int bell_ = -1;
    bool buffers_registered_ = false;
    bool file_registered_ = false;
};

} // namespace kvmark::tier

#endif // KVMARK_WITH_URING

#ifdef KVMARK_WITH_ASIO_FILE

// kvmark/tier/asio_file.hpp
// Files through Boost.Asio on io_uring: what a server built on Asio gets.

#if !defined(BOOST_ASIO_HAS_IO_URING)
#error                                                                                                       \
    "kvmark: <kvmark/tier/asio_file.hpp> needs BOOST_ASIO_HAS_IO_URING in every source file: link kvmark::asio_file"
#endif

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/random_access_file.hpp>

namespace kvmark::tier {

/// direct_file with a queue that is an io_context. An object of Asio 1.81 runs one read and one write at a
/// time, so each slot has one of its own, over dup(fd): for good where the layout has but one file, else for
/// each I/O.
template <file_layout Layout>
class basic_asio_file : public basic_uring_file<Layout> {
public:
    static constexpr std::string_view name = "asio_file";
    class queue;
};
using asio_file = basic_asio_file<file_per_entry>;

template <file_layout Layout>
class basic_asio_file<Layout>::queue {
public:
    queue() = default;
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    KVMARK_COLD ~queue() {
        while (in_flight_ > 0) context_->run_one();
    }

    KVMARK_COLD result<void> open(basic_asio_file& t, std::uint32_t depth, std::span<std::byte>) {
        layout_ = &t.layout();
        keeps_files_ = only_fd_of(*layout_) >= 0;
        try {
            context_ = std::make_unique<boost::asio::io_context>(1);
            slots_ = std::vector<slot_state>(depth);
            for (slot_state& s : slots_) {
                s.file = std::make_unique<boost::asio::random_access_file>(*context_);
                if (keeps_files_) s.file->assign(::dup(only_fd_of(*layout_)));
            }
            bell_ = std::make_unique<boost::asio::posix::stream_descriptor>(
                *context_, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        } catch (const boost::system::system_error& e) {
            return error{error_kind::system, std::string("Asio: ") + e.what() + "; give --io-engine pread"};
        }
        ended_.reserve(depth);
        listen();
        return {};
    }

    /// Asio begins an I/O at once.
    void read(std::uint32_t slot, entry_id e, bytes offset, std::span<std::byte> into) {
        begin(slot, e, offset, into.data(), into.size(), false);
    }
    void write(std::uint32_t slot, entry_id e, bytes offset, std::span<const std::byte> from) {
        begin(slot, e, offset, const_cast<std::byte*>(from.data()), from.size(), true);
    }
    void submit() { context_->poll(); }
    void wait() {
        while (ended_.empty() && !std::exchange(rung_, false)) context_->run_one();
    }
    template <class Done>
    void reap(Done&& done) {
        context_->poll();
        // By index: done() may begin an I/O that fails at once.
        for (std::size_t i = 0; i < ended_.size(); ++i) done(ended_[i].slot, ended_[i].status);
        ended_.clear();
    }
    void wake() {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(bell_->native_handle(), &one, sizeof one));
    }

private:
    /// Room for the one operation of Asio's that a slot has at a time.
    struct operation_memory {
        static constexpr std::size_t size = 1024;
        alignas(std::max_align_t) std::array<std::byte, size> room;
    };
    template <class T>
    struct operation_allocator {
        using value_type = T;
        operation_memory* memory;

        explicit operation_allocator(operation_memory* m) : memory(m) {}
        template <class U>
        operation_allocator(const operation_allocator<U>& other) : memory(other.memory) {}
        T* allocate(std::size_t n) {
            if (n * sizeof(T) > operation_memory::size) throw std::bad_alloc();
            return reinterpret_cast<T*>(memory->room.data());
        }
        void deallocate(T*, std::size_t) {}
        template <class U>
        bool operator==(const operation_allocator<U>& other) const {
            return memory == other.memory;
        }
    };

    struct slot_state {
        std::unique_ptr<boost::asio::random_access_file> file;
        file_part part;
        std::byte* data = nullptr;
        std::size_t left = 0;
        bool writes = false;
        operation_memory memory;
    };
    struct ended_slot {
        std::uint32_t slot;
        io_status status;
    };
    struct on_moved {
        queue* owner;
        std::uint32_t slot;

        using allocator_type = operation_allocator<void*>;
        [[nodiscard]] allocator_type get_allocator() const {
            return allocator_type(&owner->slots_[slot].memory);
        }
        void operator()(const boost::system::error_code& failed, std::size_t moved) const {
            owner->moved(slot, failed, moved);
        }
    };

    void begin(std::uint32_t slot, entry_id e, bytes offset, std::byte* data, std::size_t size, bool writes) {
        slot_state& s = slots_[slot];
        s.part = layout_->borrow(e, offset);
        s.data = data;
        s.left = size;
        s.writes = writes;
        if (s.part.fd < 0) return ended_.push_back({slot, {s.part.error_number}});
        if (!keeps_files_) {
            boost::system::error_code refused;
            const int own = ::dup(s.part.fd);
            const int failed = own < 0 ? errno : 0;
            if (own >= 0) s.file->assign(own, refused);
            if (own < 0 || refused) {
                layout_->give_back(s.part);
                return ended_.push_back({slot, {failed != 0 ? failed : refused.value()}});
            }
        }
        ++in_flight_;
        move(slot);
    }

    void move(std::uint32_t slot) {
        slot_state& s = slots_[slot];
        if (s.writes)
            s.file->async_write_some_at(s.part.at, boost::asio::const_buffer(s.data, s.left),
                                        on_moved{this, slot});
        else
            s.file->async_read_some_at(s.part.at, boost::asio::mutable_buffer(s.data, s.left),
                                       on_moved{this, slot});
    }

    /// A short count is carried on; 0 bytes where some are due is EIO: the file is shorter than the entry.
    void moved(std::uint32_t slot, const boost::system::error_code& failed, std::size_t n) {
        slot_state& s = slots_[slot];
        s.data += n;
        s.part.at += n;
        s.left -= n;
        if (!failed && n > 0 && s.left > 0) return move(slot);
        --in_flight_;
        boost::system::error_code ignored;
        if (!keeps_files_) s.file->close(ignored);
        layout_->give_back(s.part);
        const bool short_file = failed == boost::asio::error::eof || (!failed && n == 0);
        ended_.push_back({slot, {s.left == 0 ? 0 : short_file ? EIO : failed.value()}});
    }

    void listen() {
        bell_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](const boost::system::error_code& failed) {
                              if (failed) return;
                              std::uint64_t rings;
                              static_cast<void>(!::read(bell_->native_handle(), &rings, sizeof rings));
                              rung_ = true;
                              listen();
                          });
    }

    Layout* layout_ = nullptr;
    std::unique_ptr<boost::asio::io_context> context_;
    std::vector<slot_state> slots_;
    std::vector<ended_slot> ended_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> bell_;
    std::uint32_t in_flight_ = 0;
    bool keeps_files_ = false;
    bool rung_ = false;
};

} // namespace kvmark::tier

#endif // KVMARK_WITH_ASIO_FILE

#ifdef KVMARK_WITH_JOB

// kvmark/measure/find_mount.hpp
// Which file system holds a path, and how it is mounted.

#include <sys/vfs.h>

namespace kvmark::measure {

/// Empty texts where it could not be found.
struct mount_facts {
    std::string point;
    std::string file_system; ///< its type
    std::string options;     ///< of the mount, then of the file system, each once
};

namespace detail {

/// mountinfo writes a space, tab, newline or backslash in a name as \ooo.
[[nodiscard]] KVMARK_COLD std::string without_octal(std::string_view name) {
    const auto digit = [&](std::size_t i) { return i < name.size() && name[i] >= '0' && name[i] <= '7'; };
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            text +=
                static_cast<char>((name[i + 1] - '0') * 64 + (name[i + 2] - '0') * 8 + (name[i + 3] - '0'));
            i += 3;
        } else {
            text += name[i];
        }
    }
    return text;
}

/// Is `path` the directory `above`, or below it?
[[nodiscard]] KVMARK_COLD bool lies_in(std::string_view path, std::string_view above) {
    return path.starts_with(above) &&
           (above.ends_with('/') || path.size() == above.size() || path[above.size()] == '/');
}

/// Each option once. Read-only where the mount or its file system is.
[[nodiscard]] KVMARK_COLD std::string joined_options(std::string_view of_mount, std::string_view of_system) {
    bool read_only = false;
    std::string others;
    for (std::string_view options : {of_mount, of_system}) {
        while (!options.empty()) {
            const std::string option(take_until(options, ','));
            read_only = read_only || option == "ro";
            if (option == "ro" || option == "rw" ||
                (others + ",").find("," + option + ",") != std::string::npos)
                continue;
            others += "," + option;
        }
    }
    return (read_only ? "ro" : "rw") + others;
}

/// The magic numbers of statfs(2); a type that is not named here is written as its number.
[[nodiscard]] KVMARK_COLD std::string file_system_name(unsigned long magic) {
    switch (magic) {
    case 0xef53:
        return "ext4";
    case 0x58465342:
        return "xfs";
    case 0x9123683e:
        return "btrfs";
    case 0x01021994:
        return "tmpfs";
    case 0x794c7630:
        return "overlay";
    case 0x6969:
        return "nfs";
    case 0x2fc12fc1:
        return "zfs";
    case 0xf2f52010:
        return "f2fs";
    case 0x65735546:
        return "fuse";
    case 0x0bd00bd0:
        return "lustre";
    case 0x47504653:
        return "gpfs";
    default:
        break;
    }
    char text[32];
    std::snprintf(text, sizeof text, "0x%lx", magic);
    return text;
}

} // namespace detail

/// The mount of /proc/self/mountinfo (proc(5)) with the longest mount point above `path`, or above its
/// nearest existing parent; of equal ones the last, which hides the others. Where none is listed, as after
/// chroot(2), the type alone is known, from statfs(2). `root` stands in front of /proc.
[[nodiscard]] KVMARK_COLD mount_facts find_mount(const std::string& path, const std::string& root = "") {
    mount_facts found;
    char resolved[PATH_MAX];
    if (::realpath(nearest_existing(path).c_str(), resolved) == nullptr) return found;
    const std::string mounts = read_text(root + "/proc/self/mountinfo");
    for (std::string_view rest = mounts; !rest.empty();) {
        std::string_view line = take_until(rest, '\n');
        for (int skipped = 0; skipped < 4; ++skipped) take_until(line, ' '); // number, parent, device, root
        std::string point = detail::without_octal(take_until(line, ' '));
        if (point.empty() || point.size() < found.point.size() || !detail::lies_in(resolved, point)) continue;
        const std::string_view options = take_until(line, ' ');
        while (!line.empty() && take_until(line, ' ') != "-") {
        }
        const std::string_view type = take_until(line, ' ');
        take_until(line, ' '); // source
        found = {std::move(point), std::string(type), detail::joined_options(options, line)};
    }
    struct statfs fs {};
    if (found.file_system.empty() && ::statfs(resolved, &fs) == 0)
        found.file_system = detail::file_system_name(static_cast<unsigned long>(fs.f_type));
    return found;
}

} // namespace kvmark::measure

// kvmark/measure/merge_series.hpp
// What the ranks of a job sampled as they ran, made one series each.

namespace kvmark::measure {

/// Time series on a common grid of whole seconds. The sample that a rank took at about k seconds belongs to
/// cell k; one that covers several seconds counts in each of them, its bytes in equal parts. After its last
/// sample a rank contributes nothing.
class timeline_sum {
public:
    KVMARK_COLD void add(const std::vector<throughput_sample>& part) {
        std::size_t before = 0;
        for (const throughput_sample& s : part) {
            const auto nearest = static_cast<std::size_t>((s.at.count + second / 2) / second);
            const std::size_t cell = nearest > before ? nearest : before + 1;
            if (cells_.size() < cell) cells_.resize(cell);
            for (std::size_t c = before + 1; c <= cell; ++c) {
                throughput_sample& to = cells_[c - 1];
                to.tokens_per_second += s.tokens_per_second;
                to.read += part_of(s.read, c - before, cell - before);
                to.written += part_of(s.written, c - before, cell - before);
                to.users += s.users;
            }
            before = cell;
        }
    }

    /// `elapsed` ends the last cell where that is shorter.
    [[nodiscard]] KVMARK_COLD std::vector<throughput_sample> take(nanoseconds elapsed) && {
        for (std::size_t i = 0; i < cells_.size(); ++i) {
            const nanoseconds end(static_cast<std::int64_t>(i + 1) * second);
            cells_[i].at = end < elapsed ? end : elapsed;
        }
        return std::move(cells_);
    }

private:
    static constexpr std::int64_t second = 1'000'000'000;

    /// The i-th of n parts that add up to b.
    static bytes part_of(bytes b, std::size_t i, std::size_t n) {
        return i == n ? b - b / n * (n - 1) : b / n;
    }

    std::vector<throughput_sample> cells_; ///< cell k at k - 1
};

/// Rows per request, the first of each rank before the second of any, up to a cap. It never holds much more
/// than twice the cap.
class sample_shares {
public:
    explicit sample_shares(std::uint64_t cap) : cap_(cap) {}

    KVMARK_COLD void add(std::vector<request_sample> part) {
        offered_ += part.size();
        held_ += part.size();
        parts_.push_back(std::move(part));
        if (held_ / 2 > cap_) drop_excess();
    }

    [[nodiscard]] bool capped() const { return offered_ > cap_; }

    [[nodiscard]] KVMARK_COLD std::vector<request_sample> take() && {
        std::vector<request_sample> all;
        all.reserve(held_ < cap_ ? held_ : cap_);
        for (std::size_t i = 0; all.size() < cap_; ++i) {
            const std::size_t before = all.size();
            for (const auto& part : parts_)
                if (i < part.size() && all.size() < cap_) all.push_back(part[i]);
            if (all.size() == before) break;
        }
        return all;
    }

private:
    /// More ranks can only make the shares smaller, so what is beyond them now is never used.
    void drop_excess() {
        std::uint64_t low = 0, high = cap_; // the share lies here: so many of each rank fit
        while (low < high) {
            const std::uint64_t share = low + (high - low + 1) / 2;
            std::uint64_t taken = 0;
            for (const auto& part : parts_) taken += part.size() < share ? part.size() : share;
            if (taken <= cap_)
                low = share;
            else
                high = share - 1;
        }
        held_ = 0;
        for (auto& part : parts_) {
            if (part.size() > low + 1) {
                part.resize(low + 1);
                part.shrink_to_fit();
            }
            held_ += part.size();
        }
    }

    std::uint64_t cap_;
    std::uint64_t offered_ = 0;
    std::uint64_t held_ = 0;
    std::vector<std::vector<request_sample>> parts_;
};

/// The samples of the ranks' autoscalers, which decide at the same times: users and rates added up, the
/// highest saturation and P95. Where the ranks did not do the same, the action is what became of the users.
class autoscaling_sum {
public:
    KVMARK_COLD void add(const std::vector<autoscale_event>& part) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            const autoscale_event& e = part[i];
            if (i == events_.size()) {
                events_.push_back(e);
                continue;
            }
            autoscale_event& to = events_[i];
            to.at = to.at < e.at ? e.at : to.at;
            to.users += e.users;
            to.saturation = to.saturation < e.saturation ? e.saturation : to.saturation;
            to.read_p95_ms = to.read_p95_ms < e.read_p95_ms ? e.read_p95_ms : to.read_p95_ms;
            to.tokens_per_second += e.tokens_per_second;
            if (to.action != e.action) to.action.clear();
        }
    }

    [[nodiscard]] KVMARK_COLD std::vector<autoscale_event> take() && {
        for (std::size_t i = 0; i < events_.size(); ++i) {
            const std::uint64_t now = events_[i].users, before = i == 0 ? now : events_[i - 1].users;
            if (events_[i].action.empty())
                events_[i].action = now > before ? "scale_up" : now < before ? "scale_down" : "hold";
        }
        return std::move(events_);
    }

private:
    std::vector<autoscale_event> events_;
};

} // namespace kvmark::measure

// kvmark/measure/merge.hpp
// The reports of a job's ranks made one.

namespace kvmark::measure {

/// Counters add up and histograms add up bucket by bucket, so a percentile of the sum is as exact as one of
/// all samples in one histogram. Give the reports in the order of their ranks.
class report_merger {
public:
    /// Corruptions and failures that are kept with their place.
    static constexpr std::size_t kept_faults = 16;

    /// `max_samples` is the most rows per request that the sum has.
    explicit report_merger(std::uint64_t max_samples) : samples_(max_samples) {}

    /// Ranks with the same `host` share its devices.
    KVMARK_COLD void add(run_report part, std::uint32_t rank, std::uint32_t host) {
        if (count_++ == 0) sum_.seed = part.seed;
        if (sum_.elapsed < part.elapsed) sum_.elapsed = part.elapsed;
        sum_.virtual_time |= part.virtual_time;
        sum_.peak_users += part.peak_users;
        sum_.requests_completed += part.requests_completed;
        sum_.tokens_generated += part.tokens_generated;
        sum_.storage_time += part.storage_time;
        sum_.generation_time += part.generation_time;
        sum_.end_to_end.merge(part.end_to_end);
        sum_.queue.merge(part.queue);
        sum_.storage_io.merge(part.storage_io);
        sum_.generation.merge(part.generation);
        sum_.prefill.merge(part.prefill);
        sum_.decode.merge(part.decode);
        for (std::size_t i = 0; i < part.classes.size(); ++i) measure::add(sum_.classes[i], part.classes[i]);
        measure::add(sum_.cache, part.cache);
        for (std::size_t i = 0; i < part.tiers.size(); ++i) add_tier(i, part.tiers[i]);
        measure::add(sum_.process, part.process);
        sum_.io_buffer_bytes += part.io_buffer_bytes;
        add_device(host, part.device);
        add_faults(part, rank);
        timeline_.add(part.timeline);
        autoscaling_.add(part.autoscaling);
        sum_.samples_capped |= part.samples_capped;
        samples_.add(std::move(part.samples));
    }

    /// What went wrong on a rank and what ended it, without its figures.
    KVMARK_COLD void add_faults(const run_report& part, std::uint32_t rank) {
        sum_.interrupted |= part.interrupted;
        if (sum_.stop_signal == 0) sum_.stop_signal = part.stop_signal;
        sum_.corrupt_sectors += part.corrupt_sectors;
        sum_.failed_operations += part.failed_operations;
        const std::string where = "rank " + std::to_string(rank) + ": ";
        for (const corruption& c : part.corruptions) keep(sum_.corruptions, c, where);
        for (const io_failure& f : part.failures) keep(sum_.failures, f, where);
    }

    [[nodiscard]] KVMARK_COLD run_report take() && {
        for (std::size_t i = 0; i < sum_.tiers.size(); ++i) sum_.tiers[i].note = joined(notes_[i]);
        sum_.device = devices_together();
        sum_.samples_capped |= samples_.capped();
        sum_.samples = std::move(samples_).take();
        sum_.timeline = std::move(timeline_).take(sum_.elapsed);
        sum_.autoscaling = std::move(autoscaling_).take();
        return std::move(sum_);
    }

private:
    struct counted_note {
        std::string text;
        std::size_t ranks = 0;
    };
    struct host_device {
        std::uint32_t host = 0;
        device_usage usage;
    };

    void add_tier(std::size_t i, const tier_stats& t) {
        if (i == sum_.tiers.size()) {
            tier_stats& first = sum_.tiers.emplace_back();
            first.name = t.name;
            first.role = t.role;
            notes_.emplace_back();
        }
        tier_stats& to = sum_.tiers[i];
        to.limit = add_limits(to.limit, t.limit);
        to.used += t.used;
        to.entries += t.entries;
        to.demotions_in += t.demotions_in;
        to.evictions += t.evictions;
        measure::add(to.read, t.read);
        measure::add(to.write, t.write);
        if (t.note.empty()) return;
        for (counted_note& n : notes_[i])
            if (n.text == t.note) return ++n.ranks, void();
        notes_[i].push_back({t.note, 1});
    }

    /// A note that holds for all ranks as it is; else each with the number of ranks it holds for.
    [[nodiscard]] std::string joined(const std::vector<counted_note>& notes) const {
        if (notes.size() == 1 && notes[0].ranks == count_) return notes[0].text;
        std::string text;
        for (const counted_note& n : notes)
            text += (text.empty() ? "" : "; ") + n.text + " (" + std::to_string(n.ranks) + " of " +
                    std::to_string(count_) + " ranks)";
        return text;
    }

    /// The ranks of a host read the same counters of the kernel, each over its own window: the largest
    /// counts.
    void add_device(std::uint32_t host, const device_usage& d) {
        for (host_device& known : devices_) {
            if (known.host != host || known.usage.name != d.name) continue;
            if (known.usage.read < d.read) known.usage.read = d.read;
            if (known.usage.written < d.written) known.usage.written = d.written;
            return;
        }
        devices_.push_back({host, d});
    }

    /// Without a name where some rank has no device: the sum would be that of a part of the bytes.
    [[nodiscard]] device_usage devices_together() const {
        device_usage all;
        std::vector<std::string_view> names;
        for (const host_device& d : devices_) {
            if (d.usage.name.empty()) return {};
            all.read += d.usage.read;
            all.written += d.usage.written;
            bool known = false;
            for (const std::string_view name : names) known |= name == d.usage.name;
            if (known) continue;
            names.push_back(d.usage.name);
            all.name += (all.name.empty() ? "" : ", ") + d.usage.name;
        }
        return all;
    }

    template <class Fault>
    static void keep(std::vector<Fault>& kept, Fault f, const std::string& where) {
        if (kept.size() == kept_faults) return;
        f.tier = where + f.tier;
        kept.push_back(std::move(f));
    }

    run_report sum_;
    std::size_t count_ = 0;
    std::vector<std::vector<counted_note>> notes_; ///< by tier
    std::vector<host_device> devices_;
    sample_shares samples_;
    timeline_sum timeline_;
    autoscaling_sum autoscaling_;
};

/// The reports of ranks 0, 1, ... of one host.
[[nodiscard]] KVMARK_COLD run_report merge(std::span<const run_report> parts, std::uint64_t max_samples) {
    report_merger merger(max_samples);
    std::uint32_t rank = 0;
    for (const run_report& part : parts) merger.add(part, rank++, 0);
    return std::move(merger).take();
}

} // namespace kvmark::measure

// kvmark/measure/job_report.hpp
// From what the ranks delivered to the report of the job.

namespace kvmark::measure {

/// What came from one rank; nothing but its number and host where nothing came.
struct delivered_rank {
    rank_stats stats;
    std::optional<run_report> report;
};

/// What a rank's report knows of the rank. Number, host, users, cache directory and clocks are the caller's
/// to set. A rank whose data were corrupt or whose operations failed is not complete; one that a signal ended
/// is.
[[nodiscard]] KVMARK_COLD rank_stats summarize(const run_report& r) {
    rank_stats s;
    s.delivered = true;
    for (const std::string& fault : faults(r)) s.failure += (s.failure.empty() ? "" : "; ") + fault;
    s.interrupted = r.interrupted;
    s.seed = r.seed;
    s.elapsed = r.elapsed;
    s.requests_completed = r.requests_completed;
    s.tokens_generated = r.tokens_generated.count;
    s.storage_time = r.storage_time;
    s.storage_io_p95 = r.storage_io.quantile(0.95);
    for (const tier_stats& t : r.tiers)
        s.tiers.push_back({t.read.moved, t.write.moved, t.read.operations, t.write.operations, t.entries});
    s.corrupt_sectors = r.corrupt_sectors;
    s.failed_operations = r.failed_operations;
    s.process = r.process;
    s.device = r.device;
    return s;
}

/// Between the first and the last of the ranks whose window opened.
[[nodiscard]] KVMARK_COLD nanoseconds spread_of(const job_stats& job, nanoseconds rank_stats::*member) {
    const rank_stats* first = nullptr;
    const rank_stats* last = nullptr;
    for (const rank_stats& r : job.ranks) {
        if (!r.delivered || r.elapsed.count == 0) continue;
        if (first == nullptr || r.*member < first->*member) first = &r;
        if (last == nullptr || r.*member > last->*member) last = &r;
    }
    return first == nullptr ? nanoseconds() : last->*member - first->*member;
}

/// The job's report: the sums over its complete ranks, and a row for every rank. Corrupt sectors, failed
/// operations and interruptions are those of all ranks that delivered. Without a complete rank all counts are
/// 0, all histograms empty, and the tiers known by name alone.
[[nodiscard]] KVMARK_COLD run_report job_report(std::vector<delivered_rank> ranks,
                                                std::vector<machine_facts> hosts, std::uint64_t max_samples) {
    std::vector<delivered_rank*> by_rank;
    for (delivered_rank& d : ranks) {
        by_rank.push_back(&d);
        for (std::size_t i = by_rank.size() - 1; i > 0 && by_rank[i - 1]->stats.rank > d.stats.rank; --i)
            std::swap(by_rank[i - 1], by_rank[i]);
    }

    report_merger merger(max_samples);
    run_report unsummed; // what is known of the stack and the seed where no rank is complete
    bool any_complete = false, any_delivered = false;
    job_stats job;
    for (delivered_rank* d : by_rank) {
        rank_stats& s = d->stats;
        if (s.complete() && !d->report) s.failure = "its report did not arrive";
        if (s.delivered && !any_delivered) unsummed.seed = s.seed;
        any_delivered |= s.delivered;
        if (d->report && unsummed.tiers.empty())
            for (const tier_stats& t : d->report->tiers) {
                unsummed.tiers.emplace_back();
                unsummed.tiers.back().name = t.name;
                unsummed.tiers.back().role = t.role;
            }
        if (s.complete()) {
            any_complete = true;
            merger.add(std::move(*d->report), s.rank, s.host);
        } else if (d->report) {
            merger.add_faults(*d->report, s.rank);
        } else if (s.delivered) {
            run_report counts;
            counts.interrupted = s.interrupted;
            counts.corrupt_sectors = s.corrupt_sectors;
            counts.failed_operations = s.failed_operations;
            merger.add_faults(counts, s.rank);
        }
        job.ranks.push_back(std::move(s));
    }
    run_report sum = std::move(merger).take();
    if (!any_complete) {
        sum.seed = unsummed.seed;
        sum.tiers = std::move(unsummed.tiers);
    }
    job.hosts = std::move(hosts);
    job.start_skew = spread_of(job, &rank_stats::start_delay);
    job.barrier_skew = spread_of(job, &rank_stats::left_barrier);
    sum.job = std::move(job);
    return sum;
}

} // namespace kvmark::measure

// kvmark/measure/members.hpp
// The members of everything that ranks send to one another, named once for both directions.

namespace kvmark::measure {

/// T or const T.
template <class T, class U>
concept either = std::same_as<std::remove_const_t<T>, U>;

// Each hands all members to the archive, in order. The bindings are there so that a member more in a struct
// does not compile until it is named here.

template <class Archive, either<network_interface> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, megabits_per_second] = x;
    archive(name, megabits_per_second);
}

template <class Archive, either<block_device_facts> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, model, scheduler, size, hardware_queues, queue_requests, rotational] = x;
    archive(name, model, scheduler, size, hardware_queues, queue_requests, rotational);
}

template <class Archive, either<machine_facts> T>
void visit_members(Archive& archive, T& x) {
    auto& [hostname, kernel, os, cpu_model, sockets, cores, logical_cpus, numa_nodes, memory,
           transparent_hugepage, virtualization, file_system, mount_point, mount_options, device, networks,
           mpi_library] = x;
    archive(hostname, kernel, os, cpu_model, sockets, cores, logical_cpus, numa_nodes, memory,
            transparent_hugepage, virtualization, file_system, mount_point, mount_options, device, networks,
            mpi_library);
}

template <class Archive, either<device_usage> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, read, written] = x;
    archive(name, read, written);
}

template <class Archive, either<process_usage> T>
void visit_members(Archive& archive, T& x) {
    auto& [user, system, peak_resident] = x;
    archive(user, system, peak_resident);
}

template <class Archive, either<rank_tier> T>
void visit_members(Archive& archive, T& x) {
    auto& [read, written, reads, writes, entries] = x;
    archive(read, written, reads, writes, entries);
}

template <class Archive, either<rank_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [rank, host, failure, delivered, interrupted, seed, users, cache_dir, clock_offset,
           clock_uncertainty, left_barrier, start_delay, elapsed, requests_completed, tokens_generated,
           storage_time, storage_io_p95, tiers, corrupt_sectors, failed_operations, process, device] = x;
    archive(rank, host, failure, delivered, interrupted, seed, users, cache_dir, clock_offset,
            clock_uncertainty, left_barrier, start_delay, elapsed, requests_completed, tokens_generated,
            storage_time, storage_io_p95, tiers, corrupt_sectors, failed_operations, process, device);
}

template <class Archive, either<job_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [hosts, ranks, start_skew, barrier_skew, notes] = x;
    archive(hosts, ranks, start_skew, barrier_skew, notes);
}

template <class Archive, either<direction_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [operations, moved, total, queue, submit, device, copy, verify, host, io] = x;
    archive(operations, moved, total, queue, submit, device, copy, verify, host, io);
}

template <class Archive, either<tier_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [name, role, limit, used, entries, demotions_in, evictions, read, write, note] = x;
    archive(name, role, limit, used, entries, demotions_in, evictions, read, write, note);
}

template <class Archive, either<cache_counters> T>
void visit_members(Archive& archive, T& x) {
    auto& [hits, misses, system_prompt_hits, system_prompt_misses, system_prompt_bytes_saved, turn_hits,
           turn_misses, chunk_hits, chunk_misses, user_hits, prefill_writes, decode_reads, not_placed,
           storage_tokens] = x;
    archive(hits, misses, system_prompt_hits, system_prompt_misses, system_prompt_bytes_saved, turn_hits,
            turn_misses, chunk_hits, chunk_misses, user_hits, prefill_writes, decode_reads, not_placed,
            storage_tokens);
}

template <class Archive, either<class_stats> T>
void visit_members(Archive& archive, T& x) {
    auto& [arrived, completed, queued, in_service, latency] = x;
    archive(arrived, completed, queued, in_service, latency);
}

template <class Archive, either<corruption> T>
void visit_members(Archive& archive, T& x) {
    auto& [key, tier, offset, expected, found] = x;
    archive(key, tier, offset, expected, found);
}

template <class Archive, either<io_failure> T>
void visit_members(Archive& archive, T& x) {
    auto& [key, tier, operation, offset, error_number] = x;
    archive(key, tier, operation, offset, error_number);
}

template <class Archive, either<throughput_sample> T>
void visit_members(Archive& archive, T& x) {
    auto& [at, tokens_per_second, read, written, users] = x;
    archive(at, tokens_per_second, read, written, users);
}

template <class Archive, either<autoscale_event> T>
void visit_members(Archive& archive, T& x) {
    auto& [at, users, saturation, read_p95_ms, tokens_per_second, action] = x;
    archive(at, users, saturation, read_p95_ms, tokens_per_second, action);
}

template <class Archive, either<request_sample> T>
void visit_members(Archive& archive, T& x) {
    auto& [end_to_end_s, storage_s, generation_s, prefill_s, decode_s] = x;
    archive(end_to_end_s, storage_s, generation_s, prefill_s, decode_s);
}

template <class Archive, either<run_report> T>
void visit_members(Archive& archive, T& x) {
    auto& [elapsed, interrupted, stop_signal, virtual_time, seed, peak_users, requests_completed,
           tokens_generated, storage_time, generation_time, end_to_end, queue, storage_io, generation,
           prefill, decode, classes, cache, tiers, samples, samples_capped, timeline, autoscaling,
           corrupt_sectors, corruptions, failed_operations, failures, device, process, io_buffer_bytes, job,
           primary] = x;
    archive(elapsed, interrupted, stop_signal, virtual_time, seed, peak_users, requests_completed,
            tokens_generated, storage_time, generation_time, end_to_end, queue, storage_io, generation,
            prefill, decode, classes, cache, tiers, samples, samples_capped, timeline, autoscaling,
            corrupt_sectors, corruptions, failed_operations, failures, device, process, io_buffer_bytes, job,
            primary);
}

template <class Archive, either<delivered_rank> T>
void visit_members(Archive& archive, T& x) {
    auto& [stats, report] = x;
    archive(stats, report);
}

} // namespace kvmark::measure

// kvmark/measure/packed.hpp
// Reports as bytes: what a rank sends by message, and rank 0 to the process that launched the job.

#include <type_traits>

namespace kvmark::measure {

/// Goes up when the form of packed values changes; a member more is a change too.
inline constexpr std::uint8_t packed_version = 1;

namespace detail {

// A packed value: "kvm" and the version, the kind (4 bytes), the length of what follows the header and its
// checksum (8 bytes each), then the members in the order of members.hpp. Whole numbers are LEB128, signed
// ones zigzag; floating point is IEEE 754; everything is little-endian. A histogram is its filled buckets.
inline constexpr std::size_t packed_header_size = 24;

/// FNV-1a: a change of any one byte changes it.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::uint64_t hash, unsigned char byte) {
    return (hash ^ byte) * 0x100000001b3u;
}
inline constexpr std::uint64_t fnv1a_start = 0xcbf29ce484222325u;

[[nodiscard]] inline std::uint64_t checksum_of(std::span<const std::byte> data) {
    std::uint64_t hash = fnv1a_start;
    for (const std::byte b : data) hash = fnv1a(hash, static_cast<unsigned char>(b));
    return hash;
}

/// Differs between types, and between releases of kvmark.
template <class T>
[[nodiscard]] constexpr std::uint32_t packed_kind() {
    std::uint64_t hash = fnv1a_start;
    for (const char c : std::string_view(__PRETTY_FUNCTION__))
        hash = fnv1a(hash, static_cast<unsigned char>(c));
    for (const char c : std::string_view(KVMARK_VERSION)) hash = fnv1a(hash, static_cast<unsigned char>(c));
    return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

template <class T>
concept whole_number = std::integral<T> && !std::same_as<T, bool>;

/// Appends what it is given.
class packer {
public:
    template <class... Ts>
    void operator()(const Ts&... xs) {
        (put(xs), ...);
    }

    template <class T>
    void fixed(T v, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) out_.push_back(static_cast<std::byte>(v >> 8 * i & 0xff));
    }
    [[nodiscard]] std::vector<std::byte> take() && { return std::move(out_); }
    [[nodiscard]] std::vector<std::byte>& data() { return out_; }

private:
    void varint(std::uint64_t v) {
        for (; v >= 0x80; v >>= 7) out_.push_back(static_cast<std::byte>(v | 0x80));
        out_.push_back(static_cast<std::byte>(v));
    }

    template <class T>
    void put(const T& x) {
        visit_members(*this, x);
    }
    void put(const bool& x) { out_.push_back(static_cast<std::byte>(x)); }
    template <whole_number T>
    void put(const T& x) {
        const auto v = static_cast<std::uint64_t>(x);
        varint(std::signed_integral<T> ? v << 1 ^ (x < 0 ? ~std::uint64_t{0} : 0) : v);
    }
    void put(const float& x) { fixed(std::bit_cast<std::uint32_t>(x), 4); }
    void put(const double& x) { fixed(std::bit_cast<std::uint64_t>(x), 8); }
    template <class Tag, class Rep>
    void put(const quantity<Tag, Rep>& x) {
        put(x.count);
    }
    void put(const tier_role& x) { put(static_cast<std::uint8_t>(x)); }
    void put(const std::string& x) {
        varint(x.size());
        for (const char c : x) out_.push_back(static_cast<std::byte>(c));
    }
    template <class T>
    void put(const std::vector<T>& x) {
        varint(x.size());
        for (const T& element : x) put(element);
    }
    template <class T, std::size_t N>
    void put(const std::array<T, N>& x) {
        for (const T& element : x) put(element);
    }
    template <class T>
    void put(const std::optional<T>& x) {
        put(x.has_value());
        if (x) put(*x);
    }
    void put(const histogram& x) {
        std::uint64_t filled = 0;
        x.for_each_filled([&](std::size_t, std::uint64_t) { ++filled; });
        varint(filled);
        if (filled == 0) return;
        std::size_t next = 0;
        x.for_each_filled([&](std::size_t index, std::uint64_t count) {
            varint(index - next);
            varint(count);
            next = index + 1;
        });
        put(x.sum());
        put(x.max());
    }

    std::vector<std::byte> out_;
};

/// Reads what a packer wrote. After the first thing that cannot be, it reads nothing more and is not good().
class unpacker {
public:
    explicit unpacker(std::span<const std::byte> in) : in_(in) {}

    template <class... Ts>
    void operator()(Ts&... xs) {
        (get(xs), ...);
    }

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return in_.empty(); }

    template <class T>
    [[nodiscard]] T fixed() {
        if (!take(sizeof(T))) return 0;
        T v = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) v |= static_cast<T>(static_cast<T>(taken_[i]) << 8 * i);
        return v;
    }

private:
    bool fail() {
        in_ = {};
        return good_ = false;
    }
    bool take(std::uint64_t n) {
        if (n > in_.size()) return fail();
        taken_ = in_.first(n);
        in_ = in_.subspan(n);
        return true;
    }
    std::uint64_t varint() {
        std::uint64_t v = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (!take(1)) return 0;
            const auto b = static_cast<std::uint64_t>(taken_[0]);
            if (shift == 63 && b > 1) break;
            v |= (b & 0x7f) << shift;
            if (b < 0x80) return v;
        }
        fail();
        return 0;
    }
    template <class T>
    void get(T& x) {
        visit_members(*this, x);
    }
    void get(bool& x) {
        if (take(1) && taken_[0] > std::byte{1}) fail();
        x = good_ && taken_[0] == std::byte{1};
    }
    template <whole_number T>
    void get(T& x) {
        const std::uint64_t v = varint();
        if constexpr (std::signed_integral<T>) {
            const auto s = static_cast<std::int64_t>(v >> 1 ^ (~(v & 1) + 1));
            if (s < std::numeric_limits<T>::min() || s > std::numeric_limits<T>::max()) fail();
            x = static_cast<T>(s);
        } else {
            if (v > std::numeric_limits<T>::max()) fail();
            x = static_cast<T>(v);
        }
    }
    void get(float& x) { x = std::bit_cast<float>(fixed<std::uint32_t>()); }
    void get(double& x) { x = std::bit_cast<double>(fixed<std::uint64_t>()); }
    template <class Tag, class Rep>
    void get(quantity<Tag, Rep>& x) {
        get(x.count);
    }
    void get(tier_role& x) {
        std::uint8_t v = 0;
        get(v);
        if (v > static_cast<std::uint8_t>(tier_role::peer)) fail();
        x = good_ ? static_cast<tier_role>(v) : tier_role{};
    }
    void get(std::string& x) {
        if (take(varint())) x.assign(reinterpret_cast<const char*>(taken_.data()), taken_.size());
    }
    template <class T>
    void get(std::vector<T>& x) {
        const std::uint64_t n = varint();
        // An empty tier is a few bytes here and a megabyte of histograms there; no stack has so many.
        if (std::same_as<T, tier_stats> && n > 16) fail();
        x.clear();
        const std::size_t fitting = in_.size() / sizeof(T); // never more memory than the input has
        x.reserve(n < fitting ? n : fitting);
        for (std::uint64_t i = 0; i < n && good_; ++i) get(x.emplace_back());
    }
    template <class T, std::size_t N>
    void get(std::array<T, N>& x) {
        for (T& element : x) get(element);
    }
    template <class T>
    void get(std::optional<T>& x) {
        bool there = false;
        get(there);
        x.reset();
        if (there) get(x.emplace());
    }
    void get(histogram& x) {
        x.clear();
        const std::uint64_t filled = varint();
        if (filled == 0) return;
        std::uint64_t next = 0;
        for (std::uint64_t i = 0; i < filled && good_; ++i) {
            const std::uint64_t skipped = varint(), count = varint();
            if (skipped >= histogram::bucket_count || count == 0 || !x.restore_bucket(next + skipped, count))
                fail();
            next += skipped + 1;
        }
        double sum = 0;
        nanoseconds max{};
        (*this)(sum, max);
        if (good_ && !x.restore_sum(sum, max)) fail();
    }

    std::span<const std::byte> in_;
    std::span<const std::byte> taken_;
    bool good_ = true;
};

[[nodiscard]] KVMARK_COLD error unpack_error(const std::string& what) {
    return {error_kind::data, "a packed report cannot be read: " + what};
}

} // namespace detail

/// Everything in `x`: a run_report with its job, or any other type of members.hpp.
template <class T>
[[nodiscard]] std::vector<std::byte> pack(const T& x) {
    detail::packer body;
    body(x);
    const std::vector<std::byte> members = std::move(body).take();
    detail::packer whole;
    whole.data().reserve(detail::packed_header_size + members.size());
    for (const char c : {'k', 'v', 'm'}) whole.fixed(static_cast<unsigned>(c), 1);
    whole.fixed(unsigned{packed_version}, 1);
    whole.fixed(detail::packed_kind<T>(), 4);
    whole.fixed(std::uint64_t{members.size()}, 8);
    whole.fixed(detail::checksum_of(members), 8);
    whole.data().insert(whole.data().end(), members.begin(), members.end());
    return std::move(whole).take();
}

/// What pack<T>() was given, to the last bit. An error for anything else: bytes that are missing, changed or
/// too many, another type, another release.
template <class T>
[[nodiscard]] result<T> unpack(std::span<const std::byte> data) {
    using detail::unpack_error;
    if (data.size() < detail::packed_header_size)
        return unpack_error("it ends after " + std::to_string(data.size()) + " bytes");
    detail::unpacker header(data.first(detail::packed_header_size));
    const auto magic = header.fixed<std::uint32_t>(), kind = header.fixed<std::uint32_t>();
    const auto length = header.fixed<std::uint64_t>(), checksum = header.fixed<std::uint64_t>();
    constexpr std::uint32_t expected = 'k' | 'v' << 8 | 'm' << 16 | std::uint32_t{packed_version} << 24;
    if (magic != expected || kind != detail::packed_kind<T>())
        return unpack_error("it is of another kind, or of another kvmark than " KVMARK_VERSION
                            ". Run the same kvmark on every host");
    const auto members = data.subspan(detail::packed_header_size);
    if (members.size() != length)
        return unpack_error("it has " + std::to_string(members.size()) + " bytes of " +
                            std::to_string(length));
    if (detail::checksum_of(members) != checksum) return unpack_error("its checksum does not match");
    T x{};
    detail::unpacker body(members);
    body(x);
    if (!body.good() || !body.at_end()) return unpack_error("a member of it is out of range");
    return x;
}

} // namespace kvmark::measure

// kvmark/measure/read_machine.hpp
// Reads what machine_facts holds from /proc, /sys, /etc/os-release, uname(2) and statfs(2).

#include <sys/utsname.h>

namespace kvmark::measure {

namespace detail {

inline void add_distinct(std::vector<std::string>& all, std::string one) {
    for (const std::string& known : all)
        if (known == one) return;
    all.push_back(std::move(one));
}

/// /proc/cpuinfo names the package before the core of each processor. ARM names neither, nor a model.
KVMARK_COLD void read_processors(machine_facts& m, std::string_view cpuinfo) {
    std::vector<std::string> sockets, cores;
    std::string socket;
    while (!cpuinfo.empty()) {
        std::string_view value = take_until(cpuinfo, '\n');
        const std::string_view key = trimmed(take_until(value, ':'));
        value = trimmed(value);
        if (key == "processor") {
            ++m.logical_cpus;
        } else if (key == "model name" && m.cpu_model.empty()) {
            m.cpu_model = value;
        } else if (key == "physical id") {
            socket = value;
            add_distinct(sockets, socket);
        } else if (key == "core id") {
            add_distinct(cores, (socket + " ").append(value));
        }
    }
    m.sockets = static_cast<std::uint32_t>(sockets.size());
    m.cores = cores.empty() ? m.logical_cpus : static_cast<std::uint32_t>(cores.size());
}

[[nodiscard]] KVMARK_COLD bytes read_memory(const std::string& root) {
    unsigned long long kib = 0;
    std::sscanf(read_text(root + "/proc/meminfo").c_str(), "MemTotal: %llu", &kib);
    return bytes(kib * kib_bytes);
}

[[nodiscard]] KVMARK_COLD std::uint32_t count_numa_nodes(const std::string& root) {
    std::uint32_t n = 0;
    for (const std::string& name : list_directory(root + "/sys/devices/system/node"))
        if (name.starts_with("node")) ++n;
    return n;
}

/// A value of os-release(5): plain, or quoted with backslashes as in a shell.
[[nodiscard]] KVMARK_COLD std::string unquoted(std::string_view value) {
    value = trimmed(value);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        text += value[i];
    }
    return text;
}

[[nodiscard]] KVMARK_COLD std::string read_os(const std::string& root) {
    std::string text = read_text(root + "/etc/os-release"), name;
    if (text.empty()) text = read_text(root + "/usr/lib/os-release");
    for (std::string_view rest = text; !rest.empty();) {
        std::string_view value = take_until(rest, '\n');
        const std::string_view key = trimmed(take_until(value, '='));
        if (key == "PRETTY_NAME" || (key == "NAME" && name.empty())) name = unquoted(value);
    }
    return name;
}

/// The disk under a block device, where its model and queues are: a partition's parent, and what a mapped
/// device (LVM, dm-crypt) of one disk stands on. One of several disks is its own.
[[nodiscard]] KVMARK_COLD std::string disk_directory(std::string at) {
    for (int depth = 0; depth < 8; ++depth) {
        if (path_exists(at + "/partition")) at += "/..";
        const std::vector<std::string> below = list_directory(at + "/slaves");
        if (below.size() != 1) break;
        at += "/slaves/" + below.front();
    }
    return at;
}

/// Documentation/ABI/stable/sysfs-block of the kernel. `directory` may be missing.
[[nodiscard]] KVMARK_COLD block_device_facts read_block_device(const std::string& directory) {
    block_device_facts d;
    d.name = link_name(directory);
    if (d.name.empty()) return d;
    d.size = bytes(read_number(directory + "/size") * 512); // whatever the device's own sectors are
    const std::string disk = disk_directory(directory);
    d.model = read_trimmed(disk + "/device/model");
    d.scheduler = read_setting(disk + "/queue/scheduler");
    d.queue_requests = static_cast<std::uint32_t>(read_number(disk + "/queue/nr_requests"));
    d.hardware_queues = static_cast<std::uint32_t>(list_directory(disk + "/mq").size());
    d.rotational = read_number(disk + "/queue/rotational") != 0;
    return d;
}

/// The interfaces with hardware behind them; where none has any (a network namespace), all but the loopback.
[[nodiscard]] KVMARK_COLD std::vector<network_interface> read_networks(const std::string& root) {
    std::vector<network_interface> hardware, all;
    for (const std::string& name : list_directory(root + "/sys/class/net")) {
        const std::string directory = root + "/sys/class/net/" + name;
        if (name == "lo" || !path_exists(directory + "/.")) continue; // bonding_masters is a file among them
        const auto speed = static_cast<std::int64_t>(read_number(directory + "/speed"));
        all.push_back({name, speed});
        if (path_exists(directory + "/device")) hardware.push_back({name, speed});
    }
    return hardware.empty() ? all : hardware;
}

/// What container, if any, process 1 runs in, by the marks that container managers leave.
[[nodiscard]] KVMARK_COLD std::string container_mark(const std::string& root) {
    if (path_exists(root + "/.dockerenv")) return "docker";
    if (path_exists(root + "/run/.containerenv")) return "podman";
    if (path_exists(root + "/.singularity.d")) return "apptainer";
    const std::string environment = read_text(root + "/proc/1/environ");
    for (std::string_view rest = environment; !rest.empty();) {
        std::string_view value = take_until(rest, '\0');
        const std::string_view name = take_until(value, '=');
        if (name == "KUBERNETES_SERVICE_HOST") return "kubernetes";
        if (name == "container" && !value.empty())
            return std::string(value); // systemd.io/CONTAINER_INTERFACE
    }
    const std::string groups = read_text(root + "/proc/1/cgroup");
    if (groups.find("/kubepods") != std::string::npos) return "kubernetes";
    for (const char* name : {"docker", "libpod", "lxc"})
        if (groups.find(std::string("/") + name) != std::string::npos) return name;
    return "";
}

/// Does DMI name a hypervisor as the machine's maker? ARM has no other mark.
[[nodiscard]] KVMARK_COLD bool names_hypervisor(const std::string& vendor, const std::string& product) {
    if (vendor == "Amazon EC2") return !product.ends_with(".metal");
    const std::string maker = vendor + " " + product;
    for (const char* name : {"QEMU", "KVM", "VMware", "VirtualBox", "Virtual Machine",
                             "Google Compute Engine", "OpenStack", "Xen", "Bochs", "Parallels"})
        if (maker.find(name) != std::string::npos) return true;
    return false;
}

/// Such as `docker, VM: QEMU Standard PC (Q35 + ICH9, 2009)`; empty on a plain machine.
[[nodiscard]] KVMARK_COLD std::string read_virtualization(const std::string& cpuinfo,
                                                          const std::string& root) {
    std::string text = container_mark(root);
    const std::string vendor = read_trimmed(root + "/sys/class/dmi/id/sys_vendor");
    const std::string product = read_trimmed(root + "/sys/class/dmi/id/product_name");
    if (cpuinfo.find(" hypervisor") == std::string::npos && !names_hypervisor(vendor, product)) return text;
    text += text.empty() ? "VM" : ", VM";
    const std::string maker(trimmed(vendor + " " + product));
    return maker.empty() ? text : text + ": " + maker;
}

} // namespace detail

/// Everything but `mpi_library`. `cache_dir` may be missing: its nearest existing parent counts; empty:
/// nothing is said of a file system or device. `root` stands in front of every file that is read, for tests;
/// uname(2) and what `cache_dir` is are always this machine's. Never fails: what cannot be read is empty or
/// 0.
[[nodiscard]] KVMARK_COLD machine_facts read_machine(const std::string& cache_dir,
                                                     const std::string& root = "") {
    machine_facts m;
    utsname names{};
    if (::uname(&names) == 0) {
        m.hostname = names.nodename;
        m.kernel = std::string(names.sysname) + " " + names.release;
    }
    m.os = detail::read_os(root);
    const std::string cpuinfo = read_text(root + "/proc/cpuinfo");
    detail::read_processors(m, cpuinfo);
    m.numa_nodes = detail::count_numa_nodes(root);
    m.memory = detail::read_memory(root);
    m.transparent_hugepage = read_setting(root + "/sys/kernel/mm/transparent_hugepage/enabled");
    m.virtualization = detail::read_virtualization(cpuinfo, root);
    mount_facts mount = find_mount(cache_dir, root);
    m.file_system = std::move(mount.file_system);
    m.mount_point = std::move(mount.point);
    m.mount_options = std::move(mount.options);
    m.device = detail::read_block_device(block_device_directory(cache_dir, root));
    m.networks = detail::read_networks(root);
    return m;
}

} // namespace kvmark::measure

#endif // KVMARK_WITH_JOB

#ifdef KVMARK_WITH_MPI

// kvmark/core/mpi.hpp
// mpi.h without its C++ bindings (37,000 lines), and whose turn it is to call it.

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <sched.h>

namespace kvmark {

/// kvmark asks MPI for MPI_THREAD_SERIALIZED, which one-sided operations over TCP need in Open MPI 4
/// (osc/pt2pt refuses MPI_THREAD_MULTIPLE): one thread at a time calls MPI, and none keeps the turn while it
/// waits for another rank. For std::lock_guard.
class mpi_turn {
public:
    KVMARK_INLINE void lock() {
        while (taken_.exchange(true, std::memory_order_acquire)) ::sched_yield();
    }
    KVMARK_INLINE void unlock() { taken_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> taken_{false};
};

} // namespace kvmark

// kvmark/tier/peer_window.hpp
// Memory that the ranks of a job lend to each other, reached by one-sided operations (MPI RMA).

#include <mutex>
#include <sys/prctl.h>
#include <thread>

namespace kvmark::tier {

/// What a thread does between two calls of MPI that look for something to do, since MPI cannot be slept on:
/// it yields for 200 us after bytes last moved, then sleeps for an eighth of the time since, 50 to 500 us. So
/// a thread with nothing to do takes a few percent of a processor, and what comes after a pause of t waits
/// for t/8.
class mpi_pace {
public:
    /// By the thread, before it pauses: timers are else 50 us late.
    KVMARK_COLD static void prepare_thread() { ::prctl(PR_SET_TIMERSLACK, 1UL); }

    /// `took`: the call just made. One that moved bytes takes longer than one that found none to move.
    /// It always lets go of the processor: a thread that took its turn again at once would leave none to
    /// others.
    KVMARK_INLINE void pause(nanoseconds now, nanoseconds took) {
        if (took > idle_call) moved_ = now;
        const nanoseconds quiet = now - moved_;
        if (quiet < yields_for) {
            ::sched_yield();
            return;
        }
        const nanoseconds share = quiet / 8;
        const timespec nap{0, (share < shortest ? shortest : share > longest ? longest : share).count};
        ::nanosleep(&nap, nullptr);
    }
    /// Something was begun.
    KVMARK_INLINE void expect(nanoseconds now) { moved_ = now; }

private:
    static constexpr nanoseconds idle_call{4'000}, yields_for{200'000}, shortest{50'000}, longest{500'000};

    nanoseconds moved_{};
};

/// One rank's view of the lent memory. Each rank's part is cut into equal shares, one for each other rank, so
/// that whoever uses a share alone knows what lies in it, and nothing but data crosses the network.
///
/// Every call of MPI is made in the caller's turn. Over TCP (osc/pt2pt) a rank's memory is served by calls of
/// MPI that this rank makes: a thread makes them while nobody else does, from connect() to disconnect().
class peer_window {
public:
    peer_window() = default;
    peer_window(const peer_window&) = delete;
    peer_window& operator=(const peer_window&) = delete;
    /// Calls no MPI: a window still connected belongs to a job that is dying.
    KVMARK_COLD ~peer_window() { stop_serving(); }

    [[nodiscard]] bool is_connected() const { return window_ != MPI_WIN_NULL; }
    [[nodiscard]] std::uint32_t rank() const { return rank_; }
    [[nodiscard]] std::uint32_t ranks() const { return ranks_; }
    /// The extents that this rank has in each other rank.
    [[nodiscard]] std::uint32_t extents_per_share() const { return extents_per_share_; }

    /// Collective over `comm`, which stays the caller's; all ranks succeed, or all fail. Each lends `lent`
    /// bytes, rounded up to whole extents per share, and touches them. `turn` must outlive the connection.
    KVMARK_COLD result<void> connect(MPI_Comm comm, mpi_turn& turn, bytes lent, bytes extent) {
        turn_ = &turn;
        MPI_Request copied = MPI_REQUEST_NULL;
        {
            const std::lock_guard mine(turn);
            MPI_Comm_idup(comm, &comm_, &copied);
        }
        wait(copied);
        auto connected = connect_copy(lent, extent);
        if (!connected || !is_connected()) {
            const std::lock_guard mine(turn);
            MPI_Comm_free(&comm_);
        }
        return connected;
    }

    /// Collective; returns when every rank has come here, and serves the others until then. No I/O of this
    /// rank is under way. Nothing happens when there is no connection.
    KVMARK_COLD void disconnect() {
        if (!is_connected()) return;
        MPI_Request all_here = MPI_REQUEST_NULL;
        {
            const std::lock_guard mine(*turn_);
            MPI_Ibarrier(comm_, &all_here);
        }
        wait(all_here);
        stop_serving();
        const std::lock_guard mine(*turn_);
        MPI_Win_unlock_all(window_);
        MPI_Win_free(&window_);
        MPI_Comm_free(&comm_);
        memory_ = {};
    }

    // --- moving bytes; precondition: connected ---

    /// Where `offset` of this rank's extent number `extent` lies in another rank's memory.
    [[nodiscard]] KVMARK_INLINE MPI_Aint place(std::uint32_t target, std::uint32_t extent,
                                               std::uint64_t offset) const {
        const std::uint64_t share = rank_ < target ? rank_ : rank_ - 1;
        return static_cast<MPI_Aint>((share * extents_per_share_ + extent) * extent_size_.count + offset);
    }

    /// Begins an I/O of `size` bytes, at most 64 MiB; 0 or EIO. A get is over with its request; a put is over
    /// there after flush().
    [[nodiscard]] KVMARK_INLINE int begin(bool puts, std::uint32_t target, MPI_Aint at, std::byte* data,
                                          std::size_t size, MPI_Request& request) {
        const auto n = static_cast<int>(size);
        const auto to = static_cast<int>(target);
        const std::lock_guard mine(*turn_);
        const int failed = puts ? MPI_Rput(data, n, MPI_BYTE, to, at, n, MPI_BYTE, window_, &request)
                                : MPI_Rget(data, n, MPI_BYTE, to, at, n, MPI_BYTE, window_, &request);
        return failed == MPI_SUCCESS ? 0 : EIO;
    }

    /// Which of the requests are over: their count, and their indices in `over`. Negative: MPI failed.
    [[nodiscard]] KVMARK_INLINE int test(std::span<MPI_Request> requests, int* over) {
        int count = 0;
        const std::lock_guard mine(*turn_);
        const int failed = MPI_Testsome(static_cast<int>(requests.size()), requests.data(), &count, over,
                                        MPI_STATUSES_IGNORE);
        polls_.store(polls_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return failed == MPI_SUCCESS ? count : -1;
    }

    /// Until the request is over; 0 or EIO.
    int wait(MPI_Request& request) {
        mpi_pace::prepare_thread();
        mpi_pace pace;
        nanoseconds began = clocks::monotonic_now();
        pace.expect(began);
        for (int index = 0;;) {
            const int over = test({&request, 1}, &index);
            if (over != 0) return over > 0 || over == MPI_UNDEFINED ? 0 : EIO;
            const nanoseconds now = clocks::monotonic_now();
            pace.pause(now, now - began);
            began = clocks::monotonic_now();
        }
    }

    /// Until what this rank has put there is there; 0 or EIO. MPI has no form of it that can be tested, so
    /// the turn is kept meanwhile; calls of others are served from within.
    [[nodiscard]] int flush(std::uint32_t target) {
        const std::lock_guard mine(*turn_);
        return MPI_Win_flush(static_cast<int>(target), window_) == MPI_SUCCESS ? 0 : EIO;
    }

private:
    /// What ranks tell each other before they lend anything.
    struct offer {
        std::uint64_t lent, extent, host, available;
    };

    KVMARK_COLD result<void> connect_copy(bytes lent, bytes extent) {
        const std::vector<offer> offers = exchange(lent, extent);
        std::uint64_t lent_here = 0;
        for (const offer& o : offers) {
            if (o.lent != lent.count || o.extent != extent.count)
                return error{error_kind::invalid_argument,
                             "peer tier: ranks were given different --peer-mem-gb or --io-chunk"};
            if (o.host == offers[rank_].host) lent_here += o.lent;
        }
        if (lent.count == 0) return {};
        if (ranks_ < 2) return needs_ranks(lent);

        const std::uint64_t others = ranks_ - 1, unit = extent.count * others;
        const std::uint64_t share = (lent.count + unit - 1) / unit;
        result<void> ready;
        if (share >= ~std::uint32_t{0})
            ready = error{error_kind::invalid_argument,
                          "peer tier: more than 2^32 blocks of --io-chunk bytes; give a larger --io-chunk"};
        else if (lent_here > offers[rank_].available / 5 * 4)
            ready = too_large(bytes(lent_here), bytes(offers[rank_].available));
        else
            ready = lend(bytes(unit * share));
        if (!all_are(ready.has_value()))
            return ready ? error{error_kind::system, "peer tier: another rank cannot lend its memory"}
                         : ready;
        extent_size_ = extent;
        extents_per_share_ = static_cast<std::uint32_t>(share);
        if (auto opened = open_window(); !opened) return opened;
        serving_.store(true);
        server_ = std::thread([this] { serve(); });
        return {};
    }

    /// Every rank's offer, by rank.
    [[nodiscard]] KVMARK_COLD std::vector<offer> exchange(bytes lent, bytes extent) {
        int ranks = 0, rank = 0, length = 0;
        char host[MPI_MAX_PROCESSOR_NAME]{};
        MPI_Request done = MPI_REQUEST_NULL;
        std::vector<offer> all;
        offer mine{lent.count, extent.count, 0, available_memory().count};
        {
            const std::lock_guard turn(*turn_);
            MPI_Comm_size(comm_, &ranks);
            MPI_Comm_rank(comm_, &rank);
            MPI_Get_processor_name(host, &length);
            for (int i = 0; i < length; ++i) mine.host = mix(mine.host ^ static_cast<unsigned char>(host[i]));
            all.resize(static_cast<std::size_t>(ranks));
            MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, comm_, &done);
        }
        wait(done);
        ranks_ = static_cast<std::uint32_t>(ranks);
        rank_ = static_cast<std::uint32_t>(rank);
        return all;
    }

    [[nodiscard]] KVMARK_COLD result<void> lend(bytes size) {
        memory_ = huge_page_buffer(size);
        if (memory_.empty()) return too_large(size, available_memory());
        memory_.touch(size);
        return {};
    }

    [[nodiscard]] KVMARK_COLD bool all_are(bool ready) {
        int mine = ready ? 1 : 0, least = 0;
        MPI_Request done = MPI_REQUEST_NULL;
        {
            const std::lock_guard turn(*turn_);
            MPI_Iallreduce(&mine, &least, 1, MPI_INT, MPI_MIN, comm_, &done);
        }
        wait(done);
        return least == 1;
    }

    /// Blocks within MPI, but no longer than the other ranks take to come here from all_are().
    [[nodiscard]] KVMARK_COLD result<void> open_window() {
        const std::lock_guard mine(*turn_);
        const auto size = static_cast<MPI_Aint>(memory_.span().size());
        MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
        if (MPI_Win_create(memory_.data(), size, 1, MPI_INFO_NULL, comm_, &window_) != MPI_SUCCESS) {
            window_ = MPI_WIN_NULL;
            return error{
                error_kind::unsupported,
                "peer tier: MPI has no one-sided operations for this network; Open MPI 4 has them over "
                "TCP by osc/pt2pt, which Debian leaves out and the thread level MPI_THREAD_MULTIPLE "
                "excludes: set OMPI_MCA_osc=^ucx"};
        }
        MPI_Win_set_errhandler(window_, MPI_ERRORS_RETURN);
        MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
        return {};
    }

    [[nodiscard]] KVMARK_COLD static error needs_ranks(bytes lent) {
        return {error_kind::invalid_argument, "--peer-mem-gb " + std::to_string(to_gib(lent)) +
                                                  ": needs at least two ranks, which lend to each other"};
    }
    [[nodiscard]] KVMARK_COLD static error too_large(bytes asked, bytes available) {
        return {error_kind::system,
                "peer tier: the ranks of this host would lend " + std::to_string(to_gib(asked)) + " GiB of " +
                    std::to_string(to_gib(available)) +
                    " GiB available, which is more than 80 %; give a smaller --peer-mem-gb"};
    }

    // --- serving the other ranks ---

    /// Calls MPI while no other thread of this rank does.
    void serve() {
        mpi_pace::prepare_thread();
        mpi_pace pace;
        std::uint64_t seen = 0;
        while (serving_.load(std::memory_order_relaxed)) {
            nanoseconds took{};
            if (polls_.load(std::memory_order_relaxed) == seen) {
                const std::lock_guard mine(*turn_);
                const nanoseconds began = processor_time();
                int found = 0;
                MPI_Iprobe(MPI_ANY_SOURCE, 0, comm_, &found, MPI_STATUS_IGNORE);
                took = processor_time() - began;
            }
            seen = polls_.load(std::memory_order_relaxed);
            pace.pause(clocks::monotonic_now(), took);
        }
    }

    /// This thread's: MPI yields within its calls, and what others did meanwhile is no sign of bytes.
    [[nodiscard]] static nanoseconds processor_time() {
        timespec t;
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return nanoseconds(static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
    }

    KVMARK_COLD void stop_serving() {
        serving_.store(false);
        if (server_.joinable()) server_.join();
    }

    mpi_turn* turn_ = nullptr;
    MPI_Comm comm_ = MPI_COMM_NULL;
    MPI_Win window_ = MPI_WIN_NULL;
    huge_page_buffer memory_;
    bytes extent_size_{};
    std::uint32_t rank_ = 0, ranks_ = 0, extents_per_share_ = 0;
    std::thread server_;
    std::atomic<bool> serving_{false};
    alignas(64) std::atomic<std::uint64_t> polls_{0}; ///< calls that look for what is over, by any thread
};

} // namespace kvmark::tier

// kvmark/tier/peer.hpp
// The memory of other ranks as a tier: what a KV cache pooled across hosts does. Needs MPI (kvmark::mpi).

namespace kvmark::tier {

/// Each rank lends `limit` bytes to the others and has as much in them. Entries are cut into blocks of one
/// io_chunk, which a consistent hash spreads over the other ranks; where one has no room the next on the ring
/// takes the block. A rank knows by itself where its blocks lie, and moves them by MPI_Rget and MPI_Rput.
///
/// After open() whoever starts the ranks calls connect() on all of them, before any I/O, and disconnect() on
/// all of them when their I/O is over.
class peer {
public:
    static constexpr std::string_view name = "peer";
    static constexpr tier_role role = tier_role::peer;
    static constexpr bool instant_metadata = true;
    class queue;

    [[nodiscard]] static bytes granule(const tier_setup& setup) { return setup.io_chunk; }
    [[nodiscard]] static bool can_queue(const tier_setup&) { return true; }

    /// Takes no memory and calls no MPI.
    KVMARK_COLD result<void> open(const tier_setup& setup) {
        limit_ = setup.limit;
        block_size_ = setup.io_chunk;
        return {};
    }

    /// Collective over `comm`, by one thread of each rank, not before MPI_Init_thread() gave at least
    /// MPI_THREAD_SERIALIZED. All ranks succeed or all fail: with fewer than two ranks, with limits that
    /// differ, where a host has not the memory, or where MPI has no one-sided operations. `comm` stays the
    /// caller's; `turn` is everyone's who calls MPI, and must outlive the connection. With limit 0 nothing is
    /// connected.
    KVMARK_COLD result<void> connect(MPI_Comm comm, mpi_turn& turn) {
        if (auto connected = window_.connect(comm, turn, limit_, block_size_); !connected) return connected;
        if (!window_.is_connected()) return {};
        std::vector<std::uint32_t> others;
        free_ = std::vector<extent_stack>(window_.ranks());
        for (std::uint32_t r = 0; r < window_.ranks(); ++r) {
            if (r == window_.rank()) continue;
            others.push_back(r);
            free_[r].open(window_.extents_per_share());
        }
        ring_.open(others);
        room_.store(std::int64_t{window_.extents_per_share()} * static_cast<std::int64_t>(others.size()));
        return {};
    }

    /// Collective; no I/O of this rank is under way. It returns once every rank has called it, and serves the
    /// others until then. Nothing happens when there is no connection. Not for a job that is dying: then the
    /// destructor does, which calls no MPI.
    KVMARK_COLD void disconnect() { window_.disconnect(); }
    [[nodiscard]] bool is_connected() const { return window_.is_connected(); }

    /// ENOTCONN before connect(), ENOMEM when the other ranks have no room.
    [[nodiscard]] KVMARK_COLD io_status create(entry_id e, bytes size) {
        if (!is_connected()) return {ENOTCONN};
        const auto count = static_cast<std::int64_t>(round_up(size, block_size_).count / block_size_.count);
        if (room_.fetch_sub(count) < count) {
            room_.fetch_add(count);
            return {ENOMEM};
        }
        entry& made = entries_.ensure(e);
        made.blocks.reserve(static_cast<std::size_t>(count));
        const std::uint64_t create = mix(creates_.fetch_add(1, std::memory_order_relaxed) << 32 | e);
        for (std::int64_t i = 0; i < count; ++i)
            place_block(made, mix(create ^ static_cast<std::uint64_t>(i)));
        return {};
    }

    /// Also ends what a failed write left under way, so that it does not reach the next owner of the room.
    [[nodiscard]] KVMARK_COLD io_status erase(entry_id e) {
        entry* found = entries_.find(e);
        if (!found) return {};
        const io_status ended = commit_entry(*found);
        const auto count = static_cast<std::int64_t>(found->blocks.size());
        for (; !found->blocks.empty(); found->blocks.pop_back())
            free_[found->blocks.back().rank].give_back(found->blocks.back().extent);
        found->ranks.clear();
        room_.fetch_add(count);
        return ended;
    }

    /// What was written is in the other ranks, and later reads see it.
    [[nodiscard]] KVMARK_COLD io_status commit(entry_id e) { return commit_entry(entries_[e]); }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return move(true, e, offset, const_cast<std::byte*>(from.data()), from.size());
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return move(false, e, offset, into.data(), into.size());
    }

private:
    struct block {
        std::uint32_t rank, extent;
    };
    struct entry {
        std::vector<block> blocks;
        std::vector<std::uint32_t> ranks; ///< that hold at least one of them
        std::atomic<bool> written{false}; ///< since the last commit
    };

    /// Precondition: an extent was taken from room_, so that some rank has a free one.
    KVMARK_COLD void place_block(entry& made, std::uint64_t key) {
        std::uint32_t extent = extent_stack::none, holder = 0;
        const auto take = [&](std::uint32_t rank) {
            holder = rank;
            return (extent = free_[rank].take()) != extent_stack::none;
        };
        while (!ring_.offer(key, take)) {
        }
        made.blocks.push_back({holder, extent});
        for (const std::uint32_t known : made.ranks)
            if (known == holder) return;
        made.ranks.push_back(holder);
    }

    [[nodiscard]] KVMARK_COLD io_status commit_entry(entry& e) {
        if (!e.written.exchange(false, std::memory_order_relaxed)) return {};
        for (const std::uint32_t rank : e.ranks)
            if (const int failed = window_.flush(rank); failed != 0) return {failed};
        return {};
    }

    /// 0 or EIO. Precondition: create() succeeded.
    [[nodiscard]] KVMARK_INLINE int begin(bool writes, entry_id e, bytes offset, std::byte* data,
                                          std::size_t size, MPI_Request& request) {
        entry& of = entries_[e];
        if (writes) of.written.store(true, std::memory_order_relaxed);
        const block& b = of.blocks[offset.count / block_size_.count];
        return window_.begin(writes, b.rank,
                             window_.place(b.rank, b.extent, offset.count % block_size_.count), data, size,
                             request);
    }

    [[nodiscard]] KVMARK_INLINE io_status move(bool writes, entry_id e, bytes offset, std::byte* data,
                                               std::size_t size) {
        MPI_Request request = MPI_REQUEST_NULL;
        if (const int failed = begin(writes, e, offset, data, size, request); failed != 0) return {failed};
        return {window_.wait(request)};
    }

    bytes limit_{}, block_size_{};
    peer_window window_;
    hash_ring ring_;
    std::vector<extent_stack> free_;    ///< by rank: what is free in this rank's share of its memory
    std::atomic<std::int64_t> room_{0}; ///< extents free in all of them
    std::atomic<std::uint64_t> creates_{0};
    stable_table<entry> entries_;
};

/// Calls of MPI look for I/Os that are over: often while bytes move, every 50 us while none do.
class peer::queue {
public:
    queue() = default;
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;

    KVMARK_COLD result<void> open(peer& t, std::uint32_t depth, std::span<std::byte>) {
        if (!t.is_connected())
            return error{error_kind::invalid_argument,
                         "--peer-mem-gb: needs at least two ranks; start them with --exec-type mpi"};
        peer_ = &t;
        mpi_pace::prepare_thread();
        requests_.reserve(depth);
        slots_.reserve(depth);
        prepared_.reserve(depth);
        ended_.reserve(depth);
        over_.resize(depth);
        return {};
    }

    KVMARK_INLINE void read(std::uint32_t slot, entry_id e, bytes offset, std::span<std::byte> into) {
        prepared_.push_back({slot, e, offset, into.data(), into.size(), false});
    }
    KVMARK_INLINE void write(std::uint32_t slot, entry_id e, bytes offset, std::span<const std::byte> from) {
        prepared_.push_back({slot, e, offset, const_cast<std::byte*>(from.data()), from.size(), true});
    }

    KVMARK_INLINE void submit() {
        for (const io& p : prepared_) {
            MPI_Request request = MPI_REQUEST_NULL;
            const int failed = peer_->begin(p.writes, p.entry, p.offset, p.data, p.size, request);
            if (!KVMARK_LIKELY(failed == 0)) {
                ended_.push_back({p.slot, {failed}});
                continue;
            }
            requests_.push_back(request);
            slots_.push_back(p.slot);
        }
        if (!prepared_.empty()) pace_.expect(clocks::monotonic_now());
        prepared_.clear();
    }

    KVMARK_INLINE void wait() {
        submit();
        if (requests_.empty() && ended_.empty()) {
            bell_.wait(false);
            bell_.exchange(false); // not store(): what the waker did is seen
            return;
        }
        for (;;) {
            const nanoseconds began = clocks::monotonic_now();
            collect();
            if (!ended_.empty() || bell_.exchange(false)) return;
            const nanoseconds now = clocks::monotonic_now();
            pace_.pause(now, now - began);
        }
    }

    template <class Done>
    KVMARK_INLINE void reap(Done&& done) {
        // By index: done() may begin an I/O that fails at once.
        for (std::size_t i = 0; i < ended_.size(); ++i) done(ended_[i].slot, ended_[i].status);
        ended_.clear();
    }

    void wake() {
        bell_.store(true);
        bell_.notify_one();
    }

private:
    struct io {
        std::uint32_t slot;
        entry_id entry;
        bytes offset;
        std::byte* data;
        std::size_t size;
        bool writes;
    };
    struct ended_slot {
        std::uint32_t slot;
        io_status status;
    };

    /// Moves what is over from requests_ to ended_. When MPI itself fails, all are.
    KVMARK_INLINE void collect() {
        if (requests_.empty()) return;
        const int count = peer_->window_.test(requests_, over_.data());
        if (!KVMARK_LIKELY(count >= 0)) return fail_all();
        for (int i = 0; i < count; ++i)
            ended_.push_back({slots_[static_cast<std::size_t>(over_[static_cast<std::size_t>(i)])], {}});
        if (count == 0) return;
        // MPI leaves a null request where one is over.
        std::size_t kept = 0;
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            if (requests_[i] == MPI_REQUEST_NULL) continue;
            requests_[kept] = requests_[i];
            slots_[kept++] = slots_[i];
        }
        requests_.resize(kept);
        slots_.resize(kept);
    }
    KVMARK_COLD void fail_all() {
        for (const std::uint32_t slot : slots_) ended_.push_back({slot, {EIO}});
        requests_.clear();
        slots_.clear();
    }

    peer* peer_ = nullptr;
    std::vector<MPI_Request> requests_; ///< in flight
    std::vector<std::uint32_t> slots_;  ///< of requests_, in the same order
    std::vector<io> prepared_;
    std::vector<ended_slot> ended_;
    std::vector<int> over_;
    mpi_pace pace_;
    std::atomic<bool> bell_{false};
};

} // namespace kvmark::tier

// kvmark/exec/assemble.hpp
// What came of the ranks of a job, put together.

#include <algorithm>

namespace kvmark::exec {

/// What became of one rank.
struct rank_part {
    std::optional<measure::run_report> report; ///< its own, with its row and its machine in `job`
    std::uint32_t leader = 0;                  ///< the lowest rank of its host, which stands for the host
    std::string host{};                        ///< its name
    std::string missing{};                     ///< why there is no report
};

inline constexpr const char* no_answer = "it did not answer: killed, or its host is out of reach";

/// The job's report; `parts` by rank.
[[nodiscard]] KVMARK_COLD measure::run_report assemble(std::vector<rank_part> parts) {
    std::vector<measure::delivered_rank> ranks;
    std::vector<measure::machine_facts> hosts;
    std::vector<std::uint32_t> leaders;
    std::uint64_t samples = 0;
    for (rank_part& part : parts) {
        const auto known = std::find(leaders.begin(), leaders.end(), part.leader);
        const auto host = static_cast<std::uint32_t>(known - leaders.begin());
        if (known == leaders.end()) {
            leaders.push_back(part.leader);
            hosts.emplace_back().hostname = part.host;
        }
        measure::delivered_rank d;
        if (part.report && part.report->job && !part.report->job->ranks.empty()) {
            d.stats = std::move(part.report->job->ranks.front());
            // Of the ranks of a host any may be lost: the first that is there describes it.
            if (hosts[host].kernel.empty() && !part.report->job->hosts.empty())
                hosts[host] = std::move(part.report->job->hosts.front());
            part.report->job.reset();
            samples = std::max<std::uint64_t>(samples, part.report->samples.size());
            d.report = std::move(part.report);
        } else {
            d.stats.failure = part.missing;
        }
        d.stats.rank = static_cast<std::uint32_t>(ranks.size());
        d.stats.host = host;
        ranks.push_back(std::move(d));
    }
    return measure::job_report(std::move(ranks), std::move(hosts), samples);
}

} // namespace kvmark::exec

// kvmark/exec/frames.hpp
// What a rank tells the program that launched it: binary messages as lines of text on its stdout, which every
// launcher brings home.

#include <poll.h>

namespace kvmark::exec {

enum class frame_kind : char {
    progress = 'P', ///< of rank 0: a packed measure::progress
    part = 'R',     ///< the report of a rank that rank 0 did not take
    result = 'F',   ///< what the job came to, from rank 0
    failure = 'E',  ///< why there is no result: a text
};

namespace detail {

inline constexpr std::string_view frame_mark = "kvmark-frame ";
inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Bytes of one line: with its head it stays below 4096 characters, which a pipe takes whole (pipe(7)).
inline constexpr std::size_t frame_bytes = 2880;

inline void append_base64(std::string& out, std::span<const std::byte> data) {
    for (std::size_t i = 0; i < data.size(); i += 3) {
        std::uint32_t triple = 0;
        for (std::size_t k = 0; k < 3; ++k)
            triple = triple << 8 | (i + k < data.size() ? std::to_integer<std::uint32_t>(data[i + k]) : 0);
        for (std::size_t k = 0; k < 4; ++k)
            out += i + k <= data.size() ? base64_digits[triple >> (18 - 6 * k) & 63] : '=';
    }
}

/// False where a character is none of base64's.
[[nodiscard]] inline bool read_base64(std::string_view text, std::vector<std::byte>& out) {
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') break;
        const std::size_t digit = base64_digits.find(c);
        if (digit == std::string_view::npos) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        if ((count += 6) < 8) continue;
        count -= 8;
        out.push_back(static_cast<std::byte>(bits >> count & 255));
    }
    return true;
}

} // namespace detail

/// The lines of one message: `kvmark-frame <kind> <line> <lines> <base64>`.
[[nodiscard]] KVMARK_COLD std::vector<std::string> frame_lines(frame_kind kind,
                                                               std::span<const std::byte> message) {
    const std::size_t lines = message.empty() ? 1 : (message.size() - 1) / detail::frame_bytes + 1;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < lines; ++i) {
        std::string line(detail::frame_mark);
        line += static_cast<char>(kind);
        line += ' ' + std::to_string(i) + ' ' + std::to_string(lines) + ' ';
        const auto rest = message.subspan(i * detail::frame_bytes);
        detail::append_base64(line, rest.first(std::min(rest.size(), detail::frame_bytes)));
        all.push_back(line += '\n');
    }
    return all;
}

/// Writes a message to `fd`, each line by one call, so that lines of other threads do not fall between. False
/// where nobody reads any more, or nobody has read for `patience`: a launcher that ends a job has no ear.
KVMARK_COLD bool write_frame(int fd, frame_kind kind, std::span<const std::byte> message,
                             nanoseconds patience = nanoseconds(30'000'000'000)) {
    for (const std::string& line : frame_lines(kind, message))
        for (std::size_t done = 0; done < line.size();) {
            pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
            const int ready = ::poll(&room, 1, static_cast<int>(patience.count / 1'000'000));
            if (ready < 0 && errno == EINTR) continue;
            if (ready <= 0) return false;
            const ssize_t n = ::write(fd, line.data() + done, line.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            done += static_cast<std::size_t>(n);
        }
    return true;
}

struct frame {
    frame_kind kind = frame_kind::result;
    std::vector<std::byte> message;
};

/// Puts the lines of one rank together again.
class frame_reader {
public:
    /// Whether the line belongs to a frame; what does not is text for people.
    [[nodiscard]] static bool is_frame(std::string_view line) { return line.starts_with(detail::frame_mark); }

    /// Takes the next line of a frame. True when it completes one, which is then in `whole()`. A line that is
    /// missing or damaged loses its message and no other.
    KVMARK_COLD bool take(std::string_view line) {
        line.remove_prefix(detail::frame_mark.size());
        if (line.size() < 2) return false;
        const auto kind = static_cast<frame_kind>(line[0]);
        line.remove_prefix(2);
        std::size_t number = 0, lines = 0;
        if (!take_number(line, number) || !take_number(line, lines)) return false;
        if (number == 0) {
            frame_ = {kind, {}};
            next_ = 0;
        }
        if (number != next_ || kind != frame_.kind || !detail::read_base64(line, frame_.message)) {
            next_ = lines; // until a frame begins anew
            return false;
        }
        return ++next_ == lines;
    }
    [[nodiscard]] const frame& whole() const { return frame_; }

private:
    static bool take_number(std::string_view& line, std::size_t& value) {
        std::size_t digits = 0;
        for (; digits < line.size() && digits < 9 && line[digits] >= '0' && line[digits] <= '9'; ++digits)
            value = value * 10 + static_cast<std::size_t>(line[digits] - '0');
        if (digits == 0 || digits == line.size() || line[digits] != ' ') return false;
        line.remove_prefix(digits + 1);
        return true;
    }

    frame frame_;
    std::size_t next_ = 0;
};

} // namespace kvmark::exec

// kvmark/exec/job_environment.hpp
// Did an MPI launcher start this process? What its environment says.

namespace kvmark::exec {

/// The variable by which a launcher tells a process which rank it is.
struct launcher_variable {
    std::string_view launcher;
    const char* rank;
    const char* tasks = nullptr; ///< set: a variable that must count more than one, or the process is no rank
};

/// The more specific ones first: Open MPI's launcher sets PMIx's too, and a step of Slurm may run under PMI.
/// A shell within an allocation of Slurm has SLURM_PROCID and is no rank: only a step has several tasks, or a
/// task that PMIx or PMI serves. Sources: mpirun(1) of Open MPI, "Environment variables"; the PMIx standard,
/// PMIx_Init; the Hydra process manager; srun(1), "Output environment variables"; the PALS user guide of HPE.
inline constexpr std::array<launcher_variable, 5> job_variables{{
    {"Open MPI", "OMPI_COMM_WORLD_RANK"},
    {"PALS", "PALS_RANKID"},
    {"PMI", "PMI_RANK"},
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    {"PMIx", "PMIX_RANK"},
}};

/// `variable(name)` is the value of an environment variable, or null. The launcher whose rank this process
/// is, or nothing.
template <class Variable>
[[nodiscard]] std::optional<std::string_view> launcher_of(Variable&& variable) {
    for (const launcher_variable& v : job_variables) {
        if (variable(v.rank) == nullptr) continue;
        const char* tasks = v.tasks != nullptr ? variable(v.tasks) : nullptr;
        if (v.tasks != nullptr && (tasks == nullptr || std::string_view(tasks) == "1")) continue;
        return v.launcher;
    }
    return std::nullopt;
}

/// Whether this process is a rank of an MPI job.
[[nodiscard]] KVMARK_COLD bool inside_job() {
    return launcher_of([](const char* name) { return std::getenv(name); }).has_value();
}

} // namespace kvmark::exec

// kvmark/exec/progress_text.hpp
// A snapshot of a run as one line of text, from rank 0 to the program that launched the job.

#include <sstream>

namespace kvmark::exec {

/// Words and numbers between spaces; a stage has its spaces written as underscores.
[[nodiscard]] KVMARK_COLD std::string progress_text(const measure::progress& p) {
    std::ostringstream out;
    for (const char c : p.stage) out << (c == ' ' ? '_' : c);
    out << ' ' << p.elapsed.count << ' ' << p.window.count << ' ' << p.fraction << ' ' << p.users << ' '
        << p.completed << ' ' << p.queued << ' ' << p.tokens << ' ' << p.hit_rate;
    for (const measure::tier_progress& t : p.tiers)
        out << ' ' << t.name << ' ' << t.read.count << ' ' << t.written.count;
    return out.str();
}

/// Reads such lines; what it returns is valid until the next one.
class progress_text_reader {
public:
    [[nodiscard]] KVMARK_COLD const measure::progress& read(const std::string& text) {
        std::istringstream in(text);
        words_.clear();
        progress_ = {};
        measure::progress& p = progress_;
        std::string& stage = words_.emplace_back();
        in >> stage >> p.elapsed.count >> p.window.count >> p.fraction >> p.users >> p.completed >>
            p.queued >> p.tokens >> p.hit_rate;
        for (char& c : stage) c = c == '_' ? ' ' : c;
        p.stage = stage;
        for (std::string name; in >> name;) {
            measure::tier_progress& t = p.tiers.emplace_back();
            t.name = words_.emplace_back(name);
            in >> t.read.count >> t.written.count;
        }
        return p;
    }

private:
    measure::progress progress_;
    std::deque<std::string> words_; ///< what the names point into
};

} // namespace kvmark::exec

// kvmark/exec/rank_output.hpp
// The output of many ranks, as a launcher mixes it, taken apart into lines of one rank each.

#include <map>

namespace kvmark::exec {

using launch::tag_form;

/// A line that no rank wrote: the launcher's own.
inline constexpr std::int64_t launcher_line = -1;

/// In front of a rank's line where it is shown to people; nothing for launcher_line.
[[nodiscard]] KVMARK_COLD std::string line_label(std::int64_t rank) {
    return rank == launcher_line ? "" : "[rank " + std::to_string(rank) + "] ";
}

/// Feeds on pieces of any size; gives whole lines, without their mark and their newline.
class rank_output {
public:
    explicit rank_output(tag_form mark) : mark_(mark) {}

    /// Calls line(rank, text) for each line that this piece completes.
    template <class Line>
    void feed(std::string_view piece, Line&& line) {
        pending_ += piece;
        std::size_t at = 0;
        while (at < pending_.size()) {
            const std::string_view rest = std::string_view(pending_).substr(at);
            if (may_hold_mark()) {
                const mark_match m = match(rest);
                if (m.needs_more && rest.size() < longest_mark) break;
                if (m.length != 0) {
                    rank_ = m.rank;
                    at += m.length;
                    continue;
                }
            }
            const char c = rest[0];
            ++at;
            std::string& open = open_[rank_];
            if (c != '\n') {
                open += c;
                continue;
            }
            line(rank_, std::string_view(open));
            open.clear();
            rank_ = launcher_line;
        }
        pending_.erase(0, at);
    }

    /// What is left at the end: lines without a newline.
    template <class Line>
    void finish(Line&& line) {
        open_[rank_] += pending_;
        pending_.clear();
        for (auto& [rank, text] : open_)
            if (!text.empty()) line(rank, std::string_view(text));
        open_.clear();
    }

private:
    static constexpr std::size_t longest_mark = 96;
    struct mark_match {
        std::size_t length = 0; ///< 0: no mark here
        std::int64_t rank = launcher_line;
        bool needs_more = false; ///< it may become one
    };

    /// Open MPI's may stand anywhere, the others at the start of a line.
    [[nodiscard]] bool may_hold_mark() {
        return mark_ == tag_form::open_mpi ||
               (mark_ != tag_form::none && rank_ == launcher_line && open_[launcher_line].empty());
    }

    [[nodiscard]] mark_match match(std::string_view s) const {
        switch (mark_) {
        case tag_form::open_mpi:
            return open_mpi_mark(s);
        case tag_form::bracketed:
            return s[0] == '[' ? number_mark(s, 1, "] ") : mark_match{};
        case tag_form::colon:
            return number_mark(s, 0, ": ");
        case tag_form::none:
            break;
        }
        return {};
    }

    /// `[<job>,<rank>]<stdout>:` or `<stderr>`.
    static mark_match open_mpi_mark(std::string_view s) {
        if (s[0] != '[') return {};
        const std::size_t close = s.find(']');
        if (close == std::string_view::npos) return {0, launcher_line, s.find('\n') == s.npos};
        const std::size_t comma = s.rfind(',', close);
        if (comma == std::string_view::npos || close - comma < 2) return {};
        std::int64_t rank = 0;
        for (const char c : s.substr(comma + 1, close - comma - 1)) {
            if (c < '0' || c > '9' || rank > 99'999'999) return {};
            rank = rank * 10 + (c - '0');
        }
        constexpr std::string_view out = "<stdout>:", err = "<stderr>:";
        const std::string_view stream = s.substr(close + 1, out.size());
        if (stream == out || stream == err) return {close + 1 + out.size(), rank, false};
        return {0, launcher_line,
                stream.size() < out.size() && (out.starts_with(stream) || err.starts_with(stream))};
    }

    static mark_match number_mark(std::string_view s, std::size_t begin, std::string_view end) {
        std::int64_t rank = 0;
        std::size_t at = begin;
        for (; at < s.size() && s[at] >= '0' && s[at] <= '9' && rank < 99'999'999; ++at)
            rank = rank * 10 + (s[at] - '0');
        const std::string_view rest = s.substr(at, end.size());
        if (at > begin && rest == end) return {at + end.size(), rank, false};
        return {0, launcher_line, rest.size() < end.size() && end.starts_with(rest)};
    }

    tag_form mark_;
    std::string pending_;
    std::int64_t rank_ = launcher_line;
    std::map<std::int64_t, std::string> open_; ///< lines that go on
};

} // namespace kvmark::exec

// kvmark/exec/supervise.hpp
// A launcher as a child process: its output as it comes, a deadline, signals passed on and escalated.

#ifndef BOOST_PROCESS_USE_STD_FS
#define BOOST_PROCESS_USE_STD_FS
#endif
#include <boost/optional.hpp>
#include <boost/type_traits/remove_pointer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <chrono>
#include <csignal>
#include <sys/wait.h>

namespace kvmark::exec {

struct supervision {
    argv command;
    std::vector<std::string> environment{}; ///< NAME=value, beside our own
    nanoseconds deadline{};                 ///< of the whole; 0: none
    int soft_stop = SIGTERM;                ///< what asks the ranks to end by themselves
    nanoseconds soft_grace{}; ///< how long they may take before the launcher is told to end them
    nanoseconds hard_grace{}; ///< how long the launcher may take before its group is killed
};

struct child_end {
    int exit_code = 0;      ///< of the child; 128 + n where signal n ended it
    int signal = 0;         ///< that ended it, or 0
    bool timed_out = false; ///< the deadline passed first
    int stop_signal = 0;    ///< SIGINT or SIGTERM, if we were sent one
    bool killed = false;    ///< nothing less than SIGKILL ended it
};

/// Runs a child in a process group of its own, so that Ctrl-C reaches it through us alone. SIGINT, SIGTERM
/// and the deadline lead to the same three steps: `soft_stop` to the child; SIGTERM to it, which launchers
/// pass on to their ranks everywhere; SIGKILL to its group, which leaves remote ranks to their own devices.
/// Each further SIGINT or SIGTERM goes to the next step at once. The child is sent SIGTERM if we die.
class supervisor {
public:
    explicit supervisor(const supervision& s)
        : order_(s), signals_(context_, SIGINT, SIGTERM), deadline_(context_), step_timer_(context_),
          out_(context_), err_(context_) {}
    supervisor(const supervisor&) = delete;
    supervisor& operator=(const supervisor&) = delete;

    /// Starts it and returns when it has ended and its output is read. `on_output(is_stderr, piece)` is told
    /// of its output as it comes. An error means that it could not be started.
    template <class Output>
    [[nodiscard]] result<child_end> run(Output&& on_output) {
        std::vector<std::string> words(order_.command.begin(), order_.command.end());
        const auto program = find(words.front());
        if (program.empty())
            return error{error_kind::system,
                         "cannot start " + quote(words.front()) + ": no such program in PATH"};
        words.erase(words.begin());
        boost::system::error_code failed;
        auto child = launch(program, words, failed);
        if (failed)
            return error{error_kind::system,
                         "cannot start " + quote(program.string()) + ": " + failed.message()};
        pid_ = child.id();
        read(out_, out_piece_, false, on_output);
        read(err_, err_piece_, true, on_output);
        listen();
        if (order_.deadline.count > 0) {
            deadline_.expires_after(std::chrono::nanoseconds(order_.deadline.count));
            deadline_.async_wait([this](const boost::system::error_code& e) {
                if (e) return;
                end_.timed_out = true;
                next_step();
            });
        }
        bool over = false;
        child.async_wait([&](const boost::system::error_code&, int) {
            over = true;
            const int status = child.native_exit_code();
            end_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            end_.exit_code = end_.signal != 0 ? 128 + end_.signal : WEXITSTATUS(status);
        });
        while (!over) context_.run_one();
        // What a grandchild may still hold open is not waited for.
        context_.run_for(std::chrono::milliseconds(200));
        return end_;
    }

    /// The ranks have said all: the launcher should end by itself within `t`, or is made to.
    void expect_end(nanoseconds t) {
        if (step_ != 0) return;
        step_timer_.expires_after(std::chrono::nanoseconds(t.count));
        step_timer_.async_wait([this](const boost::system::error_code& e) {
            if (!e) next_step(1);
        });
    }

private:
    using pipe = boost::asio::readable_pipe;
    using piece_buffer = std::array<char, 65536>;
    using error_code = boost::system::error_code;

    /// The environment of the child, and what it does before it becomes the program.
    struct fresh_process {
        std::vector<char*> variables;

        template <class Launcher>
        error_code on_setup(Launcher& launcher, const auto&, const char* const*) {
            launcher.env = variables.data();
            return {};
        }
        template <class Launcher>
        error_code on_exec_setup(Launcher&, const auto&, const char* const*) {
            ::setpgid(0, 0);
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            sigset_t none;
            ::sigemptyset(&none);
            ::sigprocmask(SIG_SETMASK, &none, nullptr);
            for (const int s : {SIGINT, SIGTERM, SIGPIPE, SIGUSR1}) ::signal(s, SIG_DFL);
            return {};
        }
    };

    static std::filesystem::path find(const std::string& word) {
        if (word.find('/') != std::string::npos) return word;
        return boost::process::v2::environment::find_executable(word);
    }

    auto launch(const std::filesystem::path& program, const std::vector<std::string>& words,
                error_code& failed) {
        namespace process = boost::process::v2;
        fresh_process setup;
        for (std::string& variable : order_.environment) setup.variables.push_back(variable.data());
        for (char** v = ::environ; *v != nullptr; ++v) setup.variables.push_back(*v);
        setup.variables.push_back(nullptr);
        // Given the context in place of its executor, Boost 1.81 throws what it should assign to `failed`.
        return process::default_process_launcher()(context_.get_executor(), failed, program, words,
                                                   process::process_stdio{nullptr, out_, err_}, setup);
    }

    template <class Output>
    void read(pipe& from, piece_buffer& piece, bool is_stderr, Output& on_output) {
        from.async_read_some(boost::asio::buffer(piece), [&, is_stderr](const error_code& e, std::size_t n) {
            if (n != 0) on_output(is_stderr, std::string_view(piece.data(), n));
            if (!e) read(from, piece, is_stderr, on_output);
        });
    }

    void listen() {
        signals_.async_wait([this](const error_code& e, int number) {
            if (e) return;
            if (end_.stop_signal == 0) end_.stop_signal = number;
            next_step();
            listen();
        });
    }

    /// One step up, at least to `least`, and the next one after its grace.
    void next_step(int least = 0) {
        step_ = std::max(step_ + 1, least + 1);
        nanoseconds grace = order_.hard_grace;
        if (step_ == 1) {
            ::kill(pid_, order_.soft_stop);
            grace = order_.soft_grace;
        } else if (step_ == 2) {
            ::kill(pid_, SIGTERM);
        } else {
            end_.killed = true;
            ::kill(-pid_, SIGKILL);
            return;
        }
        step_timer_.expires_after(std::chrono::nanoseconds(grace.count));
        step_timer_.async_wait([this](const error_code& e) {
            if (!e) next_step();
        });
    }

    supervision order_;
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer deadline_, step_timer_;
    pipe out_, err_;
    piece_buffer out_piece_, err_piece_;
    child_end end_;
    pid_t pid_ = 0;
    int step_ = 0; ///< how far the end has gone: 1 asked, 2 told, 3 killed
};

} // namespace kvmark::exec

// kvmark/exec/launch_job.hpp
// A job of ranks under a launcher, seen from the program that starts it.

namespace kvmark::exec {

/// Who prints what the ranks say. `rank` is launcher_line for the launcher's own lines.
struct print_lines {
    void operator()(std::int64_t rank, bool is_stderr, std::string_view text) const {
        std::fprintf(is_stderr ? stderr : stdout, "%s%.*s\n", line_label(rank).c_str(),
                     static_cast<int>(text.size()), text.data());
    }
};

/// What `<launcher> --version` prints, on both of its outputs. An error where it cannot be started.
[[nodiscard]] KVMARK_COLD result<std::string> version_of(const std::string& launcher) {
    supervision s{.command = argv{launcher, "--version"},
                  .deadline = from_seconds(20),
                  .soft_grace = from_seconds(1),
                  .hard_grace = from_seconds(1)};
    supervisor watch(s);
    std::string text;
    const auto end = watch.run([&](bool, std::string_view piece) { text += piece; });
    if (!end) return end.error();
    return text;
}

/// How the launcher is spoken to: as the order says, else as its version tells, else as usual.
[[nodiscard]] KVMARK_COLD result<const launch::dialect*> dialect_of(const job_order& order) {
    if (order.words != nullptr) return order.words;
    const auto version = version_of(order.launcher);
    if (!version) return version.error();
    const launch::dialect* told = launch::dialect_of_version(*version);
    return told != nullptr ? told : order.usual;
}

/// One launch. Takes the output of the ranks apart: frames are for us, the rest is for people.
template <class Observer, class Lines>
class job_launch {
public:
    job_launch(const job_order& order, Observer& observer, Lines& lines)
        : order_(order), observer_(observer), lines_(lines) {}

    /// Returns when the job has ended: the report of rank 0, or what the ranks that rank 0 did not answer
    /// have said. `build(dialect, extras)` gives the command.
    template <class Build>
    [[nodiscard]] KVMARK_COLD result<measure::run_report> run(Build&& build) {
        const auto words = dialect_of(order_);
        if (!words) return words.error();
        const launch_extras extras = extras_of(order_, *words);
        supervision s{.command = build(*words, extras),
                      .environment = extras.of_launcher,
                      .deadline = order_.deadline,
                      .soft_stop = SIGUSR1,
                      .soft_grace = job_grace,
                      .hard_grace = launcher_grace};
        const tag_form marks = *words != nullptr ? (*words)->tagged_as : tag_form::none;
        rank_output out(marks), err(marks);
        supervisor watch(s);
        const auto end = watch.run([&](bool is_stderr, std::string_view piece) {
            (is_stderr ? err : out).feed(piece, [&](std::int64_t rank, std::string_view text) {
                take(rank, is_stderr, text, watch);
            });
        });
        if (!end) return end.error();
        for (rank_output* rest : {&out, &err})
            rest->finish(
                [&](std::int64_t rank, std::string_view text) { take(rank, rest == &err, text, watch); });
        return outcome(*end);
    }

private:
    void take(std::int64_t rank, bool is_stderr, std::string_view text, supervisor& watch) {
        if (!frame_reader::is_frame(text)) return lines_(rank, is_stderr, text);
        frame_reader& reader = readers_[rank];
        if (!reader.take(text)) return;
        const std::vector<std::byte>& message = reader.whole().message;
        switch (reader.whole().kind) {
        case frame_kind::progress:
            observer_.on_progress(
                progress_.read(std::string(reinterpret_cast<const char*>(message.data()), message.size())));
            break;
        case frame_kind::part:
            if (auto part = measure::unpack<measure::run_report>(message)) parts_.push_back(*std::move(part));
            watch.expect_end(from_seconds(5)); // those of the others come with it
            break;
        case frame_kind::result: {
            auto whole = measure::unpack<measure::run_report>(message);
            if (whole)
                result_ = *std::move(whole);
            else
                failure_ = "the result of rank 0 could not be read: " + whole.error().message;
            // A launcher that lost a rank and was told to go on may never end by itself.
            const bool lost = !result_ || (result_->job && result_->job->partial());
            watch.expect_end(lost ? from_seconds(2) : job_grace);
            break;
        }
        case frame_kind::failure:
            failure_ = std::string(reinterpret_cast<const char*>(message.data()), message.size());
            watch.expect_end(job_grace);
            break;
        }
    }

    result<measure::run_report> outcome(const child_end& end) {
        if (!failure_.empty()) return error{error_kind::system, failure_};
        if (!result_ && !parts_.empty()) result_ = assemble_parts();
        if (!result_) return error{error_kind::system, no_result(end)};
        if (end.stop_signal != 0) {
            result_->interrupted = true;
            result_->stop_signal = end.stop_signal;
        }
        if (end.timed_out)
            result_->job->notes.push_back("the job was ended at its deadline of " +
                                          std::to_string(order_.deadline.count / 1'000'000'000) +
                                          " s (--job-timeout)");
        result_->primary = true;
        return *std::move(result_);
    }

    /// Rank 0 is lost: what the others said by themselves.
    measure::run_report assemble_parts() {
        constexpr std::uint32_t unknown = ~std::uint32_t{0};
        std::vector<rank_part> all(order_.ranks, {{}, unknown, "an unknown host", no_answer});
        for (measure::run_report& part : parts_) {
            if (!part.job || part.job->ranks.empty()) continue;
            const measure::rank_stats& row = part.job->ranks.front();
            if (row.rank >= all.size()) continue;
            const std::string host = part.job->hosts.empty() ? "" : part.job->hosts.front().hostname;
            // A lost rank's host is known where it is the lowest of one.
            if (row.host < all.size()) all[row.host].leader = row.host, all[row.host].host = host;
            all[row.rank] = {{}, row.host, host, {}};
            all[row.rank].report = std::move(part);
        }
        return assemble(std::move(all));
    }

    std::string no_result(const child_end& end) const {
        std::string text = "the job ended without a result: " + order_.launcher;
        if (end.killed)
            text += " had to be killed";
        else if (end.signal != 0)
            text += " was ended by signal " + std::to_string(end.signal);
        else
            text += " returned " + std::to_string(end.exit_code);
        if (end.timed_out) text += ", after the deadline had passed";
        return text;
    }

    const job_order& order_;
    Observer& observer_;
    Lines& lines_;
    std::map<std::int64_t, frame_reader> readers_;
    progress_text_reader progress_;
    std::vector<measure::run_report> parts_;
    std::optional<measure::run_report> result_;
    std::string failure_;
};

/// Launches a job and returns what came of it; its ranks' lines go to `lines(rank, is_stderr, text)`.
template <class Build, class Observer, class Lines>
[[nodiscard]] KVMARK_COLD result<measure::run_report> launch_job(const job_order& order, Build&& build,
                                                                 Observer& observer, Lines&& lines) {
    job_launch<Observer, std::remove_reference_t<Lines>> one(order, observer, lines);
    return one.run(build);
}

} // namespace kvmark::exec

// kvmark/exec/mpi_session.hpp
// MPI in this process: entered once, left at its end. Where it stands among the others, and what their clocks
// say.

#include <sys/utsname.h>

namespace kvmark::exec {

/// How one host's clock stands against rank 0's.
struct clock_relation {
    nanoseconds offset{};      ///< to be added to a time of rank 0 to get this host's
    nanoseconds uncertainty{}; ///< half of the shortest round trip
};

/// One per process. MPI is initialised by enter(), unless the program did so before, and then finalised at
/// the end of the process, unless a rank was lost: MPI_Finalize waits for all.
class mpi_session {
public:
    static constexpr int root = 0;

    /// Collective over all ranks of the job, the first time. An error where MPI refuses.
    [[nodiscard]] KVMARK_COLD static result<mpi_session*> enter() {
        static mpi_session session;
        static const result<void> entered = session.begin();
        if (!entered) return entered.error();
        return &session;
    }
    mpi_session(const mpi_session&) = delete;
    mpi_session& operator=(const mpi_session&) = delete;
    ~mpi_session() {
        if (ours_ && healthy) ::MPI_Finalize();
    }

    [[nodiscard]] mpi_turn& turn() { return turn_; }
    [[nodiscard]] MPI_Comm comm() const { return comm_; } ///< of all ranks; errors are returned
    [[nodiscard]] const placement& place() const { return place_; }
    /// The lowest rank of this host, which stands for it.
    [[nodiscard]] std::uint32_t host_leader() const { return host_leader_; }
    [[nodiscard]] const clock_relation& clock() const { return clock_; }
    /// For each rank, the lowest rank of its host.
    [[nodiscard]] const std::vector<std::int32_t>& leaders() const { return leaders_; }
    /// For each rank, the name of its host; on rank 0 alone.
    [[nodiscard]] std::string host_name(std::uint32_t rank) const { return names_[rank].data(); }
    [[nodiscard]] const std::string& library() const { return library_; }

    bool healthy = true; ///< no rank was lost

    /// A message under way. Kept until the end of the process: its bytes must stay where they are.
    struct outgoing {
        std::vector<std::byte> data;
        MPI_Request request = MPI_REQUEST_NULL;
    };
    std::deque<outgoing> sent;

private:
    static constexpr int round_trips = 32;
    static constexpr int clock_tag = 9;
    using host_name_text = std::array<char, 65>;

    mpi_session() = default;

    KVMARK_COLD result<void> begin() {
        // Several ranks on a core, as here a rank and the threads of its tiers: a barrier that spins takes
        // 20 ms, one that yields 43 us (measured with Open MPI 4.1).
        ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
        // What comes to end the run before the crew listens must not end the process.
        ::signal(SIGUSR1, SIG_IGN);
        ::signal(SIGPIPE, SIG_IGN);
        int there = 0, given = MPI_THREAD_SINGLE;
        ::MPI_Initialized(&there);
        ours_ = there == 0;
        if (ours_)
            ::MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given);
        else
            ::MPI_Query_thread(&given);
        if (given < MPI_THREAD_SERIALIZED)
            return error{error_kind::unsupported,
                         "this MPI library gives one thread alone (MPI_THREAD_SERIALIZED is needed)"};
        ::prctl(PR_SET_PDEATHSIG, SIGTERM); // a rank whose launcher is gone ends itself
        ::MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
        ::MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
        find_place();
        compare_clocks();
        char text[MPI_MAX_LIBRARY_VERSION_STRING];
        int length = 0;
        ::MPI_Get_library_version(text, &length);
        library_.assign(text, static_cast<std::size_t>(length));
        library_ = library_.substr(0, library_.find_first_of(",\n")); // Open MPI goes on with its build
        return {};
    }

    void find_place() {
        int rank = 0, ranks = 1, local_rank = 0, local_ranks = 1;
        ::MPI_Comm_rank(comm_, &rank);
        ::MPI_Comm_size(comm_, &ranks);
        ::MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &host_);
        ::MPI_Comm_rank(host_, &local_rank);
        ::MPI_Comm_size(host_, &local_ranks);
        place_ = {static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(ranks),
                  static_cast<std::uint32_t>(local_rank), static_cast<std::uint32_t>(local_ranks)};
        int leader = rank;
        ::MPI_Bcast(&leader, 1, MPI_INT, 0, host_);
        host_leader_ = static_cast<std::uint32_t>(leader);
        leaders_.resize(place_.ranks);
        ::MPI_Allgather(&leader, 1, MPI_INT, leaders_.data(), 1, MPI_INT, comm_);
        utsname name{};
        ::uname(&name);
        host_name_text mine{};
        std::copy_n(name.nodename, mine.size() - 1, mine.begin());
        if (rank == root) names_.resize(place_.ranks);
        ::MPI_Gather(mine.data(), sizeof mine, MPI_BYTE, names_.data(), sizeof mine, MPI_BYTE, root, comm_);
    }

    /// Rank 0 asks the leader of each host for its time, again and again: the answer of the shortest round
    /// trip is nearest to its middle (Cristian, "Probabilistic clock synchronization", 1989).
    void compare_clocks() {
        const int rank = static_cast<int>(place_.rank);
        if (rank == root) {
            for (int other = 1; other < static_cast<int>(place_.ranks); ++other)
                if (leaders_[static_cast<std::size_t>(other)] == other) ask(other);
        } else if (place_.rank == host_leader_) {
            for (int i = 0; i < round_trips; ++i) {
                ::MPI_Recv(nullptr, 0, MPI_BYTE, root, clock_tag, comm_, MPI_STATUS_IGNORE);
                const std::int64_t now = clocks::monotonic_now().count;
                ::MPI_Send(&now, 1, MPI_INT64_T, root, clock_tag, comm_);
            }
            ::MPI_Recv(&clock_, sizeof clock_, MPI_BYTE, root, clock_tag, comm_, MPI_STATUS_IGNORE);
        }
        ::MPI_Bcast(&clock_, sizeof clock_, MPI_BYTE, 0, host_);
    }
    void ask(int other) {
        clock_relation best{{}, nanoseconds(INT64_MAX)};
        for (int i = 0; i < round_trips; ++i) {
            const nanoseconds begin = clocks::monotonic_now();
            ::MPI_Send(nullptr, 0, MPI_BYTE, other, clock_tag, comm_);
            std::int64_t theirs = 0;
            ::MPI_Recv(&theirs, 1, MPI_INT64_T, other, clock_tag, comm_, MPI_STATUS_IGNORE);
            const nanoseconds end = clocks::monotonic_now();
            const nanoseconds half = (end - begin) / 2;
            if (half < best.uncertainty) best = {nanoseconds(theirs) - (begin + half), half};
        }
        ::MPI_Send(&best, sizeof best, MPI_BYTE, other, clock_tag, comm_);
    }

    mpi_turn turn_;
    MPI_Comm comm_ = MPI_COMM_NULL, host_ = MPI_COMM_NULL;
    placement place_;
    std::uint32_t host_leader_ = 0;
    std::vector<std::int32_t> leaders_;
    std::vector<host_name_text> names_;
    clock_relation clock_;
    std::string library_;
    bool ours_ = false;
};

} // namespace kvmark::exec

// kvmark/exec/mailbox.hpp
// Messages between the ranks of a job: sent without waiting, received as they come.

namespace kvmark::exec {

/// Every call of MPI is made in turn, and none waits for another rank.
class mailbox {
public:
    static constexpr nanoseconds forever{INT64_MAX};

    explicit mailbox(mpi_session& session) : session_(session) {}

    template <class F>
    void with_turn(F&& f) {
        const std::lock_guard turn(session_.turn());
        f();
    }
    [[nodiscard]] bool tested(MPI_Request& request) {
        int flag = 0;
        with_turn([&] { ::MPI_Test(&request, &flag, MPI_STATUS_IGNORE); });
        return flag != 0;
    }
    /// Sleeps between looks: a rank that waits must not take the processor from one that works.
    [[nodiscard]] bool done(MPI_Request& request, nanoseconds until) {
        for (int looks = 0; !tested(request); ++looks) {
            if (clocks::monotonic_now() > until) return false;
            if (looks > 100) ::usleep(200);
        }
        return true;
    }

    void send_bytes(std::vector<std::byte> data, int to, int tag) {
        mpi_session::outgoing& o = session_.sent.emplace_back();
        o.data = std::move(data);
        with_turn([&] {
            ::MPI_Isend(o.data.data(), static_cast<int>(o.data.size()), MPI_BYTE, to, tag, session_.comm(),
                        &o.request);
        });
    }
    void send(std::int64_t value, int to, int tag) {
        const auto bytes_of_value = std::as_bytes(std::span(&value, 1));
        send_bytes({bytes_of_value.begin(), bytes_of_value.end()}, to, tag);
    }
    /// Until all that was sent has left, or `until`.
    void flush(nanoseconds until) {
        for (mpi_session::outgoing& o : session_.sent) static_cast<void>(done(o.request, until));
    }

    /// Calls take(source, tag, data) for each message from anyone that is here whole.
    template <class Take>
    void receive(Take&& take) {
        while (begin_one()) {
        }
        for (incoming& in : incoming_)
            if (in.request != MPI_REQUEST_NULL && tested(in.request)) take(in.source, in.tag, in.data);
        while (!incoming_.empty() && incoming_.front().request == MPI_REQUEST_NULL) incoming_.pop_front();
    }

private:
    struct incoming {
        int source = 0, tag = 0;
        std::vector<std::byte> data;
        MPI_Request request = MPI_REQUEST_NULL;
    };

    bool begin_one() {
        int there = 0;
        with_turn([&] {
            MPI_Message message;
            MPI_Status status;
            if (::MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, session_.comm(), &there, &message, &status) !=
                MPI_SUCCESS)
                there = 0;
            if (!there) return;
            int size = 0;
            ::MPI_Get_count(&status, MPI_BYTE, &size);
            incoming& in = incoming_.emplace_back();
            in.source = status.MPI_SOURCE;
            in.tag = status.MPI_TAG;
            in.data.resize(static_cast<std::size_t>(size));
            ::MPI_Imrecv(in.data.data(), size, MPI_BYTE, &message, &in.request);
        });
        return there != 0;
    }

    mpi_session& session_;
    std::deque<incoming> incoming_;
};

} // namespace kvmark::exec

// kvmark/exec/mpi_job.hpp
// One run as a rank of an MPI job: a common start, and results by message.

#include <functional>

namespace kvmark::exec {

/// How long rank 0 waits for the others once the window is over.
struct job_patience {
    nanoseconds to_close{10'000'000'000}; ///< until each has said that its window is closed: then it is lost
    nanoseconds to_report{
        60'000'000'000};                 ///< until one that said so has sent its report: its I/O may be slow
    nanoseconds when_ended{700'000'000}; ///< of both, once the launcher ends the job by SIGTERM
};

/// A rank that cannot take part says so and leaves the others to run: what it would have added is missing
/// from the sums and named. All messages go to rank 0 and back, so a rank that is lost holds up no other but
/// rank 0, and that one not for long. Outside a job it is a job of one.
class mpi_job {
public:
    static constexpr bool launches = false;
    mpi_job() = default;
    mpi_job(const mpi_job&) = delete;
    mpi_job& operator=(const mpi_job&) = delete;

    /// Whether this process is a rank: a launcher started it, or the program has initialised MPI.
    [[nodiscard]] KVMARK_COLD static bool inside() {
        int initialised = 0;
        ::MPI_Initialized(&initialised);
        return initialised != 0 || inside_job();
    }
    /// Whether the program that launched this rank waits for the result on its stdout.
    [[nodiscard]] KVMARK_COLD static bool launched() { return std::getenv(launched_variable) != nullptr; }
    /// Counts the runs of this process.
    [[nodiscard]] static std::uint32_t next_run() {
        static std::uint32_t runs = 0;
        return ++runs;
    }

    KVMARK_COLD result<void> join() {
        const std::uint32_t run = next_run();
        if (!inside()) return {};
        const char* asked = std::getenv(launched_variable);
        skips_ = asked != nullptr && std::to_string(run) != asked;
        if (skips_) return {};
        auto entered = mpi_session::enter();
        if (!entered) return entered.error();
        session_ = *entered;
        mail_.emplace(*session_);
        members_.resize(place().ranks);
        return {};
    }
    /// This launch is for another run() of the program.
    [[nodiscard]] bool skips() const { return skips_; }
    [[nodiscard]] placement place() const { return session_ ? session_->place() : placement{}; }
    [[nodiscard]] bool is_root() const { return place().rank == mpi_session::root; }

    [[nodiscard]] KVMARK_COLD std::uint64_t agree(std::uint64_t own) {
        if (!session_) return own;
        MPI_Request request;
        with_turn(
            [&] { ::MPI_Ibcast(&own, 1, MPI_UINT64_T, mpi_session::root, session_->comm(), &request); });
        static_cast<void>(mail_->done(request, mailbox::forever));
        return own;
    }

    /// Of all ranks the first alone is shown, and a launched one to the program that launched it.
    template <class Observer>
    class watcher {
    public:
        watcher(mpi_job& job, Observer& observer) : job_(job), observer_(observer) {}
        void on_progress(const measure::progress& p) {
            if (!job_.is_root()) return;
            if (job_.session_ == nullptr || !launched()) return observer_.on_progress(p);
            const std::string text = progress_text(p);
            // A launcher that does not read just now must not hold up the run.
            write_frame(STDOUT_FILENO, frame_kind::progress, std::as_bytes(std::span(text)), nanoseconds());
        }
        template <class... Args>
            requires requires(Observer o, Args... args) { o.on_io(args...); }
        void on_io(Args... args) { observer_.on_io(args...); }
        template <class... Args>
            requires requires(Observer o, const Args&... args) { o.on_own_report(args...); }
        void on_own_report(const Args&... args) { observer_.on_own_report(args...); }

    private:
        mpi_job& job_;
        Observer& observer_;
    };
    template <class Observer>
    [[nodiscard]] watcher<Observer> watched(Observer& o) {
        return {*this, o};
    }

    template <class Stack>
    KVMARK_COLD result<void> ready(Stack& tiers) {
        if (auto agreed = take_part(true); !agreed) return agreed;
        error refusal;
        tiers.for_each([&]<class T>(std::size_t, T& t) {
            if constexpr (requires { t.connect(ready_comm_, session_->turn()); }) {
                if (!refusal.message.empty()) return;
                const auto connected =
                    session_ ? t.connect(ready_comm_, session_->turn()) : t.connect(MPI_COMM_SELF, no_turn_);
                if (!connected) refusal = connected.error();
            }
        });
        if (!refusal.message.empty()) return refusal;
        return {};
    }

    KVMARK_COLD result<measure::run_report> refuse(error why) {
        if (!session_) return why;
        static_cast<void>(take_part(false));
        measure::run_report nothing;
        measure::rank_stats row;
        row.delivered = true;
        row.failure = why.message;
        if (ready_comm_ != MPI_COMM_NULL && !is_root()) {
            // It had said that it takes part: the others' barrier counts on it.
            with_turn([&] { ::MPI_Ibarrier(ready_comm_, &barrier_); });
        }
        if (is_root()) {
            // Still the one that gathers. Nothing runs here, so signals end it as they always do.
            await_ranks([](nanoseconds t) { ::usleep(static_cast<useconds_t>(t.count / 1000)); },
                        [] { return false; });
        }
        return deliver(std::move(nothing), std::move(row), &why);
    }

    template <class Stack>
    KVMARK_COLD result<measure::run_report> conclude(measure::run_report own, Stack& tiers) {
        if (!session_) return own;
        measure::rank_stats row = measure::summarize(own);
        if (row.interrupted && !start_known_ && row.failure.empty())
            row.failure = "it was stopped before the window opened";
        auto outcome = deliver(std::move(own), std::move(row), nullptr);
        leave(tiers);
        return outcome;
    }

    /// No run: what the machines of the job are, as a report without figures.
    [[nodiscard]] KVMARK_COLD result<measure::run_report> survey(const std::string& cache_dir) {
        if (auto inside = join(); !inside) return inside.error();
        describe(cache_dir, 0);
        measure::rank_stats row;
        row.delivered = true;
        if (session_) {
            static_cast<void>(take_part(true));
            return deliver({}, std::move(row), nullptr);
        }
        measure::run_report own;
        own.job.emplace().hosts.push_back(measure::read_machine(cache_dir));
        own.job->ranks.push_back(std::move(row));
        return own;
    }

    /// For the row of this rank in the report.
    void describe(const std::string& cache_dir, std::uint64_t users) {
        cache_dir_ = cache_dir;
        users_ = users;
    }

    /// The same, once the tiers were ready: those that reach into other ranks let go of them.
    template <class Stack>
    KVMARK_COLD result<measure::run_report> refuse(error why, Stack& tiers) {
        auto outcome = refuse(std::move(why));
        leave(tiers);
        return outcome;
    }

    // --- what the crew asks ---

    /// `poll()` looks for signals and returns the one that stops the run, or 0.
    void listen(std::function<int()> poll) { poll_ = std::move(poll); }

    /// Until every rank that takes part is ready, and the instant of the start is agreed. `wait(t)` sleeps,
    /// `stopped()` ends it early.
    template <class Wait, class Stopped>
    KVMARK_COLD void await_ranks(Wait&& wait, Stopped&& stopped) {
        if (!session_) return;
        constexpr nanoseconds pause{200'000};
        if (is_root()) {
            while (!stopped() && !all_announced()) wait(pause);
            if (stopped()) return;
            start_ = clocks::monotonic_now() + lead;
            start_known_ = true;
            for (std::uint32_t r = 0; r < members_.size(); ++r)
                if (members_[r].announced) send(start_.count, static_cast<int>(r), start_tag);
        } else {
            send(0, mpi_session::root, ready_tag);
            MPI_Request request;
            with_turn([&] {
                ::MPI_Irecv(&start_.count, 1, MPI_INT64_T, mpi_session::root, start_tag, session_->comm(),
                            &request);
            });
            while (!stopped() && !start_known_) {
                if (mail_->tested(request))
                    start_known_ = true;
                else
                    wait(pause);
            }
            if (!start_known_) {
                session_->healthy = false; // a receive is left behind
                return;
            }
            start_ = start_ + session_->clock().offset;
        }
        meet();
    }

    /// Until the agreed instant. `window` is how long the run will take from there; 0: unknown.
    KVMARK_COLD void await_start(nanoseconds window) {
        if (!session_ || !start_known_) return;
        if (window.count > 0) planned_end_ = start_ + window;
        constexpr nanoseconds spun{200'000};
        const nanoseconds wake = start_ - spun;
        const timespec until{wake.count / 1'000'000'000, wake.count % 1'000'000'000};
        ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
        while (clocks::monotonic_now() < start_) {
        }
        start_delay_ = clocks::monotonic_now() - start_;
    }

    KVMARK_COLD void window_closed() {
        if (!session_) return;
        window_over_ = clocks::monotonic_now();
        if (!is_root()) send(0, mpi_session::root, closed_tag);
    }

private:
    /// Between the decision to start and the start: longer than the message takes to any rank.
    static constexpr nanoseconds lead{50'000'000};
    enum tag : int { ready_tag = 1, start_tag, closed_tag, report_tag, receipt_tag, verdict_tag };

    struct member {
        bool takes_part = false;
        bool announced = false;
        bool closed = false;
        bool delivered = false;
        std::vector<std::byte> report;
    };
    template <class F>
    void with_turn(F&& f) {
        mail_->with_turn(f);
    }
    void send(std::int64_t value, int to, int with_tag) { mail_->send(value, to, with_tag); }

    /// Takes what has come for rank 0.
    void pump() {
        mail_->receive([this](int source, int with_tag, std::vector<std::byte>& data) {
            member& m = members_[static_cast<std::size_t>(source)];
            if (with_tag == ready_tag) m.announced = true;
            if (with_tag == closed_tag) m.closed = true;
            if (with_tag != report_tag) return;
            m.delivered = true;
            m.report = std::move(data);
            send(0, source, receipt_tag);
        });
    }

    // --- the course of a run ---

    template <class Stack>
    KVMARK_COLD void leave(Stack& tiers) {
        if (!session_) return;
        clean_up_after_others();
        if (!session_->healthy) return;
        tiers.for_each([&]<class T>(std::size_t, T& t) {
            if constexpr (requires { t.disconnect(); }) t.disconnect();
        });
    }

    /// Of a job in which ranks were lost: removes what those of this host left in their cache directories.
    /// What a living rank has there is locked and stays.
    KVMARK_COLD void clean_up_after_others() const {
        const std::string own_name = "/rank_" + std::to_string(place().rank);
        if (session_->healthy || !cache_dir_.ends_with(own_name)) return;
        const std::string base = cache_dir_.substr(0, cache_dir_.size() - own_name.size());
        for (std::uint32_t r = 0; r < members_.size(); ++r)
            if (r != place().rank &&
                session_->leaders()[r] == static_cast<std::int32_t>(session_->host_leader()))
                tier::cache_directory::remove_abandoned(base + "/rank_" + std::to_string(r));
    }

    /// Every rank says whether it takes part. Once.
    result<void> take_part(bool willing) {
        if (!session_ || asked_) return {};
        asked_ = true;
        willing_ = willing ? 1 : 0;
        flags_.resize(members_.size());
        MPI_Request request;
        with_turn([&] {
            ::MPI_Iallgather(&willing_, 1, MPI_INT, flags_.data(), 1, MPI_INT, session_->comm(), &request);
        });
        while (!mail_->tested(request)) {
            // A rank that died on its way here is never waited for beyond the signal that ends the job.
            if (poll_ && poll_() != 0) {
                session_->healthy = false;
                return error{error_kind::system, "the job was stopped before every rank was ready"};
            }
            ::usleep(200);
        }
        for (std::size_t r = 0; r < flags_.size(); ++r) members_[r].takes_part = flags_[r] != 0;
        with_turn([&] {
            ::MPI_Comm_split(session_->comm(), willing ? 0 : MPI_UNDEFINED, static_cast<int>(place().rank),
                             &ready_comm_);
        });
        return {};
    }

    [[nodiscard]] bool all_announced() {
        pump();
        for (std::uint32_t r = 0; r < members_.size(); ++r) {
            const member& m = members_[r];
            if (r != place().rank && m.takes_part && !m.announced && !m.closed && !m.delivered) return false;
        }
        return true;
    }

    /// A barrier without sleep, to see how far apart the ranks leave one; given up at the start.
    void meet() {
        if (ready_comm_ == MPI_COMM_NULL) return;
        with_turn([&] { ::MPI_Ibarrier(ready_comm_, &barrier_); });
        while (!mail_->tested(barrier_)) {
            if (clocks::monotonic_now() < start_) continue;
            session_->healthy = false;
            return;
        }
        left_barrier_ = clocks::monotonic_now() - start_;
    }

    /// What this rank measured goes to rank 0, which makes the job's report of it. `why` is the reason why
    /// there is none.
    KVMARK_COLD result<measure::run_report> deliver(measure::run_report own, measure::rank_stats row,
                                                    const error* why) {
        row.rank = place().rank;
        row.host = session_->host_leader();
        row.clock_offset = session_->clock().offset;
        row.clock_uncertainty = session_->clock().uncertainty;
        row.start_delay = start_delay_;
        row.left_barrier = left_barrier_;
        measure::job_stats& job = own.job.emplace();
        job.hosts.push_back(measure::read_machine(cache_dir_));
        job.hosts.back().mpi_library = session_->library();
        row.cache_dir = cache_dir_;
        row.users = users_;
        job.ranks.push_back(std::move(row));
        own.primary = false;
        if (!is_root()) return report_to_root(std::move(own), why);
        members_[0].delivered = true;
        gather();
        measure::run_report all = assemble(parts_with(std::move(own)));
        if (const std::string none = nobody_ran(*all.job); !none.empty()) {
            if (launched())
                write_frame(STDOUT_FILENO, frame_kind::failure, std::as_bytes(std::span(none)),
                            reading_time());
            return error{error_kind::system, none};
        }
        all.primary = !launched();
        if (launched()) write_frame(STDOUT_FILENO, frame_kind::result, measure::pack(all), reading_time());
        return all;
    }

    /// Why no rank took part; empty where one did.
    [[nodiscard]] std::string nobody_ran(const measure::job_stats& job) const {
        std::string text;
        for (const measure::rank_stats& r : job.ranks) {
            if (members_[r.rank].takes_part) return {};
            const std::string& before = r.rank == 0 ? std::string() : job.ranks[r.rank - 1].failure;
            if (r.failure == before) continue; // all say the same of one cause
            text += (text.empty() ? "rank " : "\nrank ") + std::to_string(r.rank) + " on " +
                    job.hosts[r.host].hostname + ": " + r.failure;
        }
        return text;
    }

    result<measure::run_report> report_to_root(measure::run_report own, const error* why) {
        const std::vector<std::byte> packed = measure::pack(own);
        mail_->send_bytes(packed, mpi_session::root, report_tag);
        std::int64_t ignored = 0, healthy = 0;
        MPI_Request receipt, verdict;
        with_turn([&] {
            ::MPI_Irecv(&ignored, sizeof ignored, MPI_BYTE, mpi_session::root, receipt_tag, session_->comm(),
                        &receipt);
            ::MPI_Irecv(&healthy, sizeof healthy, MPI_BYTE, mpi_session::root, verdict_tag, session_->comm(),
                        &verdict);
        });
        const bool received = in_time(receipt, patience_.to_close * 2);
        if (!received && launched()) write_frame(STDOUT_FILENO, frame_kind::part, packed, reading_time());
        if (!received || !in_time(verdict, patience_.to_report + patience_.to_close * 2)) healthy = 0;
        if (healthy == 0) session_->healthy = false;
        if (why != nullptr) return *why;
        return own;
    }

    /// Whether the request is done before `t` has passed since the end of the window, or the shorter time
    /// that a launcher gives which ends the job.
    [[nodiscard]] bool in_time(MPI_Request& request, nanoseconds t) {
        while (!mail_->tested(request)) {
            if (out_of_patience(t)) return false;
            ::usleep(200);
        }
        return true;
    }
    [[nodiscard]] bool out_of_patience(nanoseconds t) {
        const nanoseconds now = clocks::monotonic_now();
        const int stopped = poll_ ? poll_() : 0;
        if (stopped == SIGTERM && ended_at_.count == 0) ended_at_ = now;
        if (ended_at_.count != 0) return now > ended_at_ + patience_.when_ended;
        if (window_over_.count == 0) window_over_ = now;
        // Others may run on to the end that was planned; without one (in virtual time) there is no telling.
        if (stopped == 0 && start_known_ && planned_end_.count == 0) return false;
        const nanoseconds end = stopped != 0 || planned_end_ < window_over_ ? window_over_ : planned_end_;
        return now > end + t;
    }

    [[nodiscard]] nanoseconds reading_time() const {
        return ended_at_.count != 0 ? patience_.when_ended : patience_.to_report;
    }

    void gather() {
        for (;;) {
            pump();
            bool all = true, all_said = true;
            for (const member& m : members_) {
                all = all && m.delivered;
                all_said = all_said && (m.delivered || m.closed);
            }
            if (all) break;
            if (!all_said && out_of_patience(patience_.to_close)) {
                // Who has not even said that its window is closed is lost; the others are waited for.
                bool awaited = false;
                for (const member& m : members_) awaited = awaited || (m.closed && !m.delivered);
                if (!awaited) break;
            }
            if (out_of_patience(patience_.to_report)) break;
            ::usleep(200);
        }
        for (const member& m : members_)
            if (!m.delivered) session_->healthy = false;
        for (std::uint32_t r = 1; r < members_.size(); ++r)
            if (members_[r].delivered) send(session_->healthy ? 1 : 0, static_cast<int>(r), verdict_tag);
        if (!session_->healthy) return;
        mail_->flush(clocks::monotonic_now() + patience_.to_close);
    }

    /// What has come, by rank.
    [[nodiscard]] std::vector<rank_part> parts_with(measure::run_report own) {
        std::vector<rank_part> parts(members_.size());
        for (std::uint32_t r = 0; r < parts.size(); ++r) {
            const member& m = members_[r];
            rank_part& part = parts[r];
            part.leader = static_cast<std::uint32_t>(session_->leaders()[r]);
            part.host = session_->host_name(r);
            part.missing = m.delivered ? "its report could not be read"
                           : m.closed  ? "its report did not come"
                                       : no_answer;
            if (r == place().rank)
                part.report = std::move(own);
            else if (auto report = measure::unpack<measure::run_report>(m.report))
                part.report = *std::move(report);
        }
        return parts;
    }

    mpi_session* session_ = nullptr;
    std::optional<mailbox> mail_;
    mpi_turn no_turn_;
    job_patience patience_;
    std::vector<member> members_;
    int willing_ = 0;
    std::vector<int> flags_; ///< of all ranks
    MPI_Request barrier_ = MPI_REQUEST_NULL;
    MPI_Comm ready_comm_ = MPI_COMM_NULL; ///< of the ranks that take part
    std::function<int()> poll_;
    std::string cache_dir_;
    std::uint64_t users_ = 0;
    nanoseconds start_{}, planned_end_{}, window_over_{}, ended_at_{};
    nanoseconds start_delay_{}, left_barrier_{};
    bool skips_ = false;
    bool asked_ = false;
    bool start_known_ = false;
};

} // namespace kvmark::exec

// kvmark/exec/mpi_crew.hpp
// The crew of a rank: local hands, and a start in common with the other ranks.

namespace kvmark::exec {

/// SIGUSR1 is a further signal that ends the run: launchers pass it on to their ranks. Outside a job it is
/// local_crew.
template <class Stack>
class mpi_crew : public local_crew<Stack> {
public:
    KVMARK_COLD mpi_crew(const crew_setup<Stack>& setup, mpi_job& job) : local_crew<Stack>(setup), job_(job) {
        if (!job.inside()) return;
        this->listen_for(SIGUSR1);
        job.listen([this] {
            this->wait({});
            return this->stop_signal();
        });
    }
    KVMARK_COLD ~mpi_crew() { job_.listen({}); }

    KVMARK_COLD void await_ranks() {
        job_.await_ranks([this](nanoseconds t) { this->wait(t); }, [this] { return this->stop_requested(); });
    }
    KVMARK_COLD void await_start(nanoseconds window) { job_.await_start(window); }
    KVMARK_COLD void window_closed() { job_.window_closed(); }

private:
    mpi_job& job_;
};

} // namespace kvmark::exec

// kvmark/exec/mpi.hpp
// The executor over many hosts: a run outside an MPI job launches one, a run inside it is a rank.

namespace kvmark::exec {

/// The job of exec::mpi, which also starts its ranks.
class launched_job : public mpi_job {
public:
    static constexpr bool launches = true;

    /// From outside a job. `build(dialect, extras)` gives the command of the ranks.
    template <class Build, class Observer>
    KVMARK_COLD static result<measure::run_report> launch(const job_order& order, Build&& build,
                                                          Observer& observer) {
        return launch_job(order, build, observer, print_lines());
    }
};

template <class Stack>
struct crew_of<mpi, Stack> {
    using type = mpi_crew<Stack>;
};

template <>
struct job_of<mpi> {
    using type = launched_job;
};

} // namespace kvmark::exec

#endif // KVMARK_WITH_MPI

// kvmark 0.1.0 in one header, Apache-2.0. Written by single_include/amalgamate.py: edit include/kvmark instead.
// Define before the first include what the program needs of: KVMARK_WITH_LOCAL, KVMARK_WITH_READERS, KVMARK_WITH_REPORT.
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

// kvmark/core/result.hpp
// Errors as values: an error says what was wrong, with what value, and what to do.

#include <optional>
#include <string>

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

// Reports as bytes: what a rank sends by message, and rank 0 to the process that launched the job.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/measure/members.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

namespace kvmark::measure {

/// Goes up when the form of packed values changes; a member more is a change too.
inline constexpr std::uint8_t packed_version = 3;

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

// What a decorator of a tier stands on: the tier inside, and all of its members but those that are changed.
#pragma once

#include <kvmark/core/clock.hpp>
#include <kvmark/tier/stack.hpp>

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
    [[nodiscard]] std::vector<gpu::gpu_facts> gpus() const { return gpus_of(inner_); }
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

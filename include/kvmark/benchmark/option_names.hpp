// The words of the command line for the enumerations in options.
#pragma once

#include <kvmark/benchmark/options.hpp>

namespace kvmark {

inline constexpr std::array<std::string_view, 3> generation_mode_names{"none", "fast", "realistic"};
inline constexpr std::array<std::string_view, 2> performance_profile_names{"latency", "throughput"};
inline constexpr std::array<std::string_view, 2> autoscaler_mode_names{"qos", "capacity"};
inline constexpr std::array<std::string_view, 4> arrival_process_names{"poisson", "fixed", "gamma",
                                                                       "weibull"};
inline constexpr std::array<std::string_view, 3> layout_names{"file-per-entry", "file-per-block", "slab"};
inline constexpr std::array<std::string_view, 2> users_per_names{"rank", "job"};
inline constexpr std::array<std::string_view, 3> verify_mode_names{"none", "stamps", "full"};
inline constexpr std::array<std::string_view, 3> write_mode_names{"on-eviction", "back", "through"};
inline constexpr std::array<std::string_view, 3> promotion_names{"never", "always", "nth"};

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
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(cache::write_mode m) {
    return write_mode_names[static_cast<std::size_t>(m)];
}
[[nodiscard]] KVMARK_INLINE constexpr std::string_view name_of(cache::promotion_mode m) {
    return promotion_names[static_cast<std::size_t>(m)];
}

} // namespace kvmark

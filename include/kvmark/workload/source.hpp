// The source concept: where requests come from.
#pragma once

#include <kvmark/workload/request.hpp>

#include <concepts>
#include <optional>

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

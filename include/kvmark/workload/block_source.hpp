// The block_source concept: where the requests of a serving cache come from.
#pragma once

#include <kvmark/workload/block_trace.hpp>

#include <concepts>
#include <optional>

namespace kvmark::workload {

/// A block source hands out requests in order of arrival. Whoever drives it takes a request once its clock
/// has reached next_arrival(), and tells the source when an answer was complete.
template <class S>
concept block_source = requires(S s, const S c, std::uint64_t id, nanoseconds now) {
    { s.next() } -> std::same_as<std::optional<block_request>>;       ///< empty: none is known now
    { c.next_arrival() } -> std::same_as<std::optional<nanoseconds>>; ///< of what next() would hand out
    { c.exhausted() } -> std::same_as<bool>;                          ///< no request will ever follow
    { s.completed(id, now) } -> std::same_as<void>;                   ///< the answer of `id` is complete
    { c.block_tokens() } -> std::same_as<tokens>;                     ///< length of a block
    { c.distinct_blocks() } -> std::same_as<std::uint64_t>;           ///< numbers of blocks are below it
    { c.requests() } -> std::same_as<std::uint64_t>;                  ///< that it hands out in all
};

/// One sentence for whoever writes a block source and forgets a member.
template <class S>
constexpr void check_block_source() {
    static_assert(
        requires(S s) {
            { s.next() } -> std::same_as<std::optional<block_request>>;
        },
        "kvmark: a block source needs `std::optional<workload::block_request> next()`");
    static_assert(
        requires(const S s) {
            { s.next_arrival() } -> std::same_as<std::optional<nanoseconds>>;
        },
        "kvmark: a block source needs `std::optional<nanoseconds> next_arrival() const`");
    static_assert(
        requires(const S s) {
            { s.exhausted() } -> std::same_as<bool>;
        },
        "kvmark: a block source needs `bool exhausted() const`");
    static_assert(
        requires(S s, std::uint64_t id, nanoseconds now) {
            { s.completed(id, now) } -> std::same_as<void>;
        },
        "kvmark: a block source needs `void completed(std::uint64_t id, nanoseconds now)`");
    static_assert(
        requires(const S s) {
            { s.block_tokens() } -> std::same_as<tokens>;
        },
        "kvmark: a block source needs `tokens block_tokens() const`");
    static_assert(
        requires(const S s) {
            { s.distinct_blocks() } -> std::same_as<std::uint64_t>;
        },
        "kvmark: a block source needs `std::uint64_t distinct_blocks() const`");
    static_assert(
        requires(const S s) {
            { s.requests() } -> std::same_as<std::uint64_t>;
        },
        "kvmark: a block source needs `std::uint64_t requests() const`");
}

} // namespace kvmark::workload

// A trace of requests in blocks, in the compact form that every replay reads: in memory, or mapped from a
// file.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/core/shared_owner.hpp>
#include <kvmark/core/units.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

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

/// Tokens in the first `blocks` blocks of an input.
[[nodiscard]] KVMARK_INLINE constexpr std::uint64_t leading_tokens(tokens input, tokens block,
                                                                   std::size_t blocks) {
    const std::uint64_t whole = input.count / block.count;
    if (blocks <= whole) return blocks * block.count;
    return input.count + (blocks - whole - (input.count % block.count != 0));
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
    std::uint64_t checksum = 0;      ///< in a file: of all that follows the header, then of it with a 0 here
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
    block_trace(const trace_header& header, std::span<const std::byte> body, shared_owner owner)
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
        explicit cursor(const block_trace& t) : cursor(t, 0, 0) {}
        /// Starts at request `id`, whose record is `offset` bytes into the body.
        cursor(const block_trace& t, std::size_t offset, std::uint64_t id)
            : at_(t.body_.data() + offset), end_(t.body_.data() + t.body_.size()), id_(id) {}

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
        std::uint64_t id_;
    };

private:
    trace_header header_;
    std::span<const std::byte> body_;
    shared_owner owner_;
};

} // namespace kvmark::workload

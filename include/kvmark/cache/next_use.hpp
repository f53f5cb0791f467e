// When each block of a trace is needed again: what offline policies know.
#pragma once

#include <kvmark/cache/eviction_policy.hpp>
#include <kvmark/workload/block_trace.hpp>

#include <vector>

namespace kvmark::cache {

/// What a policy's block_use::next_use counts.
enum class next_use_unit : std::uint8_t {
    none,      ///< it is not looked at: the policy works online
    reference, ///< the number of the next reference to the block
    request,   ///< the number of the next request that uses it; a later one, if one uses it twice
};

/// An element for each reference of the trace, in its order; block_use::never: not used again. Empty for
/// next_use_unit::none. Error: the trace has 2^32 - 1 references, requests, or more, too many for 32 bits.
[[nodiscard]] KVMARK_COLD result<std::vector<std::uint32_t>> next_uses(const workload::block_trace& trace,
                                                                       next_use_unit unit) {
    if (unit == next_use_unit::none) return std::vector<std::uint32_t>{};
    if (trace.references() >= block_use::never || trace.requests() >= block_use::never)
        return error{error_kind::invalid_argument,
                     "an offline policy numbers references and requests with 32 bits, and the trace has " +
                         std::to_string(trace.references()) + " references in " +
                         std::to_string(trace.requests()) + " requests; replay a part of it"};
    std::vector<std::span<const workload::block_number>> requests;
    requests.reserve(trace.requests());
    workload::block_trace::cursor at(trace);
    for (workload::block_request r; at.next(r);) requests.push_back(r.blocks);

    std::vector<std::uint32_t> next_of(trace.distinct_blocks(), block_use::never);
    std::vector<std::uint32_t> uses(trace.references());
    auto end = static_cast<std::uint32_t>(trace.references());
    for (auto r = static_cast<std::uint32_t>(requests.size()); r-- > 0;) {
        const auto blocks = requests[r];
        const auto begin = end - static_cast<std::uint32_t>(blocks.size());
        for (std::uint32_t i = end; i-- > begin;) {
            uses[i] = next_of[blocks[i - begin]];
            if (unit == next_use_unit::reference) next_of[blocks[i - begin]] = i;
        }
        if (unit == next_use_unit::request)
            for (const workload::block_number b : blocks) next_of[b] = r;
        end = begin;
    }
    return uses;
}

} // namespace kvmark::cache

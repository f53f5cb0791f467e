// Entries with a content that names its owner and its place, written to a tier and read back.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace kvmark::test {

/// Not a power of two, so that chunks straddle the units of any tier.
inline constexpr bytes io_chunk{5 * tier::sector_size.count};
static_assert(io_chunk.count * 13 % (256 * kib_bytes) != 0);

inline std::uint64_t word_at(std::uint64_t content, std::uint64_t position) {
    return mix(mix(content) ^ position);
}

/// The part of content number `content` that begins at `offset`.
inline void fill(std::span<std::byte> part, std::uint64_t content, bytes offset) {
    for (std::size_t at = 0; at < part.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = word_at(content, offset.count + at);
        std::memcpy(part.data() + at, &word, sizeof word);
    }
}
inline bool holds(std::span<const std::byte> part, std::uint64_t content, bytes offset) {
    for (std::size_t at = 0; at < part.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, part.data() + at, sizeof word);
        if (word != word_at(content, offset.count + at)) return false;
    }
    return true;
}

/// Calls f(offset, part of `buffer`) for each I/O that an entry of `size` bytes takes, until one fails.
template <class F>
tier::io_status for_each_chunk(const huge_page_buffer& buffer, bytes size, F&& f) {
    for (bytes at{}; at < size; at += io_chunk) {
        const bytes left = size - at;
        const auto part = buffer.span().first(left < io_chunk ? left.count : io_chunk.count);
        if (const tier::io_status status = f(at, part); !status.good()) return status;
    }
    return {};
}

/// Creates entry `e` and writes it whole.
template <class Tier>
tier::io_status put(Tier& tier, tier::entry_id e, bytes size, std::uint64_t content) {
    if (const tier::io_status created = tier.create(e, size); !created.good()) return created;
    const huge_page_buffer buffer(io_chunk);
    const tier::io_status written = for_each_chunk(buffer, size, [&](bytes at, std::span<std::byte> part) {
        fill(part, content, at);
        return tier.write(e, at, part);
    });
    return written.good() ? tier::commit(tier, e) : written;
}

/// Whether entry `e` can be read and is all of that content.
template <class Tier>
bool has(Tier& tier, tier::entry_id e, bytes size, std::uint64_t content) {
    const huge_page_buffer buffer(io_chunk);
    bool same = true;
    const tier::io_status read = for_each_chunk(buffer, size, [&](bytes at, std::span<std::byte> part) {
        std::memset(part.data(), 0, part.size());
        const tier::io_status status = tier.read(e, at, part);
        same = same && holds(part, content, at);
        return status;
    });
    return read.good() && same;
}

/// Reads chunks of the entry in an order of each thread's own; the number of reads that failed or gave
/// something else.
template <class Tier>
int concurrent_read_faults(Tier& tier, tier::entry_id e, bytes size, std::uint64_t content) {
    std::atomic<int> faults{0};
    const std::uint64_t chunks = size.count / io_chunk.count;
    const auto read_at_random = [&](std::uint64_t reader) {
        const huge_page_buffer buffer(io_chunk);
        random_stream order(42, reader);
        for (int i = 0; i < 100; ++i) {
            const bytes at = io_chunk * order.uniform_int(0, chunks - 1);
            const auto part = buffer.span();
            if (!tier.read(e, at, part).good() || !holds(part, content, at)) ++faults;
        }
    };
    std::vector<std::thread> readers;
    for (std::uint64_t reader = 0; reader < 4; ++reader) readers.emplace_back(read_at_random, reader);
    for (auto& reader : readers) reader.join();
    return faults;
}

} // namespace kvmark::test

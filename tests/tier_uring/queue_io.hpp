// A tier's queue driven by hand: many I/Os in flight, each checked.
#pragma once

#include "support/catch.hpp"
#include "tier/entry_bytes.hpp"

#include <optional>

namespace kvmark::test {

/// Every slot has a buffer of one io_chunk. All of it happens on the thread that makes it.
template <tier::queued_tier Tier>
class queue_io {
public:
    queue_io(Tier& tier, std::uint32_t depth) : depth_(depth), memory_(io_chunk * depth), chunks_(depth) {
        memory_.touch(io_chunk * depth);
        opened = queue.open(tier, depth, memory_.span());
        for (std::uint32_t slot = 0; slot < depth; ++slot) free_.push_back(slot);
    }

    [[nodiscard]] std::span<std::byte> buffer(std::uint32_t slot) const {
        return memory_.span().subspan(slot * io_chunk.count, io_chunk.count);
    }

    /// Writes or reads the given chunks of the entry; the number of those that failed or held something else.
    int move(tier::entry_id e, std::uint64_t content, const std::vector<std::uint64_t>& order, bool writes) {
        int faults = 0;
        for (std::size_t next = 0; next < order.size() || free_.size() < depth_;) {
            for (; next < order.size() && !free_.empty(); ++next) begin(e, content, order[next], writes);
            queue.wait();
            queue.reap([&](std::uint32_t slot, tier::io_status status) {
                const bytes at = io_chunk * chunks_[slot];
                faults += !status.good() || (!writes && !holds(buffer(slot), content, at));
                last_error = status.good() ? last_error : status.error_number;
                free_.push_back(slot);
            });
        }
        return faults;
    }

    typename Tier::queue queue;
    result<void> opened;
    int last_error = 0;

private:
    void begin(tier::entry_id e, std::uint64_t content, std::uint64_t chunk, bool writes) {
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        chunks_[slot] = chunk;
        const bytes at = io_chunk * chunk;
        if (writes) {
            fill(buffer(slot), content, at);
            queue.write(slot, e, at, buffer(slot));
        } else {
            std::memset(buffer(slot).data(), 0, io_chunk.count);
            queue.read(slot, e, at, buffer(slot));
        }
    }

    std::uint32_t depth_;
    huge_page_buffer memory_;
    std::vector<std::uint64_t> chunks_;
    std::vector<std::uint32_t> free_;
};

/// The numbers below `n`, shuffled.
inline std::vector<std::uint64_t> shuffled(std::uint64_t n) {
    std::vector<std::uint64_t> order(n);
    random_stream draw(7, n);
    for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t other = draw.uniform_int(0, i);
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}

inline tier::tier_setup queue_setup(const std::string& directory, tier::layout_kind layout) {
    return {.limit = io_chunk * 400,
            .io_chunk = io_chunk,
            .queue_depth = 32,
            .cache_dir = directory,
            .layout = layout};
}

} // namespace kvmark::test

// One operation on one entry, as the hands that move bytes see it.
#pragma once

#include <kvmark/tier/stamp.hpp>

#include <array>
#include <atomic>

namespace kvmark::engine {

using tier::entry_id;

/// What is done to an entry. `move` is a demotion: read from one tier, written to another.
enum class op_kind : std::uint8_t { read, write, move, erase };

/// An operation goes through its stages one after the other; the units of one stage go on side by side.
enum class op_stage : std::uint8_t { create, data, commit, erase };

/// What the time of an operation in service is made of.
enum class io_part : std::uint8_t {
    submit, ///< an I/O is prepared and waits to be handed over with others; 0 where a call does both
    device, ///< from handing it over until it is seen to be done
    copy,   ///< filling and stamping what is written, and the copies of a tier made of memory
    verify, ///< checking what was read
};
inline constexpr std::size_t io_part_count = 4;

struct io_op {
    op_kind kind = op_kind::read;
    op_stage stage = op_stage::data;
    std::uint8_t tier = 0; ///< where the bytes are read or written; of a move, where they go
    std::uint8_t from = 0; ///< of a move, where they come from
    entry_id entry = tier::no_entry;
    tier::content_id content{};
    bytes size{};

    std::uint32_t units = 1; ///< of the present stage
    std::atomic<std::uint32_t> unfinished{
        0};                           ///< of them; whoever takes the last one hands the operation back
    std::atomic<int> error_number{0}; ///< the first error; the units after it do nothing
    std::array<std::atomic<std::int64_t>, io_part_count> spent{}; ///< ns by part, summed over units
    nanoseconds started{};                                        ///< monotonic, when the first unit began
    io_op* next = nullptr;                                        ///< in whichever list holds it

    KVMARK_INLINE void spend(io_part part, nanoseconds t) {
        spent[static_cast<std::size_t>(part)].fetch_add(t.count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t spent_on(io_part part) const {
        return spent[static_cast<std::size_t>(part)].load(std::memory_order_relaxed);
    }
    /// Before it is done once more.
    void forget_times() {
        started = {};
        for (auto& part : spent) part.store(0, std::memory_order_relaxed);
    }
};

} // namespace kvmark::engine

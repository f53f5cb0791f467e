// One operation on one entry, as the hands that move bytes see it.
#pragma once

#include <kvmark/tier/stamp.hpp>

#include <atomic>

namespace kvmark::engine {

using tier::entry_id;

/// What is done to an entry. `move` is a demotion: read from one tier, written to another.
enum class op_kind : std::uint8_t { read, write, move, erase };

/// An operation goes through its stages one after the other; the units of one stage go on side by side.
enum class op_stage : std::uint8_t { create, data, commit, erase };

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
        0};                                 ///< of them; whoever takes the last one hands the operation back
    std::atomic<int> error_number{0};       ///< the first error; the units after it do nothing
    std::atomic<std::int64_t> device_ns{0}; ///< summed over units: inside the tier
    std::atomic<std::int64_t> host_ns{0};   ///< summed over units: stamping and verifying
    nanoseconds started{};                  ///< monotonic, when the first unit began
    io_op* next = nullptr;                  ///< in whichever list holds it
};

} // namespace kvmark::engine

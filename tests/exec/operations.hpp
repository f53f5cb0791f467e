// Operations handed to a crew by hand, as the engine hands them.
#pragma once

#include <kvmark/exec/executor.hpp>
#include <kvmark/tier/stack.hpp>

#include "support/catch.hpp"

#include <deque>

namespace kvmark::test {

/// A stack, its path, and operations on its last tier.
template <class Stack>
struct operations_on {
    explicit operations_on(const tier::tier_setup& setup, bytes chunk = bytes(65'536))
        : io{.chunk = chunk, .salt = 5}, path(tiers, io, window) {
        tiers.for_each([&]<class Tier>(std::size_t i, Tier& t) {
            if constexpr (tier::queued_tier<Tier>) queued[i] = t.can_queue(setup);
            REQUIRE(t.open(setup).has_value());
        });
    }

    static constexpr std::uint8_t lane = Stack::size - 1;

    engine::io_op& add(engine::op_kind kind, tier::entry_id e, bytes size) {
        engine::io_op& op = operations.emplace_back();
        op.kind = kind;
        op.tier = lane;
        op.entry = e;
        op.content = {.key = 100 + e, .generation = 1};
        op.size = size;
        return op;
    }
    /// Gives the operation to the crew for one stage.
    template <class Crew>
    void submit(Crew& crew, engine::io_op& op, engine::op_stage stage) {
        op.stage = stage;
        op.units = stage == engine::op_stage::data ? path.units_of(op.size) : 1;
        op.unfinished = op.units;
        crew.submit(lane, op);
    }
    /// Waits for `count` operations; the order in which they were done.
    template <class Crew>
    std::vector<engine::io_op*> reap(Crew& crew, std::size_t count) {
        std::vector<engine::io_op*> done;
        while (done.size() < count) {
            if (engine::io_op* op = crew.reap())
                done.push_back(op);
            else
                crew.wait(from_seconds(5));
        }
        return done;
    }

    std::array<bool, Stack::size> queued{}; ///< false too where this machine refuses io_uring
    Stack tiers;
    engine::io_settings io;
    engine::io_window window;
    engine::io_path<Stack> path;
    std::deque<engine::io_op> operations;
};

/// The sectors that came back changed and the calls that failed, over all workers of a halted crew.
template <class Crew>
std::uint64_t faults_of(Crew& crew) {
    std::uint64_t faults = 0;
    crew.for_each_worker([&](engine::io_worker& w) { faults += w.corrupt_sectors + w.failed_units; });
    return faults;
}

} // namespace kvmark::test

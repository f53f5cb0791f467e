// What the tests of stacks with GPUs share: one entry moved by hand, and the options of a short run.
#pragma once

#include <kvmark/kvmark.hpp>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

namespace kvmark::test {

/// An entry of three chunks in a stack that is open, and the thread that moves it.
template <class Stack>
struct entry_in {
    explicit entry_in(Stack& tiers, bytes chunk) : path(tiers, {.chunk = chunk, .salt = 5}, window) {
        op.entry = 0;
        op.content = {.key = 7, .generation = 1};
        op.size = chunk * 3;
    }

    /// Does the operation as a whole.
    void write_to(std::uint8_t tier) { make(engine::op_kind::write, tier); }
    void move(std::uint8_t from, std::uint8_t to) {
        op.from = from;
        make(engine::op_kind::move, to);
        perform(engine::op_stage::erase, 1);
    }
    void read_from(std::uint8_t tier) {
        op.kind = engine::op_kind::read;
        op.tier = tier;
        perform(engine::op_stage::data, 3);
    }
    /// Calls that failed, and sectors that came back changed.
    [[nodiscard]] std::uint64_t faults() const { return worker.failed_units + worker.corrupt_sectors; }

private:
    void make(engine::op_kind kind, std::uint8_t tier) {
        op.kind = kind;
        op.tier = tier;
        perform(engine::op_stage::create, 1);
        perform(engine::op_stage::data, 3);
    }
    void perform(engine::op_stage stage, std::uint32_t units) {
        op.stage = stage;
        for (std::uint32_t unit = 0; unit < units; ++unit) path.perform(op, unit, worker);
    }

    engine::io_window window;
    engine::io_path<Stack> path;
    engine::io_worker worker{path.settings(), Stack::size};
    engine::io_op op;
};

/// Two seconds over a small GPU, so that entries fall.
inline options gpu_run(const temporary_directory& directory) {
    return {.model = toy_model,
            .num_users = 8,
            .cache_dir = directory / "cache",
            .duration = 2,
            .gpu_mem_gb = 0.02,
            .cpu_mem_gb = 0.03,
            .generation_mode = generation_mode::none,
            .seed = 42,
            .storage_capacity_gb = 0.5,
            .io_chunk = 65'536,
            .queue_depth = 8};
}

} // namespace kvmark::test

// Whole operations and runs over a stack of the memory of a GPU and files that it reaches past the host.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/cuda.hpp>
#include <kvmark/tier/gds_file.hpp>

#include "stand_in/stand_in_cufile.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

using namespace kvmark;
using engine::op_kind;
using engine::op_stage;

TEST_CASE("gds file: a move from a GPU to a file and back passes no buffer of the host") {
    constexpr bytes chunk(64 * kib_bytes);
    const test::stand_in_cuda machine("devices=2");
    const test::stand_in_cufile files;
    const test::temporary_directory user;
    using stack = tier::stack<tier::cuda, tier::gds_file>;
    stack tiers({tier::cuda_config{.devices = 2}, {}});
    const tier::tier_setup setup{
        .limit = bytes(16 * mib_bytes), .io_chunk = chunk, .queue_depth = 2, .cache_dir = user.path()};
    tiers.for_each([&](std::size_t, auto& t) { REQUIRE(t.open(setup).has_value()); });
    const engine::known_arenas<stack> arenas(tiers);
    const engine::io_window window;
    engine::io_path<stack> path(tiers, {.chunk = chunk, .salt = 5}, window);
    engine::io_worker worker(path.settings(), stack::size);

    engine::io_op op;
    op.kind = op_kind::write;
    op.entry = 0;
    op.content = {.key = 7, .generation = 1};
    op.size = chunk * 3;
    const auto go = [&](op_stage stage) {
        op.stage = stage;
        for (std::uint32_t unit = 0; unit < (stage == op_stage::data ? 3u : 1u); ++unit)
            path.perform(op, unit, worker);
    };
    const auto copies = [&] {
        return machine.calls("cuMemcpyDtoHAsync_v2") + machine.calls("cuMemcpyHtoDAsync_v2");
    };
    go(op_stage::create);
    go(op_stage::data);
    const std::uint64_t before = copies();
    op.kind = op_kind::move;
    op.tier = 1;
    go(op_stage::create);
    go(op_stage::data);
    CHECK(files.calls("cuFileWrite") == 3);
    go(op_stage::erase);
    op.from = 1;
    op.tier = 0;
    go(op_stage::create);
    go(op_stage::data);
    CHECK(files.calls("cuFileRead") == 3);
    CHECK(files.unregistered_io() == 0);
    CHECK(copies() == before);
    op.kind = op_kind::read;
    go(op_stage::data);
    CHECK(worker.failed_units + worker.corrupt_sectors == 0);
}

TEMPLATE_TEST_CASE(
    "gds file: a run over a GPU and files moves entries past the host, and each byte is verified", "",
    exec::local, exec::serial) {
    const test::stand_in_cuda machine;
    const test::stand_in_cufile files;
    const test::temporary_directory directory;
    benchmark<TestType, launch::none, tier::stack<tier::cuda, tier::gds_file>> bench(
        {.model = test::toy_model,
         .num_users = 8,
         .cache_dir = directory / "cache",
         .duration = 2,
         .gpu_mem_gb = 0.02,
         .cpu_mem_gb = 0,
         .generation_mode = generation_mode::none,
         .seed = 42,
         .storage_capacity_gb = 0.5,
         .io_chunk = 65'536,
         .queue_depth = 8});
    const auto report = bench.run();
    REQUIRE(report.has_value());
    const auto& tiers = report->tiers;
    REQUIRE(tiers.size() == 2);
    CHECK(report->requests_completed > 0);
    CHECK(tiers[1].demotions_in > 0);
    CHECK(tiers[1].read.moved.count > 0);
    CHECK(report->corrupt_sectors == 0);
    CHECK(report->failed_operations == 0);
    CHECK(tiers[1].note.starts_with("cuFile 1.4: direct where it can be (nvidia-fs 2.19 for NVMe)"));
    CHECK(files.unregistered_io() == 0);
    CHECK(machine.pageable_copies() == 0);
    CHECK(machine.live_allocations() == 0);
    CHECK(machine.pinned_ranges() == 0);
    CHECK(files.live_handles() == 0);
    CHECK(files.live_buffers() == 0);
}

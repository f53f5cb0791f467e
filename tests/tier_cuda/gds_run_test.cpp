// Whole operations and runs over a stack of the memory of a GPU and files that it reaches past the host.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/cuda.hpp>
#include <kvmark/tier/gds_file.hpp>

#include "stand_in/stand_in_cufile.hpp"
#include "tier_cuda/gpu_runs.hpp"

using namespace kvmark;

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
    test::entry_in<stack> entry(tiers, chunk);
    const auto copies = [&] {
        return machine.calls("cuMemcpyDtoHAsync_v2") + machine.calls("cuMemcpyHtoDAsync_v2");
    };
    entry.write_to(0);
    const std::uint64_t before = copies();
    entry.move(0, 1);
    CHECK(files.calls("cuFileWrite") == 3);
    entry.move(1, 0);
    CHECK(files.calls("cuFileRead") == 3);
    CHECK(files.unregistered_io() == 0);
    CHECK(copies() == before);
    entry.read_from(0);
    CHECK(entry.faults() == 0);
}

TEMPLATE_TEST_CASE(
    "gds file: a run over a GPU and files moves entries past the host, and each byte is verified", "",
    exec::local, exec::serial) {
    const test::stand_in_cuda machine;
    const test::stand_in_cufile files;
    const test::temporary_directory directory;
    options two_tiers = test::gpu_run(directory);
    two_tiers.cpu_mem_gb = 0;
    benchmark<TestType, launch::none, tier::stack<tier::cuda, tier::gds_file>> bench(two_tiers);
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

// The tier on whatever GPUs there are: bytes come back, alone, between GPUs, and in a run over three tiers.
#include <kvmark/exec/local.hpp>
#include <kvmark/tier/cuda.hpp>

#include "tier_cuda/gpu_runs.hpp"

using namespace kvmark;

namespace {

int gpu_count() {
    int seen = 0;
    REQUIRE(gpu::driver::get()->device_count(&seen) == gpu::status::success);
    return seen;
}

} // namespace

TEST_CASE("cuda tier: an entry of blocks on every GPU comes back as it was written") {
    constexpr bytes chunk(mib_bytes);
    using stack = tier::stack<tier::cuda>;
    const stack::configs all_gpus(tier::cuda_config{.devices = static_cast<std::uint32_t>(gpu_count())});
    stack tiers(all_gpus);
    tiers.for_each([&](std::size_t, auto& t) {
        const auto opened = t.open({.limit = bytes(64 * mib_bytes), .io_chunk = chunk});
        INFO((opened ? "" : opened.error().message));
        REQUIRE(opened.has_value());
    });
    test::entry_in<stack> entry(tiers, chunk);
    entry.write_to(0);
    entry.read_from(0);
    CHECK(entry.faults() == 0);
}

TEST_CASE("cuda tier: an entry moves from one GPU to another") {
    if (gpu_count() < 2) {
        WARN("SKIPPED: this machine has one GPU");
        return;
    }
    constexpr bytes chunk(mib_bytes);
    using stack = tier::stack<tier::cuda, tier::cuda>;
    stack tiers({tier::cuda_config{.first_device = 0}, tier::cuda_config{.first_device = 1}});
    tiers.for_each([&](std::size_t, auto& t) {
        REQUIRE(t.open({.limit = bytes(64 * mib_bytes), .io_chunk = chunk}).has_value());
    });
    test::entry_in<stack> entry(tiers, chunk);
    entry.write_to(0);
    entry.move(0, 1);
    entry.read_from(1);
    CHECK(entry.faults() == 0);
}

TEST_CASE("cuda tier: a run over GPU, host and files is clean, and its copies are pinned ones") {
    const test::temporary_directory directory;
    benchmark<exec::local, launch::none, tier::stack<tier::cuda, tier::host, tier::direct_file>> bench(
        test::gpu_run(directory));
    const auto report = bench.run();
    INFO((report ? "" : report.error().message));
    REQUIRE(report.has_value());
    CHECK(report->tiers[0].read.moved.count > 0);
    CHECK(report->tiers[2].demotions_in > 0);
    CHECK(report->tiers[0].note.empty());
    CHECK(report->corrupt_sectors + report->failed_operations == 0);
    REQUIRE(report->gpus.size() == 1);
    CHECK(!report->gpus[0].facts.name.empty());
}

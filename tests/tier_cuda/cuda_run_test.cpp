// Whole operations and runs over a stack whose first tier is the memory of a GPU.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/cuda.hpp>

#include "exec/operations.hpp"
#include "stand_in/stand_in.hpp"
#include "tier_cuda/gpu_runs.hpp"

using namespace kvmark;
using engine::op_kind;
using engine::op_stage;

namespace {

constexpr bytes chunk(64 * kib_bytes);

/// Host memory behind a queue that can be asked beside another; its first write notes how many copies out of
/// the GPU were begun before it.
class written_beside : public tier::host {
public:
    static constexpr std::string_view name = "written_beside";
    static constexpr tier::tier_role role = tier::tier_role::storage;

    class queue {
    public:
        result<void> open(written_beside& t, std::uint32_t, std::span<std::byte>) {
            tier_ = &t;
            return {};
        }
        void read(std::uint32_t slot, tier::entry_id e, bytes offset, std::span<std::byte> into) {
            ended_.emplace_back(slot, tier_->host::read(e, offset, into));
        }
        void write(std::uint32_t slot, tier::entry_id e, bytes offset, std::span<const std::byte> from) {
            if (tier_->first_write_after == 0)
                tier_->first_write_after = tier_->machine->calls("cuMemcpyDtoHAsync_v2");
            ended_.emplace_back(slot, tier_->host::write(e, offset, from));
        }
        void submit() {}
        void poll() {}
        void wait() {
            if (!ended_.empty()) return;
            rung_.wait(false);
            rung_.store(false);
        }
        void wake() {
            rung_.store(true);
            rung_.notify_one();
        }
        template <class Done>
        void reap(Done&& done) {
            for (const auto& [slot, status] : std::exchange(ended_, {})) done(slot, status);
        }

    private:
        written_beside* tier_ = nullptr;
        std::vector<std::pair<std::uint32_t, tier::io_status>> ended_;
        std::atomic<bool> rung_{false};
    };

    [[nodiscard]] static bool can_queue(const tier::tier_setup&) { return true; }

    const test::stand_in_cuda* machine = nullptr;
    std::uint64_t first_write_after = 0;
};

} // namespace

TEST_CASE("cuda: a demotion reads its blocks ahead of their writes, and verifies each") {
    const test::stand_in_cuda machine("latency_us=5000");
    using stack = tier::stack<tier::cuda, written_beside>;
    test::operations_on<stack> on({.limit = bytes(16 * mib_bytes), .io_chunk = chunk, .queue_depth = 8},
                                  chunk);
    on.tiers.at(1, [&](auto& t) {
        if constexpr (requires { t.machine; }) t.machine = &machine;
    });
    exec::local_crew<stack> hands({on.path, on.io, {8, 8}, on.queued, 1});
    REQUIRE(hands.start().has_value());

    engine::io_op& op = on.add(op_kind::write, 0, chunk * 8);
    const auto go = [&](op_stage stage, std::uint8_t lane) {
        op.tier = lane;
        op.stage = stage;
        op.units = stage == op_stage::data ? 8 : 1;
        op.unfinished = op.units;
        hands.submit(lane, op);
        on.reap(hands, 1);
    };
    go(op_stage::create, 0);
    go(op_stage::data, 0);
    op.kind = op_kind::move;
    op.from = 0;
    op.forget_times();
    go(op_stage::create, 1);
    go(op_stage::data, 1);
    CHECK(op.spent_on(engine::io_part::verify) > 0);
    op.kind = op_kind::read;
    go(op_stage::data, 1);
    hands.halt();
    CHECK(test::faults_of(hands) == 0);
    CHECK(machine.pageable_copies() == 0);
    std::uint64_t ahead = 0;
    on.tiers.at(1, [&](auto& t) {
        if constexpr (requires { t.machine; }) ahead = t.first_write_after;
    });
    CHECK(ahead == 8); // all were begun before the first one had arrived
    CHECK(machine.calls("cuMemcpyDtoHAsync_v2") == 8);
}

TEST_CASE("cuda: a move between two GPUs passes no buffer of the host, and its bytes are as they were") {
    const test::stand_in_cuda machine("devices=2");
    using stack = tier::stack<tier::cuda, tier::cuda>;
    stack tiers({tier::cuda_config{.first_device = 0}, tier::cuda_config{.first_device = 1}});
    const tier::tier_setup setup{.limit = bytes(16 * mib_bytes), .io_chunk = chunk};
    tiers.for_each([&](std::size_t, auto& t) { REQUIRE(t.open(setup).has_value()); });
    test::entry_in<stack> entry(tiers, chunk);
    entry.write_to(0);
    entry.move(0, 1);
    CHECK(machine.calls("cuMemcpyPeerAsync") == 3);
    CHECK(machine.calls("cuMemcpyDtoHAsync_v2") == 0);
    entry.read_from(1);
    CHECK(machine.calls("cuMemcpyDtoHAsync_v2") == 3);
    CHECK(entry.faults() == 0);
}

TEMPLATE_TEST_CASE(
    "cuda: a run over GPU, host and files demotes through all three, and each byte is verified", "",
    exec::local, exec::serial) {
    const test::stand_in_cuda machine;
    const test::temporary_directory directory;
    benchmark<TestType, launch::none, tier::stack<tier::cuda, tier::host, tier::direct_file>> bench(
        test::gpu_run(directory));
    const auto report = bench.run();
    REQUIRE(report.has_value());
    const auto& tiers = report->tiers;
    REQUIRE(tiers.size() == 3);
    CHECK(report->requests_completed > 0);
    CHECK(tiers[0].write.moved.count > 0);
    CHECK(tiers[0].read.moved.count > 0);
    CHECK(tiers[1].demotions_in > 0);
    CHECK(tiers[2].demotions_in > 0);
    CHECK(report->corrupt_sectors == 0);
    CHECK(report->failed_operations == 0);
    CHECK(tiers[0].note.empty());
    CHECK(machine.pageable_copies() == 0);
    CHECK(machine.live_allocations() == 0);
    CHECK(machine.pinned_ranges() == 0);
}

TEST_CASE("cuda: a run whose GPU is lost goes on with host memory and files, and says what happened") {
    const test::stand_in_cuda machine("lost=0@200");
    const test::temporary_directory directory;
    benchmark<exec::local, launch::none, tier::stack<tier::cuda, tier::host, tier::direct_file>> bench(
        test::gpu_run(directory));
    const auto report = bench.run();
    REQUIRE(report.has_value());
    const auto& tiers = report->tiers;
    CHECK(tiers[0].note.starts_with("GPU 0: lost during the run: CUDA_ERROR_LAUNCH_FAILED (719)"));
    CHECK(tiers[0].entries == 0);
    CHECK(report->failed_operations > 0);
    CHECK(report->failed_operations < 200); // and not one for every request after it
    CHECK(report->corrupt_sectors == 0);
    CHECK(tiers[1].write.operations > tiers[0].write.operations); // where the entries go from then on
    CHECK(report->requests_completed > 0);
    REQUIRE(!report->failures.empty());
    CHECK(report->failures.front().tier == "cuda");
    CHECK(report->failures.front().error_number == ENODEV);
}

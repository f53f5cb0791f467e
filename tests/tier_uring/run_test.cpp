// Whole operations and runs whose bytes go through a queue.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/uring_file.hpp>

#include "exec/operations.hpp"
#include "support/child_process.hpp"
#include "support/refuse_io_uring.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

using namespace kvmark;
using engine::op_kind;
using engine::op_stage;
using stack_type = tier::stack<tier::host, tier::uring_file>;
using crew_type = exec::local_crew<stack_type>;

namespace {

options storage_run(const test::temporary_directory& directory) {
    return {.model = test::toy_model,
            .num_users = 8,
            .cache_dir = directory / "cache",
            .duration = 2,
            .cpu_mem_gb = 0,
            .generation_mode = generation_mode::none,
            .seed = 42,
            .storage_capacity_gb = 0.5,
            .io_chunk = 65'536,
            .queue_depth = 16};
}

} // namespace

TEST_CASE("queue: 300 operations by workers with queues, each done once and each byte as written") {
    const std::uint32_t workers = GENERATE(1u, 3u);
    const test::temporary_directory directory;
    test::operations_on<stack_type> on({.limit = bytes(64 * mib_bytes),
                                        .io_chunk = bytes(65'536),
                                        .queue_depth = 8,
                                        .cache_dir = directory.path()});
    crew_type hands({on.path, on.io, {0, 8}, on.queued, workers});
    REQUIRE(hands.start().has_value());
    constexpr std::size_t count = 300;
    for (std::size_t i = 0; i < count; ++i)
        on.add(op_kind::write, static_cast<tier::entry_id>(i), bytes(4096 * (1 + i * 7 % 50)));
    for (const op_stage stage : {op_stage::create, op_stage::data}) {
        for (auto& op : on.operations) on.submit(hands, op, stage);
        on.reap(hands, count);
        CHECK(hands.reap() == nullptr);
    }
    for (int pass = 0; pass < 3; ++pass) {
        for (auto& op : on.operations) {
            op.kind = op_kind::read;
            op.forget_times();
            on.submit(hands, op, op_stage::data);
        }
        on.reap(hands, count);
    }
    for (const auto& op : on.operations) {
        CHECK(op.spent_on(engine::io_part::device) > 0);
        CHECK(op.spent_on(engine::io_part::verify) > 0);
    }
    for (auto& op : on.operations) on.submit(hands, op, op_stage::erase);
    on.reap(hands, count);
    hands.halt();
    CHECK(test::faults_of(hands) == 0);
    CHECK(test::files_below(directory.path()).empty());
}

TEST_CASE("queue: operations that come one at a time wake a worker that sleeps") {
    const test::temporary_directory directory;
    test::operations_on<stack_type> on({.limit = bytes(64 * mib_bytes),
                                        .io_chunk = bytes(65'536),
                                        .queue_depth = 8,
                                        .cache_dir = directory.path()});
    crew_type hands({on.path, on.io, {0, 8}, on.queued, 2});
    REQUIRE(hands.start().has_value());
    engine::io_op& op = on.add(op_kind::write, 0, bytes(4096));
    on.submit(hands, op, op_stage::create);
    on.reap(hands, 1);
    for (int i = 0; i < 2000; ++i) {
        on.submit(hands, op, op_stage::data);
        on.reap(hands, 1);
    }
    CHECK(op.error_number == 0);
}

TEST_CASE("queue: a byte that changed on the disk is found, and a file that is gone is a failed operation") {
    const test::temporary_directory directory;
    test::operations_on<stack_type> on({.limit = bytes(64 * mib_bytes),
                                        .io_chunk = bytes(65'536),
                                        .queue_depth = 8,
                                        .cache_dir = directory.path()});
    crew_type hands({on.path, on.io, {0, 8}, on.queued, 1});
    REQUIRE(hands.start().has_value());
    engine::io_op& op = on.add(op_kind::write, 0, bytes(4096 * 50));
    for (const op_stage stage : {op_stage::create, op_stage::data}) {
        on.submit(hands, op, stage);
        on.reap(hands, 1);
    }
    const int fd = ::open(test::files_below(directory.path()).at(0).c_str(), O_RDWR);
    REQUIRE(::pwrite(fd, "x", 1, 100'000) == 1);
    op.kind = op_kind::read;
    on.submit(hands, op, op_stage::data);
    on.reap(hands, 1);
    CHECK(op.error_number == 0);
    REQUIRE(::ftruncate(fd, 4096) == 0);
    ::close(fd);
    on.submit(hands, op, op_stage::data);
    on.reap(hands, 1);
    CHECK(op.error_number == EIO);
    hands.halt();
    std::uint64_t corrupt = 0, failed = 0;
    hands.for_each_worker([&](engine::io_worker& w) {
        corrupt += w.corrupt_sectors;
        failed += w.failed_units;
    });
    CHECK(corrupt == 1);
    CHECK(failed >= 1);
}

TEST_CASE("queue: a run is clean on every layout and leaves nothing, and its latencies add up") {
    const auto layout = GENERATE(tier::layout_kind::file_per_entry, tier::layout_kind::slab);
    const test::temporary_directory directory;
    options o = storage_run(directory);
    o.layout = layout;
    result<measure::run_report> report = error{};
    if (layout == tier::layout_kind::slab) {
        benchmark<exec::local, launch::none, tier::stack<tier::host, tier::basic_uring_file<tier::slab>>> run{
            o};
        report = run.run();
    } else {
        benchmark<exec::local, launch::none, stack_type> run{o};
        report = run.run();
    }
    REQUIRE(report.has_value());
    CHECK(report->clean());
    CHECK(report->requests_completed > 0);
    const auto& disk = report->tiers[1];
    const tier::tier_setup setup{.cache_dir = directory.path()};
    CHECK(disk.note.empty() == tier::uring_file().can_queue(setup));
    for (const auto* d : {&disk.read, &disk.write}) {
        CHECK(d->operations > 0);
        const double parts =
            d->queue.mean() + d->submit.mean() + d->device.mean() + d->copy.mean() + d->verify.mean();
        CHECK(std::abs(parts - d->total.mean()) <= 0.01 * d->total.mean());
    }
    CHECK(disk.read.verify.mean() > 0);
    CHECK(disk.write.copy.mean() > 0);
    CHECK(test::files_below(directory.path()).empty());
}

TEST_CASE("queue: a run where io_uring is refused goes on with threads, and the report says so") {
    const test::temporary_directory directory;
    const int status = test::exit_status_of([&] {
        if (!test::refuse_io_uring()) return 77;
        benchmark<exec::local, launch::none, stack_type> run{storage_run(directory)};
        const auto report = run.run();
        if (!report || !report->clean() || report->requests_completed == 0) return 1;
        if (report->tiers[1].note.find("io_uring is refused") == std::string::npos) return 2;
        options strict = storage_run(directory);
        strict.strict = true;
        benchmark<exec::local, launch::none, stack_type> refused{strict};
        return refused.run() ? 3 : 0;
    });
    if (status == 77)
        WARN("SKIPPED: the kernel takes no seccomp filter");
    else
        CHECK(status == 0);
}

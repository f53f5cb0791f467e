// The executor of one machine: many workers, signals, and runs on real files with every byte checked.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>

#include "exec/operations.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

#include <algorithm>
#include <thread>

using namespace kvmark;
using engine::op_kind;
using engine::op_stage;

namespace {

using stack = tier::stack<tier::host, tier::direct_file>;
using crew = exec::local_crew<stack>;
using bench = benchmark<exec::local, launch::none, stack>;
static_assert(exec::io_crew<crew> && exec::executor<exec::local>);

tier::tier_setup setup_in(const test::temporary_directory& directory) {
    return {.limit = bytes(64 * mib_bytes),
            .io_chunk = bytes(65'536),
            .queue_depth = 8,
            .cache_dir = directory.path()};
}

/// A run on storage alone, below `directory`.
options storage_run(const test::temporary_directory& directory) {
    return {.model = models::tiny_1b,
            .num_users = 8,
            .cache_dir = directory / "cache",
            .duration = 60,
            .cpu_mem_gb = 0,
            .generation_mode = generation_mode::none,
            .seed = 42,
            .storage_capacity_gb = 0.5,
            .queue_depth = 4};
}

/// Does `action` on a thread of its own while `run` goes on.
template <class Run, class Action>
auto while_running(Run&& run, Action&& action) {
    std::atomic<bool> over{false};
    std::thread other([&] { action(over); });
    auto report = run();
    over = true;
    other.join();
    return report;
}

void pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// Waits until files of at least `total` bytes lie below `directory`.
void wait_for_files(const std::string& directory, std::uintmax_t total, const std::atomic<bool>& over) {
    for (std::uintmax_t size = 0; size < total && !over; pause(0.01)) {
        size = 0;
        for (const auto& file : test::files_below(directory)) {
            std::error_code gone;
            const auto n = std::filesystem::file_size(file, gone);
            if (!gone) size += n;
        }
    }
}

} // namespace

TEST_CASE("more operations than a lane holds, by eight workers: each done once, each byte as written") {
    test::temporary_directory directory;
    test::operations_on<stack> on(setup_in(directory));
    crew hands({on.path, on.io, {0, 8}});
    REQUIRE(hands.start().has_value());
    constexpr std::size_t count = 300;
    const auto size_of = [](std::size_t i) { return bytes(4096 * (1 + i * 7 % 50)); };
    for (std::size_t i = 0; i < count; ++i)
        on.add(op_kind::write, static_cast<tier::entry_id>(i), size_of(i));

    for (const op_stage stage : {op_stage::create, op_stage::data}) {
        for (auto& op : on.operations) on.submit(hands, op, stage);
        auto done = on.reap(hands, count);
        std::sort(done.begin(), done.end());
        CHECK(std::unique(done.begin(), done.end()) == done.end());
        CHECK(hands.reap() == nullptr);
    }
    for (int pass = 0; pass < 3; ++pass) {
        for (auto& op : on.operations) {
            op.kind = op_kind::read;
            on.submit(hands, op, op_stage::data);
        }
        on.reap(hands, count);
    }
    for (auto& op : on.operations) on.submit(hands, op, op_stage::erase);
    on.reap(hands, count);
    hands.halt();
    CHECK(test::faults_of(hands) == 0);
    CHECK(test::files_below(directory.path()).empty());
}

TEST_CASE("a wait ends when an operation is done, and else when its time is over") {
    test::temporary_directory directory;
    test::operations_on<stack> on(setup_in(directory));
    crew hands({on.path, on.io, {0, 1}});
    REQUIRE(hands.start().has_value());
    const nanoseconds begin = clocks::monotonic_now();
    hands.wait(from_seconds(0.05));
    CHECK(clocks::monotonic_now() - begin >= from_seconds(0.05));
    on.submit(hands, on.add(op_kind::write, 0, bytes(4096)), op_stage::create);
    on.reap(hands, 1);
    CHECK(clocks::monotonic_now() - begin < from_seconds(4));
}

TEST_CASE("halt() leaves what has not begun, and may be called twice") {
    test::temporary_directory directory;
    test::operations_on<stack> on(setup_in(directory));
    crew hands({on.path, on.io, {0, 2}});
    REQUIRE(hands.start().has_value());
    for (tier::entry_id e = 0; e < 200; ++e)
        on.submit(hands, on.add(op_kind::write, e, bytes(65'536)), op_stage::create);
    hands.halt();
    hands.halt();
    CHECK(test::faults_of(hands) == 0);
}

TEST_CASE("a run on host memory and files: what completes is what was asked, every sector checked") {
    test::temporary_directory directory;
    options o = storage_run(directory);
    o.model = test::toy_model;
    o.num_users = 40;
    o.max_requests = 300;
    o.cpu_mem_gb = 0.05;
    o.storage_capacity_gb = 0.1;
    bench run{o};
    const auto report = run.run();
    REQUIRE(report.has_value());
    CHECK(report->requests_completed == 300);
    CHECK(report->clean());
    CHECK_FALSE(report->interrupted);
    CHECK(report->tiers[0].evictions > 0);
    CHECK(report->tiers[1].demotions_in > 0);
    CHECK(report->tiers[1].evictions > 0);
    CHECK(report->tiers[1].read.operations > 0);
    CHECK(test::files_below(directory.path()).empty());
    CHECK_FALSE(std::filesystem::exists(o.cache_dir));
}

TEST_CASE("a signal ends a run within a second, and no file stays") {
    test::temporary_directory directory;
    const int signal = GENERATE(SIGINT, SIGTERM);
    bench run{storage_run(directory)};
    std::atomic<std::int64_t> sent{0};
    const auto report = while_running([&] { return run.run(); },
                                      [&](const std::atomic<bool>& over) {
                                          wait_for_files(directory.path(), 50'000'000, over);
                                          sent = clocks::monotonic_now().count;
                                          ::kill(::getpid(), signal);
                                      });
    const nanoseconds took = clocks::monotonic_now() - nanoseconds(sent);
    REQUIRE(report.has_value());
    CHECK(took < from_seconds(1));
    CHECK(report->interrupted);
    CHECK(report->stop_signal == signal);
    CHECK(report->clean());
    CHECK(report->elapsed < from_seconds(60));
    CHECK(test::files_below(directory.path()).empty());
}

TEST_CASE("a signal ends a run that is still being prepared") {
    test::temporary_directory directory;
    options o = storage_run(directory);
    o.precondition = true;
    o.precondition_size_gb = 1000;
    bench run{o};
    const auto report = while_running([&] { return run.run(); },
                                      [&](const std::atomic<bool>& over) {
                                          wait_for_files(directory.path(), 50'000'000, over);
                                          ::kill(::getpid(), SIGINT);
                                      });
    REQUIRE(report.has_value());
    CHECK(report->interrupted);
    CHECK(report->elapsed == nanoseconds(0));
    CHECK(report->requests_completed == 0);
    CHECK(test::files_below(directory.path()).empty());
}

TEST_CASE("a signal ends a run in virtual time") {
    struct interrupter {
        bool sent = false;
        void on_progress(const measure::progress&) {
            if (!std::exchange(sent, true)) ::kill(::getpid(), SIGINT);
        }
    } at_the_first_second;
    options o{.num_users = 5000, .duration = 86'400, .seed = 1};
    benchmark<exec::local, launch::none, tier::stack<tier::modelled<>>, clocks::virtual_time> run{o};
    const auto report = run.run(at_the_first_second);
    REQUIRE(report.has_value());
    CHECK(report->interrupted);
    CHECK(report->elapsed < from_seconds(86'400));
}

TEST_CASE("a byte that changes in a live file is reported with its place, and the run is not clean") {
    test::temporary_directory directory;
    options o = storage_run(directory);
    o.model = test::toy_model;
    o.duration = 2;
    bench run{o};
    constexpr off_t place = 5000; // in the second sector, behind its stamp
    const auto report = while_running([&] { return run.run(); },
                                      [&](const std::atomic<bool>& over) {
                                          for (; !over; pause(0.05))
                                              for (const auto& path : test::files_below(directory.path())) {
                                                  const int fd = ::open(path.c_str(), O_RDWR);
                                                  if (fd < 0) continue;
                                                  char byte = 0;
                                                  if (::pread(fd, &byte, 1, place) == 1) {
                                                      ++byte;
                                                      static_cast<void>(!::pwrite(fd, &byte, 1, place));
                                                  }
                                                  ::close(fd);
                                              }
                                      });
    REQUIRE(report.has_value());
    CHECK_FALSE(report->clean());
    REQUIRE(report->corrupt_sectors > 0);
    REQUIRE_FALSE(report->corruptions.empty());
    for (const auto& c : report->corruptions) {
        CHECK(c.tier == "direct_file");
        CHECK_FALSE(c.key.empty());
        CHECK(c.offset == bytes(4096));
        CHECK(c.expected != c.found);
    }
    CHECK(report->failed_operations == 0);
}

TEST_CASE("a thousand users of a large model fit into 1 GiB of resident memory") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    WARN("SKIPPED: a sanitizer's own memory would be counted");
#else
    test::temporary_directory directory;
    const int status = test::exit_status_of([&] {
        options o = storage_run(directory);
        o.model = models::llama3_1_70b_instruct;
        o.num_users = 1000;
        o.duration = 4;
        o.storage_capacity_gb = 8;
        bench run{o};
        const auto report = run.run();
        if (!report || !report->clean() || report->tiers[1].write.moved < bytes(mib_bytes)) return 1;
        return report->process.peak_resident < bytes(gib_bytes) ? 0 : 2;
    });
    CHECK(status == 0);
    CHECK(test::files_below(directory.path()).empty());
#endif
}

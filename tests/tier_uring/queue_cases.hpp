// What every tier with a queue does; a test names its tier `queued` and includes this.
#pragma once

#include "support/temporary_directory.hpp"
#include "tier_uring/queue_io.hpp"

namespace {

using namespace kvmark;
using test::temporary_directory;
using tier::layout_kind;

bool is_refused_here(queued& tier, const tier::tier_setup& setup) {
    if (tier.can_queue(setup)) return false;
    CHECK(tier.note().find("io_uring is refused") != std::string::npos);
    if (!std::getenv("KVMARK_IO_URING_REFUSED")) WARN("SKIPPED: " << tier.note());
    return true;
}

} // namespace

TEST_CASE("queue: what is written through a queue of any depth is read back, in another order") {
    const auto layout = GENERATE(layout_kind::file_per_entry, layout_kind::file_per_block, layout_kind::slab);
    const std::uint32_t depth = GENERATE(1u, 32u);
    const temporary_directory user;
    const auto setup = test::queue_setup(user.path(), layout);
    queued tier;
    if (is_refused_here(tier, setup)) return;
    REQUIRE(tier.open(setup));
    CHECK(tier.note().empty());
    test::queue_io io(tier, depth);
    REQUIRE(io.opened);
    constexpr std::uint64_t chunks = 150;
    REQUIRE(tier.create(3, test::io_chunk * chunks).good());
    REQUIRE(tier.create(4, test::io_chunk * chunks).good());
    CHECK(io.move(3, 30, test::shuffled(chunks), true) == 0);
    CHECK(io.move(4, 40, test::shuffled(chunks), true) == 0);
    CHECK(io.move(3, 30, test::shuffled(chunks), false) == 0);
    CHECK(io.move(4, 40, test::shuffled(chunks), false) == 0);
    CHECK(test::has(tier, 3, test::io_chunk * chunks, 30)); // and by the calls that wait
}

TEST_CASE("queue: the calls that wait move the same bytes, whether there is a queue or not") {
    const auto layout = GENERATE(layout_kind::file_per_entry, layout_kind::file_per_block, layout_kind::slab);
    const temporary_directory user;
    const auto setup = test::queue_setup(user.path(), layout);
    queued tier;
    const bool has_queue = tier.can_queue(setup);
    REQUIRE(tier.open(setup));
    CHECK(tier.note().empty() == has_queue);
    REQUIRE(test::put(tier, 0, test::io_chunk * 7, 9).good());
    CHECK(test::has(tier, 0, test::io_chunk * 7, 9));
    CHECK(tier.erase(0).good());
}

TEST_CASE("queue: two threads have a queue each, on one entry") {
    const temporary_directory user;
    const auto setup = test::queue_setup(user.path(), layout_kind::slab);
    queued tier;
    if (is_refused_here(tier, setup)) return;
    REQUIRE(tier.open(setup));
    const bytes size = test::io_chunk * 100;
    REQUIRE(test::put(tier, 0, size, 9).good());
    std::atomic<int> faults{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t)
        threads.emplace_back([&] {
            test::queue_io io(tier, 8);
            faults += !io.opened;
            for (int pass = 0; pass < 3; ++pass) faults += io.move(0, 9, test::shuffled(100), false);
        });
    for (auto& thread : threads) thread.join();
    CHECK(faults == 0);
}

TEST_CASE("queue: a file shorter than its entry is an I/O error, a file that is gone is its errno") {
    const temporary_directory user;
    const auto setup = test::queue_setup(user.path(), layout_kind::file_per_block);
    queued tier;
    if (is_refused_here(tier, setup)) return;
    REQUIRE(tier.open(setup));
    test::queue_io io(tier, 4);
    REQUIRE(io.opened);
    REQUIRE(test::put(tier, 0, test::io_chunk * 2, 1).good());
    const auto files = test::files_below(user.path());
    REQUIRE(files.size() == 2);
    for (const std::string& file : files) REQUIRE(::truncate(file.c_str(), 4096) == 0);
    CHECK(io.move(0, 1, {0, 1}, false) == 2);
    CHECK(io.last_error == EIO);
    for (const std::string& file : files) REQUIRE(::unlink(file.c_str()) == 0);
    CHECK(io.move(0, 1, {0, 1}, false) == 2);
    CHECK(io.last_error == ENOENT);
}

TEST_CASE("queue: wake() ends a wait with nothing in flight, from another thread and beforehand") {
    const temporary_directory user;
    const auto setup = test::queue_setup(user.path(), layout_kind::slab);
    queued tier;
    if (is_refused_here(tier, setup)) return;
    REQUIRE(tier.open(setup));
    test::queue_io io(tier, 4);
    REQUIRE(io.opened);
    const auto nothing = [](std::uint32_t, tier::io_status) { FAIL("no I/O was begun"); };
    for (int i = 0; i < 3; ++i) {
        io.queue.wake();
        io.queue.wait();
        io.queue.reap(nothing);
    }
    std::atomic<bool> over{false};
    std::thread other([&] {
        while (!over) io.queue.wake();
    });
    for (int i = 0; i < 100; ++i) {
        io.queue.wait();
        io.queue.reap(nothing);
    }
    over = true;
    other.join();
}

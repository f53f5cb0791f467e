// Memory of other ranks as a tier: what each rank writes comes back, at 1 to 4 ranks.
#include <kvmark/tier/peer.hpp>

#include "mpi/ranks.hpp"
#include "support/count_allocations.hpp"
#include "tier_uring/queue_io.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace kvmark;
using tier::peer;

static_assert(tier::queued_tier<peer>);
static_assert(tier::has_commit<peer> && tier::has_instant_metadata<peer> && !tier::is_in_memory<peer>);

namespace {

constexpr std::uint64_t blocks = 120;

tier::tier_setup setup_of(std::uint64_t limit_in_blocks) {
    return {.limit = test::io_chunk * limit_in_blocks, .io_chunk = test::io_chunk, .queue_depth = 8};
}

/// Connected while it lives, unless there is one rank.
class connected_peer {
public:
    explicit connected_peer(std::uint64_t limit_in_blocks = blocks) {
        opened = tier.open(setup_of(limit_in_blocks));
        if (opened) opened = tier.connect(MPI_COMM_WORLD, test::turn);
    }
    ~connected_peer() { tier.disconnect(); }
    peer tier;
    result<void> opened;
};

bool is_alone() { return test::ranks() == 1; }

/// Another content for each rank, so that one's bytes are never taken for another's.
std::uint64_t mine(std::uint64_t content) {
    return content * 1000 + static_cast<std::uint64_t>(test::rank());
}

std::uint64_t blocks_that_fit(peer& tier) {
    std::uint64_t count = 0;
    while (tier.create(static_cast<tier::entry_id>(count), test::io_chunk).good()) ++count;
    for (std::uint64_t e = 0; e < count; ++e) CHECK(tier.erase(static_cast<tier::entry_id>(e)).good());
    return count;
}

} // namespace

TEST_CASE("peer: one rank has nobody to lend to it") {
    if (!is_alone()) return;
    connected_peer p;
    REQUIRE_FALSE(p.opened);
    CHECK(p.opened.error().kind == error_kind::invalid_argument);
    CHECK_THAT(p.opened.error().message,
               Catch::Contains("--peer-mem-gb") && Catch::Contains("at least two ranks"));
}

TEST_CASE("peer: without connect() no queue opens, nothing is created, and erase is good") {
    peer tier;
    REQUIRE(tier.open(setup_of(blocks)));
    peer::queue queue;
    const auto opened = queue.open(tier, 4, {});
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Catch::Contains("at least two ranks"));
    CHECK(tier.create(0, test::io_chunk).error_number == ENOTCONN);
    CHECK(tier.erase(0).good());
    tier.disconnect();
}

TEST_CASE("peer: with limit 0 there is no connection, on any number of ranks") {
    connected_peer p(0);
    CHECK(p.opened);
    CHECK_FALSE(p.tier.is_connected());
}

TEST_CASE("peer: limits or blocks that differ between ranks are an error on all") {
    if (is_alone()) return;
    peer tier;
    const bool differs = test::rank() == 0;
    const bool by_limit = GENERATE(true, false);
    auto setup = setup_of(blocks);
    if (by_limit) setup.limit = differs ? bytes() : setup.limit;
    if (!by_limit && differs) setup.io_chunk = setup.io_chunk * 2;
    CHECK(tier.open(setup));
    const auto connected = tier.connect(MPI_COMM_WORLD, test::turn);
    REQUIRE_FALSE(connected);
    CHECK_THAT(connected.error().message, Catch::Contains("different"));
}

TEST_CASE("peer: more memory than a host has is an error on all ranks") {
    if (is_alone()) return;
    peer tier;
    CHECK(tier.open({.limit = available_memory() * 3, .io_chunk = bytes(mib_bytes)}));
    const auto connected = tier.connect(MPI_COMM_WORLD, test::turn);
    REQUIRE_FALSE(connected);
    // available_memory() differs a little between ranks, and so does what is then reported.
    CHECK_THAT(connected.error().message, Catch::Contains("--peer-mem-gb"));
}

TEST_CASE("peer: what every rank writes at once comes back, through calls that wait") {
    if (is_alone()) return;
    connected_peer p;
    REQUIRE(p.opened);
    const bytes size = test::io_chunk * 20 + tier::sector_size;
    for (tier::entry_id e = 0; e < 5; ++e) CHECK(test::put(p.tier, e, size, mine(e)).good());
    for (tier::entry_id e = 0; e < 5; ++e) CHECK(test::has(p.tier, e, size, mine(e)));
    test::barrier(); // all have written
    for (tier::entry_id e = 0; e < 5; ++e) CHECK(test::has(p.tier, e, size, mine(e)));
}

TEST_CASE("peer: room is the limit, rounded up to whole blocks per rank; erase gives it back") {
    if (is_alone()) return;
    const std::uint64_t limit = GENERATE(1u, 7u, 120u);
    connected_peer p(limit);
    REQUIRE(p.opened);
    const auto others = static_cast<std::uint64_t>(test::ranks()) - 1;
    const std::uint64_t room = (limit + others - 1) / others * others;
    CHECK(blocks_that_fit(p.tier) == room);
    CHECK(p.tier.create(0, test::io_chunk * (room + 1)).error_number == ENOMEM);
    for (std::uint64_t pass = 0; pass < 3; ++pass) {
        CHECK(test::put(p.tier, 0, test::io_chunk * room, mine(pass)).good()); // all of it, every block
        CHECK(p.tier.create(1, test::io_chunk).error_number == ENOMEM);
        test::barrier();
        CHECK(test::has(p.tier, 0, test::io_chunk * room, mine(pass)));
        CHECK(p.tier.erase(0).good());
        CHECK(p.tier.erase(0).good());
    }
    CHECK(blocks_that_fit(p.tier) == room);
}

TEST_CASE("peer: a queue of any depth writes and reads in any order") {
    if (is_alone()) return;
    const std::uint32_t depth = GENERATE(1u, 8u, 32u);
    connected_peer p;
    REQUIRE(p.opened);
    test::queue_io io(p.tier, depth);
    REQUIRE(io.opened);
    CHECK(p.tier.create(3, test::io_chunk * 50).good());
    CHECK(p.tier.create(4, test::io_chunk * 50).good());
    CHECK(io.move(3, mine(30), test::shuffled(50), true) == 0);
    CHECK(io.move(4, mine(40), test::shuffled(50), true) == 0);
    CHECK(p.tier.commit(3).good());
    CHECK(p.tier.commit(4).good());
    for (int pass = 0; pass < 3; ++pass) {
        CHECK(io.move(3, mine(30), test::shuffled(50), false) == 0);
        CHECK(io.move(4, mine(40), test::shuffled(50), false) == 0);
    }
    CHECK(test::has(p.tier, 3, test::io_chunk * 50, mine(30)));
}

TEST_CASE("peer: several threads of a rank have a queue each, beside one whose calls wait") {
    if (is_alone()) return;
    connected_peer p;
    REQUIRE(p.opened);
    const bytes size = test::io_chunk * 50;
    CHECK(test::put(p.tier, 0, size, mine(9)).good());
    std::atomic<int> faults{0};
    std::vector<std::thread> threads;
    for (tier::entry_id t = 1; t <= 2; ++t)
        threads.emplace_back([&, t] {
            test::queue_io io(p.tier, 8);
            faults += !io.opened || !p.tier.create(t, test::io_chunk * 30).good();
            for (std::uint64_t pass = 0; pass < 5; ++pass) {
                faults += io.move(t, mine(t * 10 + pass), test::shuffled(30), true);
                faults += !p.tier.commit(t).good();
                faults += io.move(t, mine(t * 10 + pass), test::shuffled(30), false);
                faults += io.move(0, mine(9), test::shuffled(50), false);
            }
        });
    faults += test::concurrent_read_faults(p.tier, 0, size, mine(9));
    for (auto& thread : threads) thread.join();
    CHECK(faults == 0);
}

TEST_CASE("peer: a rank that does nothing serves the others") {
    if (is_alone()) return;
    int unique = ::getpid();
    MPI_Bcast(&unique, 1, MPI_INT, 0, MPI_COMM_WORLD);
    connected_peer p;
    REQUIRE(p.opened);
    // Rank 0 waits for a file, not in MPI: no call of this thread's serves anyone.
    const std::string over = "/tmp/kvmark-peer-test-" + std::to_string(unique);
    if (test::rank() == 0)
        for (; ::access(over.c_str(), F_OK) != 0; ::usleep(1000)) {
        }
    if (test::rank() == 1) {
        for (std::uint64_t pass = 0; pass < 20; ++pass) {
            CHECK(test::put(p.tier, 0, test::io_chunk * blocks, mine(pass)).good());
            CHECK(test::has(p.tier, 0, test::io_chunk * blocks, mine(pass)));
            CHECK(p.tier.erase(0).good());
        }
        ::close(::creat(over.c_str(), 0600));
    }
    test::barrier();
    if (test::rank() == 0) ::unlink(over.c_str());
}

TEST_CASE("peer: wake() ends a wait with nothing in flight, from another thread and beforehand") {
    if (is_alone()) return;
    connected_peer p;
    REQUIRE(p.opened);
    test::queue_io io(p.tier, 4);
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

TEST_CASE("peer: once warm an entry comes and goes without an allocation") {
    if (is_alone()) return;
    connected_peer p;
    REQUIRE(p.opened);
    const huge_page_buffer buffer(test::io_chunk * 8);
    peer::queue queue;
    REQUIRE(queue.open(p.tier, 8, buffer.span()));
    const auto slot_of = [&](std::uint32_t i) {
        return buffer.span().subspan(i * test::io_chunk.count, test::io_chunk.count);
    };
    int failed = 0;
    const auto pass = [&](bool writes) {
        for (std::uint32_t i = 0; i < 8; ++i)
            writes ? queue.write(i, 0, test::io_chunk * std::uint64_t{i}, slot_of(i))
                   : queue.read(i, 0, test::io_chunk * std::uint64_t{i}, slot_of(i));
        for (int left = 8; left > 0;) {
            queue.wait();
            queue.reap([&](std::uint32_t, tier::io_status s) { failed += !s.good(), --left; });
        }
    };
    const auto once = [&] {
        failed += !p.tier.create(0, test::io_chunk * 8).good();
        pass(true);
        failed += !p.tier.commit(0).good();
        pass(false);
        failed += !p.tier.erase(0).good();
    };
    for (int i = 0; i < 20; ++i) once();
    const std::uint64_t before = test::allocations;
    for (int i = 0; i < 20; ++i) once();
    CHECK(test::allocations - before == 0);
    CHECK(failed == 0);
}

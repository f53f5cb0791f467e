// The tier on Boost.Asio: the behaviour of every queue, and no allocation per I/O.
#include <kvmark/tier/asio_file.hpp>
#include <kvmark/tier/selected_layout.hpp>

using queued = kvmark::tier::basic_asio_file<kvmark::tier::selected_layout>;

#include "support/count_allocations.hpp"
#include "tier_uring/queue_cases.hpp"

static_assert(tier::queued_tier<queued> && tier::queued_tier<tier::asio_file>);

TEST_CASE("asio file: an I/O allocates nothing once the queue is warm") {
    const temporary_directory user;
    const auto setup = test::queue_setup(user.path(), layout_kind::slab);
    queued tier;
    if (is_refused_here(tier, setup)) return;
    REQUIRE(tier.open(setup));
    test::queue_io io(tier, 8);
    REQUIRE(io.opened);
    REQUIRE(tier.create(0, test::io_chunk * 100).good());
    const auto order = test::shuffled(100);
    CHECK(io.move(0, 1, order, true) == 0);
    const std::uint64_t before = test::allocations;
    int faults = io.move(0, 1, order, true);
    faults += io.move(0, 1, order, false);
    CHECK(test::allocations == before);
    CHECK(faults == 0);
}

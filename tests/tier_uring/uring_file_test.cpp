// The tier on io_uring: its queue at every depth and layout, and what it does where there is none.
#include <kvmark/tier/selected_layout.hpp>
#include <kvmark/tier/uring_file.hpp>

#include "support/refuse_io_uring.hpp"
#include "support/temporary_directory.hpp"
#include "tier/mounted_memory.hpp"

using namespace kvmark;
using test::temporary_directory;
using tier::layout_kind;
using uring_tier = tier::basic_uring_file<tier::selected_layout>;
using queued = uring_tier;

#include "tier_uring/queue_cases.hpp"

static_assert(tier::queued_tier<uring_tier> && tier::queued_tier<tier::uring_file>);

TEST_CASE(
    "uring file: where io_uring is refused it says so, reads and writes all the same, or obeys strict") {
    const temporary_directory user;
    const int status = test::exit_status_of([&] {
        if (!test::refuse_io_uring()) return 77;
        auto setup = test::queue_setup(user.path(), layout_kind::file_per_entry);
        {
            uring_tier tier;
            if (tier.can_queue(setup)) return 1;
            if (tier.note().find("io_uring is refused") == std::string::npos) return 2;
            if (!tier.open(setup)) return 3;
            if (!test::put(tier, 0, test::io_chunk * 7, 9).good()) return 4;
            if (!test::has(tier, 0, test::io_chunk * 7, 9)) return 5;
        }
        setup.strict = true;
        uring_tier tier;
        const auto opened = tier.open(setup);
        return !opened && opened.error().message.find("io_uring is refused") != std::string::npos ? 0 : 6;
    });
    if (status == 77)
        WARN("SKIPPED: the kernel takes no seccomp filter");
    else
        CHECK(status == 0);
}

TEST_CASE("uring file: on a file system in memory it takes pread, and says so") {
    const temporary_directory user;
    const bool refused = !tier::io_uring_ring::refusal(user.path()).empty();
    const int status = test::exit_status_with_mounted(user.path(), "tmpfs", "size=16m", [&] {
        const auto setup = test::queue_setup(user.path(), layout_kind::file_per_entry);
        uring_tier tier;
        if (tier.can_queue(setup)) return 1;
        if (tier.note().find(refused ? "is refused" : "in memory") == std::string::npos) return 2;
        if (!tier.open(setup)) return 3;
        return test::put(tier, 0, test::io_chunk * 7, 9).good() && test::has(tier, 0, test::io_chunk * 7, 9)
                   ? 0
                   : 4;
    });
    CHECK(status == 0);
}

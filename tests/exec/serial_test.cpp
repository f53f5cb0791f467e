// The executor without threads.
#include <kvmark/exec/serial.hpp>
#include <kvmark/tier/host.hpp>

#include "exec/operations.hpp"
#include "support/child_process.hpp"

#include <sys/resource.h>

using namespace kvmark;
using engine::op_kind;
using engine::op_stage;

using stack = tier::stack<tier::host>;
using crew = exec::serial_crew<stack>;
static_assert(exec::io_crew<crew> && exec::executor<exec::serial>);

TEST_CASE("the calling thread does operations in order, a unit at each wait") {
    test::operations_on<stack> on({.limit = bytes(8 * mib_bytes)});
    crew hands({on.path, on.io, {}});
    REQUIRE(hands.start().has_value());
    CHECK(hands.reap() == nullptr);

    const bytes size(3 * 65'536 + 4096);
    auto& first = on.add(op_kind::write, 0, size);
    auto& second = on.add(op_kind::write, 1, bytes(4096));
    on.submit(hands, first, op_stage::create);
    on.submit(hands, second, op_stage::create);
    CHECK(on.reap(hands, 2) == std::vector<engine::io_op*>{&first, &second});

    on.submit(hands, first, op_stage::data);
    on.submit(hands, second, op_stage::data);
    REQUIRE(first.units == 4);
    for (int unit = 0; unit < 3; ++unit) {
        hands.wait({});
        CHECK(hands.reap() == nullptr);
    }
    hands.wait({});
    CHECK(hands.reap() == &first);
    hands.wait({});
    CHECK(hands.reap() == &second);

    auto& back = on.add(op_kind::read, 0, size);
    on.submit(hands, back, op_stage::data);
    on.reap(hands, 1);
    CHECK(back.error_number == 0);
    CHECK(test::faults_of(hands) == 0);
}

TEST_CASE("with nothing to do a wait lasts as long as it was asked to") {
    test::operations_on<stack> on({});
    crew hands({on.path, on.io, {}});
    const nanoseconds begin = clocks::monotonic_now();
    hands.wait(from_seconds(0.02));
    CHECK(clocks::monotonic_now() - begin >= from_seconds(0.02));
    hands.wait(nanoseconds(-5));
    CHECK(clocks::monotonic_now() - begin < from_seconds(5));
}

TEST_CASE("buffers that cannot be mapped are refused by start()") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    WARN("SKIPPED: a sanitizer's shadow does not live below an address space limit");
#else
    const int status = test::exit_status_of([] {
        const rlimit small{.rlim_cur = 1 << 30, .rlim_max = 1 << 30};
        ::setrlimit(RLIMIT_AS, &small);
        stack tiers;
        engine::io_window window;
        const engine::io_settings io{.chunk = bytes(2 * gib_bytes)};
        engine::io_path<stack> path(tiers, io, window);
        crew hands({path, io, {}});
        return hands.start() ? 1 : 0;
    });
    CHECK(status == 0);
#endif
}

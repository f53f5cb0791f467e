// Who can watch a run, and what an observer is told when nothing has happened yet.
#include <kvmark/measure/progress.hpp>

#include "support/catch.hpp"

using namespace kvmark;
using measure::progress;

namespace {

struct counting {
    int calls = 0;
    std::uint64_t users = 0;
    void on_progress(const progress& p) {
        ++calls;
        users = p.users;
    }
};
struct answering {
    bool on_progress(const progress&) { return true; }
};
struct changing {
    void on_progress(progress&) {}
};
struct deaf {};

template <measure::observer O>
void tell(O& watcher, const progress& p) {
    watcher.on_progress(p);
}

} // namespace

static_assert(measure::observer<counting>);
static_assert(measure::observer<counting&>, "an observer may be kept by reference");
static_assert(measure::observer<measure::no_observer>);
static_assert(!measure::observer<answering>, "an answer would be lost");
static_assert(!measure::observer<changing>, "an observer does not change what the next one is told");
static_assert(!measure::observer<deaf>);

TEST_CASE("progress: an observer is told once, and no_observer takes anything") {
    counting watcher;
    tell(watcher, {.stage = "running", .users = 3, .tiers = {{.name = "host", .read = bytes(4096)}}});
    CHECK(watcher.calls == 1);
    CHECK(watcher.users == 3);
    measure::no_observer nobody;
    tell(nobody, {});
}

TEST_CASE("progress: before anything happened all counts are 0") {
    const progress nothing;
    CHECK(nothing.stage.empty());
    CHECK(nothing.elapsed == nanoseconds(0));
    CHECK(nothing.window == nanoseconds(0));
    CHECK(nothing.fraction == 0);
    CHECK(nothing.completed == 0);
    CHECK(nothing.tiers.empty());
}

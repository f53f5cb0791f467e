// The full screen of `--live` as text, at the sizes that terminals have.
#include "live_layout.hpp"

#include "support/catch.hpp"

using namespace kvmark;
using namespace kvmark::cli;
using tier::tier_role;

namespace {

measure::progress at_second(double s, std::uint64_t gib_read, std::uint64_t done) {
    measure::progress p{.stage = "running",
                        .elapsed = from_seconds(s),
                        .window = from_seconds(100),
                        .fraction = s / 100,
                        .users = 50,
                        .completed = done,
                        .queued = 17,
                        .tokens = 100 * done,
                        .hit_rate = 0.932};
    p.end_to_end = {10, from_seconds(0.0021), from_seconds(0.0032), from_seconds(0.0043)};
    p.tiers.push_back({.name = "host",
                       .read = bytes(2 * gib_read * gib_bytes),
                       .role = tier_role::cpu,
                       .used = bytes(gib_bytes),
                       .limit = bytes(4 * gib_bytes),
                       .entries = 1234});
    p.tiers.push_back(
        {.name = "direct_file",
         .read = bytes(gib_read * gib_bytes),
         .used = bytes(3 * gib_bytes),
         .limit = bytes(4 * gib_bytes),
         .entries = 5678,
         .read_latency = {100, from_seconds(0.0005), from_seconds(0.0015), from_seconds(0.0125)}});
    return p;
}

live_run two_seconds() {
    live_run run("kvmark  llama3.1-8b");
    run.take(at_second(40, 10, 100));
    run.take(at_second(42, 16, 700));
    return run;
}

std::string text_of(const live_run& run, const live_look& look) {
    const cell_grid grid = draw(run, look);
    CHECK(grid.width() == look.width);
    CHECK(grid.height() == look.height);
    std::string text;
    for (std::size_t y = 0; y < grid.height(); ++y) text += grid.row(y) + "\n";
    return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("live: rates are those since the progress before, percentiles those of the last second") {
    const live_run run = two_seconds();
    CHECK(run.requests_per_s == 300);
    CHECK(run.tokens_per_s == 30'000);
    CHECK(run.tiers[1].read.gib_per_s == 3);
    CHECK(run.bandwidth.back() == 3); // of storage alone
    CHECK(run.read_p95.back() == Approx(1.5));
    CHECK(run.seconds_left() == 58);
}

TEST_CASE("live: the window counts from 0, whatever the preparation moved") {
    live_run run("");
    measure::progress p = at_second(30, 50, 0);
    p.stage = "preparing";
    run.take(p);
    CHECK(run.seconds_left() == Approx(70)); // by its share
    run.take(at_second(1, 2, 5));
    CHECK(run.tiers[1].read.gib_per_s == 2);
    CHECK(run.requests_per_s == 5);
}

TEST_CASE("live: a run of unknown length has its time left by its share, and none at its start") {
    live_run run("");
    measure::progress p = at_second(10, 1, 1);
    p.window = {};
    p.fraction = 0.25;
    run.take(p);
    CHECK(run.seconds_left() == Approx(30));
    p.fraction = 0;
    run.take(p);
    CHECK(run.seconds_left() < 0);
}

TEST_CASE("live: every usual size shows tiers, percentiles, hit rate and time left") {
    const live_look look =
        GENERATE(live_look{.width = 100, .height = 30}, live_look{.width = 80, .height = 24},
                 live_look{.width = 60, .height = 15}, live_look{.width = 200, .height = 60});
    const bool unicode = GENERATE(true, false);
    live_look as = look;
    as.unicode = unicode;
    const std::string text = text_of(two_seconds(), as);
    INFO(text);
    for (const char* part : {"kvmark  llama3.1-8b", "0:58 left", "42 %", "hit rate 93.2 %", "requests/s 300",
                             "tokens/s 30,000", "queue 17", "users 50", "direct_file", "host", "P50 ms",
                             "P95 ms", "P99 ms", "0.50", "1.50", "12.5", "storage GiB/s", "q stop"})
        CHECK(has(text, part));
    for (const char c : text) {
        CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
        if (!unicode) CHECK(static_cast<unsigned char>(c) < 0x80);
    }
}

TEST_CASE("live: where there is little room, time left and rates stay, and no size is too small") {
    const std::string small = text_of(two_seconds(), {.width = 40, .height = 6});
    INFO(small);
    CHECK(has(small, "0:58 left"));
    CHECK(has(small, "hit rate 93.2 %"));
    for (std::size_t width = 1; width < 100; ++width)
        for (std::size_t height = 1; height < 20; ++height)
            static_cast<void>(text_of(two_seconds(), {.width = width, .height = height}));
}

TEST_CASE("live: bars are as full as their tier") {
    const std::string text = text_of(two_seconds(), {.width = 100, .height = 30, .unicode = false});
    INFO(text);
    CHECK(has(text, "host        ####.......... 1.00 GiB / 4.00 GiB"));
    CHECK(has(text, "direct_file ###########... 3.00 GiB / 4.00 GiB"));
    CHECK(has(text, "5,678 entries"));
}

TEST_CASE("live: a tier without bound has no bar, one that is not used no row") {
    live_run run("");
    measure::progress p = at_second(1, 1, 1);
    p.tiers[0].limit = bytes(~std::uint64_t{0});
    p.tiers[1].limit = p.tiers[1].used = {};
    run.take(p);
    const std::string text = text_of(run, {.width = 100, .height = 30});
    INFO(text);
    CHECK(has(text, "host"));
    CHECK(!has(text, "GiB / "));
    CHECK(!has(text, "direct_file"));
}

TEST_CASE("live: the hosts of a job, and what was said") {
    live_run run("");
    measure::progress p = at_second(1, 1, 1);
    p.hosts = {{"node-1", 4, bytes(2 * gib_bytes)}, {"node-2", 5, {}}};
    run.take(p);
    run.say("kvmark: warning: slow \x1b[31mdevice\x1b[0m\n");
    const std::string text = text_of(run, {.width = 100, .height = 30});
    INFO(text);
    CHECK(has(text, "node-1"));
    CHECK(has(text, "2.00 GiB"));
    CHECK(has(text, "node-2"));
    CHECK(has(text, "slow ?[31mdevice?[0m")); // a rank's escape sequences are its own
}

TEST_CASE("live: what is kept of a run is a minute and a hundred lines") {
    live_run run("");
    for (int s = 1; s < 1000; ++s) {
        run.take(at_second(s, static_cast<std::uint64_t>(s), 1));
        run.say("line " + std::to_string(s));
    }
    CHECK(run.bandwidth.size() == 60);
    CHECK(run.lines.size() == 100);
    CHECK(run.lines.back() == "line 999");
}

TEST_CASE("live: frozen, stopping and help are said") {
    CHECK(has(text_of(two_seconds(), {.frozen = true}), "FROZEN"));
    CHECK(has(text_of(two_seconds(), {.stopping = true}), "stopping"));
    const std::string help = text_of(two_seconds(), {.help = true});
    CHECK(has(help, "Ctrl-C"));
    CHECK(has(help, "any key: back"));
}

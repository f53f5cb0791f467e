// What the ranks say of a run as it goes reaches the program that launched them whole.
#include <kvmark/exec/progress_text.hpp>

#include "support/catch.hpp"

using namespace kvmark;
using measure::recent_latency;

namespace {

bool same(const recent_latency& a, const recent_latency& b) {
    return a.count == b.count && a.p50 == b.p50 && a.p95 == b.p95 && a.p99 == b.p99;
}

measure::progress everything() {
    measure::progress p{.stage = "cleaning up",
                        .elapsed = nanoseconds(1),
                        .window = nanoseconds(2),
                        .fraction = 0.25,
                        .users = 3,
                        .completed = 4,
                        .queued = 5,
                        .tokens = 6,
                        .hit_rate = 0.5};
    p.end_to_end = {7, nanoseconds(8), nanoseconds(9), nanoseconds(10)};
    p.ttft = {11, nanoseconds(12), nanoseconds(13), nanoseconds(14)};
    p.tiers.push_back({.name = "host",
                       .read = bytes(15),
                       .written = bytes(16),
                       .role = tier::tier_role::cpu,
                       .used = bytes(17),
                       .limit = bytes(~std::uint64_t{0}),
                       .entries = 18,
                       .read_latency = {19, nanoseconds(20), nanoseconds(21), nanoseconds(22)},
                       .write_latency = {23, nanoseconds(24), nanoseconds(25), nanoseconds(26)}});
    p.tiers.push_back({.name = "direct_file"});
    p.hosts = {{"node-1", 4, bytes(27)}, {"node-2", 5, bytes(28)}};
    return p;
}

} // namespace

TEST_CASE("progress text: everything comes back") {
    const measure::progress sent = everything();
    exec::progress_text_reader reader;
    static_cast<void>(reader.read("running 1 2"));
    const measure::progress& p = reader.read(exec::progress_text(sent));
    CHECK(p.stage == "cleaning up");
    CHECK(p.elapsed == sent.elapsed);
    CHECK(p.window == sent.window);
    CHECK(p.fraction == sent.fraction);
    CHECK(p.users == sent.users);
    CHECK(p.completed == sent.completed);
    CHECK(p.queued == sent.queued);
    CHECK(p.tokens == sent.tokens);
    CHECK(p.hit_rate == sent.hit_rate);
    CHECK(same(p.end_to_end, sent.end_to_end));
    CHECK(same(p.ttft, sent.ttft));
    REQUIRE(p.tiers.size() == 2);
    const measure::tier_progress &host = p.tiers[0], &expected = sent.tiers[0];
    CHECK(host.name == "host");
    CHECK(host.read == expected.read);
    CHECK(host.written == expected.written);
    CHECK(host.role == expected.role);
    CHECK(host.used == expected.used);
    CHECK(host.limit == expected.limit);
    CHECK(host.entries == expected.entries);
    CHECK(same(host.read_latency, expected.read_latency));
    CHECK(same(host.write_latency, expected.write_latency));
    CHECK(p.tiers[1].name == "direct_file");
    CHECK(p.tiers[1].role == tier::tier_role::storage);
    REQUIRE(p.hosts.size() == 2);
    CHECK(p.hosts[0].name == "node-1");
    CHECK(p.hosts[0].ranks == 4);
    CHECK(p.hosts[1].name == "node-2");
    CHECK(p.hosts[1].moved == bytes(28));
}

TEST_CASE("progress text: a run outside a job has no hosts, and a text cut short no more than it says") {
    measure::progress sent = everything();
    sent.hosts.clear();
    exec::progress_text_reader reader;
    CHECK(reader.read(exec::progress_text(sent)).hosts.empty());
    CHECK(reader.read("preparing 5").tiers.empty());
}

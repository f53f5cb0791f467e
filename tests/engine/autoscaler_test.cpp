// The autoscaler's rules, one by one.
#include <kvmark/engine/autoscaler.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace kvmark;
using engine::autoscaler;
using engine::scaling_mode;

namespace {

const workload::parameters defaults;

struct step {
    double p95_ms, rate;
};
std::vector<std::string> actions(autoscaler& scaler, const std::vector<step>& steps) {
    std::vector<std::string> all;
    for (const step& s : steps) {
        const auto d = scaler.sample(s.p95_ms, s.rate);
        all.push_back(std::string(d.action) + " " + std::to_string(d.users));
    }
    return all;
}
using expected = std::vector<std::string>;

} // namespace

TEST_CASE("qos: below 90 % of the target, a fifth more users at each sample") {
    autoscaler scaler(scaling_mode::qos, 0.8, defaults, 100);
    CHECK(actions(scaler, {{10, 1000}, {10, 1000}, {10, 1000}}) ==
          expected{"scale_up 120", "scale_up 144", "scale_up 172"});
    autoscaler single(scaling_mode::qos, 0.8, defaults, 1);
    CHECK(actions(single, {{10, 1000}, {10, 1000}}) == expected{"scale_up 2", "scale_up 3"});
}

TEST_CASE(
    "qos: saturation is P95 over 100 ms, capped, and halved unless latency rises while throughput is flat") {
    autoscaler scaler(scaling_mode::qos, 0.8, defaults, 100);
    CHECK(scaler.sample(60, 1000).saturation == Approx(0.30)); // nothing to compare with
    CHECK(scaler.sample(80, 1000).saturation == Approx(0.80)); // up, flat
    CHECK(scaler.sample(90, 2000).saturation == Approx(0.45)); // up, but so is throughput
    CHECK(scaler.sample(50, 1000).saturation == Approx(0.25)); // down
    CHECK(scaler.sample(500, 1000).saturation == Approx(1.0)); // capped
}

TEST_CASE("qos: above 110 % of the target twice in a row, a fifth fewer users, then three samples of rest") {
    autoscaler scaler(scaling_mode::qos, 0.8, defaults, 100);
    CHECK(actions(scaler,
                  {{10, 1000}, {200, 1000}, {300, 1000}, {10, 1000}, {10, 1000}, {10, 1000}, {10, 1000}}) ==
          expected{"scale_up 120", "hold 120", "scale_down 96", "hold 96", "hold 96", "hold 96",
                   "scale_up 115"});
}

TEST_CASE("qos: once above is not enough, and between 90 % and 110 % nothing changes") {
    autoscaler scaler(scaling_mode::qos, 0.8, defaults, 100);
    CHECK(actions(scaler, {{40, 1000}, {200, 1000}, {80, 1000}, {200, 1000}, {80, 1000}}) ==
          expected{"scale_up 120", "hold 120", "hold 120", "hold 120", "hold 120"});
}

TEST_CASE("qos: latency is compared with that of ten samples ago") {
    autoscaler scaler(scaling_mode::qos, 0.8, defaults, 100);
    std::vector<step> rise;
    for (int i = 0; i < 10; ++i) rise.push_back({50, 1000});
    actions(scaler, rise);
    CHECK(scaler.sample(90, 1000).saturation == Approx(0.9));
    for (int i = 0; i < 9; ++i) CHECK(scaler.sample(90, 1000).saturation == Approx(0.9));
    CHECK(scaler.sample(90, 1000).saturation == Approx(0.45)); // the fifties are gone
}

TEST_CASE("qos: users stay within their bounds") {
    workload::parameters p;
    p.autoscale_min_users = 90;
    p.autoscale_max_users = 130;
    autoscaler scaler(scaling_mode::qos, 0.8, p, 100);
    CHECK(actions(scaler, {{10, 1000}, {10, 1000}}) == expected{"scale_up 120", "scale_up 130"});
    autoscaler low(scaling_mode::qos, 0.8, p, 100);
    CHECK(actions(low, {{74, 1000}, {200, 1000}, {300, 1000}}).back() == "scale_down 96");
}

TEST_CASE("capacity: two fifths more at first, then a fifth while the peak grows by more than 1 %") {
    autoscaler scaler(scaling_mode::capacity, 0.8, defaults, 100);
    CHECK(actions(scaler, {{0, 1000}, {0, 1200}, {0, 1300}}) ==
          expected{"scale_up 140", "scale_up 168", "scale_up 201"});
}

TEST_CASE("capacity: two samples without growth end the climb for good") {
    autoscaler scaler(scaling_mode::capacity, 0.8, defaults, 100);
    CHECK(actions(scaler, {{0, 1000}, {0, 1005}, {0, 900}, {0, 5000}}) ==
          expected{"scale_up 140", "scale_up 168", "stop 168", "stop 168"});
    autoscaler recovers(scaling_mode::capacity, 0.8, defaults, 100);
    CHECK(actions(recovers, {{0, 1000}, {0, 900}, {0, 1100}, {0, 1100}, {0, 1100}}).back() == "stop 241");
}

TEST_CASE("capacity: a step is 5 to 100 users") {
    autoscaler few(scaling_mode::capacity, 0.8, defaults, 4);
    CHECK(few.sample(0, 10).users == 9);
    autoscaler many(scaling_mode::capacity, 0.8, defaults, 5000);
    CHECK(many.sample(0, 10).users == 5100);
}

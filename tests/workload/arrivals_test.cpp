// Arrivals: the heap's order, and the two processes of a given rate.
#include <kvmark/workload/arrivals.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cmath>

using namespace kvmark;
using namespace kvmark::workload;

TEST_CASE("the queue gives arrivals by time, then by user") {
    random_stream draw(3);
    std::vector<arrival> all;
    think_queue queue;
    for (std::uint32_t u = 0; u < 1000; ++u) {
        all.push_back({nanoseconds(static_cast<std::int64_t>(draw.uniform_int(0, 50))), u});
        queue.push(all.back());
    }
    std::sort(all.begin(), all.end());
    const arrival never{nanoseconds(1'000'000), 0};
    for (const arrival& expected : all) {
        REQUIRE(queue.top() == expected);
        queue.replace_top(never);
    }
    CHECK(queue.top() == never);
}

TEST_CASE("users dropped from the queue are gone, and the order of the rest holds") {
    random_stream draw(4);
    think_queue queue;
    for (std::uint32_t u = 0; u < 500; ++u)
        queue.push({nanoseconds(static_cast<std::int64_t>(draw.uniform_int(0, 1'000'000))), u});
    queue.drop_from(100);
    nanoseconds last{-1};
    for (int i = 0; i < 100; ++i) {
        const arrival a = queue.top();
        REQUIRE(a.user < 100);
        REQUIRE(a.at >= last);
        last = a.at;
        queue.replace_top({nanoseconds(2'000'000), a.user});
    }
    CHECK(queue.top().at == nanoseconds(2'000'000));
    queue.drop_from(0);
    CHECK(queue.empty());
}

TEST_CASE("a Poisson process has the mean of its rate and the variance of an exponential") {
    rate_process process(42, arrival_process::poisson, 400.0);
    constexpr int n = 200'000;
    double squares = 0;
    nanoseconds last{};
    for (int i = 0; i < n; ++i) {
        const nanoseconds at = process.next();
        REQUIRE(at >= last);
        squares += std::pow(to_seconds(at - last), 2);
        last = at;
    }
    const double mean = to_seconds(last) / n;
    const double variance = squares / n - mean * mean;
    CHECK(mean == Approx(1 / 400.0).epsilon(0.01));
    CHECK(std::sqrt(variance) / mean == Approx(1).epsilon(0.02)); // coefficient of variation: 1
}

TEST_CASE("a fixed process keeps its rate to the nanosecond, without drift") {
    rate_process process(42, arrival_process::fixed, 3.0); // a gap that no count of nanoseconds equals
    for (std::int64_t i = 1; i <= 300'000; ++i) {
        const nanoseconds at = process.next();
        REQUIRE(std::abs(at.count - i * 1'000'000'000 / 3) <= 1);
    }
}

TEST_CASE("a new rate holds from where it was set") {
    rate_process process(42, arrival_process::fixed, 10.0);
    process.next();
    process.set_rate(100.0, process.next());
    CHECK(process.next() == from_seconds(0.21));
    CHECK(process.next() == from_seconds(0.22));
}

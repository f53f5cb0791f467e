// Who the users are, and when they ask.
#include <kvmark/workload/users.hpp>

#include "workload/requests.hpp"

#include <algorithm>
#include <array>
#include <set>

using namespace kvmark;
using namespace kvmark::workload;
using testing::chi_square;

TEST_CASE("users are drawn from their persona's ranges") {
    source_config c;
    c.seed = 31;
    constexpr int n = 30'000;
    std::array<int, 3> personas{}, classes{};
    std::array<double, 3> context{}, think{};
    for (std::uint64_t i = 0; i < n; ++i) {
        const user u = draw_user(c, i);
        const persona& p = c.parameters.personas.at(u.persona);
        REQUIRE((u.context_tokens >= p.context_tokens.low && u.context_tokens <= p.context_tokens.high));
        REQUIRE(
            (u.generated_tokens >= p.generated_tokens.low && u.generated_tokens <= p.generated_tokens.high));
        const double seconds = static_cast<double>(u.think_us) * 1e-6;
        REQUIRE((seconds >= p.think_seconds.low && seconds <= p.think_seconds.high));
        ++personas[u.persona];
        ++classes[static_cast<std::size_t>(u.service)];
        context[u.persona] += u.context_tokens;
        think[u.persona] += seconds;
    }
    CHECK(chi_square(personas, std::vector<double>(3, n / 3.0)) < 13.8); // 2 degrees of freedom, 99.9 %
    CHECK(chi_square(classes, std::array{0.15 * n, 0.35 * n, 0.50 * n}) < 13.8);
    for (std::size_t i = 0; i < 3; ++i) {
        const persona& p = c.parameters.personas[i];
        CHECK(context[i] / personas[i] ==
              Approx((p.context_tokens.low + p.context_tokens.high) / 2.0).epsilon(0.02));
        CHECK(think[i] / personas[i] ==
              Approx((p.think_seconds.low + p.think_seconds.high) / 2).epsilon(0.02));
    }
}

TEST_CASE("no two users are one drawn twice") {
    source_config c;
    c.seed = 34;
    std::set<std::array<std::uint64_t, 3>> seen;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        const user u = draw_user(c, i);
        seen.insert({u.context_tokens, u.generated_tokens, u.think_us});
    }
    CHECK(seen.size() > 9'990);
}

TEST_CASE("a pause is the user's own think time, jittered by a fifth either way") {
    source_config c;
    c.seed = 32;
    c.users = 20;
    user_population population(c);
    std::vector<nanoseconds> last(c.users);
    std::vector<double> least(c.users, 10), most(c.users, 0);
    for (int i = 0; i < 40'000; ++i) {
        const arrival a = *population.next();
        const double ratio =
            to_seconds(a.at - last[a.user]) / (static_cast<double>(population[a.user].think_us) * 1e-6);
        least[a.user] = std::min(least[a.user], ratio);
        most[a.user] = std::max(most[a.user], ratio);
        last[a.user] = a.at;
    }
    for (std::size_t u = 0; u < c.users; ++u) {
        CHECK((least[u] >= 0.7999 && least[u] < 0.81));
        CHECK((most[u] <= 1.2001 && most[u] > 1.19));
    }
}

TEST_CASE("without think times time still passes, and every user has its turn") {
    source_config c;
    c.users = 3;
    for (persona& p : c.parameters.personas) p.think_seconds = {0, 0};
    user_population population(c);
    std::array<int, 3> seen{};
    for (int i = 0; i < 300; ++i) ++seen[population.next()->user];
    CHECK(seen == std::array{100, 100, 100});
}

TEST_CASE("at a given rate each arrival is taken by any user alike") {
    source_config c;
    c.seed = 33;
    c.users = 50;
    c.request_rate = 1000;
    user_population population(c);
    std::vector<int> seen(c.users);
    constexpr int n = 50'000;
    nanoseconds last{};
    for (int i = 0; i < n; ++i) {
        const arrival a = *population.next();
        REQUIRE(a.at >= last);
        last = a.at;
        ++seen[a.user];
    }
    CHECK(chi_square(seen, std::vector<double>(50, n / 50.0)) < 85.4); // 49 degrees of freedom, 99.9 %
    CHECK(n / to_seconds(last) == Approx(1000).epsilon(0.02));
}

TEST_CASE("without users nobody asks until some come") {
    for (const double rate : {0.0, 10.0}) {
        source_config c;
        c.users = 4;
        c.request_rate = rate;
        user_population population(c);
        population.set_users(0, from_seconds(1));
        CHECK_FALSE(population.next());
        population.set_users(4, from_seconds(100));
        const std::optional<arrival> a = population.next();
        REQUIRE(a);
        CHECK(a->at > from_seconds(100));
    }
}

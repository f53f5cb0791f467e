// Rates that stop to grow, and where.
#include <kvmark/benchmark/plateau_search.hpp>
#include <kvmark/core/random.hpp>

#include "support/catch.hpp"

using namespace kvmark;

namespace {

struct no_clock {
    [[nodiscard]] nanoseconds now() const { return {}; }
};

template <class Curve>
plateau_result search(const search_settings& s, Curve curve, double of = 0, std::uint64_t seed = 1) {
    const auto run = [&, draw = random_stream(seed)](const load_trial& asked) mutable -> result<load_trial> {
        load_trial t = asked;
        const double value = curve(asked.load), error = of * value;
        t.figures = {{value + error * (draw.uniform() + draw.uniform() + draw.uniform() - 1.5) * 2, error}};
        return t;
    };
    plateau_search find(s, run, 0.02, no_clock());
    return find.find();
}

double saturating(double load) { return load < 60 ? 10 * load : 600; }

} // namespace

TEST_CASE("the plateau is the rate that no load raises, the knee where 95 % of it are reached") {
    const auto r = search({}, saturating);
    CHECK(r.end == search_end::found);
    CHECK(*r.plateau == Approx(600));
    CHECK(*r.knee == Approx(57).epsilon(0.03));
    CHECK(*r.knee >= 57);
    CHECK(*r.below_knee < 57);
}

TEST_CASE("with noise it is found all the same") {
    std::size_t near = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const auto r = search({}, saturating, 0.02, seed);
        REQUIRE(r.end == search_end::found);
        near += std::fabs(*r.plateau - 600) < 0.03 * 600 && std::fabs(*r.knee - 57) < 0.05 * 57;
    }
    CHECK(near >= 27);
}

TEST_CASE("a rate that falls beyond its peak has its peak as plateau") {
    const auto r = search({}, [](double load) { return load < 64 ? load : 64 * 64 / load; });
    CHECK(r.end == search_end::found);
    CHECK(*r.plateau == Approx(64));
    CHECK(*r.knee == Approx(0.95 * 64).epsilon(0.03));
}

TEST_CASE("a rate that still grows at the highest load has no plateau") {
    const auto r = search({.highest = 40}, saturating);
    CHECK(r.end == search_end::all_keep);
    CHECK(!r.plateau);
    CHECK(!r.knee);
    CHECK(r.path.back().load == 40);
}

TEST_CASE("a rate that is flat from the first load on has its knee there") {
    const auto r = search({.lowest = 4}, [](double) { return 5.0; });
    CHECK(*r.plateau == 5);
    CHECK(*r.knee == 4);
    CHECK(!r.below_knee);
}

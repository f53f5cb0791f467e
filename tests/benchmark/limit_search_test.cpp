// Searches in response curves of known limit, with and without noise; no run and no clock.
#include <kvmark/benchmark/limit_search.hpp>
#include <kvmark/core/random.hpp>

#include "support/catch.hpp"

using namespace kvmark;

namespace {

/// Moves by what the trials say they took.
struct told_clock {
    double* seconds;
    [[nodiscard]] nanoseconds now() const { return from_seconds(*seconds); }
};

/// A number that is as good as normal, by twelve that are uniform.
double noise(random_stream& draw) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += draw.uniform();
    return sum;
}

/// Response of a queue: grows without bound towards load 100.
double queue_at(double load) { return load < 100 ? 1 / (1 - load / 100) : 1e9; }

/// Trials of a curve with noise of a share `of` of its value. One trial takes ten seconds and its warm-up.
template <class Curve>
auto trials_of(Curve curve, double of, std::uint64_t seed, double* seconds) {
    return [curve, of, draw = random_stream(seed),
            seconds](const load_trial& asked) mutable -> result<load_trial> {
        load_trial t = asked;
        const double value = curve(asked.load);
        t.figures = {{value * (1 + of * noise(draw)), of * value}};
        *seconds += 10 + asked.warmup;
        return t;
    };
}

template <class Curve>
limit_result search(const search_settings& s, double limit, Curve curve, double of = 0,
                    std::uint64_t seed = 1) {
    double seconds = 0;
    limit_search find(s, {{.limit = limit}}, trials_of(curve, of, seed, &seconds), told_clock{&seconds});
    return find.find();
}

std::size_t trials_in(const limit_result& r) {
    std::size_t n = 0;
    for (const load_point& p : r.path) n += p.trials.size();
    return n;
}

} // namespace

TEST_CASE("without noise the limit lies between the ends, which are as near as asked") {
    const double precision = GENERATE(0.1, 0.01, 0.001);
    const auto r = search({.precision = precision}, 5, queue_at);
    constexpr double limit = 79.9999999; // 80, but for rounding
    CHECK(r.end == search_end::found);
    REQUIRE((r.keeps && r.fails));
    CHECK(*r.keeps <= 80);
    CHECK(*r.fails > limit);
    CHECK(*r.fails - *r.keeps <= precision * *r.keeps);
    CHECK(r.confidence == 1);
    CHECK(r.path.front().load == 1);
    CHECK(r.path[1].load == 2);
    CHECK(r.trials == trials_in(r));
}

TEST_CASE("whole loads end one apart, however fine the precision") {
    const auto r = search({.whole = true, .precision = 0}, 5.01, queue_at);
    CHECK(*r.keeps == 80);
    CHECK(*r.fails == 81);
    for (const load_point& p : r.path) CHECK(p.load == std::floor(p.load));
}

TEST_CASE("with noise the limit is found within it, and the stated confidence holds") {
    std::size_t near = 0, inside = 0;
    double stated = 0;
    constexpr int searches = 60;
    for (std::uint64_t seed = 1; seed <= searches; ++seed) {
        // 5 % noise moves the limit by 1 % of the load, where the curve is 5 and its slope 25 / 100.
        const auto r = search({.precision = 0.02}, 5, queue_at, 0.05, seed);
        REQUIRE(r.end == search_end::found);
        near += std::fabs(*r.keeps - 80) <= 0.03 * 80;
        inside += *r.keeps <= 80 && *r.fails > 80;
        stated += r.confidence;
        CHECK(trials_in(r) < 60);
    }
    CHECK(near >= searches - 3);
    CHECK(static_cast<double>(inside) >= 0.5 * stated);
}

TEST_CASE("a load near the target is tried again, one far from it is not") {
    const auto r =
        search({.precision = 0.02, .max_trials = 5, .seed = 10, .seed_step = 4}, 5, queue_at, 0.05);
    for (const load_point& p : r.path) {
        INFO("load " << p.load);
        CHECK(p.trials.size() <= 5);
        if (queue_at(p.load) < 3 || queue_at(p.load) > 9) CHECK(p.trials.size() == 1);
    }
    for (const load_point& p : r.path)
        if (p.load == *r.keeps || p.load == *r.fails) CHECK(p.trials.size() >= 2);
    for (const load_point& p : r.path)
        for (std::size_t i = 0; i < p.trials.size(); ++i) CHECK(p.trials[i].seed == 10 + 4 * i);
}

TEST_CASE("where everything keeps the target, or nothing does, that is said") {
    const auto all = search({.highest = 50}, 5, queue_at);
    CHECK(all.end == search_end::all_keep);
    CHECK(*all.keeps == 50);
    CHECK(!all.fails);
    const auto none = search({.lowest = 90}, 5, queue_at);
    CHECK(none.end == search_end::none_keeps);
    CHECK(!none.keeps);
    CHECK(*none.fails == 90);
    CHECK(search({.lowest = 40, .highest = 40}, 5, queue_at).end == search_end::all_keep);
}

TEST_CASE("a growing backlog fails a load whose completed requests look well") {
    double seconds = 0;
    const auto run = [&](const load_trial& asked) -> result<load_trial> {
        load_trial t = asked;
        t.figures = {{0.1, 0.01}};
        t.overloaded = asked.load > 37;
        seconds += 1;
        return t;
    };
    limit_search find({.whole = true}, {{.limit = 1}}, run, told_clock{&seconds});
    const auto r = find.find();
    CHECK(*r.keeps == 37);
    CHECK(*r.fails == 38);
}

TEST_CASE("every target counts, those of which more is better too") {
    double seconds = 0;
    const auto run = [&](const load_trial& asked) -> result<load_trial> {
        load_trial t = asked;
        t.figures = {{asked.load, 0}, {1 - asked.load / 1000, 0}};
        seconds += 1;
        return t;
    };
    const auto limit_of = [&](double latency, double share) {
        limit_search find({.whole = true, .precision = 0},
                          {{.limit = latency}, {.limit = share, .at_least = true}}, run,
                          told_clock{&seconds});
        return *find.find().keeps;
    };
    CHECK(limit_of(300, 0.5) == 300);
    CHECK(limit_of(900, 0.5) == 500);
}

TEST_CASE("the time is kept, and no trial begins that would end after it") {
    for (const double allowed : {5.0, 35.0, 65.0}) {
        const auto r = search({.precision = 0.001, .max_seconds = allowed}, 5, queue_at);
        CHECK(r.end == search_end::out_of_time);
        CHECK(r.seconds <= (allowed < 10 ? 10 : allowed)); // the first is always done
        CHECK(trials_in(r) == static_cast<std::size_t>(allowed < 10 ? 1 : allowed / 10));
        CHECK(r.keeps);
    }
}

TEST_CASE("a trial that is not steady is repeated with twice the warm-up, which stays") {
    double seconds = 0;
    const auto run = [&](const load_trial& asked) -> result<load_trial> {
        load_trial t = asked;
        t.steady = asked.warmup >= 7;
        t.figures = {{t.steady ? queue_at(asked.load) : 1000, 0}};
        seconds += 1;
        return t;
    };
    limit_search find({.warmup = 2, .longest_warmup = 30}, {{.limit = 5}}, run, told_clock{&seconds});
    const auto r = find.find();
    REQUIRE(r.path.front().trials.size() == 3);
    CHECK(r.path.front().trials[0].warmup == 2);
    CHECK(!r.path.front().trials[0].counts);
    CHECK(r.path.front().trials[2].warmup == 8);
    CHECK(r.path.front().trials[2].counts);
    CHECK(r.path[1].trials[0].warmup == 8);
    CHECK(std::fabs(*r.keeps - 80) < 2);
    SECTION("but no longer than allowed: then it counts as it is") {
        const auto never = [&](const load_trial& asked) -> result<load_trial> {
            load_trial t = asked;
            t.steady = false;
            t.figures = {{queue_at(asked.load), 0}};
            return t;
        };
        limit_search again({.warmup = 0, .longest_warmup = 16}, {{.limit = 5}}, never, told_clock{&seconds});
        const auto q = again.find();
        CHECK(q.end == search_end::found);
        CHECK(q.path.front().trials.size() == 6); // 0, 1, 2, 4, 8, 16
        CHECK(q.path[1].trials.size() == 1);
        CHECK(!q.path[1].trials[0].steady);
        CHECK(std::fabs(*q.keeps - 80) < 2);
    }
}

TEST_CASE("a stop and an error end the search, and the path so far is there") {
    const bool stops = GENERATE(true, false);
    int n = 0;
    double seconds = 0;
    const auto run = [&](const load_trial& asked) -> result<load_trial> {
        load_trial t = asked;
        t.figures = {{queue_at(asked.load), 0}};
        t.stopped = stops && n == 4;
        if (!stops && n == 4) return error{error_kind::system, "no space"};
        ++n;
        return t;
    };
    limit_search find({}, {{.limit = 5}}, run, told_clock{&seconds});
    const auto r = find.find();
    CHECK(r.end == (stops ? search_end::stopped : search_end::failed));
    CHECK(*r.keeps == 8);
    CHECK(!r.fails);
    CHECK(r.path.size() == (stops ? 5 : 4));
    CHECK(r.failure.has_value() == !stops);
}

TEST_CASE("one bad trial at a low load does not hide a limit above it") {
    // The first trial at load 4 fails by chance; with a spread of its own it is tried again.
    int at_four = 0;
    double seconds = 0;
    const auto run = [&](const load_trial& asked) -> result<load_trial> {
        load_trial t = asked;
        const bool bad = asked.load == 4 && at_four++ == 0;
        t.figures = {{bad ? 5.5 : queue_at(asked.load), bad ? 0.5 : 0.01}};
        seconds += 1;
        return t;
    };
    limit_search find({.precision = 0.02}, {{.limit = 5}}, run, told_clock{&seconds});
    const auto r = find.find();
    CHECK(std::fabs(*r.keeps - 80) < 2);
}

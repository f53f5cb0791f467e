// Where the rate of a service stops to grow with its load.
#pragma once

#include <kvmark/benchmark/load_trials.hpp>

namespace kvmark {

struct plateau_result {
    search_end end = search_end::found; ///< all_keep: it still grows at the highest load
    std::optional<double> plateau;      ///< the rate that no load raises
    std::optional<double> knee;         ///< the smallest load whose rate is within 5 % of it
    std::optional<double> below_knee;   ///< the highest load tried whose rate is not
    std::vector<load_point> path;       ///< its only figure is the rate
    std::optional<error> failure;
    double seconds = 0;
    std::size_t trials = 0;
};

/// Doubles the load until the rate has twice not grown by more than `growth` beyond the best so far, then
/// halves the gap around the knee. A step is tried again, up to max_trials, while the interval of its growth
/// straddles `growth`; so is a load whose interval straddles 95 % of the plateau.
template <class Run, class Clock = clocks::steady>
class plateau_search {
public:
    /// A trial's only figure is the rate.
    plateau_search(const search_settings& settings, Run run, double growth = 0.02, Clock clock = {})
        : trials_(settings, {{.limit = 0, .at_least = true}}, std::move(run), std::move(clock)),
          growth_(growth) {}

    [[nodiscard]] plateau_result find() {
        plateau_result r;
        r.end = climb(r) && find_knee(r) ? search_end::found : trials_.end().value_or(search_end::all_keep);
        r.path = trials_.path();
        r.failure = trials_.failure();
        r.seconds = trials_.seconds();
        r.trials = trials_.trials();
        return r;
    }

private:
    static constexpr double knee_share = 0.95;

    [[nodiscard]] const load_point& at(double load) const {
        const load_point* found = nullptr;
        for (const load_point& p : trials_.path())
            if (p.load == load) found = &p;
        return *found;
    }
    [[nodiscard]] static double rate(const load_point& p) { return p.intervals.front().mean; }

    [[nodiscard]] bool climb(plateau_result& r) {
        const search_settings& s = trials_.settings();
        double best = s.lowest, flat = 0, load = s.lowest;
        std::size_t without = 0;
        if (!trials_.until_decided(load)) return false;
        while (load < s.highest) {
            load = next_load(s, load);
            if (!trials_.until_decided(load)) return false;
            if (!decide_growth(best, load)) return false;
            if (rate(at(load)) > (1 + growth_) * rate(at(best))) {
                best = load;
                without = 0;
                flat = 0;
                continue;
            }
            flat += rate(at(load)) / 2;
            if (++without < 2) continue;
            r.plateau = flat > rate(at(best)) ? flat : rate(at(best));
            return true;
        }
        return false;
    }

    /// Tries both loads again until the growth from one to the other is above `growth_`, or is not.
    [[nodiscard]] bool decide_growth(double from, double to) {
        for (;;) {
            const measure::interval a = at(from).intervals.front(), b = at(to).intervals.front();
            const double wanted = (1 + growth_) * a.mean;
            const double half =
                std::sqrt(square(b.high - b.mean) + square((1 + growth_) * (a.high - a.mean)));
            if (std::fabs(b.mean - wanted) >= half) return true;
            const std::size_t most = trials_.settings().max_trials;
            const bool from_next = at(from).counted() < at(to).counted();
            if (at(from_next ? from : to).counted() >= most) return true;
            if (!trials_.once(from_next ? from : to)) return false;
        }
    }
    [[nodiscard]] static double square(double x) { return x * x; }

    [[nodiscard]] bool find_knee(plateau_result& r) {
        const search_settings& s = trials_.settings();
        const double enough = knee_share * *r.plateau;
        for (;;) {
            r.knee.reset();
            r.below_knee.reset();
            for (const load_point& p : trials_.path())
                if (p.counted() > 0 && rate(p) >= enough && (!r.knee || p.load < *r.knee)) r.knee = p.load;
            for (const load_point& p : trials_.path())
                if (p.counted() > 0 && r.knee && p.load < *r.knee &&
                    (!r.below_knee || p.load > *r.below_knee))
                    r.below_knee = p.load;
            if (!r.knee || !r.below_knee || close_enough(s, *r.below_knee, *r.knee)) return true;
            const double load = load_between(s, *r.below_knee, *r.knee);
            const load_point* p = nullptr;
            do {
                p = trials_.once(load);
            } while (p && p->counted() < s.max_trials && p->intervals.front().low < enough &&
                     p->intervals.front().high > enough);
            if (!p) return false;
        }
    }

    load_trials<Run, Clock> trials_;
    double growth_;
};

} // namespace kvmark

// The highest load that keeps a target: it grows until the target fails, then the gap is halved.
#pragma once

#include <kvmark/benchmark/load_trials.hpp>

namespace kvmark {

struct limit_result {
    search_end end = search_end::found;
    std::optional<double> keeps; ///< the highest load that keeps every target; no lower one fails
    std::optional<double> fails; ///< the lowest load that does not
    double confidence = 0;       ///< that the limit lies between the two; of the one where there is one alone
    std::vector<load_point> path; ///< in the order of their first trial
    std::optional<error> failure;
    double seconds = 0;
    std::size_t trials = 0;
};

/// Finds the limit of a service: the highest load at which every target is kept, where a higher load never
/// makes a figure better. Trials repeat where the interval straddles the target. The two ends that the
/// answer stands on have two trials each at least. Where a load keeps the target above one that fails, the
/// failing one is tried up to max_trials times; if it still fails, the lower load counts.
template <class Run, class Clock = clocks::steady>
class limit_search {
public:
    limit_search(const search_settings& settings, std::vector<load_target> targets, Run run, Clock clock = {})
        : trials_(settings, std::move(targets), std::move(run), std::move(clock)) {}

    [[nodiscard]] limit_result find() {
        limit_result r;
        r.end = walk();
        r.path = trials_.path();
        const ends e = ends_of(r.path);
        double sure = 1;
        for (const load_point* p : {e.keeps, e.fails})
            if (p) sure *= p->confidence;
        if (e.keeps) r.keeps = e.keeps->load;
        if (e.fails) r.fails = e.fails->load;
        r.confidence = e.keeps || e.fails ? sure : 0;
        r.failure = trials_.failure();
        r.seconds = trials_.seconds();
        r.trials = trials_.trials();
        return r;
    }

private:
    struct ends {
        const load_point* keeps = nullptr;    ///< the highest below `fails`
        const load_point* fails = nullptr;    ///< the lowest
        const load_point* violates = nullptr; ///< keeps, above `fails`
    };

    [[nodiscard]] static ends ends_of(const std::vector<load_point>& path) {
        ends e;
        for (const load_point& p : path)
            if (p.counted() > 0 && p.verdict == load_verdict::fails && (!e.fails || p.load < e.fails->load))
                e.fails = &p;
        for (const load_point& p : path) {
            if (p.counted() == 0 || p.verdict == load_verdict::fails) continue;
            const bool above = e.fails && p.load > e.fails->load;
            const load_point*& place = above ? e.violates : e.keeps;
            if (!place || p.load > place->load) place = &p;
        }
        return e;
    }

    [[nodiscard]] bool wants_another(const load_point* p) const {
        const std::size_t most = trials_.settings().max_trials;
        return p && p->counted() < (most < 2 ? most : 2);
    }

    [[nodiscard]] search_end walk() {
        const search_settings& s = trials_.settings();
        double next = s.lowest;
        std::size_t least = 1;
        while (trials_.until_decided(next, least)) {
            least = 1;
            const ends e = ends_of(trials_.path());
            if (e.violates && e.fails->counted() < s.max_trials) {
                next = e.fails->load;
                least = e.fails->counted() + 1;
                continue;
            }
            const bool bracketed = e.keeps && e.fails;
            const bool over = bracketed ? close_enough(s, e.keeps->load, e.fails->load)
                              : e.fails ? e.fails->load <= s.lowest
                                        : e.keeps->load >= s.highest;
            if (over) {
                const load_point* unsure = wants_another(e.keeps)   ? e.keeps
                                           : wants_another(e.fails) ? e.fails
                                                                    : nullptr;
                if (!unsure)
                    return bracketed ? search_end::found
                           : e.fails ? search_end::none_keeps
                                     : search_end::all_keep;
                next = unsure->load;
                least = 2;
            } else if (bracketed) {
                next = load_between(s, e.keeps->load, e.fails->load);
            } else {
                next = next_load(s, e.keeps->load);
            }
        }
        return *trials_.end();
    }

    load_trials<Run, Clock> trials_;
};

} // namespace kvmark

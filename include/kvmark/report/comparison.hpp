// Are two sets of trials different, beyond what chance makes of either? For each metric: a ratio, an
// interval, a verdict. docs/report.md explains the method.
#pragma once

#include <kvmark/report/block_bootstrap.hpp>
#include <kvmark/report/spread.hpp>

#include <boost/math/distributions/students_t.hpp>

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

namespace kvmark::report {

/// One metric of one trial.
struct trial_figure {
    double value = 0;                   ///< of the whole trial, 0 or more
    std::vector<weighted_value> course; ///< over its time, where it is known: what `value` is made of
};

enum class better_when : std::uint8_t {
    higher,
    lower,
    neither, ///< a figure that moves with the load, and is good or bad only together with others
};

struct compared_metric {
    std::string name;
    std::string unit;
    better_when better = better_when::higher;
    std::vector<trial_figure> a, b;
};

struct comparison_rules {
    double confidence = 0.95;
    double min_effect = 0.02; ///< of the ratio: a change that is not surely larger is none
    std::size_t resamples = 2000;
    std::uint64_t seed = 42;
};

/// `more` and `less`: of a figure that is neither good nor bad, and of one run a side, since two further runs
/// of the same two things may differ the other way.
enum class verdict : std::uint8_t { better, worse, more, less, no_difference, not_judged };
inline constexpr std::array<std::string_view, 6> verdict_names{
    "better", "worse", "more", "less", "no difference beyond noise", "not judged"};

struct metric_comparison {
    median_and_spread a, b; ///< over the trials
    verdict what = verdict::not_judged;
    std::string reason;     ///< why it was not judged; else empty
    bool has_ratio = false; ///< false too where a trial has 0: then differences were judged, in shares of the
                            ///< largest median, and the next three are such differences
    double ratio = 0;       ///< B over A, of the geometric means of the trials
    double low = 0, high = 0; ///< interval of it, of this metric alone
    double p = 1; ///< that a change beyond min_effect is chance, raised for the number of metrics (Holm)
    double resolution = 0;  ///< a change by a smaller share would not have been seen
    bool one_trial = false; ///< each side has one: the interval is of these two runs, not of further ones
};

namespace detail {

/// Of a single run, before its own course is believed to show its noise: with fewer, and with seconds that
/// resemble each other, two equal runs are called different far more often than the confidence says
/// (docs/report.md).
inline constexpr std::size_t fewest_steps = 60;

/// A side of the comparison: its mean on the scale of the judgement, and the variance of that mean.
struct side_estimate {
    double mean = 0;
    double variance = 0;
    double freedom = 1; ///< degrees of freedom of `variance`
    bool known = true;  ///< false: too little to know the variance
};

/// The hierarchical bootstrap: draws trials, and of each stretches of its time (Davison and Hinkley
/// 1997, 3.8; Kalibera and Jones 2013). The bootstrap takes n for n - 1, which n/(n-1) undoes (Hesterberg
/// 2015).
template <class Scale>
[[nodiscard]] side_estimate estimate_side(const std::vector<trial_figure>& trials, const Scale& scale,
                                          std::size_t resamples, random_stream& random) {
    side_estimate e;
    const auto n = static_cast<double>(trials.size());
    std::vector<block_resampler> courses;
    for (const trial_figure& t : trials) {
        courses.emplace_back(t.course);
        e.mean += scale(t.value) / n;
    }
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < resamples; ++i) {
        double mean = 0;
        for (std::size_t drawn = 0; drawn < trials.size(); ++drawn) {
            const auto which = static_cast<std::size_t>(random.uniform_int(0, trials.size() - 1));
            const block_resampler& course = courses[which];
            const double whole = course.mean();
            // A course that stands still most of the time may give nothing at all, which has no logarithm.
            const double part = whole > 0 ? std::max(course.resampled_mean(random) / whole, 0.01) : 1;
            mean += scale(trials[which].value * part) / n;
        }
        sum += mean - e.mean;
        squares += (mean - e.mean) * (mean - e.mean);
    }
    const auto count = static_cast<double>(resamples);
    const double pieces = trials.size() > 1 ? n : courses.front().blocks();
    e.known = trials.size() > 1 || trials.front().course.size() >= fewest_steps;
    e.freedom = std::max(pieces - 1, 1.0);
    e.variance = std::max(0.0, squares / count - (sum / count) * (sum / count)) * (e.freedom + 1) / e.freedom;
    return e;
}

/// A single trial beside a set of them is taken to vary as they do.
inline void borrow_variance(side_estimate& single, const side_estimate& set, std::size_t trials) {
    const double of_one_trial = set.variance * static_cast<double>(trials);
    if (!single.known || of_one_trial > single.variance) single.variance = of_one_trial;
    single.freedom = set.freedom;
    single.known = true;
}

[[nodiscard]] inline median_and_spread spread_of(const std::vector<trial_figure>& trials) {
    std::vector<double> values;
    for (const trial_figure& t : trials) values.push_back(t.value);
    return summarise(std::move(values));
}

struct judged {
    double effect = 0;
    double error = 0; ///< standard error of `effect`
    double freedom = 1;

    [[nodiscard]] boost::math::students_t noise() const { return boost::math::students_t(freedom); }
    /// How far `effect` may be off, with a probability of 1 - alpha.
    [[nodiscard]] double reach(double alpha) const {
        return error > 0 ? error * boost::math::quantile(complement(noise(), alpha / 2)) : 0;
    }
    /// The probability that chance alone makes so much more than `band` of nothing.
    [[nodiscard]] double p(double band) const {
        const double beyond = std::abs(effect) - band;
        if (beyond <= 0) return 1;
        return error > 0 ? 2 * boost::math::cdf(complement(noise(), beyond / error)) : 0;
    }
};

/// Difference of the sides, with the degrees of freedom of Welch (1947).
[[nodiscard]] inline judged difference_of(const side_estimate& a, const side_estimate& b) {
    const double variance = a.variance + b.variance;
    const double parts = a.variance * a.variance / a.freedom + b.variance * b.variance / b.freedom;
    return {b.mean - a.mean, std::sqrt(variance),
            parts > 0 ? std::max(1.0, variance * variance / parts) : 1.0};
}

/// The judgement but for what depends on the other metrics.
[[nodiscard]] inline judged judge(const compared_metric& m, const comparison_rules& rules,
                                  random_stream& random, metric_comparison& into) {
    into.a = spread_of(m.a);
    into.b = spread_of(m.b);
    if (m.a.empty() || m.b.empty()) {
        into.reason = std::string(m.a.empty() ? "A" : "B") + " has no such figure";
        return {};
    }
    const double least = std::min(into.a.low, into.b.low), size = std::max(into.a.median, into.b.median);
    into.has_ratio = least > 0;
    into.one_trial = m.a.size() == 1 && m.b.size() == 1;
    const auto scale = [&](double v) { return into.has_ratio ? std::log(v) : size > 0 ? v / size : v; };
    side_estimate a = estimate_side(m.a, scale, rules.resamples, random);
    side_estimate b = estimate_side(m.b, scale, rules.resamples, random);
    if (m.a.size() == 1 && m.b.size() > 1) borrow_variance(a, b, m.b.size());
    if (m.b.size() == 1 && m.a.size() > 1) borrow_variance(b, a, m.a.size());
    if (!a.known || !b.known) {
        into.reason = m.a.front().course.empty() || m.b.front().course.empty()
                          ? "one run a side, and no course over time: repeat the runs"
                          : "one run a side, shorter than " + std::to_string(fewest_steps) +
                                " steps of its timeline: repeat the runs";
        into.ratio = into.low = into.high = into.has_ratio ? std::exp(b.mean - a.mean) : b.mean - a.mean;
        return {};
    }
    return difference_of(a, b);
}

[[nodiscard]] inline verdict verdict_of(double effect, better_when better, bool one_trial) {
    const bool up = effect > 0;
    if (better == better_when::neither || one_trial) return up ? verdict::more : verdict::less;
    return up == (better == better_when::higher) ? verdict::better : verdict::worse;
}

} // namespace detail

/// One comparison for each metric, in their order. A difference is claimed where a change beyond
/// rules.min_effect is surer than rules.confidence after the correction of Holm (1979), which holds for all
/// metrics together: with no true difference in any, 1 - confidence of all comparisons claim one somewhere.
/// The same input gives the same output. Preconditions: values are finite and 0 or more; weights are 0 or
/// more.
[[nodiscard]] inline std::vector<metric_comparison> compare(std::span<const compared_metric> metrics,
                                                            const comparison_rules& rules = {}) {
    std::vector<metric_comparison> all(metrics.size());
    std::vector<detail::judged> found(metrics.size());
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        random_stream random(rules.seed, i);
        found[i] = detail::judge(metrics[i], rules, random, all[i]);
        if (all[i].reason.empty()) order.push_back(i);
    }
    const double alpha = 1 - rules.confidence;
    const auto band_of = [&](const metric_comparison& m) {
        return m.has_ratio ? std::log1p(rules.min_effect) : rules.min_effect;
    };
    for (const std::size_t i : order) {
        metric_comparison& m = all[i];
        const detail::judged& f = found[i];
        const auto shown = [&](double effect) { return m.has_ratio ? std::exp(effect) : effect; };
        const double reach = f.reach(alpha);
        m.ratio = shown(f.effect);
        m.low = shown(f.effect - reach);
        m.high = shown(f.effect + reach);
        const double seen = band_of(m) + f.reach(alpha / static_cast<double>(order.size()));
        m.resolution = m.has_ratio ? std::expm1(seen) : seen;
        m.p = f.p(band_of(m));
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t x, std::size_t y) { return all[x].p < all[y].p; });
    double highest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        metric_comparison& m = all[order[rank]];
        highest = std::max(highest, m.p * static_cast<double>(order.size() - rank));
        m.p = std::min(1.0, highest);
        m.what = m.p <= alpha
                     ? detail::verdict_of(found[order[rank]].effect, metrics[order[rank]].better, m.one_trial)
                     : verdict::no_difference;
    }
    return all;
}

} // namespace kvmark::report

// What a few trials say of the value behind them.
#pragma once

#include <kvmark/measure/histogram.hpp>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <cmath>
#include <limits>
#include <span>

namespace kvmark::measure {

/// A figure of one trial, and how far chance may have moved it.
struct estimate {
    double value = 0;
    double standard_error = 0; ///< below 0: the trial cannot tell

    [[nodiscard]] bool has_error() const { return standard_error >= 0; }
};

/// The mean of some trials with its two-sided interval.
struct interval {
    double mean = 0;
    double low = 0, high = 0; ///< infinite where nothing is known of the spread
    double standard_error = 0;
    double freedom = 0; ///< degrees, of Student's distribution; 0: normal

    /// The probability that the value behind is at most `bound`.
    [[nodiscard]] KVMARK_COLD double below(double bound) const {
        if (std::isinf(high)) return 0.5;
        if (standard_error == 0) return mean <= bound ? 1 : 0;
        const double t = (bound - mean) / standard_error;
        return freedom > 0 ? boost::math::cdf(boost::math::students_t(freedom), t)
                           : boost::math::cdf(boost::math::normal(), t);
    }
};

/// What the sum of the squares of `freedom` standard normal numbers exceeds in 5 % of all cases (Wilson and
/// Hilferty 1931, within 3 %).
[[nodiscard]] KVMARK_COLD double chi_squared_95(double freedom) {
    const double a = 2 / (9 * freedom), root = 1 - a + 1.6449 * std::sqrt(a);
    return freedom * root * root * root;
}

/// The interval at `level` (as 0.95) around the mean of independent trials. While the trials differ no more
/// than their own errors let expect (chi squared, 5 %), those are believed; else, and where a trial has none,
/// the spread between the trials is (Student's t). One trial without an error has an infinite interval.
[[nodiscard]] KVMARK_COLD interval interval_of(std::span<const estimate> trials, double level) {
    const auto n = static_cast<double>(trials.size());
    interval found;
    double within = 0, between = 0;
    bool errors_known = true;
    for (const estimate& e : trials) {
        found.mean += e.value / n;
        within += e.standard_error * e.standard_error / n;
        errors_known &= e.has_error();
    }
    for (const estimate& e : trials)
        if (n > 1) between += (e.value - found.mean) * (e.value - found.mean) / (n - 1);

    double quantile = boost::math::quantile(boost::math::normal(), (1 + level) / 2);
    double variance = within;
    const bool agree =
        errors_known && (n == 1 || between <= within || between * (n - 1) <= within * chi_squared_95(n - 1));
    if (agree) {
        variance = between > within ? between : within;
    } else if (n > 1) {
        variance = between;
        found.freedom = n - 1;
        quantile = boost::math::quantile(boost::math::students_t(n - 1), (1 + level) / 2);
    } else {
        quantile = std::numeric_limits<double>::infinity();
        variance = 1;
    }
    found.standard_error = std::sqrt(variance / n);
    const double half = found.standard_error > 0 ? quantile * found.standard_error : 0;
    found.low = found.mean - half;
    found.high = found.mean + half;
    return found;
}

/// The standard error of the mean of a series whose neighbours may be alike, by the means of 20 batches (Law
/// and Carson 1979), fewer where a batch had less than two values; below 0 where it has fewer than 10 values.
/// `of(x)` is what the mean is taken of.
template <class Values, class Of>
[[nodiscard]] double batch_error(const Values& series, Of&& of) {
    const std::size_t batches = series.size() < 40 ? series.size() / 2 : 20;
    if (batches < 5) return -1;
    const std::size_t each = series.size() / batches;
    double sum = 0, squares = 0;
    for (std::size_t b = 0; b < batches; ++b) {
        double batch = 0;
        for (std::size_t i = 0; i < each; ++i) batch += of(series[b * each + i]);
        batch /= static_cast<double>(each);
        sum += batch;
        squares += batch * batch;
    }
    const auto n = static_cast<double>(batches);
    const double mean = sum / n, variance = squares / n - mean * mean;
    return variance > 1e-18 * mean * mean ? std::sqrt(variance / (n - 1)) : 0; // rounding is no variance
}

/// The standard deviation of the durations, as the buckets have them, in nanoseconds.
[[nodiscard]] KVMARK_COLD double deviation_of(const histogram& h) {
    double squares = 0;
    for (const histogram::bucket& b : h.buckets()) {
        const double from_mean = static_cast<double>(b.low.count + b.high.count) / 2 - h.mean();
        squares += from_mean * from_mean * static_cast<double>(b.count);
    }
    return h.count() > 1 ? std::sqrt(squares / static_cast<double>(h.count() - 1)) : 0;
}

/// The standard error of the quantile at rank q, in nanoseconds, where the share of durations below it has
/// the error `of_rank`: half the distance of the quantiles that far to both sides.
[[nodiscard]] KVMARK_COLD double quantile_error(const histogram& h, double q, double of_rank) {
    const double low = q - of_rank, high = q + of_rank;
    const nanoseconds distance = h.quantile(high > 1 ? 1 : high) - h.quantile(low < 0 ? 0 : low);
    return static_cast<double>(distance.count) / 2;
}

} // namespace kvmark::measure

// Ranks whose chance falls as a power of the rank.
#pragma once

#include <kvmark/core/random.hpp>

namespace kvmark {

/// Draws rank k of 1..n with a chance that goes as 1 / k^skew, and returns k - 1. No table: a few numbers,
/// whatever n is. Rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate variates
/// from monotone discrete distributions", ACM TOMACS 6(3), 1996): less than 1.1 tries for a rank.
class zipf {
public:
    /// `ranks` in 1..2^52; `skew` >= 0, and 0 makes all ranks alike.
    zipf(std::uint64_t ranks, double skew)
        : ranks_(static_cast<double>(ranks)), skew_(skew), low_(area(1.5) - 1), high_(area(ranks_ + 0.5)),
          always_(2 - inverse_area(area(2.5) - weight(2))) {}

    [[nodiscard]] std::uint64_t operator()(random_stream& draw) const {
        for (;;) {
            const double at = high_ + draw.uniform() * (low_ - high_); // in (low, high]
            const double x = inverse_area(at);
            double rank = __builtin_floor(x + 0.5);
            if (rank < 1) rank = 1;
            if (rank > ranks_) rank = ranks_;
            if (rank - x <= always_ || at >= area(rank + 0.5) - weight(rank))
                return static_cast<std::uint64_t>(rank) - 1;
        }
    }

private:
    [[nodiscard]] double weight(double x) const { return __builtin_exp(-skew_ * __builtin_log(x)); }
    /// The integral of weight() from 1 to x; in a form that holds near a skew of 1.
    [[nodiscard]] double area(double x) const {
        const double log = __builtin_log(x);
        return growth((1 - skew_) * log) * log;
    }
    [[nodiscard]] double inverse_area(double a) const {
        double t = (1 - skew_) * a;
        if (t < -1) t = -1; // rounding
        return __builtin_exp(log_growth(t) * a);
    }
    /// (e^t - 1) / t, and log(1 + t) / t.
    static double growth(double t) { return t > 1e-8 || t < -1e-8 ? __builtin_expm1(t) / t : 1 + t / 2; }
    static double log_growth(double t) { return t > 1e-8 || t < -1e-8 ? __builtin_log1p(t) / t : 1 - t / 2; }

    double ranks_;
    double skew_;
    double low_;
    double high_;
    double always_;
};

} // namespace kvmark

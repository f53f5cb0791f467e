// Random numbers that are not uniform. std:: distributions differ between libraries, so these are kvmark's
// own; their only dependence on the machine is the last bit of the C library's log, exp and pow.
#pragma once

#include <kvmark/core/random.hpp>

namespace kvmark {

/// Mean 0, variance 1. Box and Muller, 1958: two uniform numbers for each, so that a stream stays in step.
[[nodiscard]] inline double draw_normal(random_stream& draw) {
    constexpr double two_pi = 6.283185307179586;
    const double radius = __builtin_sqrt(2 * draw.exponential(1));
    return radius * __builtin_cos(two_pi * draw.uniform());
}

/// Half of the numbers are above `median` (> 0); `sigma` >= 0 is the standard deviation of their logarithm.
/// The mean is median * exp(sigma^2 / 2).
[[nodiscard]] inline double draw_lognormal(random_stream& draw, double median, double sigma) {
    return median * __builtin_exp(sigma * draw_normal(draw));
}

/// Gamma with mean `shape` and variance `shape`; `shape` > 0. Marsaglia and Tsang, "A simple method for
/// generating gamma variables", ACM TOMS 26(3), 2000; below 1 by their step from shape + 1.
[[nodiscard]] inline double draw_gamma(random_stream& draw, double shape) {
    const double boost = shape < 1 ? __builtin_pow(1 - draw.uniform(), 1 / shape) : 1;
    const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
    const double c = 1 / __builtin_sqrt(9 * d);
    for (;;) {
        const double x = draw_normal(draw);
        const double root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root;
        const double u = 1 - draw.uniform();
        if (__builtin_log(u) < 0.5 * x * x + d * (1 - v + __builtin_log(v))) return boost * d * v;
    }
}

/// Weibull of scale 1, by inversion: mean gamma_function(1 + 1 / shape); `shape` > 0.
[[nodiscard]] inline double draw_weibull(random_stream& draw, double shape) {
    return __builtin_pow(draw.exponential(1), 1 / shape);
}

} // namespace kvmark

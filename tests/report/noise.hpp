// Made trials of known noise.
#pragma once

#include <kvmark/report/comparison.hpp>

namespace kvmark::test {

/// Normal, mean 0 and deviation 1 (Box and Muller 1958).
inline double normal(random_stream& random) {
    const double u = random.uniform(), v = random.uniform();
    return std::sqrt(-2 * std::log1p(-u)) * std::cos(6.283185307179586 * v);
}

/// How trials differ: from each other, and from second to second in one of them.
struct noise {
    double between = 0.05; ///< relative deviation of a whole trial
    double within = 0.2;   ///< of one second
    double memory = 0.6;   ///< correlation of a second with the one before
    std::size_t seconds = 30;
    double disturbed = 0; ///< share of the trials that somebody else slows by up to 30 %
};

inline std::vector<report::weighted_value> course(random_stream& random, const noise& n, double level) {
    std::vector<report::weighted_value> all;
    double state = normal(random);
    for (std::size_t i = 0; i < n.seconds; ++i) {
        state = n.memory * state + std::sqrt(1 - n.memory * n.memory) * normal(random);
        all.push_back({level * std::max(0.05, 1 + n.within * state), 1});
    }
    return all;
}

inline report::trial_figure trial(random_stream& random, const noise& n, double level) {
    double whole = level * std::exp(n.between * normal(random));
    if (random.chance(n.disturbed)) whole *= 1 - 0.3 * random.uniform();
    report::trial_figure t{0, course(random, n, whole)};
    for (const report::weighted_value& v : t.course) t.value += v.value / static_cast<double>(n.seconds);
    return t;
}

inline std::vector<report::trial_figure> trials(random_stream& random, const noise& n, std::size_t count,
                                                double level) {
    std::vector<report::trial_figure> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(trial(random, n, level));
    return all;
}

} // namespace kvmark::test

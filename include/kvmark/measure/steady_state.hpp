// Whether a series has settled, and from where on.
#pragma once

#include <kvmark/measure/run_report.hpp>

#include <span>

namespace kvmark::measure {

/// What a series of equally spaced samples is like.
struct steadiness {
    bool known = false;  ///< false: fewer than steady_state_samples
    bool steady = false; ///< behind the cut it neither rises nor falls
    std::size_t cut = 0; ///< samples at its beginning that still settle
};
inline constexpr std::size_t steady_state_samples = 10;

namespace detail {

/// Means of `m` samples each; what is left over at the end is left out.
[[nodiscard]] KVMARK_COLD std::vector<double> batch_means(std::span<const double> series, std::size_t m) {
    std::vector<double> means;
    for (std::size_t at = 0; at + m <= series.size(); at += m) {
        double sum = 0;
        for (const double x : series.subspan(at, m)) sum += x;
        means.push_back(sum / static_cast<double>(m));
    }
    return means;
}

/// The cut, up to the middle, that leaves the mean of the rest with the least standard error.
[[nodiscard]] KVMARK_COLD std::size_t least_error_cut(std::span<const double> means) {
    std::size_t best = 0;
    double least = 0;
    for (std::size_t cut = 0; cut <= means.size() / 2; ++cut) {
        const std::span<const double> rest = means.subspan(cut);
        const auto n = static_cast<double>(rest.size());
        double sum = 0, squares = 0;
        for (const double x : rest) sum += x;
        for (const double x : rest) squares += (x - sum / n) * (x - sum / n);
        const double error = squares / (n * n);
        // A difference that is rounding alone moves no cut.
        if (cut == 0 || error < least * (1 - 1e-9)) {
            best = cut;
            least = error;
        }
    }
    return best;
}

/// Whether the values rise or fall, by more than 5 % of their mean from end to end, and not by chance (5 %).
[[nodiscard]] KVMARK_COLD bool has_trend(std::span<const double> values) {
    const auto n = static_cast<double>(values.size());
    double balance = 0, ties = 0, mean = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        double equal = 1; // those from here on: 1, 2, ... t of a group of t
        for (std::size_t j = i + 1; j < values.size(); ++j) {
            balance += values[j] > values[i] ? 1 : values[j] < values[i] ? -1 : 0;
            equal += values[j] == values[i] ? 1 : 0;
        }
        // Summed over a group: t(t-1)(2t+5).
        ties += equal * (equal - 1) * (2 * equal + 5) - (equal - 1) * (equal - 2) * (2 * equal + 3);
        mean += values[i] / n;
    }
    const double variance = (n * (n - 1) * (2 * n + 5) - ties) / 18;
    if (variance <= 0) return false;
    const double z = (__builtin_fabs(balance) - 1) / __builtin_sqrt(variance);
    constexpr double by_chance = 1.96;
    if (z < by_chance) return false;
    double by_index = 0, spread = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double from_middle = static_cast<double>(i) - (n - 1) / 2;
        by_index += from_middle * values[i];
        spread += from_middle * from_middle;
    }
    return __builtin_fabs(by_index / spread * (n - 1)) > 0.05 * __builtin_fabs(mean);
}

} // namespace detail

/// Cuts the initial transient by MSER-5 (White 1997, "An effective truncation heuristic for bias reduction in
/// simulation output"; White, Cobb and Spratt 2000): of the means of five samples, those are dropped whose
/// absence leaves the smallest standard error, half of them at most. The rest is steady when it has no trend
/// by the test of Mann (1945) and Kendall (1975), at 5 %, or none of a size that matters. Below 50 samples
/// the batches are a tenth of the series, from 1,000 on a two-hundredth.
[[nodiscard]] KVMARK_COLD steadiness steadiness_of(std::span<const double> series) {
    steadiness found;
    if (series.size() < steady_state_samples) return found;
    const std::size_t n = series.size();
    const std::size_t m = n < 50 ? n / 10 : n < 1000 ? 5 : n / 200;
    const std::vector<double> means = detail::batch_means(series, m);
    const std::size_t cut = detail::least_error_cut(means);
    found.known = true;
    found.cut = cut * m;
    found.steady = !detail::has_trend(std::span<const double>(means).subspan(cut));
    return found;
}

/// Of a run: its tokens/s and the bytes of its storage tier, second by second. A series that is 0 throughout
/// says nothing. Steady when both are; the later cut.
[[nodiscard]] KVMARK_COLD steadiness steadiness_of(const run_report& r) {
    std::vector<double> generated, moved;
    for (const throughput_sample& s : r.timeline) {
        generated.push_back(s.tokens_per_second);
        moved.push_back(static_cast<double>((s.read + s.written).count));
    }
    steadiness all;
    for (const std::vector<double>* series : {&generated, &moved}) {
        bool empty = true;
        for (const double x : *series) empty &= x == 0;
        if (empty) continue;
        const steadiness one = steadiness_of(*series);
        if (!one.known) continue;
        all.steady = one.steady && (all.steady || !all.known);
        all.known = true;
        if (one.cut > all.cut) all.cut = one.cut;
    }
    return all;
}

} // namespace kvmark::measure

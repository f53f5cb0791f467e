// How far the mean of a series may be off by chance, where neighbours in time resemble each other: the
// circular block bootstrap (Politis and Romano 1992, after Kuensch 1989), which draws whole stretches of the
// series.
#pragma once

#include <kvmark/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace kvmark::report {

/// A step of a series, and what it counts for in the mean: the seconds it lasted, or its samples.
struct weighted_value {
    double value = 0;
    double weight = 1; ///< 0 or more
};

/// How many neighbours to draw together, 1..n/4: twice the length that Politis and White (2004) find the
/// least wrong, as corrected by Patton, Politis and White (2009, Econometric Reviews 28(4)), and no less
/// than 1.5 sqrt(n). Their own length finds too small a spread for series of a minute whose seconds resemble
/// each other (docs/report.md has the figures).
[[nodiscard]] inline std::size_t block_length(std::span<const weighted_value> series) {
    const std::size_t n = series.size();
    if (n < 8) return 1;
    double mean = 0;
    for (const weighted_value& v : series) mean += v.value / static_cast<double>(n);
    const auto covariance = [&](std::size_t lag) {
        double sum = 0;
        for (std::size_t i = lag; i < n; ++i)
            sum += (series[i].value - mean) * (series[i - lag].value - mean);
        return sum / static_cast<double>(n);
    };
    const auto count = static_cast<double>(n);
    const double least = 1.5 * std::sqrt(count), most = std::max(1.0, count / 4);
    const auto bounded = [&](double length) {
        return static_cast<std::size_t>(std::min(std::round(std::max(length, least)), most));
    };
    const double variance = covariance(0);
    if (variance <= 1e-24 * mean * mean) return bounded(0);

    // The lag from which on the correlation is that of noise.
    const double noise = 2 * std::sqrt(std::log10(count) / count);
    const auto in_a_row = std::max<std::size_t>(5, static_cast<std::size_t>(std::sqrt(std::log10(count))));
    const std::size_t last =
        std::min(n - 1, static_cast<std::size_t>(std::ceil(std::sqrt(count))) + in_a_row);
    std::size_t memory = last, quiet = 0;
    for (std::size_t lag = 1; lag <= last && quiet < in_a_row; ++lag) {
        quiet = std::abs(covariance(lag)) < noise * variance ? quiet + 1 : 0;
        if (quiet == in_a_row) memory = lag - in_a_row;
    }
    const std::size_t window = std::min(std::max<std::size_t>(2 * memory, 1), last);

    double slope = 0, level = variance; // of the spectrum at frequency 0, through a flat-top window
    for (std::size_t lag = 1; lag <= window; ++lag) {
        const double part = static_cast<double>(lag) / static_cast<double>(window);
        const double weight = part <= 0.5 ? 1 : 2 * (1 - part);
        const double c = 2 * weight * covariance(lag);
        slope += static_cast<double>(lag) * c;
        level += c;
    }
    if (level <= 0) return bounded(0); // neighbours undo each other
    return bounded(2 * std::cbrt(1.5 * slope * slope / (level * level) * count));
}

/// Resamples of one series. Each is as long as the series, and drawn in blocks of block_length() from it as a
/// ring.
class block_resampler {
public:
    explicit block_resampler(std::span<const weighted_value> series)
        : size_(series.size()), length_(block_length(series)), sums_(2 * size_ + 1, weighted_value{0, 0}) {
        for (std::size_t i = 0; i < 2 * size_; ++i) {
            const weighted_value& v = series[i % size_];
            sums_[i + 1] = {sums_[i].value + v.value * v.weight, sums_[i].weight + v.weight};
        }
    }

    /// Independent pieces that the series is worth.
    [[nodiscard]] double blocks() const { return static_cast<double>(size_) / static_cast<double>(length_); }
    [[nodiscard]] double mean() const { return size_ == 0 ? 0 : mean_of(sums_[size_]); }

    /// The weighted mean of one resample.
    [[nodiscard]] double resampled_mean(random_stream& random) const {
        weighted_value sum{0, 0};
        for (std::size_t drawn = 0; drawn < size_;) {
            const auto from = static_cast<std::size_t>(random.uniform_int(0, size_ - 1));
            const std::size_t to = from + std::min(length_, size_ - drawn);
            sum.value += sums_[to].value - sums_[from].value;
            sum.weight += sums_[to].weight - sums_[from].weight;
            drawn += to - from;
        }
        return mean_of(sum);
    }

private:
    static double mean_of(const weighted_value& sum) { return sum.weight > 0 ? sum.value / sum.weight : 0; }

    std::size_t size_;
    std::size_t length_;
    std::vector<weighted_value> sums_; ///< of all steps before, over two rounds of the ring
};

} // namespace kvmark::report

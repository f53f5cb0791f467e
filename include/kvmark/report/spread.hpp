// Median and range of a few figures.
#pragma once

#include <algorithm>
#include <vector>

namespace kvmark::report {

struct median_and_spread {
    double median = 0, low = 0, high = 0;
    /// High over low. 1: no spread; 0 where there is nothing.
    [[nodiscard]] double spread() const { return low > 0 ? high / low : 0; }
};

/// Of an even number the median is the mean of the two in the middle; of none everything is 0.
[[nodiscard]] inline median_and_spread summarise(std::vector<double> figures) {
    if (figures.empty()) return {};
    std::sort(figures.begin(), figures.end());
    const std::size_t half = figures.size() / 2;
    const double median = figures.size() % 2 == 1 ? figures[half] : (figures[half - 1] + figures[half]) / 2;
    return {median, figures.front(), figures.back()};
}

} // namespace kvmark::report

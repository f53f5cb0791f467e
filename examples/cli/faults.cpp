// The nearest name to a mistyped one.
#include "faults.hpp"

#include <algorithm>

namespace kvmark::cli {

namespace {

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        next[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                next[j] = std::min(next[j], before[j - 2] + 1);
        }
        before.swap(row);
        row.swap(next);
    }
    return row[b.size()];
}

} // namespace

std::string_view nearest_name(std::string_view typed, std::span<const std::string_view> names) {
    std::string_view best;
    std::size_t least = SIZE_MAX;
    for (const std::string_view name : names) {
        const std::size_t d = edit_distance(typed, name);
        if (d < least && 3 * d <= std::max(name.size(), typed.size())) {
            best = name;
            least = d;
        }
    }
    return best;
}

std::string suggestion(std::string_view typed, std::span<const std::string_view> names) {
    const std::string_view name = nearest_name(typed, names);
    return name.empty() ? "" : "; did you mean " + std::string(name) + "?";
}

std::string listed(std::span<const std::string_view> names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i != 0) text += i + 1 == names.size() ? " or " : ", ";
        text += names[i];
    }
    return text;
}

} // namespace kvmark::cli

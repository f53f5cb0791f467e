// What a search found, as text and as JSON.
#pragma once

#include "settings.hpp"

#include <kvmark/benchmark/slo.hpp>
#include <kvmark/report/terminal.hpp>

namespace kvmark::cli {

/// What a trial showed beside its figures.
struct trial_detail {
    double elapsed = 0; ///< seconds of the window
    std::uint64_t arrived = 0, completed = 0;
    double storage_bytes_per_second = 0;
    double tokens_per_second = 0;
};

struct search_findings {
    std::vector<slo_target> targets; ///< none: of the plateau
    bool of_bytes = true;            ///< the plateau's rate: bytes of storage, or tokens
    search_end end = search_end::found;
    std::optional<double> keeps, fails;
    std::optional<double> plateau, knee, below_knee;
    double confidence = 0;
    double seconds = 0;
    std::size_t trials = 0;
    std::vector<load_point> path;
    std::vector<trial_detail> details; ///< by the number of the trial
    std::string started;
};

/// `64 users`, `12.5 requests/s`.
[[nodiscard]] std::string load_text(const settings& s, double load);
/// `p95_read 41.2 ms`, `hit_rate 0.83`.
[[nodiscard]] std::string figure_text(const search_findings& f, std::size_t target, double value);

[[nodiscard]] std::string search_text(const settings& s, const search_findings& f,
                                      const report::palette& colors);
[[nodiscard]] std::string search_json(const settings& s, const search_findings& f);

} // namespace kvmark::cli

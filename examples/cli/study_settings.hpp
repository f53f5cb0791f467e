// What the commands around whole runs are asked: report, mlperf, search, history.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::cli {

struct report_request {
    std::string html;                 ///< where the page is written; empty: no page
    std::vector<std::string> compare; ///< two sets of trials: a result file, a directory of them, or a list
    double min_effect = 2;            ///< percent; a change smaller than that is no difference
    bool fail_if_worse = false;
};

enum class mlperf_mode : std::uint8_t { closed, open, whatif };
inline constexpr std::array<std::string_view, 3> mlperf_mode_names{"closed", "open", "whatif"};

struct mlperf_request {
    mlperf_mode mode = mlperf_mode::open;
    std::string orgname;
    std::string systemname;
    std::optional<std::int64_t> npernode;
    std::optional<std::int64_t> trials;
    std::optional<std::int64_t> inter_option_delay; ///< seconds
    std::optional<std::int64_t> start_delay;        ///< seconds, likewise the next
    std::optional<std::int64_t> end_delay;
    std::string check;  ///< a finished tree, in place of a sequence
    bool fresh = false; ///< begin anew beside an interrupted sequence
};

enum class search_load : std::uint8_t { users, rate };
inline constexpr std::array<std::string_view, 2> search_load_names{"users", "rate"};

struct search_request {
    std::string slo;       ///< METRIC=LIMIT[,METRIC=LIMIT]; empty: the bandwidth plateau
    bool capacity = false; ///< the plateau of bandwidth in place of a target
    search_load load = search_load::users;
    double lowest = 1;
    double highest = 0;      ///< 0: as far as the load goes
    double precision = 2;    ///< percent, between the highest that keeps the target and the lowest that fails
    std::int64_t trials = 5; ///< of one load, at most
    double max_seconds = 0;  ///< of the whole search; 0: no bound
};

struct history_request {
    std::int64_t last = 0; ///< 0: all
};

} // namespace kvmark::cli

// What the commands around a serving cache are asked: run --trace, simulate, plan, trace, calibrate.
#pragma once

#include <kvmark/workload/block_replay.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::cli {

/// Of workload::replay_arrivals.
inline constexpr std::array<std::string_view, 6> trace_arrival_names{"trace",   "closed", "fixed",
                                                                     "poisson", "gamma",  "weibull"};

struct serving_request {
    // The trace.
    std::string trace;
    std::string format;            ///< empty: told by the content
    std::int64_t block_tokens = 0; ///< 0: the format's own
    bool skip_bad = false;

    // How it is played.
    workload::replay_arrivals arrivals = workload::replay_arrivals::trace;
    std::int64_t sessions = 0; ///< closed loop: active at once; 0: all

    // simulate
    bool ttft = false;
    std::string sweep;
    std::vector<std::string> calibrations; ///< TIER=FILE

    // plan
    double ttft_target_ms = 0; ///< 0: no plan, the curve alone
    double ttft_percentile = 95;
    std::array<double, 3> prices{0, 0, 0}; ///< per GiB of gpu, host and storage
    double sample_rate = 0;                ///< 0: every block
    std::int64_t sample_size = 0;          ///< blocks; 0: no bound

    // calibrate
    bool memory = false;
    bool quick = false;
};

} // namespace kvmark::cli

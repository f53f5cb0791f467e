// The course of a sequence: trial after trial, with their delays, from where an earlier process was stopped.
#pragma once

#include "mlperf_plan.hpp"

namespace kvmark::cli {

/// Runs it and returns the exit code: 0 where every option is ok; 1 where one is partial or failed, or
/// nothing could be started or written; 130 and 143 where a signal ended it, after which the same command
/// goes on.
[[nodiscard]] int run_sequence(const settings& s, mlperf_plan& plan);

} // namespace kvmark::cli

// A finished run as a job file of fio.
#pragma once

#include "settings.hpp"

#include <kvmark/core/result.hpp>
#include <kvmark/measure/run_report.hpp>

namespace kvmark::cli {

/// What the run asked of its storage tiers: share of reads, sizes of I/Os, depth, extent and time, and in
/// comments what a job of fio cannot say. Error: storage moved nothing.
[[nodiscard]] result<std::string> fio_job_of_run(const settings& s, const measure::run_report& report);

} // namespace kvmark::cli

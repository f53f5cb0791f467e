// The stacks that the tool can run. Each is compiled by itself, from run_stack.cpp.in, and reached by its
// name.
#pragma once

#include "observers.hpp"

#include <kvmark/measure/run_report.hpp>

namespace kvmark::cli {

using run_result = result<measure::run_report>;

[[nodiscard]] run_result run_host_direct_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_host_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_host_mapped_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_host_asio_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_host_uring_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_cuda_host_direct_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_cuda_host_gds_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_cuda_host_uring_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_gpu_host_direct_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_gpu_host_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_gpu_host_uring_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_host_peer_direct_file(const settings&, progress_observer&);
[[nodiscard]] run_result run_host_peer_uring_file(const settings&, progress_observer&);
/// In virtual time.
[[nodiscard]] run_result run_modelled(const settings&, progress_observer&);
/// No data moves; every operation goes to the observer's trace.
[[nodiscard]] run_result run_null(const settings&, trace_observer&);
[[nodiscard]] run_result run_null_virtual(const settings&, trace_observer&);

} // namespace kvmark::cli

// The stacks on which the tool serves traces. Each is compiled by itself, from serve_stack.cpp.in.
#pragma once

#include "run_stack.hpp"

#include <kvmark/workload/block_replay.hpp>

namespace kvmark::cli {

[[nodiscard]] run_result serve_host_direct_file(const settings&, workload::block_replay&, progress_observer&);
[[nodiscard]] run_result serve_host_file(const settings&, workload::block_replay&, progress_observer&);
[[nodiscard]] run_result serve_cuda_host_gds_file(const settings&, workload::block_replay&,
                                                  progress_observer&);
[[nodiscard]] run_result serve_host_uring_file(const settings&, workload::block_replay&, progress_observer&);
[[nodiscard]] run_result serve_cuda_host_uring_file(const settings&, workload::block_replay&,
                                                    progress_observer&);
[[nodiscard]] run_result serve_cuda_host_direct_file(const settings&, workload::block_replay&,
                                                     progress_observer&);
[[nodiscard]] run_result serve_gpu_host_uring_file(const settings&, workload::block_replay&,
                                                   progress_observer&);
[[nodiscard]] run_result serve_gpu_host_direct_file(const settings&, workload::block_replay&,
                                                    progress_observer&);
/// In virtual time, on the calling thread; tiers gpu, host, storage.
[[nodiscard]] run_result serve_simulated(const settings&, workload::block_replay&, progress_observer&);

} // namespace kvmark::cli

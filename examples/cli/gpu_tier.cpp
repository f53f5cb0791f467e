#include "gpu_tier.hpp"

#include "storage_engine.hpp"

#include <kvmark/gpu/driver.hpp>

namespace kvmark::cli {

namespace {

/// Whether a stack with device memory was built for this storage tier.
bool has_cuda_stack(const settings& s) {
    const std::string_view storage = storage_tier_of(s);
    return storage == "uring_file" || storage == "direct_file" || storage == "gds_file";
}

/// Why --gpu-tier auto is not device memory; empty if it is.
std::string refusal(const settings& s) {
    if (s.clock == clock_kind::virtual_time) return "device memory has no virtual time";
    if (s.executor == executor_kind::mpi)
        return "the ranks of a job use GPUs only if told to, with --gpu-tier cuda, since all need one";
    if (s.options.peer_mem_gb.value > 0) return "--peer-mem-gb does not go with one";
    if (!has_cuda_stack(s)) return "this storage tier does not go with one";
    const auto& driver = gpu::driver::get();
    return driver ? "" : driver.error().message;
}

} // namespace

void resolve_gpu_tier(settings& s, fault_list& faults) {
    const options& o = s.options;
    const bool places_entries = s.io_trace_log.empty() && s.runs_kvmark();
    s.gpu = s.gpu_tier;
    if (s.gpu_tier == gpu_tier_kind::automatic) {
        s.gpu = gpu_tier_kind::none;
        if (o.gpu_mem_gb.value <= 0 || !places_entries) return;
        if (const std::string why = refusal(s); why.empty())
            s.gpu = gpu_tier_kind::cuda;
        else
            s.notes.push_back("--gpu-mem-gb gives no GPU tier: " + why +
                              " (--gpu-tier modelled gives one made of latency and bandwidth)");
        return;
    }
    if (s.gpu_tier == gpu_tier_kind::none) return;
    const std::string given =
        "--gpu-tier " + std::string(gpu_tier_names[static_cast<std::size_t>(s.gpu_tier)]);
    if (o.peer_mem_gb.value > 0) faults.add("--peer-mem-gb: does not go with " + given);
    if (s.gpu_tier == gpu_tier_kind::cuda) {
        if (s.clock == clock_kind::virtual_time || !places_entries)
            faults.add(given +
                       ": is real memory; leave out --clock virtual, --io-trace-log and --kvcache-bin-path");
        if (!has_cuda_stack(s))
            faults.add(given +
                       ": goes with --io-engine auto, uring, pread or gds, and --storage-tier direct_file");
    } else if (s.io_engine == io_engine_kind::asio || s.io_engine == io_engine_kind::mmap ||
               s.io_engine == io_engine_kind::gds) {
        faults.add(given + ": goes with --io-engine auto, uring or pread");
    }
}

} // namespace kvmark::cli

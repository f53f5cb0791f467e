// What `kvmark tiers --gpu` found, as a table, as JSON and as CSV.
#pragma once

#include <kvmark/benchmark/block_benchmark.hpp>
#include <kvmark/benchmark/copy_loop.hpp>
#include <kvmark/gpu/gpu_facts.hpp>

#include <boost/json/object.hpp>

namespace kvmark::cli {

/// One way to move blocks to, from or between GPUs, at one block size and depth, round by round.
struct gpu_row {
    copy_way way{};
    std::uint32_t gpu = 0; ///< the driver's number; of `peer`, from
    std::uint32_t to = 0;  ///< of `peer`
    bytes block{};
    std::uint32_t depth = 1;
    bool by_tier = false;               ///< tier::cuda; if not, plain copies
    bool checked = false;               ///< of the tier: it stamps what it writes and checks what it reads
    bool pinned = true;                 ///< memory of the host
    bool direct = true;                 ///< of `peer`: not through memory of the host
    std::uint32_t streams = 0;          ///< of plain copies; 0: not chosen yet
    std::vector<block_result> rounds{}; ///< from a GPU to the host: reads; all else: writes
    std::vector<double> plain{};        ///< of the tier: bytes per second of the pinned plain copies
    std::string note{};
};

struct gpu_figures {
    std::vector<gpu::gpu_facts> devices;
    std::vector<gpu_row> rows;
};

/// "GPU 0: cuda write, 2 MiB x 4".
[[nodiscard]] std::string gpu_row_name(const gpu_row&);

/// Everything that a reader should doubt, a line each.
[[nodiscard]] std::vector<std::string> gpu_warnings(const gpu_figures&);

[[nodiscard]] std::string gpu_table(const gpu_figures&);
/// Rows for the file of tiers_csv().
[[nodiscard]] std::string gpu_csv(const gpu_figures&);
[[nodiscard]] boost::json::object gpu_json(const gpu_figures&);

} // namespace kvmark::cli

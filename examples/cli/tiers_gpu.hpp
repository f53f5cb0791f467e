// GPUs for `kvmark tiers --gpu`: plain copies of the driver, and tier::cuda beside them in the same rounds.
#pragma once

#include "settings.hpp"
#include "tiers_gpu_report.hpp"

#include <memory>

namespace kvmark::cli {

class gpu_measurement {
public:
    using size_and_depth = std::pair<bytes, std::uint32_t>;

    gpu_measurement(const tiers_request&, std::vector<size_and_depth> cases, bytes chunk);
    gpu_measurement(const gpu_measurement&) = delete;
    gpu_measurement& operator=(const gpu_measurement&) = delete;
    ~gpu_measurement();

    /// Takes memory of the GPUs. The error says why there is none to use.
    [[nodiscard]] result<void> open(const std::atomic<bool>& stop);

    [[nodiscard]] std::size_t row_count() const;
    /// Row by row, in order: the plain copies before the tier that is held against them.
    [[nodiscard]] result<void> measure(std::size_t row, const std::atomic<bool>& stop);
    [[nodiscard]] std::string name_of(std::size_t row) const;

    /// Rows that were measured.
    [[nodiscard]] gpu_figures figures() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace kvmark::cli

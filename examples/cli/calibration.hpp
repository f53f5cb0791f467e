// The file that `kvmark calibrate` writes: the parameters of a modelled tier, and what they were fitted to.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

#include <kvmark/benchmark/calibration.hpp>

#include <boost/json/object.hpp>

namespace kvmark::cli {

/// One case as it was measured, and what the fitted device does in it.
struct calibrated_case {
    measured_case measured; ///< the median of the rounds
    measured_case fitted;
    std::vector<double> rounds; ///< bytes per second
};

/// Where and how it was measured.
struct calibration_context {
    std::string device; ///< that the kernel counts the bytes of; empty: none
    std::string path;   ///< empty: host memory
    std::string engine;
    std::string date; ///< RFC 3339, UTC
    verify_mode verify = verify_mode::full;
    bytes io_chunk{};
};

[[nodiscard]] boost::json::object calibration_json(const tier::modelled_config& device,
                                                   std::span<const calibrated_case> cases,
                                                   const calibration_context& context);

/// The parameters in such a file. Errors: system where it cannot be read, else invalid_argument with the
/// file, and the line and column, or the key.
[[nodiscard]] result<tier::modelled_config> read_calibration(const std::string& path);

/// Reads the files of --calibration into settings::calibrated; every fault of them.
void resolve_calibrations(settings& s, fault_list& faults);

} // namespace kvmark::cli
